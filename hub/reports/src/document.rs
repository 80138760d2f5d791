//! From the ledger to the document, before it is signed. Pure.

use cordon_model::plan::ParkPlan;
use cordon_model::{
    Digest, Granularity, JournalPosition, PartyId, ReportDocument, ReportType, SCHEMA_VERSION,
    Supersedes, Timestamp,
};
use cordon_wire::{WireFault, digest_of_bytes, write_report_document};

use crate::config::ReportsConfig;
use crate::ledger::Ledger;
use crate::sources;
use crate::span::Span;
use crate::table::sections;

/// How far into the journal a report looks.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Position {
    /// Number of the last entry.
    pub number: u64,
    /// Chain hash at that entry.
    pub chain: Digest,
}

/// What every section is made from.
pub(crate) struct Look<'a> {
    pub(crate) ledger: &'a Ledger,
    pub(crate) plan: &'a ParkPlan,
    pub(crate) config: &'a ReportsConfig,
    pub(crate) span: Span,
    /// The hub that builds.
    pub(crate) hub: &'a PartyId,
}

impl Look<'_> {
    /// Start in microseconds, inclusive.
    pub(crate) fn from(&self) -> i64 {
        self.span.from().micros()
    }

    /// End in microseconds, exclusive.
    pub(crate) fn to(&self) -> i64 {
        self.span.to().micros()
    }

    /// End of what the hub can know about states: the span's, or the last entry's time before it.
    pub(crate) fn known_until(&self) -> i64 {
        self.ledger.last().unwrap_or(self.from()).min(self.to())
    }
}

/// The first version of a report: the same ledger, plan, settings and span give the same document
/// but for `generated_at`. `None` when this hub does not build the report.
pub fn document(
    report: ReportType,
    span: Span,
    (ledger, position): (&Ledger, Position),
    (plan, config): (&ParkPlan, &ReportsConfig),
    (generated_at, generated_by): (Timestamp, &PartyId),
) -> Option<ReportDocument> {
    let look = Look {
        ledger,
        plan,
        config,
        span,
        hub: generated_by,
    };
    let mut tables = ledger.figures.tables(report, &look)?;
    let (completeness, table) = sources::completeness(&look);
    tables.push(table);
    tables.extend(ledger.forgotten.table(span));
    Some(ReportDocument {
        report_id: span.report_id(report, &plan.code),
        report_type: report,
        version: 1,
        schema_version: SCHEMA_VERSION.to_owned(),
        park_code: plan.code.clone(),
        park_name: plan.name.clone(),
        period: span.period(),
        generated_at,
        generated_by: generated_by.clone(),
        journal_position: JournalPosition {
            entry_number: position.number,
            chain_hash: position.chain,
        },
        supersedes: None,
        masked: true,
        completeness,
        sections: sections(tables, config.rows_max),
    })
}

/// Digest of what a report says, whenever and however often it is built: two versions with the
/// same content say the same.
pub(crate) fn content(of: &ReportDocument) -> Result<Digest, WireFault> {
    let mut said = of.clone();
    said.version = 1;
    said.supersedes = None::<Supersedes>;
    said.generated_at = said.period.from;
    if said.period.granularity == Granularity::OnDemand {
        // The end of a day so far moves on by itself; that alone is nothing new.
        said.period.to = said.period.from;
    }
    said.journal_position = JournalPosition {
        entry_number: 0,
        chain_hash: Digest([0; 32]),
    };
    Ok(digest_of_bytes(&write_report_document(&said)?))
}
