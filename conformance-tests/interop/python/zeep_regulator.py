"""A regulator written on Python zeep: loads the WSDL from a running hub, pulls a report on every port, asks what became
of certificates, keeps the raw answers and the report for xmlsec1, and prints what it saw as JSON.

usage: zeep_regulator.py BASE_URL CERT_DIR CA_PEM OUT_DIR PARTY
"""

import hashlib
import sys
import time

from zeep.exceptions import Fault

import zeep_client

PATIENCE_S = 60


def first_report(port):
    """The newest RPT-01, once the hub lists one."""
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        reports = port.ListReports(ReportType="RPT-01").Report or []
        if reports:
            return reports[0]
        time.sleep(0.2)
    sys.exit("the hub listed no report in time")


def refusal_of(call):
    """The fault that a call is answered with, or that it was answered."""
    try:
        call()
    except Fault as fault:
        return fault.message
    return "answered"


def leaf_of(number, record):
    """The leaf of a record, by docs/design/journal.md sections 3.3 and 3.4."""
    begin = b"\0" + number.to_bytes(8, "little")
    present = record[9]
    if not present & 8:
        return hashlib.sha256(begin + record).digest()
    is_gone = bool(present & 4)
    kept = 32 if is_gone else int.from_bytes(record[24:28], "little")
    head, body = record[: len(record) - kept], record[len(record) - kept :]
    head = head[:9] + bytes([present & ~4]) + head[10:]
    digest = body if is_gone else hashlib.sha256(body).digest()
    return hashlib.sha256(begin + head + digest).digest()


def filtered(port):
    """Audit entries between links alone, followed by the chain; and the bytes behind each digest."""
    page = port.GetMessages(After=0, Limit=1000, MessageType=["VehicleRegistration"], WithOriginal=True)
    chain = bytes.fromhex(str(page.PreviousChainHash))
    told, links = [], 0
    for expected, entry in enumerate(page.Entry, start=1):
        if entry.Number != expected:
            sys.exit(f"entry {entry.Number} stands where {expected} should")
        if entry.Record is None:
            leaf, links = bytes.fromhex(str(entry.RecordDigest)), links + 1
        else:
            leaf = leaf_of(entry.Number, entry.Record)
            told.append([entry.MessageType, hashlib.sha256(entry.Original).hexdigest() == str(entry.Digest)])
        chain = hashlib.sha256(b"\2" + chain + leaf).digest()
        if chain != bytes.fromhex(str(entry.ChainHash)):
            sys.exit(f"the chain breaks at {entry.Number}")
    return {"told": told, "links": links}


def talk(port, transport, out, name, party):
    listed = first_report(port)
    report = port.GetReport(ReportId=listed.ReportId, Version=listed.Version)
    answer = out / f"zeep-regulator-{name}.xml"
    answer.write_bytes(transport.last)
    again = port.GetReport(ReportId=listed.ReportId)
    file = out / f"report-{name}.xml"
    file.write_bytes(report.Document)
    digest = hashlib.sha256(report.Document).hexdigest()
    status = port.GetCertificateStatus(PartyId=party)
    unknown = port.GetCertificateStatus(Fingerprint="ab" * 32)
    missing = refusal_of(lambda: port.GetReport(ReportId="RPT-01.NOWHERE.2026-01-01"))
    limits = {limit: refusal_of(lambda: port.GetMessages(After=0, Limit=limit)) for limit in (0, 1, 1000, 1001)}
    limits["reports"] = refusal_of(lambda: port.ListReports(Limit=501))
    limits["wait"] = refusal_of(lambda: port.GetMessages(After=0, WaitSeconds=26))
    return {
        "port": name,
        "report_id": listed.ReportId,
        "version": listed.Version,
        "same_bytes": again.Document == report.Document,
        "digests": [digest, str(report.Digest), str(listed.Digest)],
        "sizes": [len(report.Document), int(listed.Size)],
        "answer_file": str(answer),
        "report_file": str(file),
        "certificates": [[one.PartyId, one.Role, one.State] for one in status.Certificate],
        "unknown": [one.State for one in unknown.Certificate],
        "missing": missing,
        "limits": limits,
        "filtered": filtered(port),
    }


if __name__ == "__main__":
    zeep_client.main("regulator", talk)
