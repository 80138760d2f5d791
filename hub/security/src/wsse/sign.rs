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

/// Wraps `body_xml` into a signed envelope: token, timestamp, then one signature over Timestamp and
/// Body. `header_extra` goes before the security header, unsigned; both pieces must be well-formed
/// and declare their own prefixes.
///
/// # Errors
/// `V107` when a piece is not well-formed or the key refuses.
pub fn sign(
    signer: &Signer,
    version: SoapVersion,
    header_extra: impl AsRef<[u8]>,
    body_xml: impl AsRef<[u8]>,
    now: Timestamp,
) -> Result<Vec<u8>, Fault> {
    let draft = Draft::write(
        signer,
        version,
        header_extra.as_ref(),
        body_xml.as_ref(),
        now,
    );
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
    let timestamp = root
        .child(namespace, "Header")
        .and_then(|header| header.child(WSSE, "Security"))
        .and_then(|security| security.child(WSU, "Timestamp"))
        .ok_or_else(missing)?;
    let body = root.child(namespace, "Body").ok_or_else(missing)?;

    let signature = signature(signer, timestamp, body, &unique)?;
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
        header_extra: &[u8],
        body_xml: &[u8],
        now: Timestamp,
    ) -> Self {
        let unique = Uuid::new_v4().simple().to_string();
        let token = signer.token();
        // Room for the signature too, so that inserting it moves bytes once and grows nothing.
        let mut text =
            Vec::with_capacity(body_xml.len() + header_extra.len() + token.len() + 4_096);
        let soap = version.namespace();
        text.extend_from_slice(
            format!("<s:Envelope xmlns:s=\"{soap}\" xmlns:wsu=\"{WSU}\"><s:Header>").as_bytes(),
        );
        text.extend_from_slice(header_extra);
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

fn signature(
    signer: &Signer,
    timestamp: Node<'_>,
    body: Node<'_>,
    unique: &str,
) -> Result<String, Fault> {
    let mut scratch = Vec::with_capacity(body.span().len() + 512);
    let signed_info = write_signed_info(
        signer.algorithm(),
        &[
            (
                &format!("#TS-{unique}"),
                false,
                digest_of(timestamp, &mut scratch),
            ),
            (
                &format!("#B-{unique}"),
                false,
                digest_of(body, &mut scratch),
            ),
        ],
    );
    let value = STANDARD.encode(signer.sign(signed_info.as_bytes())?);
    Ok(format!(
        "<ds:Signature xmlns:ds=\"{DS}\" Id=\"SIG-{unique}\">{signed_info}\
         <ds:SignatureValue>{value}</ds:SignatureValue><ds:KeyInfo>\
         <wsse:SecurityTokenReference><wsse:Reference URI=\"#X509-{unique}\" \
         ValueType=\"{X509_V3}\"></wsse:Reference></wsse:SecurityTokenReference>\
         </ds:KeyInfo></ds:Signature>"
    ))
}
