//! Which authorities certified somebody, and whose lists say what became of him. A CA that begins anew under its old name lies beside
//! the old one for the days of a change-over, and names alone would judge by the list of the other one.

use rustls::pki_types::{CertificateDer, SignatureVerificationAlgorithm, TrustAnchor};
use webpki::{CertRevocationList, EndEntityCert};
use x509_parser::prelude::{CertificateRevocationList, FromDer, X509Certificate};

use super::snapshot::{CHAIN_ALGORITHMS, Snapshot};
use crate::algorithm::sha256;

/// Stands for an authority's key.
pub(crate) type Key = [u8; 32];

/// An authority: its name in DER, and its key.
pub(super) type Whose = (Box<[u8]>, Key);

/// What certified one certificate.
pub(super) struct Path<'a> {
    /// The roots that did, each with the lists that hold where it is the root.
    pub(super) roots: Vec<(TrustAnchor<'a>, Vec<&'a CertRevocationList<'static>>)>,
    /// The authorities between.
    pub(super) between: Vec<CertificateDer<'a>>,
}

impl<'a> Path<'a> {
    /// Of a certificate that came with others beside it. An authority whose key did not sign is none.
    pub(super) fn of(
        snapshot: &'a Snapshot,
        der: &CertificateDer<'_>,
        beside: &'a [CertificateDer<'a>],
    ) -> Self {
        let mut left: Vec<&CertificateDer<'_>> =
            snapshot.intermediates.iter().chain(beside).collect();
        let mut between: Vec<&CertificateDer<'_>> = Vec::new();
        let mut signed: Vec<&CertificateDer<'_>> = vec![der];
        // Each is taken once at most.
        while let Some(one) = signed.pop() {
            left.retain(|authority| {
                let is_its = is_above(authority, one);
                if is_its {
                    between.push(authority);
                    signed.push(authority);
                }
                !is_its
            });
        }
        let all = || between.iter().copied().chain([der]);
        let roots = snapshot.roots.iter().zip(&snapshot.anchors);
        let roots = roots.filter(|(root, _)| all().any(|one| is_above(root, one)));
        let roots = roots.map(|(root, anchor)| {
            let authorities = between.iter().copied().chain([root]);
            let lists = authorities.filter_map(|authority| snapshot.list_of(authority));
            (anchor.clone(), lists.collect())
        });
        Self {
            roots: roots.collect(),
            between: between.into_iter().cloned().collect(),
        }
    }
}

/// A list as certificates are held against it.
#[derive(Debug)]
pub(super) struct Held {
    pub(super) crl: CertRevocationList<'static>,
    /// Its issuer's name in DER.
    pub(super) name: Box<[u8]>,
    /// The key of the authority of the folder that signed it.
    pub(super) by: Option<Key>,
}

impl Held {
    /// The authority of the folder that signed it, whatever it says of itself.
    pub(super) fn whose(&self) -> Option<Whose> {
        self.by.map(|by| (self.name.clone(), by))
    }
}

impl Snapshot {
    /// The list by which whoever this authority certified is judged: one that its key signed. Where there is none, one of its name
    /// that nobody here signed: it may be this authority's and was damaged, and nobody passes by it.
    fn list_of(&self, authority: &CertificateDer<'_>) -> Option<&CertRevocationList<'static>> {
        let (_, parsed) = X509Certificate::from_der(authority).ok()?;
        let (name, key) = (parsed.subject().as_raw(), key_of(&parsed));
        let lists = || self.lists.iter().filter(|list| *list.name == *name);
        let mut signed = lists().filter(|list| list.by == Some(key));
        // Of an authority that came beside the certificate and does not lie here.
        let by_beside = || {
            let mut unproven = self.states.iter().zip(&self.lists);
            unproven.find(|(state, list)| {
                list.by.is_none()
                    && *list.name == *name
                    && signer(&state.der, [authority]).is_some()
            })
        };
        let found = signed.next().or_else(|| by_beside().map(|(_, list)| list));
        let found = found.or_else(|| lists().find(|list| list.by.is_none()));
        found.map(|list| &list.crl)
    }
}

fn key_of(authority: &X509Certificate<'_>) -> Key {
    sha256(authority.public_key().raw)
}

/// The key of the one among these authorities that signed a list.
pub(crate) fn signer<'a>(
    der: &[u8],
    authorities: impl IntoIterator<Item = &'a CertificateDer<'a>>,
) -> Option<Key> {
    let (_, list) = CertificateRevocationList::from_der(der).ok()?;
    let (said, signature) = (list.tbs_cert_list.as_ref(), &list.signature_value.data);
    authorities.into_iter().find_map(|authority| {
        let (_, parsed) = X509Certificate::from_der(authority).ok()?;
        let is_named = parsed.subject() == list.issuer();
        (is_named && is_signed_by(authority, said, signature)).then(|| key_of(&parsed))
    })
}

/// Whether an authority's key signed this certificate.
pub(super) fn has_signed(issuer: &CertificateDer<'_>, der: &[u8]) -> bool {
    X509Certificate::from_der(der).is_ok_and(|(_, signed)| {
        let said = signed.tbs_certificate.as_ref();
        is_signed_by(issuer, said, &signed.signature_value.data)
    })
}

/// The same of an authority that has the name of its issuer.
fn is_above(authority: &CertificateDer<'_>, der: &[u8]) -> bool {
    let named = X509Certificate::from_der(authority);
    let is_named = named.is_ok_and(|(_, authority)| {
        X509Certificate::from_der(der)
            .is_ok_and(|(_, one)| one.issuer().as_raw() == authority.subject().as_raw())
    });
    is_named && has_signed(authority, der)
}

/// Whether this is a signature of an authority's key over these bytes.
fn is_signed_by(authority: &CertificateDer<'_>, said: &[u8], signature: &[u8]) -> bool {
    let Ok(authority) = EndEntityCert::try_from(authority) else {
        return false;
    };
    let by = |algorithm: &&dyn SignatureVerificationAlgorithm| {
        authority
            .verify_signature(*algorithm, said, signature)
            .is_ok()
    };
    CHAIN_ALGORITHMS.iter().any(by)
}
