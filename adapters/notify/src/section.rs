//! The table as the program asks it: what it names, and the adapter it makes.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

use cordon_contract::{Adapter, AdapterConfig, AdapterKind, CONSOLE, Fault, Lender, Names};

use crate::adapter::NotifyAdapter;
use crate::config::Config;

impl AdapterKind for Config {
    const TABLE: &'static str = "notify";
    const RECEIVERS: Option<&'static str> = Some("in a [[notify]]");

    /// The hub's own page needs no table.
    fn unwritten(served: &BTreeSet<String>) -> Option<Self> {
        match served.contains(CONSOLE) {
            true => None,
            false => Some(Self::of_page(CONSOLE.parse().ok()?, CONSOLE)),
        }
    }
}

impl AdapterConfig for Config {
    fn name(&self) -> &str {
        self.name.as_str()
    }

    fn names(&self) -> Names {
        let mut names = Names::default();
        for receiver in self.receivers() {
            names.receiver("", receiver);
        }
        for webhook in &self.webhooks {
            names.secret(webhook.secret_file.as_ref());
            if let Some(tls) = &webhook.tls {
                names.shows(tls.certificate.as_ref(), tls.key.as_ref());
            }
        }
        for mail in &self.mails {
            names.secret(mail.password_file.as_ref());
        }
        names.targets = self.targets().collect();
        names
    }

    fn paths(&mut self) -> Vec<&mut PathBuf> {
        let mut paths = Vec::new();
        for webhook in &mut self.webhooks {
            paths.extend(&mut webhook.secret_file);
            if let Some(tls) = &mut webhook.tls {
                paths.push(&mut tls.ca);
                paths.extend(&mut tls.certificate);
                paths.extend(&mut tls.key);
            }
        }
        for mail in &mut self.mails {
            paths.extend(&mut mail.ca);
            paths.extend(&mut mail.password_file);
        }
        paths
    }

    fn check(&self) -> Vec<Fault> {
        Config::check(self)
    }

    fn open(&self, lender: &dyn Lender) -> Result<Arc<dyn Adapter>, Vec<Fault>> {
        let mut tls = BTreeMap::new();
        for webhook in &self.webhooks {
            let Some(files) = &webhook.tls else { continue };
            let made = lender.tls_client(
                &files.ca,
                files.certificate.as_deref(),
                files.key.as_deref(),
            );
            tls.insert(webhook.receiver.clone(), made.map_err(|fault| vec![fault])?);
        }
        let adapter = NotifyAdapter::new(self.clone(), lender.seal(), &tls)?;
        Ok(Arc::new(adapter))
    }
}
