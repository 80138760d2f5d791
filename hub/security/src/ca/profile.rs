//! Certificate profiles: what a certificate of each role may be used for and how long.
//!
//! `certs/README.md` shows the same table for people; a test compares the two.

use cordon_contract::Fault;
use rcgen::{ExtendedKeyUsagePurpose, KeyPair, RsaKeySize};

use crate::{Role, refusal};

/// Kind of key to make.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum KeyAlgorithm {
    /// ECDSA on P-256, the default.
    #[default]
    P256,
    /// RSA of 2048 bits, for signers that know nothing else.
    Rsa2048,
    /// Ed25519; optional in the message profile, not every counterpart has it.
    Ed25519,
}

impl KeyAlgorithm {
    /// The name used on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::P256 => "p256",
            Self::Rsa2048 => "rsa2048",
            Self::Ed25519 => "ed25519",
        }
    }

    pub(super) fn generate(self) -> Result<KeyPair, Fault> {
        match self {
            Self::P256 => KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256),
            Self::Rsa2048 => KeyPair::generate_rsa_for(&rcgen::PKCS_RSA_SHA256, RsaKeySize::_2048),
            Self::Ed25519 => KeyPair::generate_for(&rcgen::PKCS_ED25519).and_then(first_version),
        }
        .map_err(|error| refusal::SIGNING.because(error))
    }
}

/// PKCS#8 of version 1 around an Ed25519 seed (RFC 8410, section 7).
const ED25519_V1: [u8; 16] = [
    0x30, 0x2E, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2B, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20,
];
/// Where the seed begins in version 2, whose outer length and version differ and which has the public
/// key behind the seed.
const SEED_HEAD: &[u8] = &[0x06, 0x03, 0x2B, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20];

/// The same key in the form of version 1: OpenSSL 3.0 does not read version 2.
fn first_version(key: KeyPair) -> Result<KeyPair, rcgen::Error> {
    let der = key.serialize_der();
    let seed = der
        .windows(SEED_HEAD.len())
        .position(|window| window == SEED_HEAD)
        .and_then(|at| der.get(at + SEED_HEAD.len()..at + SEED_HEAD.len() + 32));
    match seed {
        Some(seed) => KeyPair::try_from([&ED25519_V1, seed].concat()),
        None => Err(rcgen::Error::CouldNotParseKeyPair),
    }
}

impl std::str::FromStr for KeyAlgorithm {
    type Err = Fault;

    fn from_str(name: &str) -> Result<Self, Fault> {
        [Self::P256, Self::Rsa2048, Self::Ed25519]
            .into_iter()
            .find(|known| known.as_str() == name)
            .ok_or_else(|| refusal::PROFILE.because(format_args!("no key algorithm {name:?}")))
    }
}

/// What a certificate of one role holds.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Profile {
    /// The role.
    pub role: Role,
    /// Whether it may answer TLS connections (`serverAuth`) and carry host names.
    pub may_serve: bool,
    /// Longest and default validity in days.
    pub days_max: u32,
}

impl Profile {
    /// The profile of a role. All roles may open connections and sign messages.
    pub fn of(role: Role) -> Self {
        let (may_serve, days_max) = match role {
            Role::Hub => (true, 398),
            Role::Enterprise | Role::Regulator => (true, 398),
            Role::Vendor => (false, 398),
            Role::Device => (true, 825),
            Role::Operator => (false, 90),
        };
        Self {
            role,
            may_serve,
            days_max,
        }
    }

    pub(super) fn extended_key_usages(self, has_hosts: bool) -> Vec<ExtendedKeyUsagePurpose> {
        let mut usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        // Without a host name nobody could check the server's name anyway.
        if self.may_serve && has_hosts {
            usages.push(ExtendedKeyUsagePurpose::ServerAuth);
        }
        usages
    }

    /// Days to give: the wish, never more than the profile's longest.
    pub(super) fn days(self, wish: Option<u32>) -> Result<u32, Fault> {
        match wish {
            None => Ok(self.days_max),
            Some(days) if (1..=self.days_max).contains(&days) => Ok(days),
            Some(days) => Err(refusal::PROFILE.because(format_args!(
                "{days} days for role {}, 1 to {} are allowed",
                self.role, self.days_max
            ))),
        }
    }
}
