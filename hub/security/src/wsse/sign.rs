//! Signing: the one form the hub writes, in the order WS-I Basic Security Profile 1.1 asks for.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use cordon_contract::Fault;
use cordon_model::Timestamp;
use cordon_xml::{Document, Limits, Node};
use uuid::Uuid;

use super::SoapVersion;
use crate::names::{BASE64_BINARY, DS, WSSE, WSU, X509_V3};
use crate::signature::{digest_of, refused_xml, write_signed_info};
use crate::{Signer, instant, refusal};

/// Life of a message the hub signs, in seconds.
pub const LIFETIME_SECONDS: i64 = 300;

/// Wraps `body_xml` into a signed envelope: token, timestamp, then one signature over Timestamp,
/// Body and `blocks`, header blocks of the caller's that go before the security header. Each block
/// carries a `wsu:Id` of its own, which no part of the body may have too; all pieces must be
/// well-formed and declare their own prefixes.
///
/// # Errors
/// `V107` when a piece is not well-formed, a block has no `wsu:Id`, or the key refuses.
pub fn sign(
    signer: &Signer,
    version: SoapVersion,
    blocks: impl AsRef<[u8]>,
    body_xml: impl AsRef<[u8]>,
    now: Timestamp,
) -> Result<Vec<u8>, Fault> {
    let draft = Draft::write(signer, version, blocks.as_ref(), body_xml.as_ref(), now);
    let Draft {
        text,
        signature_at,
        unique,
    } = draft;
    let limits = Limits {
        bytes_max: usize::MAX,
        nodes_max: 4_000_000,
        ..Limits::default()
    };
    let document = Document::parse(text, &limits)
        .map_err(|fault| refusal::SIGNING.because(refused_xml(&fault)))?;
    let missing = || refusal::SIGNING.because("envelope without its parts");
    let namespace = version.namespace();
    let root = document.root();
    let header = root.child(namespace, "Header").ok_or_else(missing)?;
    let security = header.child(WSSE, "Security").ok_or_else(missing)?;
    let timestamp = security.child(WSU, "Timestamp").ok_or_else(missing)?;
    let body = root.child(namespace, "Body").ok_or_else(missing)?;
    let mut parts = Vec::new();
    for block in header
        .children()
        .filter(|block| block.id() != security.id())
    {
        let id = block
            .attribute(WSU, "Id")
            .ok_or_else(|| refusal::SIGNING.because("header block without wsu:Id"))?;
        parts.push((format!("#{id}"), block));
    }
    parts.push((format!("#TS-{unique}"), timestamp));
    parts.push((format!("#B-{unique}"), body));

    let signature = signature(signer, &parts, &unique)?;
    let mut signed = document.into_bytes();
    signed.splice(signature_at..signature_at, signature.into_bytes());
    Ok(signed)
}

/// The envelope without its signature.
struct Draft {
    text: Vec<u8>,
    signature_at: usize,
    unique: String,
}

impl Draft {
    fn write(
        signer: &Signer,
        version: SoapVersion,
        blocks: &[u8],
        body_xml: &[u8],
        now: Timestamp,
    ) -> Self {
        let unique = Uuid::new_v4().simple().to_string();
        let token = signer.token();
        // Room for the signature too, so that inserting it moves bytes once and grows nothing.
        let mut text = Vec::with_capacity(body_xml.len() + blocks.len() + token.len() + 4_096);
        let soap = version.namespace();
        text.extend_from_slice(
            format!("<s:Envelope xmlns:s=\"{soap}\" xmlns:wsu=\"{WSU}\"><s:Header>").as_bytes(),
        );
        text.extend_from_slice(blocks);
        text.extend_from_slice(
            format!(
                "<wsse:Security xmlns:wsse=\"{WSSE}\" s:mustUnderstand=\"1\">\
                 <wsse:BinarySecurityToken EncodingType=\"{BASE64_BINARY}\" \
                 ValueType=\"{X509_V3}\" wsu:Id=\"X509-{unique}\">{token}\
                 </wsse:BinarySecurityToken>\
                 <wsu:Timestamp wsu:Id=\"TS-{unique}\"><wsu:Created>{}</wsu:Created>\
                 <wsu:Expires>{}</wsu:Expires></wsu:Timestamp>",
                instant::utc(now),
                instant::utc(now.plus_seconds(LIFETIME_SECONDS)),
            )
            .as_bytes(),
        );
        let signature_at = text.len();
        text.extend_from_slice(
            format!("</wsse:Security></s:Header><s:Body wsu:Id=\"B-{unique}\">").as_bytes(),
        );
        text.extend_from_slice(body_xml);
        text.extend_from_slice(b"</s:Body></s:Envelope>");
        Self {
            text,
            signature_at,
            unique,
        }
    }
}

/// The signature over `parts`, each with the URI that names it.
fn signature(signer: &Signer, parts: &[(String, Node<'_>)], unique: &str) -> Result<String, Fault> {
    let longest = parts.iter().map(|(_, part)| part.span().len()).max();
    let mut scratch = Vec::with_capacity(longest.unwrap_or_default() + 512);
    let references: Vec<_> = parts
        .iter()
        .map(|(uri, part)| (uri.as_str(), false, digest_of(*part, &mut scratch)))
        .collect();
    let signed_info = write_signed_info(signer.algorithm(), &references);
    let value = STANDARD.encode(signer.sign(signed_info.as_bytes())?);
    Ok(format!(
        "<ds:Signature xmlns:ds=\"{DS}\" Id=\"SIG-{unique}\">{signed_info}\
         <ds:SignatureValue>{value}</ds:SignatureValue><ds:KeyInfo>\
         <wsse:SecurityTokenReference><wsse:Reference URI=\"#X509-{unique}\" \
         ValueType=\"{X509_V3}\"></wsse:Reference></wsse:SecurityTokenReference>\
         </ds:KeyInfo></ds:Signature>"
    ))
}
