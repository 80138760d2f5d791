"""Validates every answer of an ONVIF camera against the official schemas.

usage: onvif_schema.py HOST PORT USER PASSWORD

The schemas are those that the package onvif-zeep-async ships, read from where it is installed. One
line of JSON is printed for each operation; the exit code is 1 when an answer is not valid.
"""

import base64
import datetime
import hashlib
import http.client
import importlib.metadata
import json
import os
import pathlib
import sys
import tempfile

from lxml import etree
import onvif

XS = "{http://www.w3.org/2001/XMLSchema}"
TT = "{http://www.onvif.org/ver10/schema}"
SOAP = "{http://www.w3.org/2003/05/soap-envelope}"
# Imports whose files the package does not carry, and the one name that is used from each.
STUBS = {
    "xmlmime": ("http://www.w3.org/2005/05/xmlmime", '<xs:attribute name="contentType" type="xs:string"/>'),
    "include": ("http://www.w3.org/2004/08/xop/include", '<xs:element name="Include"/>'),
    "envelope": (
        "http://schemas.xmlsoap.org/soap/envelope/",
        '<xs:complexType name="Envelope"/><xs:complexType name="Fault"/>',
    ),
}
WSDLS = ["devicemgmt.wsdl", "media.wsdl", "events.wsdl"]


def schema():
    """One schema over everything the three services use."""
    folder = pathlib.Path(onvif.__file__).parent / "wsdl"
    with tempfile.TemporaryDirectory() as work:
        work = pathlib.Path(work)
        for file in folder.iterdir():
            if file.suffix == ".xsd":
                os.symlink(file, work / file.name)
        for name, (namespace, content) in STUBS.items():
            (work / name).write_text(
                f'<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" '
                f'targetNamespace="{namespace}">{content}</xs:schema>'
            )
        imports = [
            ("http://docs.oasis-open.org/wsrf/r-2", "r-2.xsd"),
            ("http://docs.oasis-open.org/wsn/b-2", "b-2.xsd"),
            ("http://docs.oasis-open.org/wsn/t-1", "t-1.xsd"),
            ("http://www.onvif.org/ver10/schema", "onvif.xsd"),
        ]
        for name in WSDLS:
            tree = etree.parse(str(folder / name))
            for number, part in enumerate(tree.iter(XS + "schema")):
                target = f"{name}.{number}.xsd"
                (work / target).write_bytes(etree.tostring(part))
                imports.append((part.get("targetNamespace"), target))
        lines = "".join(
            f'<xs:import namespace="{ns}" schemaLocation="{file}"/>'
            for ns, file in dict(imports).items()
            if (work / file).exists()
        )
        root = work / "all.xsd"
        root.write_text(f'<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema">{lines}</xs:schema>')
        return etree.XMLSchema(etree.parse(str(root)))


def token(user, password):
    nonce = os.urandom(16)
    created = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    digest = hashlib.sha1(nonce + created.encode() + password.encode()).digest()
    wsse = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-"
    return (
        f'<w:Security xmlns:w="{wsse}wssecurity-secext-1.0.xsd"><w:UsernameToken>'
        f"<w:Username>{user}</w:Username>"
        f'<w:Password Type="{wsse}username-token-profile-1.0#PasswordDigest">'
        f"{base64.b64encode(digest).decode()}</w:Password>"
        f"<w:Nonce>{base64.b64encode(nonce).decode()}</w:Nonce>"
        f'<u:Created xmlns:u="{wsse}wssecurity-utility-1.0.xsd">{created}</u:Created>'
        f"</w:UsernameToken></w:Security>"
    )


def judged(part):
    """A detached copy, without the one element that is younger than the package's schemas."""
    copy = etree.fromstring(etree.tostring(part))
    for item in list(copy.iter(TT + "ElementItem")):
        if item.get("Name") == "LicensePlateInfo":
            item.getparent().remove(item)
    return copy


class Camera:
    def __init__(self, host, port, user, password):
        self.host, self.port, self.user, self.password = host, int(port), user, password
        self.schema = schema()
        self.bad = 0

    def call(self, path, body, expect=200):
        envelope = (
            '<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope">'
            f"<s:Header>{token(self.user, self.password)}</s:Header><s:Body>{body}</s:Body></s:Envelope>"
        )
        connection = http.client.HTTPConnection(self.host, self.port, timeout=20)
        connection.request(
            "POST", path, envelope.encode(), {"Content-Type": "application/soap+xml; charset=utf-8"}
        )
        answer = connection.getresponse()
        root = etree.fromstring(answer.read())
        payload = root.find(SOAP + "Body")[0]
        name = etree.QName(payload).localname
        if payload.tag == SOAP + "Fault":
            detail = payload.find(SOAP + "Detail")
            parts = [] if detail is None else list(detail)
        else:
            parts = [payload]
        errors = []
        for part in parts:
            if not self.schema.validate(judged(part)):
                errors += [str(error) for error in self.schema.error_log]
        asked = etree.QName(etree.fromstring(body)).localname
        ok = not errors and answer.status == expect
        self.bad += not ok
        print(json.dumps({"asked": asked, "status": answer.status, "answer": name, "errors": errors}), flush=True)
        return payload


def main():
    host, port, user, password = sys.argv[1:5]
    camera = Camera(host, port, user, password)
    print(json.dumps({
        "counterpart": "onvif-zeep-async schemas",
        "version": importlib.metadata.version("onvif-zeep-async"),
        "lxml": importlib.metadata.version("lxml"),
    }), flush=True)
    tds = 'xmlns="http://www.onvif.org/ver10/device/wsdl"'
    trt = 'xmlns="http://www.onvif.org/ver10/media/wsdl"'
    tev = 'xmlns="http://www.onvif.org/ver10/events/wsdl"'
    wsnt = 'xmlns="http://docs.oasis-open.org/wsn/b-2"'
    device, media, events = ("/onvif/device_service", "/onvif/media_service", "/onvif/event_service")
    for name in ["GetSystemDateAndTime", "GetDeviceInformation", "GetScopes", "GetNetworkInterfaces",
                 "GetUsers", "GetHostname", "GetRelayOutputs", "GetServiceCapabilities"]:
        camera.call(device, f"<{name} {tds}/>")
    for full in ["true", "false"]:
        camera.call(device, f"<GetServices {tds}><IncludeCapability>{full}</IncludeCapability></GetServices>")
    camera.call(device, f"<GetCapabilities {tds}><Category>All</Category></GetCapabilities>")
    camera.call(device, f"<SetSystemDateAndTime {tds}><DateTimeType>NTP</DateTimeType>"
                f"<DaylightSavings>false</DaylightSavings></SetSystemDateAndTime>")
    for name in ["GetServiceCapabilities", "GetProfiles", "GetVideoSources"]:
        camera.call(media, f"<{name} {trt}/>")
    camera.call(media, f"<GetProfile {trt}><ProfileToken>profile-1</ProfileToken></GetProfile>")
    camera.call(media, f"<GetSnapshotUri {trt}><ProfileToken>profile-1</ProfileToken></GetSnapshotUri>")
    camera.call(media, f'<GetStreamUri {trt}><StreamSetup><Stream xmlns="http://www.onvif.org/ver10/schema">'
                'RTP-Unicast</Stream><Transport xmlns="http://www.onvif.org/ver10/schema"><Protocol>RTSP</Protocol>'
                "</Transport></StreamSetup><ProfileToken>profile-1</ProfileToken></GetStreamUri>")
    camera.call(events, f"<GetServiceCapabilities {tev}/>")
    camera.call(events, f"<GetEventProperties {tev}/>")
    created = camera.call(events, f"<CreatePullPointSubscription {tev}>"
                          "<InitialTerminationTime>PT60S</InitialTerminationTime></CreatePullPointSubscription>")
    address = created.findtext(".//{http://www.w3.org/2005/08/addressing}Address")
    path = "/" + address.split("/", 3)[3]
    print(json.dumps({"subscribed": True}), flush=True)
    seen = 0
    for _ in range(40):
        pulled = camera.call(path, f"<PullMessages {tev}><Timeout>PT1S</Timeout>"
                             "<MessageLimit>100</MessageLimit></PullMessages>")
        messages = pulled.findall("{http://docs.oasis-open.org/wsn/b-2}NotificationMessage")
        for message in messages:
            # The message itself travels in an open element; it is judged on its own.
            inner = message.find(".//" + TT + "Message")
            if not camera.schema.validate(judged(inner)):
                camera.bad += 1
                print(json.dumps({"message": str(camera.schema.error_log)}), flush=True)
        seen += len(messages)
        if seen >= 9:
            break
    camera.call(path, f"<SetSynchronizationPoint {tev}/>")
    camera.call(path, f"<Renew {wsnt}><TerminationTime>PT30S</TerminationTime></Renew>")
    camera.call(path, f"<Unsubscribe {wsnt}/>")
    camera.call(path, f"<Unsubscribe {wsnt}/>", expect=400)
    camera.call(events, f"<CreatePullPointSubscription {tev}><InitialTerminationTime>soon"
                "</InitialTerminationTime></CreatePullPointSubscription>", expect=400)
    camera.call(device, f"<GetNothing {tds}/>", expect=500)
    print(json.dumps({"events": seen, "bad": camera.bad}), flush=True)
    sys.exit(1 if camera.bad or seen < 9 else 0)


main()
