"""What the counterparts written on Python zeep share: they load a WSDL from a running hub with the park's certificates,
sign what they ask, keep the raw answers for xmlsec1, talk to every port, and print what they saw as JSON.

usage of each: SCRIPT BASE_URL CERT_DIR CA_PEM OUT_DIR ...
"""

import datetime
import importlib.metadata
import json
import pathlib
import sys

import requests
import xmlsec
from zeep import Client, Settings
from zeep.transports import Transport
from zeep.wsse.signature import BinarySignature
from zeep.wsse.utils import WSU, get_security_header


class SignedWithTimestamp:
    """Body and Timestamp signed with SHA-256, as the profile demands."""

    def __init__(self, key, certificate, method):
        self.signature = BinarySignature(
            key, certificate, signature_method=method, digest_method=xmlsec.Transform.SHA256
        )

    def apply(self, envelope, headers):
        security = get_security_header(envelope)
        created = datetime.datetime.now(datetime.timezone.utc)
        timestamp = WSU("Timestamp")
        timestamp.append(WSU("Created", created.strftime("%Y-%m-%dT%H:%M:%SZ")))
        expires = created + datetime.timedelta(minutes=4)
        timestamp.append(WSU("Expires", expires.strftime("%Y-%m-%dT%H:%M:%SZ")))
        security.append(timestamp)
        return self.signature.apply(envelope, headers)

    def verify(self, envelope):
        # Answers are verified by xmlsec1, byte for byte as they came.
        return envelope


class KeepingTransport(Transport):
    """Keeps the last raw answer."""

    last = b""

    def post_xml(self, address, envelope, headers):
        response = super().post_xml(address, envelope, headers)
        self.last = response.content
        return response


def main(service, talk):
    """Binds every port of the service and prints what `talk(port, transport, out, name, *rest)` saw there."""
    base, cert_dir, ca, out, *rest = sys.argv[1:]
    certs, out = pathlib.Path(cert_dir), pathlib.Path(out)
    key, chain = str(certs / "key.pem"), str(certs / "chain.pem")
    session = requests.Session()
    session.trust_env = False  # a bundle named by the environment would win over the park CA
    session.verify = ca
    session.cert = (chain, key)
    transport = KeepingTransport(session=session)
    is_rsa = "RSA" in (certs / "key.pem").read_text().splitlines()[0]
    method = xmlsec.Transform.RSA_SHA256 if is_rsa else xmlsec.Transform.ECDSA_SHA256
    client = Client(
        f"{base}/soap/{service}?wsdl",
        transport=transport,
        wsse=SignedWithTimestamp(key, str(certs / "certificate.pem"), method),
        settings=Settings(strict=True, xml_huge_tree=False),
    )
    seen = {"zeep": importlib.metadata.version("zeep"), "ports": []}
    for found in client.wsdl.services.values():
        for name in found.ports:
            port = client.bind(found.name, name)
            seen["ports"].append(talk(port, transport, out, name, *rest))
    print(json.dumps(seen, ensure_ascii=False))
