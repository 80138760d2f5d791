"""An enterprise written on Python zeep: loads the WSDL from a running hub, submits signed messages on every port,
keeps the raw answers for xmlsec1, and prints what it saw as JSON.

usage: zeep_enterprise.py BASE_URL CERT_DIR CA_PEM OUT_DIR PARK SENDER
"""

import datetime
import importlib.metadata
import json
import pathlib
import sys
import uuid

import requests
import xmlsec
from lxml import etree
from zeep import Client, Settings
from zeep.transports import Transport
from zeep.wsse.signature import BinarySignature
from zeep.wsse.utils import WSU, get_security_header

C = "urn:cordon:park:1"
SHANGHAI = datetime.timezone(datetime.timedelta(hours=8))


def now():
    return datetime.datetime.now(SHANGHAI)


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


def header(park, sender, message_id, message_type):
    return {
        "MessageId": message_id,
        "MessageType": message_type,
        "SchemaVersion": "1.0",
        "ParkCode": park,
        "SenderId": sender,
        "OccurredAt": now(),
        "SentAt": now(),
        "Sequence": 1,
        "Quality": "MANUAL",
        "Sensitivity": "INTERNAL",
        "Test": False,
    }


def registration(sender, reason):
    return {
        "RegistrationId": "REG-" + reason,
        "Plate": {"Number": "苏H12345", "Colour": "YELLOW"},
        "SubjectKind": "VEH_FREIGHT",
        "EnterpriseId": sender,
        "CarrierName": reason,
        "ValidFrom": now(),
        "ValidTo": now() + datetime.timedelta(days=1),
        "State": "ACTIVE",
    }


def plain(answer):
    """Receipt or refusal of one result as a dictionary of strings."""
    chosen = answer.Receipt if answer.Receipt is not None else answer.Refusal
    kind = "Receipt" if answer.Receipt is not None else "Refusal"
    values = {name: str(chosen[name]) for name in dir(chosen) if chosen[name] is not None}
    return {"kind": kind, **values}


def main():
    base, cert_dir, ca, out, park, sender = sys.argv[1:7]
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
        f"{base}/soap/enterprise?wsdl",
        transport=transport,
        wsse=SignedWithTimestamp(key, str(certs / "certificate.pem"), method),
        settings=Settings(strict=True, xml_huge_tree=False),
    )
    seen = {"zeep": importlib.metadata.version("zeep"), "ports": []}
    for service in client.wsdl.services.values():
        for name in service.ports:
            port = client.bind(service.name, name)
            seen["ports"].append(talk(port, transport, out, name, park, sender))
    print(json.dumps(seen, ensure_ascii=False))


def talk(port, transport, out, name, park, sender):
    message_id = str(uuid.uuid4())
    message = {
        "Header": header(park, sender, message_id, "VehicleRegistration"),
        "Body": {"VehicleRegistration": registration(sender, "first")},
    }
    bad = {
        "Header": header(park, "somebody-else", str(uuid.uuid4()), "VehicleRegistration"),
        "Body": {"VehicleRegistration": registration(sender, "foreign")},
    }
    other = {
        "Header": dict(message["Header"]),
        "Body": {"VehicleRegistration": registration(sender, "other")},
    }
    result = {"port": name, "message_id": message_id}
    result["first"] = [plain(one.Answer) for one in port.SubmitMessages(Message=[message, bad])]
    path = out / f"zeep-{name}.xml"
    path.write_bytes(transport.last)
    result["answer_file"] = str(path)
    result["again"] = [plain(one.Answer) for one in port.SubmitMessages(Message=[message])]
    result["other_body"] = [plain(one.Answer) for one in port.SubmitMessages(Message=[other])]
    receipt = port.GetReceipt(SenderId=sender, MessageId=message_id)
    result["get_receipt"] = plain(getattr(receipt, "Answer", receipt))
    grants = port.QueryGrants(EnterpriseId=sender, Limit=10)
    result["grants"] = len(grants.Grant or [])
    root = etree.fromstring(transport.last)
    result["answer_is_signed"] = root.find(".//{http://www.w3.org/2000/09/xmldsig#}Signature") is not None
    return result


if __name__ == "__main__":
    main()
