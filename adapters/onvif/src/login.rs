//! Logins: HTTP Digest (RFC 7616, RFC 2069) and WS-UsernameToken 1.0. Pure but for the nonce,
//! which the caller gives.

use std::fmt::Write as _;

use aws_lc_rs::digest;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use md5::{Digest as _, Md5};

/// Longest value taken from a challenge, bytes.
const VALUE_MAX: usize = 1_024;
/// Most challenges of one answer looked at.
const CHALLENGES_MAX: usize = 8;

/// Who the hub is at a camera; never shown.
#[derive(Clone)]
pub(crate) struct Account {
    /// Login name.
    pub(crate) user: String,
    /// Password.
    pub(crate) password: String,
}

impl std::fmt::Debug for Account {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Account")
    }
}

/// A WS-UsernameToken ready to be written.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Token {
    pub(crate) user: String,
    pub(crate) digest: String,
    pub(crate) nonce: String,
    pub(crate) created: String,
}

/// Makes a token: `Base64(SHA-1(nonce + created + password))`.
pub(crate) fn token(account: &Account, nonce: [u8; 16], created: String) -> Token {
    let mut context = digest::Context::new(&digest::SHA1_FOR_LEGACY_USE_ONLY);
    context.update(&nonce);
    context.update(created.as_bytes());
    context.update(account.password.as_bytes());
    Token {
        user: account.user.clone(),
        digest: STANDARD.encode(context.finish()),
        nonce: STANDARD.encode(nonce),
        created,
    }
}

/// The hash of a digest login.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
enum Hash {
    Md5,
    Sha256,
}

impl Hash {
    fn of(self, text: &str) -> String {
        match self {
            Self::Md5 => hex(&Md5::digest(text.as_bytes())),
            Self::Sha256 => hex(digest::digest(&digest::SHA256, text.as_bytes()).as_ref()),
        }
    }
}

/// What a camera demands for HTTP Digest.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Challenge {
    realm: String,
    nonce: String,
    opaque: Option<String>,
    hash: Hash,
    /// The algorithm as written, if it was.
    algorithm: Option<String>,
    session: bool,
    qop: bool,
    /// Only the nonce was too old; name and password were right.
    pub(crate) stale: bool,
}

impl Challenge {
    /// The strongest usable challenge of the `WWW-Authenticate` headers.
    pub(crate) fn strongest<'a>(headers: impl Iterator<Item = &'a str>) -> Option<Self> {
        headers
            .flat_map(challenges)
            .take(CHALLENGES_MAX)
            .filter_map(|fields| Self::read(&fields))
            .max_by_key(|challenge| challenge.hash)
    }

    fn read(fields: &[(String, String)]) -> Option<Self> {
        let field = |name: &str| {
            let mut all = fields.iter();
            let found = all.find(|(own, _)| own.eq_ignore_ascii_case(name));
            found.map(|(_, value)| value.clone())
        };
        let algorithm = field("algorithm");
        let upper = algorithm.as_deref().unwrap_or("MD5").to_ascii_uppercase();
        let (name, session) = match upper.strip_suffix("-SESS") {
            Some(name) => (name, true),
            None => (upper.as_str(), false),
        };
        let hash = match name {
            "MD5" => Hash::Md5,
            "SHA-256" => Hash::Sha256,
            _ => return None,
        };
        let qop = match field("qop") {
            None => false,
            Some(list) if list.split(',').any(|qop| qop.trim() == "auth") => true,
            // Only auth-int, which no camera was seen to demand.
            Some(_) => return None,
        };
        Some(Self {
            realm: field("realm")?,
            nonce: field("nonce")?,
            opaque: field("opaque"),
            hash,
            algorithm,
            session,
            qop,
            stale: field("stale").is_some_and(|stale| stale.eq_ignore_ascii_case("true")),
        })
    }

    /// The `Authorization` header for one request; `count` begins with 1 and is never used twice.
    pub(crate) fn answer(
        &self,
        account: &Account,
        method: &str,
        uri: &str,
        count: u32,
        cnonce: &str,
    ) -> String {
        let Self { realm, nonce, .. } = self;
        let mut secret = self
            .hash
            .of(&format!("{}:{realm}:{}", account.user, account.password));
        if self.session {
            secret = self.hash.of(&format!("{secret}:{nonce}:{cnonce}"));
        }
        let what = self.hash.of(&format!("{method}:{uri}"));
        let response = if self.qop {
            let proof = format!("{secret}:{nonce}:{count:08x}:{cnonce}:auth:{what}");
            self.hash.of(&proof)
        } else {
            self.hash.of(&format!("{secret}:{nonce}:{what}"))
        };
        let mut header = format!(
            "Digest username=\"{}\", realm=\"{}\", nonce=\"{}\", uri=\"{}\", response=\"{response}\"",
            quoted(&account.user),
            quoted(realm),
            quoted(nonce),
            quoted(uri),
        );
        if let Some(algorithm) = &self.algorithm {
            let _ = write!(header, ", algorithm={algorithm}");
        }
        if self.qop {
            let _ = write!(header, ", qop=auth, nc={count:08x}, cnonce=\"{cnonce}\"");
        } else if self.session {
            let _ = write!(header, ", cnonce=\"{cnonce}\"");
        }
        if let Some(opaque) = &self.opaque {
            let _ = write!(header, ", opaque=\"{}\"", quoted(opaque));
        }
        header
    }
}

/// The digest challenges of one header value, which may hold several schemes.
fn challenges(header: &str) -> Vec<Vec<(String, String)>> {
    let mut found: Vec<Vec<(String, String)>> = Vec::new();
    let mut digest = false;
    let mut rest = header.trim_start();
    while !rest.is_empty() && found.len() <= CHALLENGES_MAX {
        let end = rest
            .find(|c: char| c == '=' || c == ',' || c.is_whitespace())
            .unwrap_or(rest.len());
        let (name, after) = rest.split_at(end);
        let after = after.trim_start();
        match after.strip_prefix('=') {
            // A name without a value begins a scheme.
            None => {
                if !name.is_empty() {
                    digest = name.eq_ignore_ascii_case("Digest");
                    if digest {
                        found.push(Vec::new());
                    }
                }
                rest = after;
            }
            Some(after) => {
                let (value, after) = value(after.trim_start());
                if let (true, Some(fields)) = (digest, found.last_mut()) {
                    fields.push((name.to_owned(), value));
                }
                rest = after;
            }
        }
        rest = rest.trim_start_matches([',', ' ', '\t']);
    }
    found
}

fn value(text: &str) -> (String, &str) {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find(',').unwrap_or(text.len());
        let (value, rest) = text.split_at(end);
        return (value.trim().chars().take(VALUE_MAX).collect(), rest);
    };
    let mut out = String::new();
    let mut letters = quoted.char_indices();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '"' => return (out, quoted.get(at + 1..).unwrap_or_default()),
            '\\' => out.extend(letters.next().map(|(_, letter)| letter)),
            other => out.push(other),
        }
        if out.len() > VALUE_MAX {
            break;
        }
    }
    (out, "")
}

fn quoted(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"")
}

/// Bytes as lower-case hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        let _ = write!(out, "{byte:02x}");
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{Account, Challenge, token};

    fn account(user: &str, password: &str) -> Account {
        Account {
            user: user.to_owned(),
            password: password.to_owned(),
        }
    }

    /// The worked example of ONVIF's Application Programmer's Guide, section 6.1.1.3.
    #[test]
    fn token_as_in_the_programmers_guide() {
        use base64::Engine as _;
        let nonce = base64::engine::general_purpose::STANDARD
            .decode("LKqI6G/AikKCQrN0zqZFlg==")
            .unwrap();
        let token = token(
            &account("user", "userpassword"),
            nonce.try_into().unwrap(),
            "2010-09-16T07:50:45Z".to_owned(),
        );
        assert_eq!(token.digest, "tuOSpGlFlIXsozq4HFNeeGeFLEI=");
    }

    /// The worked examples of RFC 7616, section 3.9.1.
    #[test]
    fn digests_as_in_the_rfc() {
        let header = |algorithm: &str| {
            format!(
                "Digest realm=\"http-auth@example.org\", qop=\"auth, auth-int\", \
                 algorithm={algorithm}, nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\", \
                 opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\""
            )
        };
        let answer = |challenge: &Challenge| {
            challenge.answer(
                &account("Mufasa", "Circle of Life"),
                "GET",
                "/dir/index.html",
                1,
                "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ",
            )
        };
        let md5 = Challenge::strongest([header("MD5").as_str()].into_iter()).unwrap();
        assert!(answer(&md5).contains("response=\"8ca523f5e9506fed4657c9700eebdbec\""));
        let both = [header("MD5"), header("SHA-256")];
        let sha = Challenge::strongest(both.iter().map(String::as_str)).unwrap();
        let expected = "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1";
        assert!(answer(&sha).contains(expected), "{}", answer(&sha));
    }

    /// The worked example of RFC 2617, section 3.5, without qop (RFC 2069).
    #[test]
    fn challenges_in_one_header_and_strange_ones() {
        let header = "Basic realm=\"x\", Digest realm=\"a \\\"b\\\"\", nonce=\"n\",stale=TRUE";
        let challenge = Challenge::strongest([header].into_iter()).unwrap();
        assert!(challenge.stale && !challenge.qop);
        assert_eq!(challenge.realm, "a \"b\"");
        for bad in [
            "",
            "Basic realm=\"x\"",
            "Digest",
            "Digest nonce=\"n\"",
            "Digest realm=\"r\", nonce=\"n\", algorithm=SHA-512-256",
            "Digest realm=\"r\", nonce=\"n\", qop=\"auth-int\"",
            "Digest realm=\"r\", nonce=\"",
            "====,,,\"\"",
        ] {
            let found = Challenge::strongest([bad].into_iter());
            assert!(
                found.is_none() || bad.ends_with("nonce=\""),
                "{bad}: {found:?}"
            );
        }
    }
}
