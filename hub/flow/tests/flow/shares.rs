//! What a plug-in would not keep is refused at the door and stands in no receipt.

use cordon_contract::{Decisions, Entry, EntryKind, NoRoom, Plugin, Rows, Single, Standing};
use cordon_flow::{REPORT_REQUESTS_OF_ONE_MAX, replay};
use cordon_model::{Body, Granularity, LifeState, ListEntry, Period, ReportRequest, ReportType};
use cordon_security::Role;

use crate::park::Park;
use crate::partner::Ca;
use crate::said::{warned, white};

/// Keeps two list entries of the park and none of others, and counts what it was told.
struct Narrow {
    kept: Single<usize>,
}

impl Default for Narrow {
    fn default() -> Self {
        Self {
            kept: Single::new("kept", 1),
        }
    }
}

impl Plugin for Narrow {
    fn name(&self) -> &'static str {
        "narrow"
    }

    fn step(&mut self, entry: &Entry, _: &mut Decisions) {
        let body = entry.message.as_deref().map(|message| &message.body);
        if let (EntryKind::Message, Some(Body::ListEntry(_))) = (entry.kind, body) {
            *self.kept += 1;
        }
    }

    fn has_room(&self, entry: &Entry) -> Result<(), NoRoom> {
        let body = entry.message.as_deref().map(|message| &message.body);
        let part = if entry.standing == Standing::Park {
            2
        } else {
            0
        };
        match body {
            Some(Body::ListEntry(_)) if *self.kept >= part => Err(NoRoom {
                setting: "access.list_entries_max",
                part,
            }),
            _ => Ok(()),
        }
    }

    fn tables(&mut self) -> Vec<&mut dyn Rows> {
        vec![&mut self.kept]
    }
}

fn entry(id: &str) -> Body {
    let Body::ListEntry(it) = white("苏A10001") else {
        panic!("no list entry");
    };
    Body::ListEntry(ListEntry {
        entry_id: id.into(),
        list_kind: cordon_model::ListKind::Black,
        state: LifeState::Active,
        ..it
    })
}

/// Each got a plain receipt, and nothing said that it would not act.
#[tokio::test(flavor = "multi_thread")]
async fn what_would_not_be_kept_is_refused_before_it_is_journaled() {
    let park = Park::new();
    let mut ca = Ca::new(park.dir.path());
    let one = ca.partner("ENT-1", Role::Enterprise);
    let operator = ca.partner("OP-1", Role::Operator);
    let hub = park.start_with(vec![Box::new(Narrow::default())]).await;
    assert_eq!(
        warned(&hub, &one, vec![entry("E-1"), entry("E-2")]).await,
        ["refused F085", "refused F085"]
    );
    // Judged in their order, one after the other was taken.
    let said = vec![entry("P-1"), entry("P-2"), entry("P-3")];
    assert_eq!(
        warned(&hub, &operator, said).await,
        ["", "", "refused F085"]
    );
    let ended = hub.shutdown_at().await.unwrap().unwrap();
    let report = replay(park.journal_dir(), vec![Box::new(Narrow::default())], None).unwrap();
    assert!(report.first_difference.is_none());
    assert_eq!((report.number, report.state_hash), ended);
}

/// One regulator's hundred requests for reports had those of another refused.
#[tokio::test(flavor = "multi_thread")]
async fn who_asks_for_many_reports_leaves_others_theirs() {
    let park = Park::new();
    let mut ca = Ca::new(park.dir.path());
    let loud = ca.partner("REG-1", Role::Regulator);
    let quiet = ca.partner("REG-2", Role::Regulator);
    let hub = park.start_with(Vec::new()).await;
    let ask = |number: usize| {
        Body::ReportRequest(ReportRequest {
            request_id: format!("R-{number}"),
            report_type: ReportType::Rpt07,
            period: Period {
                from: "2026-11-23T00:00:00+08:00".parse().unwrap(),
                to: "2026-11-24T00:00:00+08:00".parse().unwrap(),
                granularity: Granularity::OnDemand,
            },
            region_code: None,
            legal_basis: None,
        })
    };
    let most = REPORT_REQUESTS_OF_ONE_MAX;
    let told = warned(&hub, &loud, (0..most + 2).map(ask).collect()).await;
    assert!(told.iter().take(most).all(String::is_empty), "{told:?}");
    assert_eq!(told[most..], ["refused F051", "refused F051"]);
    assert_eq!(warned(&hub, &quiet, vec![ask(0)]).await, [""]);
    hub.shutdown().await.unwrap();
}
