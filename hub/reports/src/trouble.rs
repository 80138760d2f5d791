//! What keeps reports from being built, kept or given out, for as long as it is so.

use std::collections::BTreeMap;

use cordon_contract::Fault;

/// A version of a report: its id and number.
pub(crate) type Version = (String, u32);

/// What is wrong with the reports at present.
#[derive(Debug, Default)]
pub(crate) struct Trouble {
    /// What the last round of the scheduler met.
    round: Option<Fault>,
    /// Versions that cannot be listed.
    unlisted: BTreeMap<Version, Fault>,
    /// Listed versions that could not be given out.
    withheld: BTreeMap<Version, Fault>,
}

impl Trouble {
    /// What people must see to; none while all is well.
    pub(crate) fn now(&self) -> Option<Fault> {
        let stored = self.unlisted.values().chain(self.withheld.values()).next();
        self.round.as_ref().or(stored).cloned()
    }

    /// What a round came to, and which versions cannot be listed. Says it in the log when it is news.
    pub(crate) fn round(&mut self, met: Option<Fault>, unlisted: BTreeMap<Version, Fault>) {
        let before = self.now().map(|fault| fault.to_string());
        self.round = met;
        self.unlisted = unlisted;
        self.tell(before);
    }

    /// Whether a version could be given out.
    pub(crate) fn given(&mut self, version: Version, failed: Option<Fault>) {
        let before = self.now().map(|fault| fault.to_string());
        match failed {
            Some(fault) => self.withheld.insert(version, fault),
            None => self.withheld.remove(&version),
        };
        self.tell(before);
    }

    /// The listed versions that could not be given out.
    pub(crate) fn withheld(&self) -> Vec<Version> {
        self.withheld.keys().cloned().collect()
    }

    fn tell(&self, before: Option<String>) {
        match self.now() {
            Some(fault) if before != Some(fault.to_string()) => {
                tracing::error!(%fault, "the reports are not in order");
            }
            None if before.is_some() => tracing::info!("the reports are in order again"),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::Trouble;
    use cordon_contract::Fault;

    #[test]
    fn what_is_wrong_stands_until_it_is_well() {
        let version = ("RPT-01.X".to_owned(), 1);
        let code = |trouble: &Trouble| trouble.now().map(|fault| fault.code());
        let mut trouble = Trouble::default();
        assert_eq!(code(&trouble), None);
        trouble.given(version.clone(), Some(Fault::new("S020", "damaged")));
        trouble.round(Some(Fault::new("S045", "no folder")), BTreeMap::new());
        assert_eq!(code(&trouble), Some("S045"));
        trouble.round(None, BTreeMap::new());
        assert_eq!(code(&trouble), Some("S020"), "it is damaged still");
        assert!(trouble.withheld().contains(&version));
        trouble.given(version.clone(), None);
        assert_eq!(code(&trouble), None);
        let unlisted = BTreeMap::from([(version, Fault::new("S020", "damaged"))]);
        trouble.round(None, unlisted);
        assert_eq!(code(&trouble), Some("S020"));
        trouble.round(None, BTreeMap::new());
        assert_eq!(code(&trouble), None, "somebody took it away");
    }
}
