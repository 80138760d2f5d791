//! The table as the program asks it: what it names, and the adapter it makes.

use std::path::PathBuf;
use std::sync::Arc;

use cordon_contract::{Adapter, AdapterConfig, AdapterKind, Fault, Lender, Named, Names, Target};

use crate::adapter::RegulatorAdapter;
use crate::config::Config;

impl AdapterKind for Config {
    const TABLE: &'static str = "regulator";
}

impl AdapterConfig for Config {
    fn name(&self) -> &str {
        &self.name
    }

    fn names(&self) -> Names {
        let mut names = Names::default();
        names.device("platform", &self.platform);
        names.targets.push(Target::partner(self.platform.as_str()));
        for (number, job) in self.job.iter().enumerate() {
            let report = Named::new(format!("job[{number}].report"), job.report);
            names.reports.push(report);
        }
        let ledger = Named::new("ledger_file", self.ledger_file.clone());
        names.written.push(ledger);
        names.secret(self.token_file.as_ref());
        if let Some(tls) = &self.tls {
            names.shows(tls.certificate.as_ref(), tls.key.as_ref());
        }
        names
    }

    fn paths(&mut self) -> Vec<&mut PathBuf> {
        let mut paths = Vec::from_iter(&mut self.token_file);
        paths.push(&mut self.ledger_file);
        if let Some(tls) = &mut self.tls {
            paths.push(&mut tls.ca);
            paths.extend(&mut tls.certificate);
            paths.extend(&mut tls.key);
        }
        paths
    }

    fn check(&self) -> Vec<Fault> {
        Config::check(self)
    }

    fn open(&self, lender: &dyn Lender) -> Result<Arc<dyn Adapter>, Vec<Fault>> {
        let files = self.tls.as_ref();
        let tls = files
            .map(|tls| lender.tls_client(&tls.ca, tls.certificate.as_deref(), tls.key.as_deref()))
            .transpose()
            .map_err(|fault| vec![fault])?;
        let adapter = RegulatorAdapter::new(self.clone(), lender.reports(), tls)?;
        Ok(Arc::new(adapter))
    }
}
