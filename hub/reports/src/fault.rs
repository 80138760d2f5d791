//! The refusals of this room.

use std::path::Path;

use cordon_contract::Fault;

use crate::standard::built_in_words;

/// This hub does not build the report.
pub(crate) fn not_built(code: &str) -> Fault {
    Fault::new("S040", format!("this hub does not build {code}"))
        .remedy(format!("ask for {}", built_in_words()))
}

/// The span cannot be reported on.
pub(crate) fn span(why: impl Into<String>) -> Fault {
    Fault::new("S041", why).remedy("ask for a day, week or month that is over, or for today so far")
}

/// The span is not over yet.
pub(crate) fn not_over(end: impl std::fmt::Display, now: impl std::fmt::Display) -> Fault {
    span(format!("the span ends at {end}, it is {now}"))
}

/// A request names a span that reports are not built for.
pub(crate) fn no_span() -> Fault {
    Fault::new("S062", "the period is no span that reports are built for").remedy(
        "give both ends of a park day, week or month, whole hours, or a day from its start on",
    )
}

/// A request names a day up to an end that is neither the present nor a whole hour.
pub(crate) fn not_present(end: impl std::fmt::Display) -> Fault {
    Fault::new(
        "S078",
        format!("a day so far ends at the present, not at {end}"),
    )
    .at("/Message/Body/ReportRequest/Period/To")
    .remedy("give the present as To; for a time that is over, whole hours")
}

/// A request names a region.
pub(crate) fn region() -> Fault {
    Fault::new("S063", "a park's hub builds no reports of a region")
        .remedy("leave RegionCode out, or ask the region's platform")
}

/// The journal cannot be folded.
pub(crate) fn journal(fault: &Fault) -> Fault {
    Fault::new("S042", "the journal could not be read for reports")
        .log(fault.to_string())
        .remedy("run cordon journal verify")
}

/// The span begins before what the projections hold.
pub(crate) fn forgotten(from: impl std::fmt::Display, held: impl std::fmt::Display) -> Fault {
    Fault::new(
        "S043",
        format!("the span begins at {from}, figures are held from {held} on"),
    )
    .remedy("raise reports.days_kept, or pull the report that was built then")
}

/// A report has as many versions as it may have.
pub(crate) fn versions(id: &str, max: u32) -> Fault {
    Fault::new("S044", format!("report {id} has {max} versions already"))
        .remedy("build it less often, or raise reports.versions_max")
}

/// A file of the shelf cannot be used.
pub(crate) fn file(path: &Path, error: &dyn std::fmt::Display) -> Fault {
    Fault::new("S045", "the folder of reports cannot be used")
        .log(format!("{}: {error}", path.display()))
        .remedy("check path, rights and room on the disk")
}

/// The stored bytes are not those that were signed.
pub(crate) fn damaged(log: String) -> Fault {
    Fault::new("S020", "the stored report is damaged and was not given out")
        .log(log)
        .remedy("the park restores it from a backup or builds a new version")
}

/// There is no such report.
pub(crate) fn missing(id: &str, version: u32) -> Fault {
    Fault::new("S012", "there is no such report")
        .log(format!("report {id} v{version}"))
        .remedy("see ListReports for what has been built")
}

/// Another program keeps builders out, and does not go on.
pub(crate) fn kept_out(path: &Path) -> Fault {
    Fault::new(
        "S083",
        "another program is building reports and does not go on",
    )
    .log(format!("{} is held", path.display()))
    .remedy("look for a stopped `cordon report build` and end it; it is tried again")
}

/// The disk takes longer than anything done with a report can take.
pub(crate) fn hangs() -> Fault {
    Fault::new("S084", "the disk with the reports does not answer")
        .remedy("look at the disk; ask again when it works")
}

/// The document breaks the language; nothing was stored.
pub(crate) fn unlawful(why: impl std::fmt::Display) -> Fault {
    Fault::new("S046", "the report cannot be written")
        .log(why.to_string())
        .remedy("correct the name or id in the plan that the place tells of")
}

/// A thread of a build ended.
pub(crate) fn thread(error: &dyn std::fmt::Display) -> Fault {
    Fault::new("S047", "building the report was broken off")
        .log(error.to_string())
        .remedy("ask again")
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    #[test]
    fn a_peer_is_not_told_where_files_lie() {
        let fault = super::file(Path::new("/srv/park/reports/x"), &"gone");
        assert!(fault.to_string().contains("/srv/park/reports/x: gone"));
        let told = [fault.peer_text(), fault.place(), fault.remedy_text()];
        assert!(told.iter().all(|text| !text.contains("/srv")), "{told:?}");
    }
}
