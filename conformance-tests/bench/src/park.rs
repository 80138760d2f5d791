//! A throw-away park: certificates, a folder on the measured disk, a hub.

use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use cordon_contract::{Adapter, Clock, Plugin, SystemClock};
use cordon_flow::{
    AuthoritySettings, HazmatGrants, Hub, HubConfig, HubParts, OpenedOnce, RunningHub,
};
use cordon_journal::disk::Disk;
use cordon_journal::{Journal, Options, StateStore};
use cordon_mapping::Mappings;
use cordon_model::{PartyId, Timestamp};
use cordon_security::ca::{Authority, CaSettings, IssueRequest, KeyAlgorithm, KeySource};
use cordon_security::tls::TlsKey;
use cordon_security::wsse::Policy;
use cordon_security::{Role, Signer, TrustStore};

use crate::Outcome;
use crate::fields::park_code;
use crate::plan::plan;

/// The hub's party.
pub const HUB: &str = "HUB-1";

/// Certificates and a folder that goes away with it.
pub struct Park {
    folder: tempfile::TempDir,
    /// Whom the park trusts.
    pub trust: Arc<TrustStore>,
    /// The hub's certificate and key.
    pub hub: Partner,
    /// An enterprise with a P-256 key.
    pub p256: Partner,
    /// An enterprise with an RSA-2048 key.
    pub rsa: Partner,
}

/// A party of the park with its key.
pub struct Partner {
    /// Its party id.
    pub id: PartyId,
    /// Signs in its name.
    pub signer: Arc<Signer>,
    /// Its certificate and those above it.
    pub chain_pem: String,
    files: (PathBuf, PathBuf),
}

impl Partner {
    /// Its certificate for TLS.
    pub fn tls(&self) -> Outcome<Arc<TlsKey>> {
        Ok(TlsKey::load(&self.files.0, &self.files.1)?)
    }
}

/// The time now.
pub fn now() -> Timestamp {
    SystemClock.now()
}

impl Park {
    /// Makes the park below `data`, which names the disk that is measured.
    pub fn make(data: &Path) -> Outcome<Self> {
        std::fs::create_dir_all(data)?;
        let folder = tempfile::tempdir_in(data)?;
        let ca = folder.path().join("ca");
        let mut authority = Authority::init(&ca, &CaSettings::new(park_code()?), now())?;
        let mut issue = |role, id: &str, algorithm, hosts| {
            let wanted = IssueRequest {
                role,
                id: PartyId::new(id)?,
                key: KeySource::Fresh(algorithm),
                hosts,
                days: None,
            };
            let issued = authority.issue(&wanted, now())?;
            partner(folder.path(), wanted.id, &issued)
        };
        let hub = issue(
            Role::Hub,
            HUB,
            KeyAlgorithm::P256,
            vec!["127.0.0.1".to_owned()],
        )?;
        let p256 = issue(Role::Enterprise, "ENT-1", KeyAlgorithm::P256, Vec::new())?;
        let rsa = issue(Role::Enterprise, "ENT-2", KeyAlgorithm::Rsa2048, Vec::new())?;
        let trust = Arc::new(TrustStore::load(&ca)?);
        Ok(Self {
            folder,
            trust,
            hub,
            p256,
            rsa,
        })
    }

    /// Its folder.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// What the hub demands of an enterprise's message, with a fresh memory of what was accepted.
    pub fn policy(&self) -> Outcome<Policy> {
        Ok(Policy::new(&[Role::Enterprise]).for_park(park_code()?))
    }

    /// A journal named `name` on `disk`.
    pub fn journal(&self, name: &str, disk: Arc<dyn Disk>) -> Outcome<Journal> {
        let options = Options {
            // A nearly full disk is a stated mode of the journal, and no subject of this page.
            floor_free_bytes: 0,
            warn_free_bytes: 0,
            ..Options::new(format!("{}/{HUB}", park_code()?))
        };
        Ok(Journal::open_on(disk, self.folder().join(name), options)?)
    }

    /// A running hub with all its defaults over the journal `name`.
    pub async fn start(
        &self,
        name: &str,
        disk: Arc<dyn Disk>,
        plugins: Vec<Box<dyn Plugin>>,
        adapters: Vec<Arc<dyn Adapter>>,
    ) -> Outcome<RunningHub> {
        self.start_mapping(name, disk, plugins, adapters, Mappings::default())
            .await
    }

    /// The same with mapping packages.
    pub async fn start_mapping(
        &self,
        name: &str,
        disk: Arc<dyn Disk>,
        plugins: Vec<Box<dyn Plugin>>,
        adapters: Vec<Arc<dyn Adapter>>,
        mappings: Mappings,
    ) -> Outcome<RunningHub> {
        let journal = self.journal(name, disk)?;
        let reader = journal.reader()?;
        let path = self.folder().join(format!("{name}.redb"));
        let (state, _) = StateStore::open_for(path, &reader)?;
        let spool = self.folder().join(format!("{name}.spool"));
        // The example grant is for dangerous goods, and no measure is of registrations.
        let settings = AuthoritySettings {
            hazmat_grants: HazmatGrants::Any,
            ..AuthoritySettings::default()
        };
        let authority =
            cordon_flow::Authority::new(Arc::new(plan()?), PartyId::new(HUB)?, settings)?;
        let config = HubConfig::new(authority, spool);
        let parts = HubParts {
            ledger: Arc::new(OpenedOnce::new(journal, Arc::new(state))?),
            plugins,
            adapters,
            mappings: Arc::new(mappings),
            clock: Arc::new(SystemClock),
        };
        Ok(Hub::start(config, parts).await?)
    }
}

fn partner(folder: &Path, id: PartyId, issued: &cordon_security::ca::Issued) -> Outcome<Partner> {
    let key_pem = issued.key_pem.as_deref().ok_or("no key was made")?;
    let signer = Arc::new(Signer::from_pem(&issued.chain_pem, key_pem)?);
    let files = (
        folder.join(format!("{id}.pem")),
        folder.join(format!("{id}.key")),
    );
    for (path, text) in [(&files.0, issued.chain_pem.as_str()), (&files.1, key_pem)] {
        let mut file = std::fs::OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(path)?;
        std::io::Write::write_all(&mut file, text.as_bytes())?;
    }
    Ok(Partner {
        id,
        signer,
        chain_pem: issued.chain_pem.clone(),
        files,
    })
}
