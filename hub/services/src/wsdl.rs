//! WSDL and XSD as the hub serves them: the committed files, with the hub's own address put in.

use bytes::Bytes;

/// What the address placeholders of the committed WSDL files begin with.
const PLACEHOLDER: &str = "https://localhost:8443";

/// A service of the exchange port.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Service {
    /// For enterprises: submit, receipts, grants.
    Enterprise,
    /// For regulators: reports, messages, certificate status.
    Regulator,
}

impl Service {
    /// From a path such as `/soap/enterprise`.
    pub fn from_path(path: &str) -> Option<Self> {
        match path {
            "/soap/enterprise" => Some(Self::Enterprise),
            "/soap/regulator" => Some(Self::Regulator),
            _ => None,
        }
    }

    fn file(self) -> &'static str {
        match self {
            Self::Enterprise => "wsdl/enterprise.wsdl",
            Self::Regulator => "wsdl/regulator.wsdl",
        }
    }

    /// The service's WSDL with `base` (scheme, host and port) as its address. Its imports are
    /// relative: `../xsd/service.xsd` seen from `/soap/…` is `/xsd/service.xsd`.
    pub fn wsdl(self, base: &str) -> Option<Bytes> {
        let text = cordon_schemas::file(self.file())?;
        Some(Bytes::from(text.replace(PLACEHOLDER, base)))
    }
}

/// A schema by its path below the exchange's root, such as `/xsd/service.xsd`.
pub fn schema(path: &str) -> Option<Bytes> {
    let name = path.strip_prefix("/xsd/")?;
    if name.contains('/') || name.contains("..") {
        return None;
    }
    cordon_schemas::file(&format!("xsd/{name}")).map(|text| Bytes::from_static(text.as_bytes()))
}
