//! Where a camera is. What it says of its own addresses is taken for the path alone.
//!
//! A camera behind a router, or with a factory default, names hosts that lead nowhere or to
//! somebody else. Requests carry a login, so they only ever go to the configured host and scheme.

use http::Uri;

/// Longest path taken from a camera, bytes.
const PATH_MAX: usize = 1_024;

/// Scheme, host and port of the configuration, with the path of the device service.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Address {
    scheme: String,
    host: String,
    authority: String,
    path: String,
}

impl Address {
    /// Reads `http://HOST[:PORT]/PATH`; the error says in words what is wrong.
    pub fn parse(text: &str) -> Result<Self, String> {
        let uri: Uri = text
            .parse()
            .map_err(|error| format!("`{text}` is no address: {error}"))?;
        let scheme = uri.scheme_str().unwrap_or_default().to_owned();
        if scheme != "http" && scheme != "https" {
            return Err(format!("`{text}` is neither http nor https"));
        }
        let authority = uri
            .authority()
            .ok_or_else(|| format!("`{text}` names no host"))?;
        if authority.as_str().contains('@') {
            return Err("a login does not belong into the address".to_owned());
        }
        Ok(Self {
            scheme,
            host: authority.host().to_owned(),
            authority: authority.to_string(),
            path: path_of(&uri).unwrap_or_else(|| "/".to_owned()),
        })
    }

    /// Whether it is spoken to over TLS.
    pub fn is_tls(&self) -> bool {
        self.scheme == "https"
    }

    /// Host and port as configured.
    pub fn authority(&self) -> &str {
        &self.authority
    }

    /// The device service itself.
    pub fn device_service(&self) -> String {
        format!("{}://{}{}", self.scheme, self.authority, self.path)
    }

    /// The address to use for a service that the camera calls `told`: the path is the camera's,
    /// host and scheme are the configuration's. The port is the camera's only when it names the
    /// very host and scheme that were configured.
    pub fn service(&self, told: &str) -> Option<String> {
        let told = told.trim();
        let uri: Uri = if told.starts_with('/') {
            format!("{}://{}{told}", self.scheme, self.authority)
                .parse()
                .ok()?
        } else {
            told.parse().ok()?
        };
        let path = path_of(&uri)?;
        let same = uri.scheme_str() == Some(self.scheme.as_str())
            && uri.host() == Some(self.host.as_str());
        let authority = match uri.authority().filter(|_| same) {
            Some(authority) if !authority.as_str().contains('@') => authority.as_str(),
            _ => self.authority.as_str(),
        };
        Some(format!("{}://{authority}{path}", self.scheme))
    }

    /// Whether the camera names another host than the configured one.
    pub fn is_elsewhere(&self, told: &str) -> bool {
        let uri: Option<Uri> = told.trim().parse().ok();
        uri.is_some_and(|uri| uri.host().is_some_and(|host| host != self.host))
    }
}

fn path_of(uri: &Uri) -> Option<String> {
    let path = uri.path_and_query()?.as_str();
    (path.starts_with('/') && path.len() <= PATH_MAX).then(|| path.to_owned())
}

#[cfg(test)]
mod tests {
    use super::Address;

    #[test]
    fn only_the_path_is_taken_from_a_strange_host() {
        let address = Address::parse("http://10.0.0.7:8080/onvif/device_service").unwrap();
        let service = |told: &str| address.service(told);
        assert_eq!(
            service("http://192.168.1.64/onvif/event?x=1").as_deref(),
            Some("http://10.0.0.7:8080/onvif/event?x=1")
        );
        assert_eq!(
            service("http://10.0.0.7:1024/onvif/event").as_deref(),
            Some("http://10.0.0.7:1024/onvif/event")
        );
        assert_eq!(
            service("/onvif/event").as_deref(),
            Some("http://10.0.0.7:8080/onvif/event")
        );
        assert_eq!(service(""), None);
        assert_eq!(service("urn:event"), None);
        assert!(address.is_elsewhere("http://192.168.1.64/x"));
    }

    #[test]
    fn tls_is_never_left() {
        let address = Address::parse("https://cam.park/onvif/device_service").unwrap();
        assert_eq!(
            address.service("http://cam.park:80/onvif/event").as_deref(),
            Some("https://cam.park/onvif/event")
        );
        assert!(address.is_tls());
        for bad in ["ftp://x/", "cam/onvif", "http://u:p@cam/onvif", ""] {
            assert!(Address::parse(bad).is_err(), "{bad}");
        }
    }
}
