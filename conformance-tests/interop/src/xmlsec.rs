//! xmlsec1 as the judge of what the hub signed.

use std::path::Path;
use std::process::Command;

use crate::{Park, run, system};

/// xmlsec1 verifies the answer byte for byte, trusting only the park's own CA.
pub fn xmlsec1_verifies(answer: &Path, park: &Park) {
    let wsu = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd";
    let envelopes = [
        "http://schemas.xmlsoap.org/soap/envelope/",
        "http://www.w3.org/2003/05/soap-envelope",
    ];
    let ca = park.data().join("certs/ca");
    let mut command = Command::new(system("xmlsec1"));
    command.arg("--verify");
    for envelope in envelopes {
        command.arg("--id-attr:Id").arg(format!("{envelope}:Body"));
    }
    command
        .arg("--id-attr:Id")
        .arg(format!("{wsu}:Timestamp"))
        .args(["--id-attr:Id", "urn:cordon:service:1:RequestDigest"])
        .args(["--id-attr:Id", "BinarySecurityToken"])
        .arg("--trusted-pem")
        .arg(ca.join("root.pem"))
        .arg("--untrusted-pem")
        .arg(ca.join("issuing.pem"))
        .arg("--pubkey-cert-pem")
        .arg(park.data().join("certs/hub-1/certificate.pem"))
        .arg(answer);
    run(&mut command);
}
