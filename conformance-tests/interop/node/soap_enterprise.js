// An enterprise written on node `soap`: loads the WSDL from a running hub, submits a signed message, keeps the raw
// answer for xmlsec1 and prints what it saw as JSON. It signs with RSA only, as the library does.
//
// usage: node soap_enterprise.js BASE_URL CERT_DIR CA_PEM OUT_DIR PARK SENDER
const fs = require("fs");
const path = require("path");
const https = require("https");
const crypto = require("crypto");
const { createRequire } = require("module");
const tools = createRequire(path.join(process.env.CORDON_NODE_TOOLS, "package.json"));
const soap = tools("soap");

const [base, certs, ca, out, park, sender] = process.argv.slice(2);
const key = fs.readFileSync(path.join(certs, "key.pem"));
const chain = fs.readFileSync(path.join(certs, "chain.pem"));
const cert = fs.readFileSync(path.join(certs, "certificate.pem"));
const agentOptions = { key, cert: chain, ca: fs.readFileSync(ca) };
const agent = new https.Agent({ ...agentOptions, keepAlive: false });

// A request over the agent with the client certificate; the library's own client does not take one for the WSDL.
class Http extends soap.HttpClient {
  request(url, data, callback, exheaders, exoptions) {
    return super.request(url, data, callback, exheaders, { ...exoptions, httpsAgent: agent, proxy: false });
  }
}

const stamp = (shift = 0) => new Date(Date.now() + shift + 8 * 3600e3).toISOString().replace("Z", "+08:00");

function message(id, carrier) {
  return {
    Header: {
      MessageId: id, MessageType: "VehicleRegistration", SchemaVersion: "1.0", ParkCode: park, SenderId: sender,
      OccurredAt: stamp(), SentAt: stamp(), Sequence: 1, Quality: "MANUAL", Sensitivity: "INTERNAL", Test: false,
    },
    Body: {
      VehicleRegistration: {
        RegistrationId: "REG-" + carrier, Plate: { Number: "苏H54321", Colour: "YELLOW" }, SubjectKind: "VEH_FREIGHT",
        EnterpriseId: sender, CarrierName: carrier, ValidFrom: stamp(), ValidTo: stamp(86400e3), State: "ACTIVE",
      },
    },
  };
}

async function main() {
  const client = await soap.createClientAsync(`${base}/soap/enterprise?wsdl`, {
    httpClient: new Http(),
    wsdl_options: { httpsAgent: agent },
  });
  client.setSecurity(new Both(new soap.WSSecurityCert(key, cert, "", {
    hasTimeStamp: true,
    signatureAlgorithm: "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
    digestAlgorithm: "http://www.w3.org/2001/04/xmlenc#sha256",
    signerOptions: { prefix: "ds" },
  })));
  const described = client.describe();
  const seen = { soap: tools("soap/package.json").version, ports: [] };
  for (const [service, ports] of Object.entries(described)) {
    for (const port of Object.keys(ports)) {
      seen.ports.push(await talk(client, service, port));
    }
  }
  console.log(JSON.stringify(seen));
}

// WS-Security in the message; mutual TLS is the agent's business.
class Both {
  constructor(signing) { this.signing = signing; }
  addOptions(options) { if (this.signing.addOptions) this.signing.addOptions(options); }
  toXML() { return this.signing.toXML ? this.signing.toXML() : ""; }
  postProcess(xml, key) { return this.signing.postProcess(xml, key); }
}

async function talk(client, service, port) {
  const id = crypto.randomUUID();
  const first = message(id, "first");
  const call = (operation, argument) => new Promise((resolve, reject) => {
    client[service][port][operation](argument, (error, result, raw) => error ? reject(error) : resolve({ result, raw }));
  });
  const answer = await call("SubmitMessages", { Message: [first] });
  const file = path.join(out, `node-${port}.xml`);
  fs.writeFileSync(file, answer.raw);
  const again = await call("SubmitMessages", { Message: [first] });
  const changed = { ...first, Body: message(id, "other").Body };
  const other = await call("SubmitMessages", { Message: [changed] });
  return { port, message_id: id, answer_file: file, first: answer.result, again: again.result, other_body: other.result };
}

main().catch((error) => {
  console.error(error.response ? error.response.data : error);
  process.exit(1);
});
