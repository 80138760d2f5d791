//! Logging in, rightly and wrongly on purpose: WS-UsernameToken (OASIS UsernameToken Profile 1.0)
//! and HTTP Digest (RFC 7616).

use std::collections::BTreeMap;

use aws_lc_rs::digest;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use cordon_model::Timestamp;
use cordon_xml::Writer;
use md5::{Digest as _, Md5};

use super::names::{PASSWORD_DIGEST, WSSE, WSU};

/// Who logs in.
#[derive(Clone, Eq, PartialEq)]
pub struct Login {
    /// User name.
    pub user: String,
    /// Password.
    pub password: String,
}

impl std::fmt::Debug for Login {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Login({})", self.user)
    }
}

impl Login {
    /// The same user with a password that is not his.
    pub(super) fn wrong(&self) -> Self {
        Self {
            user: self.user.clone(),
            password: format!("{}-not", self.password),
        }
    }

    /// A `wsse:Security` header made at `at` by the device's clock.
    pub(super) fn token(&self, at: Timestamp) -> String {
        let mut nonce = [0_u8; 16];
        // Without randomness the token would be refused as a replay, which is a plain failure.
        let _ = aws_lc_rs::rand::fill(&mut nonce);
        let seconds = at.micros().div_euclid(1_000_000) * 1_000_000;
        let created = Timestamp::from_micros(seconds).at_offset(0).to_string();
        let mut context = digest::Context::new(&digest::SHA1_FOR_LEGACY_USE_ONLY);
        context.update(&nonce);
        context.update(created.as_bytes());
        context.update(self.password.as_bytes());
        let mut writer = Writer::with(&[("wsse", WSSE), ("wsu", WSU)]);
        writer
            .start("wsse", "Security")
            .start("wsse", "UsernameToken")
            .element("wsse", "Username", &self.user)
            .start("wsse", "Password")
            .attribute("Type", PASSWORD_DIGEST)
            .text(&STANDARD.encode(context.finish()))
            .end()
            .element("wsse", "Nonce", &STANDARD.encode(nonce))
            .element("wsu", "Created", &created);
        String::from_utf8_lossy(&writer.finish()).into_owned()
    }

    /// The `Authorization` header for a challenge; `None` when its algorithm is unknown.
    pub(super) fn digest(&self, challenge: &str, path: &str) -> Option<String> {
        let fields = fields(challenge.strip_prefix("Digest ")?);
        let field = |name: &str| fields.get(name).map(String::as_str).unwrap_or_default();
        let algorithm = field("algorithm");
        let hash: fn(&str) -> String = match algorithm {
            "" | "MD5" => md5_hex,
            "SHA-256" => |text| crate::hex_digest(text.as_bytes()),
            _ => return None,
        };
        let (realm, nonce) = (field("realm"), field("nonce"));
        let secret = hash(&format!("{}:{realm}:{}", self.user, self.password));
        let what = hash(&format!("POST:{path}"));
        let mut header = format!(
            "Digest username=\"{}\", realm=\"{realm}\", nonce=\"{nonce}\", uri=\"{path}\"",
            self.user
        );
        if !algorithm.is_empty() {
            header.push_str(&format!(", algorithm={algorithm}"));
        }
        if let Some(opaque) = fields.get("opaque") {
            header.push_str(&format!(", opaque=\"{opaque}\""));
        }
        let response = if field("qop").split(',').any(|qop| qop.trim() == "auth") {
            let mut bytes = [0_u8; 8];
            let _ = aws_lc_rs::rand::fill(&mut bytes);
            let own: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
            header.push_str(&format!(", qop=auth, nc=00000001, cnonce=\"{own}\""));
            hash(&format!("{secret}:{nonce}:00000001:{own}:auth:{what}"))
        } else {
            hash(&format!("{secret}:{nonce}:{what}"))
        };
        header.push_str(&format!(", response=\"{response}\""));
        Some(header)
    }
}

fn md5_hex(text: &str) -> String {
    let sum = Md5::digest(text.as_bytes());
    sum.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// `name=value` and `name="value"` pairs, separated by commas.
fn fields(text: &str) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let mut rest = text;
    while let Some((name, after)) = rest.split_once('=') {
        let (value, after) = match after.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"').unwrap_or((quoted, "")),
            None => after.split_once(',').unwrap_or((after, "")),
        };
        let name = name.trim_matches([',', ' ']).to_ascii_lowercase();
        found.insert(name, value.trim().to_owned());
        rest = after.trim_start_matches([',', ' ']);
    }
    found
}
