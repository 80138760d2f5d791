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
    try:
        port.GetReport(ReportId="RPT-01.NOWHERE.2026-01-01")
        missing = "answered"
    except Fault as fault:
        missing = fault.message
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
    }


if __name__ == "__main__":
    zeep_client.main("regulator", talk)
