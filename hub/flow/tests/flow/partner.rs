//! Parties with certificates of the test park.

use std::path::Path;

use cordon_model::{
    Body, Header, Message, MessageId, PartyId, Quality, SCHEMA_VERSION, Sensitivity, Timestamp,
};
use cordon_security::ca::{Authority, CaSettings, IssueRequest, KeyAlgorithm, KeySource};
use cordon_security::wsse::{self, Policy, SoapVersion, VerifiedEnvelope};
use cordon_security::{Role, Signer, TrustStore};

use crate::park::{morning, park_code};

/// The certificate authority of the park.
pub struct Ca {
    authority: Authority,
    folder: std::path::PathBuf,
}

/// A party that signs.
pub struct Partner {
    pub id: PartyId,
    signer: Signer,
    trust: TrustStore,
}

impl Ca {
    pub fn new(dir: &Path) -> Self {
        let folder = dir.join("ca");
        let now = morning().plus_seconds(-60);
        let authority = Authority::init(&folder, &CaSettings::new(park_code()), now).unwrap();
        Self { authority, folder }
    }

    pub fn partner(&mut self, id: &str, role: Role) -> Partner {
        let now = morning().plus_seconds(-60);
        let wanted = IssueRequest {
            role,
            id: PartyId::new(id).unwrap(),
            key: KeySource::Fresh(KeyAlgorithm::P256),
            hosts: if role == Role::Hub {
                vec!["localhost".to_owned()]
            } else {
                Vec::new()
            },
            days: None,
        };
        let issued = self.authority.issue(&wanted, now).unwrap();
        Partner {
            id: wanted.id,
            signer: Signer::from_pem(&issued.chain_pem, issued.key_pem.as_deref().unwrap())
                .unwrap(),
            trust: TrustStore::load(&self.folder).unwrap(),
        }
    }
}

impl Partner {
    /// A submission of these messages, signed and verified.
    pub fn envelope(&self, messages: &[String]) -> VerifiedEnvelope {
        self.envelope_of("", &submission(messages))
    }

    /// An envelope with more in its header than the signature, and this body.
    pub fn envelope_of(&self, header: &str, body: &str) -> VerifiedEnvelope {
        self.verified(self.signed(header, body))
    }

    /// The signed bytes of such an envelope.
    pub fn signed(&self, header: &str, body: &str) -> Vec<u8> {
        wsse::sign(&self.signer, SoapVersion::V12, header, body, morning()).unwrap()
    }

    /// Signed bytes, verified.
    pub fn verified(&self, bytes: Vec<u8>) -> VerifiedEnvelope {
        let policy = Policy::new(&Role::ALL).without_replay_guard();
        wsse::verify(bytes, &self.trust, &policy, morning()).unwrap()
    }

    /// A submission of statements of this party.
    pub fn says(&self, bodies: Vec<Body>) -> VerifiedEnvelope {
        let messages: Vec<String> = bodies
            .into_iter()
            .map(|body| message(&self.id, body, morning()))
            .collect();
        self.envelope(&messages)
    }
}

/// The request that hands over these messages.
pub fn submission(messages: &[String]) -> String {
    format!(
        "<svc:SubmitMessages xmlns:svc=\"urn:cordon:service:1\">{}</svc:SubmitMessages>",
        messages.concat()
    )
}

/// The canonical XML of a statement, with an id of its own.
pub fn message(sender: &PartyId, body: Body, at: Timestamp) -> String {
    counted(sender, body, at, 0)
}

/// The same with a place in its sender's count.
pub fn counted(sender: &PartyId, body: Body, at: Timestamp, sequence: u64) -> String {
    let message = Message {
        header: Header {
            message_id: MessageId::random(),
            message_type: body.message_type(),
            schema_version: SCHEMA_VERSION.to_owned(),
            park_code: park_code(),
            sender_id: sender.clone(),
            recipient_id: None,
            occurred_at: at,
            sent_at: at,
            sequence,
            correlation_id: None,
            source_ref: None,
            quality: Quality::Manual,
            sensitivity: Sensitivity::Internal,
            test: false,
            attested_by: None,
        },
        body,
    };
    String::from_utf8(cordon_wire::write_message(&message).unwrap()).unwrap()
}
