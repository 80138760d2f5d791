//! One round of an examination: the cases of a suite, asked one after another of one subject.

use std::net::SocketAddr;
use std::time::Instant;

use cordon_contract::Clock;
use cordon_model::MessageId;

use crate::{Case, Examination, Examined, OnCase, Stop, Subject, Verdict};

/// What a suite does with the device in front of it.
pub(crate) trait Target {
    /// Name of the suite.
    const SUITE: &'static str;
    /// Its cases in the order in which they are asked; number 1 is whether anybody answers at all.
    const CASES: &'static [Case];
    /// What the device is called.
    const DEVICE: &'static str;

    /// Asks one case; what the device tells of itself is noted in `subject`.
    fn ask(
        &mut self,
        case: Case,
        subject: &mut Subject,
    ) -> impl Future<Output = Result<(), Stop>> + Send;

    /// Leaves the device as one would want to find it; `there` says whether it ever answered.
    fn leave(&mut self, there: bool) -> impl Future<Output = ()> + Send;
}

/// How a round goes, whatever is examined.
pub(crate) struct Round<'a> {
    /// Ids of the cases to ask; all when empty.
    pub(crate) only: &'a [String],
    /// Who is told of each case as it ends.
    pub(crate) on_case: Option<&'a OnCase>,
    pub(crate) clock: &'a dyn Clock,
}

/// A subject at an address, of which nothing more is known yet.
pub(crate) fn subject<T: Target>(address: SocketAddr) -> Subject {
    Subject {
        kind: T::SUITE.to_owned(),
        address: address.to_string(),
        ..Subject::default()
    }
}

impl Round<'_> {
    /// Asks the cases that are wanted. When nobody answers the first, the others are not asked.
    pub(crate) async fn of<T: Target>(&self, mut target: T, mut subject: Subject) -> Examination {
        let started_at = self.clock.now();
        let mut results = Vec::with_capacity(T::CASES.len());
        let mut there = true;
        for case in T::CASES.iter().copied().filter(|case| self.wants(case)) {
            let asked = Instant::now();
            let verdict = if there {
                Verdict::from(target.ask(case, &mut subject).await)
            } else {
                Verdict::NotApplicable(format!("not asked: the {} does not answer", T::DEVICE))
            };
            there &= case.number != 1 || verdict == Verdict::Pass;
            let examined = Examined {
                case,
                verdict,
                took_ms: u64::try_from(asked.elapsed().as_millis()).unwrap_or(u64::MAX),
            };
            if let Some(on_case) = self.on_case {
                on_case(&examined);
            }
            results.push(examined);
        }
        target.leave(there).await;
        Examination {
            id: MessageId::random(),
            suite: T::SUITE,
            suite_version: env!("CARGO_PKG_VERSION"),
            subject,
            started_at,
            finished_at: self.clock.now(),
            results,
        }
    }

    fn wants(&self, case: &Case) -> bool {
        // Whether it is there at all is always asked.
        case.number == 1 || self.only.is_empty() || self.only.iter().any(|id| id == case.id)
    }
}
