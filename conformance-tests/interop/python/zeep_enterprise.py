"""An enterprise written on Python zeep: loads the WSDL from a running hub, submits signed messages on every port,
keeps the raw answers for xmlsec1, and prints what it saw as JSON.

usage: zeep_enterprise.py BASE_URL CERT_DIR CA_PEM OUT_DIR PARK SENDER
"""

import datetime
import uuid

from lxml import etree

import zeep_client

SHANGHAI = datetime.timezone(datetime.timedelta(hours=8))


def now():
    return datetime.datetime.now(SHANGHAI)


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
    zeep_client.main("enterprise", talk)
