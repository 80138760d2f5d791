// What the counterparts written on node `soap` share: they load a WSDL from a running hub with the park's certificates,
// sign what they ask, keep the raw answers for xmlsec1, talk to every port, and print what they saw as JSON. The library
// signs with RSA only.
//
// usage of each: node SCRIPT BASE_URL CERT_DIR CA_PEM OUT_DIR PARK SENDER ...
const fs = require("fs");
const path = require("path");
const https = require("https");
const crypto = require("crypto");
const { createRequire } = require("module");
const tools = createRequire(path.join(process.env.CORDON_NODE_TOOLS, "package.json"));
const soap = tools("soap");

const [base, certs, ca, out, park, sender, ...rest] = process.argv.slice(2);
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

// The head of a message of this kind.
const head = (id, kind) => ({
  MessageId: id, MessageType: kind, SchemaVersion: "1.0", ParkCode: park, SenderId: sender,
  OccurredAt: stamp(), SentAt: stamp(), Sequence: 1, Quality: "MANUAL", Sensitivity: "INTERNAL", Test: false,
});

async function main(service, talk) {
  const client = await soap.createClientAsync(`${base}/soap/${service}?wsdl`, {
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
  for (const [name, ports] of Object.entries(described)) {
    for (const port of Object.keys(ports)) {
      const line = new Line(client, client[name][port]);
      const told = await talk(line, port, ...rest);
      seen.ports.push({ port, named: line.named, ...told });
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

// One port, and how many of its answers and faults named, in their header, the request they are to.
class Line {
  constructor(client, port) { this.client = client; this.port = port; this.named = 0; }

  // The result and the answer as it came; a fault rejects with its words.
  call(operation, argument) {
    return new Promise((resolve, reject) => {
      this.port[operation](argument, (error, result, raw) => {
        const sent = crypto.createHash("sha256").update(this.client.lastRequest).digest("hex");
        const answer = error ? error.response && error.response.data : raw;
        if (new RegExp(`<svc:RequestDigest [^>]*>${sent}</svc:RequestDigest>`).test(answer)) this.named += 1;
        if (error) reject(new Error(String(answer || error))); else resolve({ result, raw });
      });
    });
  }

  // Keeps an answer for xmlsec1; the file.
  keep(name, answer) {
    const file = path.join(out, name);
    fs.writeFileSync(file, answer.raw);
    return file;
  }
}

function run(service, talk) {
  main(service, talk).catch((error) => {
    console.error(error.response ? error.response.data : error);
    process.exit(1);
  });
}

module.exports = { run, head, stamp, sender };
