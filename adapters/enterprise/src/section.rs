//! The table as the program asks it: what it names, and the adapter it makes.

use std::path::PathBuf;
use std::sync::Arc;

use arc_swap::ArcSwap;
use cordon_contract::{
    Adapter, AdapterConfig, AdapterKind, Fault, Lender, Named, Names, Target, not_in_plan,
};
use cordon_model::PartyId;
use cordon_model::plan::ParkPlan;

use crate::adapter::{EnterpriseAdapter, Tls};
use crate::config::{Config, TlsFiles};

impl AdapterKind for Config {
    const TABLE: &'static str = "enterprise";
}

impl AdapterConfig for Config {
    fn name(&self) -> &str {
        &self.name
    }

    fn names(&self) -> Names {
        let mut names = Names {
            speaks_for: PartyId::new(self.partner.as_str()).ok(),
            ..Names::default()
        };
        names.device("partner", &self.partner);
        names.package("mapping", &self.mapping);
        names.secret(self.secret_file.as_ref());
        if let Some(webhook) = &self.webhook {
            let listen = Named::new("webhook.listen", webhook.listen);
            names.listeners.push(listen);
        }
        if let Some(poll) = &self.poll {
            let cursor = Named::new("poll.cursor_file", poll.cursor_file.clone());
            names.written.push(cursor);
        }
        if self.push.is_some() {
            names.targets.push(Target::partner(self.partner.as_str()));
        }
        for tls in self.tls_files() {
            names.shows(Some(&tls.certificate), Some(&tls.key));
        }
        names
    }

    fn paths(&mut self) -> Vec<&mut PathBuf> {
        let mut paths = Vec::from_iter(&mut self.secret_file);
        let mut files = Vec::new();
        if let Some(webhook) = &mut self.webhook {
            files.extend(&mut webhook.tls);
        }
        if let Some(poll) = &mut self.poll {
            paths.push(&mut poll.cursor_file);
            files.extend(&mut poll.tls);
        }
        if let Some(push) = &mut self.push {
            files.extend(&mut push.tls);
        }
        for tls in files {
            paths.extend([&mut tls.ca, &mut tls.certificate, &mut tls.key]);
        }
        paths
    }

    fn check(&self) -> Vec<Fault> {
        Config::check(self)
    }

    /// A gate system speaks for its enterprise; a partner that is none would be refused everything.
    fn fits(&self, plan: &ParkPlan) -> Vec<Fault> {
        let partner = self.partner.as_str();
        let is_known = plan.enterprises.iter().any(|it| it.id.as_str() == partner);
        let strange = not_in_plan("enterprise", partner, "partner");
        Vec::from_iter((!is_known).then_some(strange))
    }

    fn open(&self, lender: &dyn Lender) -> Result<Arc<dyn Adapter>, Vec<Fault>> {
        let outgoing = |files: Option<&TlsFiles>| {
            files
                .map(|tls| lender.tls_client(&tls.ca, Some(&tls.certificate), Some(&tls.key)))
                .transpose()
                .map_err(|fault| vec![fault])
        };
        let incoming = self
            .webhook
            .as_ref()
            .and_then(|webhook| webhook.tls.as_ref())
            .map(|tls| lender.tls_server(&tls.ca, &tls.certificate, &tls.key))
            .transpose()
            .map_err(|fault| vec![fault])?;
        let tls = Tls {
            webhook: incoming.map(|config| Arc::new(ArcSwap::new(config))),
            poll: outgoing(self.poll.as_ref().and_then(|poll| poll.tls.as_ref()))?,
            push: outgoing(self.push.as_ref().and_then(|push| push.tls.as_ref()))?,
        };
        Ok(Arc::new(EnterpriseAdapter::new(self.clone(), tls)?))
    }
}

impl Config {
    /// The TLS files of all ways.
    fn tls_files(&self) -> impl Iterator<Item = &TlsFiles> {
        let webhook = self.webhook.as_ref().and_then(|it| it.tls.as_ref());
        let poll = self.poll.as_ref().and_then(|it| it.tls.as_ref());
        let push = self.push.as_ref().and_then(|it| it.tls.as_ref());
        [webhook, poll, push].into_iter().flatten()
    }
}
