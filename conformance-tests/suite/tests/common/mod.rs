//! What the examinations of simulators share.

use std::fmt::Debug;
use std::net::SocketAddr;

use cordon_suite::{Examination, Papers, Verdict};

/// What did not pass, and why.
pub fn words(examination: &Examination) -> String {
    examination
        .results
        .iter()
        .filter(|examined| examined.verdict != Verdict::Pass)
        .map(|examined| format!("{} {:?}\n", examined.case.id, examined.verdict))
        .collect()
}

/// Ids of the cases that did not apply.
pub fn skipped(examination: &Examination) -> Vec<&'static str> {
    examination
        .results
        .iter()
        .filter(|examined| matches!(examined.verdict, Verdict::NotApplicable(_)))
        .map(|examined| examined.case.id)
        .collect()
}

/// The papers, with nothing signed.
pub fn papers(examination: &Examination) -> Papers {
    cordon_suite::papers(examination, "park", |document| Ok(document.to_vec())).unwrap()
}

/// An address at which nobody answers.
pub fn nobody() -> SocketAddr {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap()
}

/// One fault, one case: each mutant fails the case named beside it, no other, and is not declared
/// conformant.
pub async fn each_fails_its_case<M, F>(
    mutants: impl IntoIterator<Item = (M, &'static str)>,
    examined: impl Fn(M) -> F,
) where
    M: Copy + Debug + Send + 'static,
    F: Future<Output = Examination> + Send + 'static,
{
    let mut runs = tokio::task::JoinSet::new();
    for (mutant, case) in mutants {
        let run = examined(mutant);
        runs.spawn(async move { (mutant, case, run.await) });
    }
    let mut wrong = String::new();
    while let Some(run) = runs.join_next().await {
        let (mutant, case, examination) = run.unwrap();
        println!("{mutant:<24?} {:?}", examination.failures());
        if examination.failures() != [case] {
            let said = words(&examination);
            wrong.push_str(&format!("{mutant:?} should fail {case}:\n{said}\n"));
        }
        let declaration = papers(&examination).declaration;
        assert!(declaration.is_none(), "no declaration for {mutant:?}");
    }
    assert!(wrong.is_empty(), "{wrong}");
}
