//! `cordon journal prune`: forgets by hand what `[retention]` says, while no hub runs.

use std::path::PathBuf;
use std::sync::Arc;

use cordon_contract::{Clock as _, SystemClock};
use cordon_journal::disk::RealDisk;
use cordon_journal::{FaultKind, Forgetter, JournalFault, Reader};
use serde_json::json;

use super::journal::ending;
use super::{Format, print_faults};
use crate::checkpoints::{Bound, Checkpoints};
use crate::config::ParkConfig;
use crate::exit::{CONFIG, Ending, FAILED};
use crate::forgetting::{Ages, Forgetting, Hand, Notes, Planned};

/// Arguments of `prune`.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// The configuration: whose journal it is, and the rules
    #[arg(long, default_value = "park.toml")]
    config: PathBuf,
    /// Only say what would go, and by which rule
    #[arg(long)]
    dry_run: bool,
    /// How to print what goes
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// What went, or would, and what stays.
#[derive(Default)]
struct Sum {
    segments: u64,
    bodies: u64,
    bytes: u64,
    stuck: u64,
}

/// Runs the command.
pub fn run(args: &Args) -> Result<(), Ending> {
    let config = ParkConfig::read(&args.config).map_err(|faults| {
        print_faults(&faults);
        Ending::new(CONFIG, "nothing was forgotten")
    })?;
    let (dir, data) = (config.hub.data.join("journal"), &config.hub.data);
    let identity = format!("{}/{}", config.plan.code, config.hub.id);
    let archive = config.retention.archive.as_deref();
    require_of(&dir, &identity).map_err(|fault| ending(&fault))?;
    let mut forgetter = Forgetter::alone(&dir, archive).map_err(|fault| ending(&fault))?;
    let reader = Reader::of(Arc::new(RealDisk), &dir, &*identity).with_archive(archive);
    let checkpoints = Checkpoints::of(data, &identity, config.retention.checkpoint_hours);
    let bound = checkpoints.bound(&reader).map_err(|fault| ending(&fault))?;
    let bound = required(bound)?;
    let forgetting = Forgetting::of(&config.retention, data);
    // What had surely passed then has passed now: no clock is asked.
    let ages = Ages::at(bound.time);
    let notes = Notes::of(data);
    // What cannot be read is not added to.
    notes.owed(&config.hub.id).map_err(|fault| ending(&fault))?;
    let mut sum = Sum::default();
    let mut each = |planned: &Planned| {
        sum.take(planned);
        print(planned, args.format);
    };
    if args.dry_run {
        let plan = forgetting.plan(&forgetter, &ages, bound);
        plan.map_err(|fault| ending(&fault))?
            .iter()
            .for_each(&mut each);
    } else {
        let hand = Hand {
            actor: &config.hub.id,
            notes: &notes,
            at: SystemClock.now(),
        };
        forgetting
            .prune(&mut forgetter, (&ages, bound), &hand, &mut each)
            .map_err(|fault| ending(&fault))?;
    }
    sum.tell(args.dry_run, bound)
}

/// The journal that is there must be that of the configuration.
fn require_of(dir: &std::path::Path, identity: &str) -> Result<(), JournalFault> {
    let reader = Reader::open(dir)?;
    if reader.identity() == identity {
        return Ok(());
    }
    let detail = format!("it belongs to {:?}, not to {identity:?}", reader.identity());
    let place = dir.display().to_string();
    Err(JournalFault::new(FaultKind::Identity, place, detail))
}

/// Nothing may go that a start needs, and nothing of which nobody knows how old it is.
fn required(bound: Option<Bound>) -> Result<Bound, Ending> {
    let Some(bound) = bound else {
        return Err(Ending::failed(
            "nothing is forgotten while there are not two checkpoints that the journal names; a running hub makes one a day (`retention.checkpoint_hours`)",
        ));
    };
    match bound.is_settled {
        true => Ok(bound),
        false => Err(Ending::failed(
            "the older checkpoint does not say what had surely passed, as an earlier program made it; nothing is forgotten by hand until a running hub has made two",
        )),
    }
}

impl Sum {
    fn take(&mut self, planned: &Planned) {
        match &planned.gone {
            Ok(gone) => {
                for gone in gone {
                    match planned.due.is_whole() {
                        true => self.segments += gone.count,
                        false => self.bodies += gone.count,
                    }
                    self.bytes += gone.bytes;
                }
            }
            Err(_) => self.stuck += 1,
        }
    }

    fn tell(&self, is_dry: bool, bound: Bound) -> Result<(), Ending> {
        let Self {
            segments,
            bodies,
            bytes,
            stuck,
        } = self;
        let word = if is_dry { "would go" } else { "went" };
        tell!(
            "{segments} whole segments and {bodies} bodies {word}, {bytes} bytes, all before entry {} of the older checkpoint",
            bound.number
        );
        if !is_dry && segments + bodies > 0 {
            tell!("the next start journals what went");
        }
        match stuck {
            0 => Ok(()),
            _ => Err(Ending::new(
                FAILED,
                format!(
                    "{stuck} segments are due and stay as they are; one that is not packed yet: `cordon journal pack`"
                ),
            )),
        }
    }
}

fn print(planned: &Planned, format: Format) {
    let aged = planned.due.aged();
    let what = match planned.due.is_whole() {
        true => "whole",
        false => "bodies",
    };
    let (number, last) = (aged.number, aged.last);
    match (&planned.gone, format) {
        (Ok(gone), Format::Text) => {
            let gone: Vec<String> = gone.iter().map(ToString::to_string).collect();
            show!(
                "segment {number}, up to entry {last}, {what}: {}",
                gone.join("; ")
            );
        }
        (Err(fault), Format::Text) => {
            show!("segment {number}, up to entry {last}, {what}: stays, {fault}");
        }
        (Ok(gone), Format::Json) => {
            let gone = gone.iter().map(|gone| {
                json!({ "class": gone.by.class(), "rule": gone.rule(), "count": gone.count, "bytes": gone.bytes })
            });
            show!(
                "{}",
                json!({ "segment": number, "last": last, "what": what, "gone": gone.collect::<Vec<_>>() })
            );
        }
        (Err(fault), Format::Json) => show!(
            "{}",
            json!({ "segment": number, "last": last, "what": what, "stays": fault.to_string() })
        ),
    }
}
