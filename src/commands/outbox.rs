//! `cordon outbox`: what did not arrive, and sending it again, through the console of a running hub.
//!
//! A running hub holds its journal alone, and only it may say that something is sent again. So this
//! is a client of the console, with its guards: loopback only, or through a tunnel.

use serde_json::{Value, json};

use super::{Format, runtime};
use crate::console::{Console, ConsoleArgs};
use crate::exit::Ending;
use crate::say::plain;

/// List what could not be delivered, and send it again.
#[derive(clap::Subcommand, Debug)]
pub enum Command {
    /// List open orders and dead letters of a running hub
    #[command(
        after_help = "Needs a running hub: it alone holds the journal. Exit code 69 when its console cannot be reached.\n\n\
        Examples:\n  cordon outbox list --config park.toml\n  \
        cordon outbox list --console http://127.0.0.1:8080 --format json"
    )]
    List(List),
    /// Send dead letters again
    #[command(
        after_help = "An order goes out as a new order, with the time it had and at least a minute. When it fails\n\
        again it is listed under its new number. A report is pushed at once. A gate command is\n\
        refused: it is never carried out twice.\n\n\
        Exit codes: 0 all were sent, 1 one was refused, 69 the console cannot be reached.\n\n\
        Examples:\n  cordon outbox rerun 4711 4712 --config park.toml --as 'duty officer'\n  \
        cordon outbox rerun province:RPT-01-JS-DEMO-20260331:2"
    )]
    Rerun(Rerun),
}

/// Arguments of `list`.
#[derive(clap::Args, Debug)]
pub struct List {
    #[command(flatten)]
    console: ConsoleArgs,
    /// How to print the list: JSON is one document
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// Arguments of `rerun`.
#[derive(clap::Args, Debug)]
pub struct Rerun {
    /// Numbers or names, as they are listed
    #[arg(required = true, value_name = "NUMBER")]
    ids: Vec<String>,
    #[command(flatten)]
    console: ConsoleArgs,
    /// Who asks for it; stands in the audit entry
    #[arg(long = "as", value_name = "WHO")]
    who: Option<String>,
}

/// Runs the command.
pub fn run(command: &Command) -> Result<(), Ending> {
    match command {
        Command::List(args) => list(args),
        Command::Rerun(args) => rerun(args),
    }
}

fn list(args: &List) -> Result<(), Ending> {
    let console = Console::of(&args.console)?;
    let all = runtime()?.block_on(console.outbox())?;
    match args.format {
        Format::Json => show!(
            "{}",
            json!({"open": all.open, "dead_letters": all.dead_letters})
        ),
        Format::Text => {
            for line in &all.dead_letters {
                show!("{}", letter(line));
            }
            for line in &all.open {
                show!("{}", order(line));
            }
            tell!(
                "{} dead letters, {} open orders",
                all.dead_letters.len(),
                all.open.len()
            );
        }
    }
    Ok(())
}

fn rerun(args: &Rerun) -> Result<(), Ending> {
    let console = Console::of(&args.console)?;
    let runtime = runtime()?;
    let mut refused = 0_usize;
    for id in &args.ids {
        match runtime.block_on(console.rerun(id, args.who.as_deref()))? {
            Ok(Value::Object(said)) if said.get("delivered") == Some(&Value::Bool(true)) => {
                show!("{id}: taken, entry {}", shown(said.get("entry")));
            }
            Ok(said) => show!("{id}: sent again as order {}", shown(said.get("entry"))),
            Err(words) => {
                refused += 1;
                tell!("{id}: {words}");
            }
        }
    }
    match refused {
        0 => Ok(()),
        _ => Err(Ending::failed(format!(
            "{refused} of {} were not sent again",
            args.ids.len()
        ))),
    }
}

fn letter(line: &Value) -> String {
    let field = |name: &str| shown(line.get(name));
    format!(
        "dead {:<10} {} {:<16} {:<28} {}",
        field("id"),
        field("time"),
        field("kind"),
        field("target"),
        field("reason")
    )
}

fn order(line: &Value) -> String {
    let field = |name: &str| shown(line.get(name));
    format!(
        "open {:<10} {} {:<16} {:<28} {}, until {}",
        field("number"),
        field("time"),
        field("kind"),
        field("target"),
        field("lane"),
        field("deadline")
    )
}

/// A value of the console as one plain word or line.
fn shown(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => "-".to_owned(),
        Some(Value::String(text)) => plain(text),
        Some(other) => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_partner_answered_moves_no_cursor() {
        let line = json!({"id": "7", "reason": "answered 422\u{1b}[2J\nno"});
        let text = letter(&line);
        assert!(text.ends_with(r"answered 422\u{1b}[2J\nno"), "{text}");
        assert!(text.starts_with("dead 7          - - "), "{text}");
    }
}
