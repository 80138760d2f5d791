// A park's own system written on node `soap`: submits what an operator says on every port, one of it in another's name,
// asks for receipts, grants and reports, keeps a raw answer for xmlsec1 and prints what it saw as JSON.
//
// usage: node soap_park.js BASE_URL CERT_DIR CA_PEM OUT_DIR PARK SENDER ENTERPRISE
const crypto = require("crypto");
const { run, head, stamp, sender } = require("./soap_client");

const mode = (id, by) => ({
  Header: head(id, "OperatingModeChange"),
  Body: {
    OperatingModeChange: {
      ChangeId: "MC-" + id, Mode: "NORMAL", OrderedBy: by, Reason: "end of the drill", EffectiveAt: stamp(),
    },
  },
});

async function talk(line, port, enterprise) {
  const id = crypto.randomUUID();
  const said = [mode(id, sender), mode(crypto.randomUUID(), enterprise)];
  const answer = await line.call("SubmitMessages", { Message: said });
  const file = line.keep(`node-park-${port}.xml`, answer);
  const receipt = await line.call("GetReceipt", { SenderId: sender, MessageId: id });
  const grants = await line.call("QueryGrants", { EnterpriseId: enterprise, Limit: 500 });
  const reports = await line.call("ListReports", { Limit: 1 });
  const nobodys = await line.call("QueryGrants", { Limit: 10 }).then(() => "answered", (error) => error.message);
  const count = (list) => (list || []).length;
  return {
    message_id: id, answer_file: file, first: answer.result, get_receipt: receipt.result,
    grants: count(grants.result && grants.result.Grant), reports: count(reports.result && reports.result.Report),
    nobodys_grants: nobodys,
  };
}

run("park", talk);
