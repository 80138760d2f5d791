"""A park's own system written on Python zeep: loads the WSDL of the park service from a running hub, submits signed
messages of an operator on every port, asks for receipts, grants and reports, keeps the raw answers for xmlsec1, and
prints what it saw as JSON.

usage: zeep_park.py BASE_URL CERT_DIR CA_PEM OUT_DIR PARK SENDER ENTERPRISE
"""

import uuid

from zeep.exceptions import Fault

import zeep_client
from zeep_enterprise import header, now, plain


def said(park, sender, kind, body):
    return {"Header": header(park, sender, str(uuid.uuid4()), kind), "Body": {kind: body}}


def mode(sender, name):
    return {
        "ChangeId": "MC-" + name,
        "Mode": "NORMAL",
        "OrderedBy": sender,
        "Reason": "end of the drill",
        "EffectiveAt": now(),
    }


def opening(sender, name):
    return {
        "OrderId": "EO-" + name,
        "Gates": ["G-NOWHERE"],
        "OrderedBy": sender,
        "Reason": "drill",
        "OrderedAt": now(),
    }


def talk(port, transport, out, name, park, sender, enterprise):
    change = said(park, sender, "OperatingModeChange", mode(sender, name))
    unreached = said(park, sender, "EmergencyGateOpen", opening(sender, name))
    result = {"port": name, "message_id": change["Header"]["MessageId"]}
    result["first"] = [plain(one.Answer) for one in port.SubmitMessages(Message=[change, unreached])]
    path = out / f"zeep-park-{name}.xml"
    path.write_bytes(transport.last)
    result["answer_file"] = str(path)
    receipt = port.GetReceipt(SenderId=sender, MessageId=change["Header"]["MessageId"])
    result["get_receipt"] = plain(getattr(receipt, "Answer", receipt))
    result["grants"] = len(port.QueryGrants(EnterpriseId=enterprise, Limit=500).Grant or [])
    result["reports"] = len(port.ListReports(Limit=1).Report or [])
    try:
        port.QueryGrants(Limit=10)
        result["nobodys_grants"] = "answered"
    except Fault as fault:
        result["nobodys_grants"] = fault.message
    return result


if __name__ == "__main__":
    zeep_client.main("park", talk)
