//! Every refusal this crate can say: code, text for the peer, remedy.

use cordon_contract::Fault;

/// Longest detail of a fault in the log, in characters.
const DETAIL_CHARS_MAX: usize = 400;

/// One line of the table of refusals.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Refusal {
    /// Stable code.
    pub code: &'static str,
    /// What the peer may know.
    pub peer: &'static str,
    /// What to do about it.
    pub remedy: &'static str,
}

impl Refusal {
    /// The fault without further detail.
    pub(crate) fn fault(self) -> Fault {
        Fault::new(self.code, self.peer).remedy(self.remedy)
    }

    /// The fault with detail for the log only.
    pub(crate) fn because(self, detail: impl std::fmt::Display) -> Fault {
        // The detail may quote what a stranger sent; the log needs no more than its beginning.
        let detail = detail.to_string();
        let shown = match detail.char_indices().nth(DETAIL_CHARS_MAX) {
            Some((cut, _)) => format!("{}…", detail.get(..cut).unwrap_or_default()),
            None => detail,
        };
        self.fault().log(format!("{}: {shown}", self.peer))
    }
}

macro_rules! refusals {
    ($($name:ident = $code:literal, $peer:literal, $remedy:literal;)*) => {
        $(pub(crate) const $name: Refusal = Refusal { code: $code, peer: $peer, remedy: $remedy };)*

        /// All refusals, in the order of their codes.
        pub const REFUSALS: &[Refusal] = &[$($name),*];
    };
}

refusals! {
    UNSIGNED = "V001", "the message carries no signature",
        "sign Body and Timestamp with your park certificate (WS-Security, X.509 token)";
    TIMESTAMP_UNSIGNED = "V002", "the timestamp is missing or not signed",
        "add a wsu:Timestamp to the Security header and sign it";
    BODY_UNSIGNED = "V003", "the body is not signed",
        "sign the soap:Body of this envelope";
    WRAPPED = "V004", "a signed element is not in its place",
        "sign only Body, Timestamp, the token and header blocks, where they stand";
    DUPLICATE_ID = "V005", "an Id stands twice",
        "give every element its own Id";
    DIGEST = "V006", "a digest does not match: content was changed after signing",
        "send the bytes that were signed, without reformatting";
    SIGNATURE = "V007", "the signature value is wrong",
        "sign with the private key of the certificate you send";
    ALGORITHM = "V008", "an algorithm is not allowed",
        "use exclusive canonicalization, SHA-256 and RSA-SHA256, ECDSA-P256-SHA256 or Ed25519";
    STALE = "V009", "the message has expired",
        "send it again with a new timestamp; check your clock";
    FUTURE = "V010", "the timestamp lies in the future",
        "check your clock";
    REPLAY = "V011", "this signed message was received before",
        "sign each attempt anew; keep the message id to get the first receipt again";
    REVOKED = "V012", "the certificate is revoked",
        "ask the park for a new certificate";
    CERTIFICATE_TIME = "V013", "the certificate has expired or is not valid yet",
        "ask the park for a new certificate; check the clock";
    UNKNOWN_ISSUER = "V014", "the certificate was not issued by a trusted authority",
        "use the certificate issued by this park";
    ROLE = "V015", "the role of the certificate may not do this",
        "use a certificate of the right role";
    PARK = "V016", "the certificate belongs to another park",
        "use the certificate issued by this park";
    DOCTYPE = "V017", "DOCTYPE and processing instructions are not allowed",
        "remove them";
    TOO_DEEP = "V018", "the document is nested too deeply or has too many parts",
        "send fewer messages at once";
    TOO_LARGE = "V019", "the document is too large",
        "send fewer messages at once";
    NOT_XML = "V020", "the document is not well-formed XML in UTF-8",
        "send well-formed XML 1.0 with namespaces in UTF-8";
    TOKEN = "V021", "the security token is missing or is no X.509 certificate",
        "send your certificate as BinarySecurityToken (X509v3, Base64Binary) and refer to it from KeyInfo";
    FORM = "V022", "the security header or signature does not have the form of the profile",
        "docs/reference/ws-security.md shows the form";
    GUARD_FULL = "V023", "too many messages within the replay window",
        "try again later";
    UNFIT = "V024", "the certificate carries no park identity or is not fit for this use",
        "use a certificate issued under the park's certificate profile";
    STATUS_UNKNOWN = "V025", "the revocation status of the certificate is not known",
        "the operator must supply current CRLs: cordon cert crl";
    NOT_SOAP = "V026", "the document is no SOAP 1.1 or 1.2 envelope",
        "send a soap:Envelope with one soap:Body";
    DOCUMENT_UNSIGNED = "V027", "the document carries no enveloped signature over the whole of it",
        "sign the document with an enveloped XML signature, URI empty";
    WORK = "V028", "the message asks for more work than the profile allows",
        "name at most 64 prefixes in a PrefixList, 16 references, 64 header blocks and 10,000 Ids; declare namespaces where they are used";
    NOT_UTF8 = "V029", "the document is not in UTF-8, or says so",
        "send the document in UTF-8, uncompressed, and declare no other encoding";
    KEY_USAGE = "V030", "the key usage of the certificate does not allow signatures",
        "use a certificate whose key usage has digitalSignature";
    KEY_SIZE = "V031", "the RSA key of the certificate is shorter than 2048 bits",
        "make a new key (P-256, Ed25519 or RSA of 2048 bits or more) and ask the park for a certificate";
    CA_EXISTS = "V101", "the folder already holds a certificate authority",
        "choose another folder; a CA is never overwritten";
    CA_MISSING = "V102", "the folder holds no certificate authority",
        "make one with cordon cert init";
    FILE = "V103", "a file cannot be read or written",
        "check path and rights";
    REQUEST = "V104", "the certificate signing request is not acceptable",
        "send a PKCS#10 request signed with its own key, P-256, Ed25519 or RSA of 2048 to 4096 bits";
    SERIAL = "V105", "no certificate with this serial number can have been issued here",
        "cordon cert list shows the serial numbers";
    KEY = "V106", "the private key cannot be used",
        "use the PEM key that belongs to the certificate";
    SIGNING = "V107", "signing failed",
        "check certificate and key";
    TLS = "V108", "the TLS configuration cannot be built",
        "check certificate, key and trust folder";
    TRUST = "V109", "the trust folder cannot be used",
        "put root certificate, issuing certificates and their current CRLs there";
    CRL_ROLLBACK = "V110", "a CRL is older than the one in use",
        "supply the CRL with the highest number";
    INDEX = "V111", "the CA's index is damaged",
        "restore index.jsonl from the backup";
    PROFILE = "V112", "the certificate profile does not allow this",
        "see certs/README.md";
    REGISTER = "V113", "the register of certificates is not the park CA's",
        "copy register.json from the CA's folder again";
    REGISTER_ROLLBACK = "V114", "the register of certificates is older than the one in use",
        "supply the register with the highest number";
    CRL_ANOTHER = "V115", "a CRL is another than the one in use, under the same number",
        "supply a CRL with a higher number";
    OTHERS_LIST = "V116", "the list of revoked certificates is not this CA's",
        "name a list that this CA published (issuing.crl.pem), such as lists-in-use/*.crl.pem of a hub's data folder";
    ITSELF = "V117", "the certificate is the CA's own",
        "take root.pem and issuing.pem of this CA out of every trust folder, and begin another one: cordon cert init";
    REQUEST_KEY = "V120", "the RSA key of the request is not of a size that is certified",
        "make an RSA key of 2048 to 4096 bits, or a P-256 or Ed25519 key";
    NO_ROOM = "V121", "there is no room on the disk for a certificate, key or list",
        "free space on the disk named in the place, then do the same again";
}
