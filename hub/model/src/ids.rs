//! Identifiers, checked when made.

use std::borrow::Borrow;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::facet::{FacetError, FacetKind};
use crate::generated::facets;

/// Identity of a message, a UUID written in lower case.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(transparent)]
pub struct MessageId(Uuid);

impl MessageId {
    /// From the 16 bytes of a UUID.
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(Uuid::from_bytes(bytes))
    }

    /// A UUID of version 8 made from a digest: the same digest gives the same id.
    pub fn from_digest(digest: &crate::Digest) -> Self {
        let mut bytes = [0_u8; 16];
        for (to, from) in bytes.iter_mut().zip(digest.as_bytes()) {
            *to = *from;
        }
        Self(uuid::Builder::from_custom_bytes(bytes).into_uuid())
    }

    /// A fresh random UUID of version 4. Not for decisions, whose ids come from their entry.
    pub fn random() -> Self {
        Self(Uuid::new_v4())
    }

    /// The 16 bytes.
    pub fn as_bytes(&self) -> &[u8; 16] {
        self.0.as_bytes()
    }

    /// The UUID.
    pub fn uuid(&self) -> Uuid {
        self.0
    }
}

impl From<Uuid> for MessageId {
    fn from(uuid: Uuid) -> Self {
        Self(uuid)
    }
}

impl fmt::Display for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.as_hyphenated().fmt(f)
    }
}

impl FromStr for MessageId {
    type Err = FacetError;

    fn from_str(text: &str) -> Result<Self, FacetError> {
        facets::MESSAGE_ID.check(text)?;
        Uuid::try_parse(text)
            .map(Self)
            .map_err(|_| FacetError::new(FacetKind::Pattern, "MessageId", "not a UUID"))
    }
}

macro_rules! identifier {
    ($(#[$note:meta])* $name:ident, $facets:ident) => {
        $(#[$note])*
        #[derive(Clone, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// Checks the text and makes the identifier.
            pub fn new(text: impl Into<String>) -> Result<Self, FacetError> {
                let text = text.into();
                facets::$facets.check(&text)?;
                Ok(Self(text))
            }

            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl PartialEq<str> for $name {
            fn eq(&self, other: &str) -> bool {
                self.0 == other
            }
        }

        impl PartialEq<&str> for $name {
            fn eq(&self, other: &&str) -> bool {
                self.0 == *other
            }
        }

        impl FromStr for $name {
            type Err = FacetError;

            fn from_str(text: &str) -> Result<Self, FacetError> {
                Self::new(text)
            }
        }

        impl TryFrom<String> for $name {
            type Error = FacetError;

            fn try_from(text: String) -> Result<Self, FacetError> {
                Self::new(text)
            }
        }

        impl TryFrom<&str> for $name {
            type Error = FacetError;

            fn try_from(text: &str) -> Result<Self, FacetError> {
                Self::new(text)
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.0
            }
        }
    };
}

identifier!(
    /// Code of a park, 2 to 32 upper-case letters, digits and hyphens.
    ParkCode,
    PARK_CODE
);
identifier!(
    /// A party that signs or orders; equal to the common name of its certificate.
    PartyId,
    PARTY_ID
);
identifier!(
    /// A device of the park's plan.
    DeviceId,
    DEVICE_ID
);
identifier!(
    /// A gate of the park's plan.
    GateId,
    GATE_ID
);
identifier!(
    /// A lane of a gate.
    LaneId,
    LANE_ID
);
identifier!(
    /// A plate number in normal form (see [`crate::codes::plate`]), or `UNREAD`.
    PlateNumber,
    PLATE_NUMBER
);

impl PlateNumber {
    /// What stands for a plate that could not be read.
    pub const UNREAD: &'static str = "UNREAD";

    /// The number that stands for a plate that could not be read.
    pub fn unread() -> Self {
        Self(Self::UNREAD.to_owned())
    }

    /// Whether the plate could not be read.
    pub fn is_unread(&self) -> bool {
        self.0 == Self::UNREAD
    }

    /// From a plate as a camera or person writes it: separators dropped, upper case, half width.
    pub fn normalised(raw: &str) -> Result<Self, FacetError> {
        Self::new(crate::codes::plate::normalise(raw))
    }
}

#[cfg(test)]
mod tests {
    use super::{DeviceId, MessageId, ParkCode, PlateNumber};
    use crate::Digest;

    #[test]
    fn identifiers_are_checked() {
        assert!(ParkCode::new("JS-320700-01").is_ok());
        assert!(ParkCode::new("js").is_err());
        assert!(DeviceId::new("BR-01").is_ok());
        assert!(DeviceId::new("").is_err());
        assert!(DeviceId::new("a b").is_err());
        assert!(DeviceId::new("x".repeat(64)).is_ok());
        assert!(DeviceId::new("x".repeat(65)).is_err());
    }

    #[test]
    fn plates_are_normalised() {
        assert_eq!(PlateNumber::normalised(" 苏h·12345 ").unwrap(), "苏H12345");
        assert!(PlateNumber::normalised("苏H1234O").is_err());
        assert!(PlateNumber::unread().is_unread());
    }

    #[test]
    fn message_ids_are_lower_case_uuids() {
        let id: MessageId = "0192f4a0-7c1e-7d3a-9b57-0123456789ab".parse().unwrap();
        assert_eq!(id.to_string(), "0192f4a0-7c1e-7d3a-9b57-0123456789ab");
        assert!(
            "0192F4A0-7C1E-7D3A-9B57-0123456789AB"
                .parse::<MessageId>()
                .is_err()
        );
        assert!(
            "0192f4a07c1e7d3a9b570123456789ab"
                .parse::<MessageId>()
                .is_err()
        );
        let derived = MessageId::from_digest(&Digest([0xff; 32]));
        assert_eq!(derived.uuid().get_version_num(), 8);
        assert_eq!(derived, MessageId::from_digest(&Digest([0xff; 32])));
    }
}
