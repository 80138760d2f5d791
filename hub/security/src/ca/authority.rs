//! Making the authority, issuing, revoking, publishing CRLs.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use aws_lc_rs::rand;
use cordon_contract::Fault;
use cordon_model::{ParkCode, PartyId, Timestamp};
use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, DistinguishedName,
    DnType, IsCa, Issuer, KeyIdMethod, KeyPair, KeyUsagePurpose, RevocationReason,
    RevokedCertParams, SanType, SerialNumber,
};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use x509_parser::prelude::{FromDer, ParsedExtension, X509Certificate};

use super::index::{Index, Line, Unrecorded};
use super::taken_over::{self, OwnList, Said};
use super::{Issue, KeyAlgorithm, Profile, request};
use crate::algorithm::sha256;
use crate::identity::{hex, uri};
use crate::register::{self, Register, Standing};
use crate::{Role, file, instant, refusal, trust};

/// How to make an authority.
#[derive(Clone, Debug)]
pub struct CaSettings {
    /// The park it vouches for.
    pub park: ParkCode,
    /// Keys of root and issuing CA.
    pub algorithm: KeyAlgorithm,
    /// Validity of the root in days.
    pub root_days: u32,
    /// Validity of the issuing CA in days.
    pub issuing_days: u32,
}

impl CaSettings {
    /// P-256, twenty years for the root, ten for the issuing CA.
    pub fn new(park: ParkCode) -> Self {
        Self {
            park,
            algorithm: KeyAlgorithm::P256,
            root_days: 7_300,
            issuing_days: 3_650,
        }
    }
}

/// Where the holder's key comes from.
#[derive(Clone, Debug)]
pub enum KeySource {
    /// The holder made it and sends a PKCS#10 request in PEM.
    Request(String),
    /// The authority makes one and hands it over.
    Fresh(KeyAlgorithm),
}

/// What to issue.
#[derive(Clone, Debug)]
pub struct IssueRequest {
    /// The holder's role.
    pub role: Role,
    /// The holder.
    pub id: PartyId,
    /// The holder's key.
    pub key: KeySource,
    /// DNS names and IP addresses the holder answers at; only for roles that may serve.
    pub hosts: Vec<String>,
    /// Validity in days; none takes the profile's longest.
    pub days: Option<u32>,
}

/// What was issued.
#[derive(Clone)]
pub struct Issued {
    /// Its line in the register.
    pub issue: Issue,
    /// The certificate.
    pub certificate_pem: String,
    /// The certificate, then the issuing CA's.
    pub chain_pem: String,
    /// The root's certificate.
    pub root_pem: String,
    /// The private key, when the authority made it.
    pub key_pem: Option<String>,
}

impl std::fmt::Debug for Issued {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Issued")
            .field("issue", &self.issue)
            .finish_non_exhaustive()
    }
}

/// Why a certificate is revoked (RFC 5280, section 5.3.1).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Reason {
    /// Not said.
    Unspecified,
    /// The key is in wrong hands.
    KeyCompromise,
    /// The holder no longer belongs to the park.
    AffiliationChanged,
    /// Replaced by a newer certificate.
    Superseded,
    /// The holder ceased to operate.
    CessationOfOperation,
}

impl Reason {
    const ALL: [Self; 5] = [
        Self::Unspecified,
        Self::KeyCompromise,
        Self::AffiliationChanged,
        Self::Superseded,
        Self::CessationOfOperation,
    ];

    /// The name used on the command line and in the register.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unspecified => "unspecified",
            Self::KeyCompromise => "key-compromise",
            Self::AffiliationChanged => "affiliation-changed",
            Self::Superseded => "superseded",
            Self::CessationOfOperation => "cessation-of-operation",
        }
    }

    fn code(self) -> RevocationReason {
        match self {
            Self::Unspecified => RevocationReason::Unspecified,
            Self::KeyCompromise => RevocationReason::KeyCompromise,
            Self::AffiliationChanged => RevocationReason::AffiliationChanged,
            Self::Superseded => RevocationReason::Superseded,
            Self::CessationOfOperation => RevocationReason::CessationOfOperation,
        }
    }
}

impl std::str::FromStr for Reason {
    type Err = Fault;

    fn from_str(name: &str) -> Result<Self, Fault> {
        Self::ALL
            .into_iter()
            .find(|reason| reason.as_str() == name)
            .ok_or_else(|| refusal::PROFILE.because(format_args!("no revocation reason {name:?}")))
    }
}

/// Whether the authority has a record of what it revoked.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Record {
    /// It issued it, as its register says.
    Held,
    /// Its register has nothing of it.
    Missing,
}

const ROOT: &str = "root";
const ISSUING: &str = "issuing";
/// Certificates start this long before now, for clocks that are behind.
const BACKDATE_SECONDS: i64 = 300;
/// Life of the issuing CA's CRL.
const CRL_DAYS: u32 = 30;
/// Life of the root's CRL, whose key may be kept apart.
const ROOT_CRL_DAYS: u32 = 400;

/// An opened authority. It holds the folder's lock until dropped.
#[derive(Debug)]
pub struct Authority {
    folder: PathBuf,
    index: Index,
}

impl Authority {
    /// Makes root and issuing CA with their first CRLs in a folder that has none.
    ///
    /// # Errors
    /// `V101` when the folder holds an authority, `V103` when it cannot be written.
    pub fn init(folder: &Path, settings: &CaSettings, now: Timestamp) -> Result<Self, Fault> {
        file::make_folder(folder)?;
        file::make_folder(&folder.join("issued"))?;
        let index = Index::create(folder, &settings.park, now)?;
        let mut authority = Self {
            folder: folder.to_owned(),
            index,
        };
        let root_key = settings.algorithm.generate()?;
        let issuing_key = settings.algorithm.generate()?;
        let refused = |error: rcgen::Error| refusal::SIGNING.because(error);

        let root = ca_params(&settings.park, "Root CA", 1, settings.root_days, now)?;
        let root_pem = root.self_signed(&root_key).map_err(refused)?.pem();
        authority.write_ca(ROOT, &root_pem, &root_key)?;
        let issuer = Issuer::from_ca_cert_pem(&root_pem, &root_key).map_err(refused)?;
        let days = settings.issuing_days.min(settings.root_days);
        let issuing = ca_params(&settings.park, "Issuing CA", 0, days, now)?;
        let issuing_pem = issuing
            .signed_by(&issuing_key, &issuer)
            .map_err(refused)?
            .pem();
        authority.write_ca(ISSUING, &issuing_pem, &issuing_key)?;
        authority.crl(now)?;
        Ok(authority)
    }

    /// Opens the authority in `folder`.
    ///
    /// # Errors
    /// `V102` when there is none, `V111` when its register is damaged.
    pub fn open(folder: &Path) -> Result<Self, Fault> {
        Ok(Self {
            folder: folder.to_owned(),
            index: Index::open(folder)?,
        })
    }

    /// The park it vouches for.
    pub fn park(&self) -> &ParkCode {
        &self.index.park
    }

    /// The root's certificate in PEM.
    ///
    /// # Errors
    /// `V103` when it cannot be read.
    pub fn root_pem(&self) -> Result<String, Fault> {
        file::read(&self.certificate_path(ROOT))
    }

    /// Every certificate issued, oldest first.
    pub fn list(&self) -> &[Issue] {
        &self.index.issues
    }

    /// Issues a certificate under the profile of its role. Of a request only the key is used.
    ///
    /// # Errors
    /// `V104` for a bad request, `V112` when the profile does not allow it.
    pub fn issue(&mut self, wanted: &IssueRequest, now: Timestamp) -> Result<Issued, Fault> {
        let profile = Profile::of(wanted.role);
        let days = profile.days(wanted.days)?;
        let issuing_pem = file::read(&self.certificate_path(ISSUING))?;
        let mut params = self.leaf_params(wanted, profile)?;
        let (not_before, not_after) = validity(now, days)?;
        let not_after = not_after.min(not_after_of(&issuing_pem)?);
        params.not_before = offset(not_before);
        params.not_after = offset(not_after);

        let issuer = self.issuer(ISSUING)?;
        let refused = |error: rcgen::Error| refusal::SIGNING.because(error);
        let (certificate, key_pem) = match &wanted.key {
            KeySource::Request(pem) => {
                let key = request::public_key(pem)?;
                (params.signed_by(&key, &issuer).map_err(refused)?, None)
            }
            KeySource::Fresh(algorithm) => {
                let key = algorithm.generate()?;
                let certificate = params.signed_by(&key, &issuer).map_err(refused)?;
                (certificate, Some(key.serialize_pem()))
            }
        };
        let serial = params
            .serial_number
            .map(|serial| serial.to_bytes())
            .unwrap_or_default();
        let issue = Issue {
            serial: hex(&serial),
            park: self.park().clone(),
            role: wanted.role,
            id: wanted.id.clone(),
            not_before,
            not_after,
            fingerprint: hex(&sha256(certificate.der())),
            revoked: None,
        };
        self.index.record(Line::Issued {
            at: now,
            issue: issue.clone(),
        })?;
        let certificate_pem = certificate.pem();
        let copy = self
            .folder
            .join("issued")
            .join(format!("{}.pem", issue.serial));
        file::write_public(&copy, &certificate_pem)?;
        self.publish_register(now)?;
        let chain_pem = [certificate_pem.as_str(), issuing_pem.as_str()].concat();
        Ok(Issued {
            issue,
            certificate_pem,
            chain_pem,
            root_pem: self.root_pem()?,
            key_pem,
        })
    }

    /// What was revoked here of which there is no record else.
    pub fn unrecorded(&self) -> &[Unrecorded] {
        &self.index.unrecorded
    }

    /// Revokes a certificate and publishes new CRLs. Revoking twice keeps the first time. An authority that was restored from a
    /// backup has no record of what it issued after it; that is revoked all the same.
    ///
    /// # Errors
    /// `V105` when no such certificate can have been issued here, `V117` when it is this authority's own.
    pub fn revoke(
        &mut self,
        serial: &str,
        reason: Reason,
        now: Timestamp,
    ) -> Result<Record, Fault> {
        let serial = serial.to_ascii_lowercase();
        self.is_of_others(&serial)?;
        let record = match self.index.find(&serial) {
            Some(_) => Record::Held,
            None if taken_over::may_be_own(&serial) || self.index.is_unrecorded(&serial) => {
                Record::Missing
            }
            None => return Err(refusal::SERIAL.because(serial)),
        };
        let said = Said {
            serial,
            at: now,
            reason,
        };
        let line = self.line_of(said);
        self.index.record_all(line.into_iter().collect())?;
        self.crl(now).map(|_| record)
    }

    /// That a certificate is none of this authority's own.
    fn is_of_others(&self, serial: &str) -> Result<(), Fault> {
        let own = [self.ca_der(ROOT)?, self.ca_der(ISSUING)?];
        match taken_over::is_itself(&own, serial) {
            true => Err(refusal::ITSELF.because(serial)),
            false => Ok(()),
        }
    }

    /// What is to be recorded of a revocation; nothing where it is known.
    fn line_of(&self, said: Said) -> Option<Line> {
        let Said { serial, at, reason } = said;
        let reason = reason.as_str().to_owned();
        match self.index.find(&serial) {
            Some(issue) if issue.revoked.is_some() => None,
            Some(_) => Some(Line::Revoked { at, serial, reason }),
            None if self.index.is_unrecorded(&serial) => None,
            None => Some(Line::RevokedUnknown { at, serial, reason }),
        }
    }

    /// Revokes what lists of this authority revoke, which it published before it was restored from a backup, and publishes new CRLs
    /// with a number above theirs and above `above`. A hub keeps the lists of every authority side by side: those of others are passed
    /// over. Gives the serial numbers that were not revoked here.
    ///
    /// # Errors
    /// `V116` when no key of this authority signed any of the lists, `V117` when one revokes this authority, and as
    /// [`Authority::crl`].
    pub fn crl_with(
        &mut self,
        lists: &[PathBuf],
        mut above: u64,
        now: Timestamp,
    ) -> Result<Vec<String>, Fault> {
        let own = [self.ca_der(ROOT)?, self.ca_der(ISSUING)?];
        let is_own = |der: &[u8]| trust::signer(der, &own).is_some();
        let (mut lines, mut has_own) = (BTreeMap::new(), false);
        for path in lists {
            let read = OwnList::read(&file::read(path)?, is_own)
                .map_err(|fault| fault.at(path.display().to_string()))?;
            let Some(read) = read else {
                tracing::warn!(list = %path.display(), "passed over: no key of this CA signed it");
                continue;
            };
            has_own = true;
            above = above.max(read.number);
            for said in read.revoked {
                let serial = said.serial.clone();
                self.is_of_others(&serial)?;
                if let Some(line) = self.line_of(said) {
                    lines.entry(serial).or_insert(line);
                }
            }
        }
        if !has_own {
            let fault = refusal::OTHERS_LIST.because("no key of this CA signed any of them");
            return Err(fault.at(lists
                .first()
                .map_or_else(String::new, |it| it.display().to_string())));
        }
        let (taken, lines) = lines.into_iter().unzip();
        self.index.record_all(lines)?;
        self.crl_above(above, now)?;
        Ok(taken)
    }

    /// Publishes new CRLs with the next number and gives the issuing CA's in PEM. The root's is
    /// renewed only while `root.key.pem` is in the folder.
    ///
    /// # Errors
    /// `V103` and `V106` when files or keys cannot be used.
    pub fn crl(&mut self, now: Timestamp) -> Result<String, Fault> {
        self.crl_above(0, now)
    }

    /// The same, with a number above this one too: for an authority that has forgotten what it published.
    ///
    /// # Errors
    /// As [`Authority::crl`].
    pub fn crl_above(&mut self, above: u64, now: Timestamp) -> Result<String, Fault> {
        let number = self.index.crl_number.max(above).saturating_add(1);
        let revoked = self.revoked()?;
        // The number is taken before it is used: a crash may skip one, never use one twice.
        self.index.record(Line::Crl { at: now, number })?;
        if self.key_path(ROOT).exists() {
            self.publish(ROOT, number, Vec::new(), ROOT_CRL_DAYS, now)?;
        }
        let pem = self.publish(ISSUING, number, revoked, CRL_DAYS, now)?;
        self.publish_register(now)?;
        Ok(pem)
    }

    /// Publishes the signed register; every issue and every CRL makes a new one.
    fn publish_register(&self, now: Timestamp) -> Result<(), Fault> {
        let (this_update, next_update) = validity(now, CRL_DAYS)?;
        let issues = &self.index.issues;
        let skipped = issues.len().saturating_sub(register::CERTIFICATES_MAX);
        let certificates = issues.iter().skip(skipped).map(|issue| Standing {
            serial: issue.serial.clone(),
            role: issue.role,
            id: issue.id.clone(),
            not_before: issue.not_before,
            not_after: issue.not_after,
            fingerprint: issue.fingerprint.clone(),
            revoked_at: issue.revoked.as_ref().map(|(at, _)| *at),
            reason: issue.revoked.as_ref().map(|(_, reason)| reason.clone()),
        });
        let register = Register {
            park: self.park().clone(),
            number: self
                .index
                .crl_number
                .saturating_add(u64::try_from(issues.len()).unwrap_or(u64::MAX)),
            this_update,
            next_update,
            certificates: certificates.collect(),
        };
        let text = register.sign(&self.ca_key(ISSUING)?)?;
        file::write_public(&self.folder.join(register::NAME), &text)
    }

    fn publish(
        &self,
        name: &str,
        number: u64,
        revoked_certs: Vec<RevokedCertParams>,
        days: u32,
        now: Timestamp,
    ) -> Result<String, Fault> {
        let issuer = self.issuer(name)?;
        let (this_update, next_update) = validity(now, days)?;
        let params = CertificateRevocationListParams {
            this_update: offset(this_update),
            next_update: offset(next_update),
            crl_number: SerialNumber::from(number),
            issuing_distribution_point: None,
            revoked_certs,
            // The CA's own identifier, whatever method it was made with: readers match it exactly.
            key_identifier_method: KeyIdMethod::PreSpecified(self.subject_key_identifier(name)?),
        };
        let pem = params
            .signed_by(&issuer)
            .and_then(|crl| crl.pem())
            .map_err(|error| refusal::SIGNING.because(error))?;
        file::write_public(&self.folder.join(format!("{name}.crl.pem")), &pem)?;
        Ok(pem)
    }

    fn revoked(&self) -> Result<Vec<RevokedCertParams>, Fault> {
        let recorded = self.index.issues.iter().filter_map(|issue| {
            let (at, reason) = issue.revoked.as_ref()?;
            Some((&issue.serial, at, reason))
        });
        let unrecorded = self.index.unrecorded.iter();
        let unrecorded = unrecorded.map(|one| (&one.serial, &one.at, &one.reason));
        let mut revoked = Vec::new();
        for (serial, at, reason) in recorded.chain(unrecorded) {
            let bytes = unhex(serial).ok_or_else(|| refusal::INDEX.because(serial))?;
            revoked.push(RevokedCertParams {
                serial_number: SerialNumber::from_slice(&bytes),
                revocation_time: offset(*at),
                reason_code: reason.parse::<Reason>().ok().map(Reason::code),
                invalidity_date: None,
            });
        }
        Ok(revoked)
    }

    fn leaf_params(
        &self,
        wanted: &IssueRequest,
        profile: Profile,
    ) -> Result<CertificateParams, Fault> {
        if !profile.may_serve && !wanted.hosts.is_empty() {
            let detail = format_args!("role {} with host names", wanted.role);
            return Err(refusal::PROFILE.because(detail));
        }
        let refused = |error: rcgen::Error| refusal::PROFILE.because(error);
        let mut params = CertificateParams::new(wanted.hosts.clone()).map_err(refused)?;
        let name = uri(self.park(), wanted.role, &wanted.id);
        params
            .subject_alt_names
            .push(SanType::URI(name.try_into().map_err(refused)?));
        params.distinguished_name = distinguished_name(self.park(), wanted.id.as_str());
        params.serial_number = Some(random_serial()?);
        params.is_ca = IsCa::ExplicitNoCa;
        params.use_authority_key_identifier_extension = true;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = profile.extended_key_usages(!wanted.hosts.is_empty());
        Ok(params)
    }

    fn issuer(&self, name: &str) -> Result<Issuer<'static, KeyPair>, Fault> {
        let key = self.ca_key(name)?;
        let path = self.certificate_path(name);
        let pem = file::read(&path)?;
        Issuer::from_ca_cert_pem(&pem, key)
            .map_err(|error| refusal::KEY.because(error).at(path.display().to_string()))
    }

    fn ca_key(&self, name: &str) -> Result<KeyPair, Fault> {
        let path = self.key_path(name);
        KeyPair::from_pem(&file::read_private(&path)?)
            .map_err(|error| refusal::KEY.because(error).at(path.display().to_string()))
    }

    fn ca_der(&self, name: &str) -> Result<CertificateDer<'static>, Fault> {
        let path = self.certificate_path(name);
        let pem = file::read(&path)?;
        CertificateDer::from_pem_slice(pem.as_bytes())
            .map_err(|_| refusal::CA_MISSING.because(format_args!("{}", path.display())))
    }

    fn subject_key_identifier(&self, name: &str) -> Result<Vec<u8>, Fault> {
        let path = self.certificate_path(name);
        let broken = || refusal::CA_MISSING.because(format_args!("{}", path.display()));
        let der = self.ca_der(name)?;
        let (_, parsed) = X509Certificate::from_der(&der).map_err(|_| broken())?;
        let found =
            parsed
                .extensions()
                .iter()
                .find_map(|extension| match extension.parsed_extension() {
                    ParsedExtension::SubjectKeyIdentifier(id) => Some(id.0.to_vec()),
                    _ => None,
                });
        found.ok_or_else(broken)
    }

    fn write_ca(&self, name: &str, certificate_pem: &str, key: &KeyPair) -> Result<(), Fault> {
        file::write_private(&self.key_path(name), &key.serialize_pem())?;
        file::write_public(&self.certificate_path(name), certificate_pem)
    }

    fn key_path(&self, name: &str) -> PathBuf {
        self.folder.join(format!("{name}.key.pem"))
    }

    fn certificate_path(&self, name: &str) -> PathBuf {
        self.folder.join(format!("{name}.pem"))
    }
}

fn ca_params(
    park: &ParkCode,
    name: &str,
    path_length: u8,
    days: u32,
    now: Timestamp,
) -> Result<CertificateParams, Fault> {
    let (not_before, not_after) = validity(now, days)?;
    let mut params = CertificateParams::default();
    params.not_before = offset(not_before);
    params.not_after = offset(not_after);
    params.serial_number = Some(random_serial()?);
    params.distinguished_name = distinguished_name(park, &format!("{park} {name}"));
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(path_length));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.use_authority_key_identifier_extension = true;
    Ok(params)
}

fn distinguished_name(park: &ParkCode, common_name: &str) -> DistinguishedName {
    let mut name = DistinguishedName::new();
    name.push(DnType::OrganizationName, park.as_str());
    name.push(DnType::CommonName, common_name);
    name
}

/// 16 random bytes; the first is never 0 and its top bit never set, so the number is positive and
/// always as long.
fn random_serial() -> Result<SerialNumber, Fault> {
    let mut bytes = [0_u8; 16];
    rand::fill(&mut bytes).map_err(|_| refusal::SIGNING.because("no random bytes"))?;
    if let Some(first) = bytes.first_mut() {
        *first = (*first & 0x7F) | 0x40;
    }
    Ok(SerialNumber::from_slice(&bytes))
}

/// Start a little before now, end after so many days.
fn validity(now: Timestamp, days: u32) -> Result<(Timestamp, Timestamp), Fault> {
    let seconds = now.micros().div_euclid(1_000_000);
    if seconds < BACKDATE_SECONDS {
        return Err(refusal::PROFILE.because("the clock stands before 1970"));
    }
    let start = instant::from_seconds(seconds - BACKDATE_SECONDS);
    Ok((
        start,
        instant::from_seconds(seconds + i64::from(days) * 86_400),
    ))
}

/// The certificate library's kind of time.
fn offset(at: Timestamp) -> time::OffsetDateTime {
    let seconds = u64::try_from(at.micros().div_euclid(1_000_000)).unwrap_or_default();
    rcgen::date_time_ymd(1970, 1, 1) + Duration::from_secs(seconds)
}

fn not_after_of(pem: &str) -> Result<Timestamp, Fault> {
    let broken = || refusal::CA_MISSING.because("issuing certificate cannot be read");
    let der = CertificateDer::from_pem_slice(pem.as_bytes()).map_err(|_| broken())?;
    let (_, parsed) = X509Certificate::from_der(&der).map_err(|_| broken())?;
    Ok(instant::from_seconds(
        parsed.validity().not_after.timestamp(),
    ))
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    (0..text.len())
        .step_by(2)
        .map(|at| {
            text.get(at..at + 2)
                .and_then(|pair| u8::from_str_radix(pair, 16).ok())
        })
        .collect()
}
