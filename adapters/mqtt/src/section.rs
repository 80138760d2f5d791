//! The table as the program asks it: what it names, and the adapter it makes.

use std::path::PathBuf;
use std::sync::Arc;

use cordon_contract::{Adapter, AdapterConfig, AdapterKind, Fault, Lender, Names, not_in_plan};
use cordon_model::plan::ParkPlan;

use crate::adapter::MqttAdapter;
use crate::config::Config;

impl AdapterKind for Config {
    const TABLE: &'static str = "mqtt";
    const RECEIVERS: Option<&'static str> = Some("as an [[mqtt.receiver]]");
}

impl AdapterConfig for Config {
    fn name(&self) -> &str {
        &self.name
    }

    fn names(&self) -> Names {
        let mut names = Names::default();
        names.device("gateway", &self.gateway);
        for (number, one) in self.subscription.iter().enumerate() {
            names.package(format!("subscription[{number}].mapping"), &one.mapping);
        }
        for (number, one) in self.receiver.iter().enumerate() {
            names.receiver(format!("receiver[{number}]"), &one.name);
        }
        names.secret(self.password_file.as_ref());
        if let Some(tls) = &self.tls {
            names.shows(tls.certificate.as_ref(), tls.key.as_ref());
        }
        names
    }

    fn paths(&mut self) -> Vec<&mut PathBuf> {
        let mut paths = Vec::from_iter(&mut self.password_file);
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

    /// A device that is expected to speak must be one of the plan.
    fn fits(&self, plan: &ParkPlan) -> Vec<Fault> {
        let watched = self.watch.iter().enumerate();
        let strange = watched.filter(|(_, watch)| plan.device(&watch.device).is_none());
        strange
            .map(|(number, watch)| {
                let place = format!("watch[{number}].device");
                not_in_plan("device", watch.device.as_str(), place)
            })
            .collect()
    }

    fn open(&self, lender: &dyn Lender) -> Result<Arc<dyn Adapter>, Vec<Fault>> {
        let files = self.tls.as_ref();
        let tls = files
            .map(|tls| lender.tls_client(&tls.ca, tls.certificate.as_deref(), tls.key.as_deref()))
            .transpose()
            .map_err(|fault| vec![fault])?;
        Ok(Arc::new(MqttAdapter::new(self.clone(), tls)?))
    }
}
