//! WSDL and XSD as the hub serves them: the committed files, with the hub's own address put in.

use bytes::Bytes;
use cordon_security::Role;

/// What the address placeholders of the committed WSDL files begin with.
const PLACEHOLDER: &str = "https://localhost:8443";

/// A service of the exchange port.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Service {
    /// For enterprises: submit, receipts, grants.
    Enterprise,
    /// For regulators: reports, messages, certificate status, and what they may submit.
    Regulator,
    /// For the park's own operators: submit, receipts, grants, reports.
    Park,
}

impl Service {
    /// From a path such as `/soap/enterprise`.
    pub fn from_path(path: &str) -> Option<Self> {
        match path {
            "/soap/enterprise" => Some(Self::Enterprise),
            "/soap/regulator" => Some(Self::Regulator),
            "/soap/park" => Some(Self::Park),
            _ => None,
        }
    }

    /// The role of those who may call it.
    pub fn role(self) -> Role {
        match self {
            Self::Enterprise => Role::Enterprise,
            Self::Regulator => Role::Regulator,
            Self::Park => Role::Operator,
        }
    }

    fn file(self) -> &'static str {
        match self {
            Self::Enterprise => "wsdl/enterprise.wsdl",
            Self::Regulator => "wsdl/regulator.wsdl",
            Self::Park => "wsdl/park.wsdl",
        }
    }

    /// The service's WSDL with `base` (scheme, host and port) as its address. Its imports are
    /// relative: `../xsd/service.xsd` seen from `/soap/…` is `/xsd/service.xsd`.
    pub fn wsdl(self, base: &str) -> Option<Bytes> {
        let text = cordon_schemas::file(self.file())?;
        Some(Bytes::from(text.replace(PLACEHOLDER, base)))
    }

    /// The same with every schema inside, for stacks that follow no links: nothing else is to be
    /// fetched.
    pub fn single_wsdl(self, base: &str) -> Option<Bytes> {
        const TYPES: &str = "<wsdl:types>";
        const END: &str = "</wsdl:types>";
        let text = cordon_schemas::file(self.file())?;
        let (head, rest) = text.split_once(TYPES)?;
        let (_, tail) = rest.split_once(END)?;
        let mut out = head.replace(PLACEHOLDER, base);
        out.push_str(TYPES);
        out.push_str(&park_schema()?);
        let service = cordon_schemas::file("xsd/service.xsd")?;
        out.push_str(&unlinked(service, true));
        out.push_str(END);
        out.push_str(&tail.replace(PLACEHOLDER, base));
        Some(Bytes::from(out))
    }
}

/// The schemas of the park's namespace, in the order in which `message.xsd` includes them, itself last.
fn park_schemas() -> Option<Vec<&'static str>> {
    let last = cordon_schemas::file("xsd/message.xsd")?;
    let included = last.split("<xs:include schemaLocation=\"").skip(1);
    let names = included.map(|rest| rest.split_once('"').map(|(name, _)| name));
    let files = names.map(|name| cordon_schemas::file(&format!("xsd/{}", name?)));
    files.chain([Some(last)]).collect()
}

/// The park's namespace as one schema: its files under the root element of `message.xsd`.
fn park_schema() -> Option<String> {
    let mut root = None;
    let mut content = String::new();
    for text in park_schemas()? {
        let (head, inner) = opened(text)?;
        root = Some(head);
        content.push_str(inner);
    }
    Some(unlinked(
        &format!("{}{content}</xs:schema>\n", root?),
        false,
    ))
}

/// A schema file's start tag, and what stands between it and the end tag.
fn opened(text: &str) -> Option<(&str, &str)> {
    let from = text.find("<xs:schema")?;
    let root = text.get(from..)?;
    let end = root.find('>')? + 1;
    let close = root.rfind("</xs:schema>")?;
    Some((root.get(..end)?, root.get(end..close)?))
}

/// A schema without declaration and without links to files. A namespace that is only imported is
/// still named when `imports`.
fn unlinked(text: &str, imports: bool) -> String {
    let mut out = String::with_capacity(text.len());
    for line in text.lines() {
        let link = line.trim_start();
        if link.starts_with("<?xml") || link.starts_with("<xs:include") {
            continue;
        }
        if link.starts_with("<xs:import") {
            if imports {
                out.push_str("  <xs:import namespace=\"urn:cordon:park:1\"/>\n");
            }
            continue;
        }
        out.push_str(line);
        out.push('\n');
    }
    out
}

/// A schema by its path below the exchange's root, such as `/xsd/service.xsd`.
pub fn schema(path: &str) -> Option<Bytes> {
    let name = path.strip_prefix("/xsd/")?;
    if name.contains('/') || name.contains("..") {
        return None;
    }
    cordon_schemas::file(&format!("xsd/{name}")).map(|text| Bytes::from_static(text.as_bytes()))
}

#[cfg(test)]
mod tests {
    use cordon_xml::{Document, Limits};

    use super::Service;

    const SERVICES: [Service; 3] = [Service::Enterprise, Service::Regulator, Service::Park];
    const XS: &str = "http://www.w3.org/2001/XMLSchema";

    #[test]
    fn a_single_wsdl_holds_every_type_and_links_to_no_file() {
        for service in SERVICES {
            let text = service.single_wsdl("https://hub.park:8443").unwrap();
            let document = Document::parse(text.to_vec(), &Limits::default()).unwrap();
            let types = document
                .root()
                .elements()
                .find(|node| node.local() == "types");
            let schemas: Vec<_> = types.unwrap().children().collect();
            assert_eq!(schemas.len(), 2, "one schema for each namespace");
            for node in schemas.iter().flat_map(|schema| schema.children()) {
                assert!(node.attribute("", "schemaLocation").is_none());
            }
            let named = |local: &str, name: &str| {
                schemas
                    .iter()
                    .flat_map(|schema| schema.children())
                    .any(|node| {
                        node.is(XS, local) && node.attribute("", "name").as_deref() == Some(name)
                    })
            };
            assert!(named("element", "SubmitMessages") && named("element", "Message"));
            assert!(named("complexType", "AccessGrant") && named("simpleType", "Count"));
            let text = String::from_utf8_lossy(&text);
            assert!(text.contains("https://hub.park:8443/soap/"));
            assert!(!text.contains("localhost"));
        }
    }

    #[test]
    fn every_service_describes_how_it_is_signed_and_takes_messages() {
        for service in SERVICES {
            let text = service.wsdl("https://hub.park:8443").unwrap();
            let text = String::from_utf8_lossy(&text);
            let bindings = text.matches("<wsdl:binding ").count();
            assert_eq!(bindings, 2, "SOAP 1.1 and 1.2");
            let references = text.matches("<wsp:PolicyReference URI=\"#SignedExchange\"/>");
            assert_eq!(references.count(), bindings);
            assert!(text.contains("<sp:AsymmetricBinding>"));
            assert!(
                text.contains("name=\"SubmitMessages\"") && text.contains("name=\"GetReceipt\"")
            );
        }
    }
}
