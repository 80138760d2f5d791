//! Who holds a certificate: park, role and party, as written in the certificate.

use std::fmt;
use std::str::FromStr;

use cordon_contract::Fault;
use cordon_model::{ParkCode, PartyId};
use serde::{Deserialize, Serialize};

use crate::refusal;

/// What a certificate's holder is to the park. The profile of each role is in `certs/README.md`.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// The hub itself (枢纽).
    Hub,
    /// A plant or its gate system (企业).
    Enterprise,
    /// A supervising authority (监管部门).
    Regulator,
    /// A maker of devices, for declarations of conformance (厂商).
    Vendor,
    /// A camera, controller or gateway (设备).
    Device,
    /// A person who operates the hub (操作员).
    Operator,
}

impl Role {
    /// All roles.
    pub const ALL: [Self; 6] = [
        Self::Hub,
        Self::Enterprise,
        Self::Regulator,
        Self::Vendor,
        Self::Device,
        Self::Operator,
    ];

    /// The name used in certificates, files and on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Hub => "hub",
            Self::Enterprise => "enterprise",
            Self::Regulator => "regulator",
            Self::Vendor => "vendor",
            Self::Device => "device",
            Self::Operator => "operator",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Role {
    type Err = Fault;

    fn from_str(name: &str) -> Result<Self, Fault> {
        Self::ALL
            .into_iter()
            .find(|role| role.as_str() == name)
            .ok_or_else(|| refusal::PROFILE.because(format_args!("there is no role {name:?}")))
    }
}

/// The holder of a checked certificate.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct Identity {
    /// The party, equal to the certificate's common name.
    pub id: PartyId,
    /// What the party is to the park.
    pub role: Role,
    /// The park that vouches for it.
    pub park: ParkCode,
    /// SHA-256 of the certificate in DER.
    pub certificate: [u8; 32],
}

const PREFIX: &str = "urn:cordon:";

impl Identity {
    /// The URI in the certificate's subject alternative name.
    pub fn uri(&self) -> String {
        uri(&self.park, self.role, &self.id)
    }

    /// The fingerprint in lower-case hexadecimal.
    pub fn fingerprint(&self) -> String {
        hex(&self.certificate)
    }

    /// Reads `urn:cordon:PARK:ROLE:ID`; none when the URI is of another kind.
    pub(crate) fn from_uri(uri: &str, certificate: [u8; 32]) -> Option<Self> {
        let mut fields = uri.strip_prefix(PREFIX)?.splitn(3, ':');
        let park = ParkCode::new(fields.next()?).ok()?;
        let role = fields.next()?.parse().ok()?;
        let id = PartyId::new(fields.next()?).ok()?;
        Some(Self {
            id,
            role,
            park,
            certificate,
        })
    }
}

impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} of {}", self.role, self.id, self.park)
    }
}

pub(crate) fn uri(park: &ParkCode, role: Role, id: &PartyId) -> String {
    format!("{PREFIX}{park}:{role}:{id}")
}

pub(crate) fn is_identity_uri(uri: &str) -> bool {
    uri.starts_with(PREFIX)
}

/// Lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes
        .iter()
        .fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        })
}
