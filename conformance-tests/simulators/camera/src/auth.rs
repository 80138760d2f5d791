//! Who is calling: HTTP Digest (RFC 7616) and WS-UsernameToken (OASIS UsernameToken Profile 1.0).

use std::collections::{BTreeMap, BTreeSet};

use aws_lc_rs::digest;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use cordon_xml::Node;
use md5::{Digest as _, Md5};

use crate::clock::parse_date_time;
use crate::ids::{PASSWORD_DIGEST, WSSE, WSU};
use crate::{Mutant, Settings};

/// Server nonces and token nonces remembered at once; the oldest is forgotten first.
const NONCES_MAX: usize = 10_000;
/// A server nonce older than this is stale, milliseconds.
const NONCE_AGE_MS: i64 = 300_000;

/// What an attempt to log in came to.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Login {
    /// Someone the camera knows.
    Known,
    /// Nobody tried.
    Nobody,
    /// Digest failed; `stale` tells that only the nonce was too old.
    DigestRefused {
        /// The nonce was too old.
        stale: bool,
    },
    /// The token failed, and why.
    TokenRefused(&'static str),
}

/// What the camera remembers of logins.
#[derive(Debug, Default)]
pub(crate) struct Logins {
    /// Server nonce to the time it was given and the counts used with it.
    given: BTreeMap<String, (i64, BTreeSet<u32>)>,
    /// Nonces of accepted tokens and when they may be forgotten.
    used: BTreeMap<String, i64>,
}

/// The parts of a request that a login needs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Attempt<'a> {
    /// The `Authorization` header.
    pub(crate) authorization: Option<&'a str>,
    /// The `wsse:Security` header block.
    pub(crate) security: Option<Node<'a>>,
    /// True time, milliseconds.
    pub(crate) now_ms: i64,
    /// Time of the camera's clock, milliseconds.
    pub(crate) camera_ms: i64,
    /// HTTP method.
    pub(crate) method: &'a str,
}

impl Logins {
    /// Makes the values of `WWW-Authenticate` headers.
    pub(crate) fn challenge(
        &mut self,
        settings: &Settings,
        now_ms: i64,
        stale: bool,
    ) -> Vec<String> {
        let nonce = uuid::Uuid::new_v4().simple().to_string();
        self.given.retain(|_, (at, _)| now_ms - *at < NONCE_AGE_MS);
        while self.given.len() >= NONCES_MAX {
            self.given.pop_first();
        }
        self.given.insert(nonce.clone(), (now_ms, BTreeSet::new()));
        let stale = if stale { ", stale=true" } else { "" };
        ["MD5", "SHA-256"]
            .iter()
            .map(|algorithm| {
                format!(
                    "Digest realm=\"{}\", qop=\"auth\", nonce=\"{nonce}\", \
                     algorithm={algorithm}{stale}",
                    settings.realm
                )
            })
            .collect()
    }

    /// Judges one attempt.
    pub(crate) fn judge(&mut self, settings: &Settings, attempt: Attempt<'_>) -> Login {
        let digest = attempt
            .authorization
            .filter(|_| !settings.quirks.token_only)
            .and_then(|value| value.strip_prefix("Digest "));
        if let Some(fields) = digest {
            return self.digest(settings, &fields_of(fields), attempt);
        }
        match attempt.security {
            Some(_) if settings.quirks.digest_only => Login::Nobody,
            Some(security) => match self.token(settings, security, attempt.camera_ms) {
                Ok(()) => Login::Known,
                Err(why) => Login::TokenRefused(why),
            },
            None => Login::Nobody,
        }
    }

    fn digest(
        &mut self,
        settings: &Settings,
        fields: &BTreeMap<String, String>,
        attempt: Attempt<'_>,
    ) -> Login {
        let now_ms = attempt.now_ms;
        let field = |name: &str| fields.get(name).map(String::as_str).unwrap_or_default();
        let refused = Login::DigestRefused { stale: false };
        let Some(user) = settings
            .users
            .iter()
            .find(|user| user.name == field("username"))
        else {
            return refused;
        };
        if settings.mutant != Some(Mutant::AnyDigestPassword) {
            let hash: fn(&str) -> String = match field("algorithm") {
                "" | "MD5" => md5_hex,
                "SHA-256" => sha256_hex,
                _ => return refused,
            };
            let secret = hash(&format!(
                "{}:{}:{}",
                user.name, settings.realm, user.password
            ));
            let what = hash(&format!("{}:{}", attempt.method, field("uri")));
            let expected = match field("qop") {
                "" => hash(&format!("{secret}:{}:{what}", field("nonce"))),
                qop => hash(&format!(
                    "{secret}:{}:{}:{}:{qop}:{what}",
                    field("nonce"),
                    field("nc"),
                    field("cnonce")
                )),
            };
            if expected != field("response") {
                return refused;
            }
        }
        let Some((given, counts)) = self.given.get_mut(field("nonce")) else {
            return Login::DigestRefused { stale: true };
        };
        if now_ms - *given >= NONCE_AGE_MS || counts.len() >= NONCES_MAX {
            return Login::DigestRefused { stale: true };
        }
        let count = u32::from_str_radix(field("nc"), 16).unwrap_or_default();
        if !counts.insert(count) {
            return Login::DigestRefused { stale: true };
        }
        Login::Known
    }

    fn token(
        &mut self,
        settings: &Settings,
        security: Node<'_>,
        camera_ms: i64,
    ) -> Result<(), &'static str> {
        let token = security
            .child(WSSE, "UsernameToken")
            .ok_or("the security header has no UsernameToken")?;
        let part = |namespace: &str, local: &str| {
            token
                .child(namespace, local)
                .map(|node| node.text().trim().to_owned())
        };
        let name = part(WSSE, "Username").ok_or("the token names nobody")?;
        let password = token
            .child(WSSE, "Password")
            .ok_or("the token has no password")?;
        if password.attribute("", "Type").as_deref() != Some(PASSWORD_DIGEST) {
            return Err("the password must be a digest");
        }
        let nonce = part(WSSE, "Nonce").ok_or("the token has no nonce")?;
        let created = part(WSU, "Created").ok_or("the token has no time")?;
        let user = settings
            .users
            .iter()
            .find(|user| user.name == name)
            .ok_or("user or password is wrong")?;
        let raw = STANDARD
            .decode(&nonce)
            .map_err(|_| "the nonce is not Base64")?;
        let expected = token_digest(&raw, &created, &user.password);
        let any = settings.mutant == Some(Mutant::AnyTokenPassword);
        if !any && password.text().trim() != expected {
            return Err("user or password is wrong");
        }
        if settings.quirks.created_z_only && !created.ends_with('Z') {
            return Err("the token's time must end in Z");
        }
        let at = parse_date_time(&created).ok_or("the token's time cannot be read")?;
        let age = (camera_ms - at).abs();
        if age > settings.token_age_ms_max && settings.mutant != Some(Mutant::StaleTokens) {
            return Err("the token is not of this time");
        }
        self.used.retain(|_, until| *until > camera_ms);
        while self.used.len() >= NONCES_MAX {
            self.used.pop_first();
        }
        let until = camera_ms + 2 * settings.token_age_ms_max;
        let again = self.used.insert(nonce, until).is_some();
        if again && settings.mutant != Some(Mutant::ReusedNonces) {
            return Err("the nonce was used before");
        }
        Ok(())
    }
}

/// `Base64(SHA-1(nonce + created + password))`.
fn token_digest(nonce: &[u8], created: &str, password: &str) -> String {
    let mut context = digest::Context::new(&digest::SHA1_FOR_LEGACY_USE_ONLY);
    context.update(nonce);
    context.update(created.as_bytes());
    context.update(password.as_bytes());
    STANDARD.encode(context.finish())
}

fn md5_hex(text: &str) -> String {
    hex(&Md5::digest(text.as_bytes()))
}

fn sha256_hex(text: &str) -> String {
    hex(digest::digest(&digest::SHA256, text.as_bytes()).as_ref())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// `name=value` and `name="value"` pairs, separated by commas.
fn fields_of(text: &str) -> BTreeMap<String, String> {
    let mut fields = BTreeMap::new();
    let mut rest = text;
    while let Some((name, after)) = rest.split_once('=') {
        let (value, after) = match after.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"').unwrap_or((quoted, "")),
            None => after.split_once(',').unwrap_or((after, "")),
        };
        let name = name.trim_matches([',', ' ']).to_owned();
        fields.insert(name, value.trim().to_owned());
        rest = after.trim_start_matches([',', ' ']);
    }
    fields
}

#[cfg(test)]
mod tests {
    use super::{fields_of, md5_hex, token_digest};

    /// The worked example of ONVIF's Application Programmer's Guide, section 6.1.1.3.
    #[test]
    fn token_digest_as_in_the_programmers_guide() {
        use base64::Engine as _;
        let nonce = base64::engine::general_purpose::STANDARD
            .decode("LKqI6G/AikKCQrN0zqZFlg==")
            .unwrap();
        assert_eq!(
            token_digest(&nonce, "2010-09-16T07:50:45Z", "userpassword"),
            "tuOSpGlFlIXsozq4HFNeeGeFLEI="
        );
    }

    /// The worked example of RFC 2617, section 3.5.
    #[test]
    fn digest_as_in_the_rfc() {
        let secret = md5_hex("Mufasa:testrealm@host.com:Circle Of Life");
        let what = md5_hex("GET:/dir/index.html");
        let response = md5_hex(&format!(
            "{secret}:dcd98b7102dd2f0e8b11d0f600bfb0c093:00000001:0a4f113b:auth:{what}"
        ));
        assert_eq!(response, "6629fae49393a05397450978507c4ef1");
    }

    #[test]
    fn fields_with_and_without_quotes() {
        let fields = fields_of("username=\"a,b\", qop=auth, nc=00000001,uri=\"/x?y=1\"");
        assert_eq!(fields["username"], "a,b");
        assert_eq!(fields["qop"], "auth");
        assert_eq!(fields["uri"], "/x?y=1");
    }
}
