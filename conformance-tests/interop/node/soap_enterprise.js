// An enterprise written on node `soap`: submits a signed message on every port, keeps the raw answer for xmlsec1 and
// prints what it saw as JSON.
//
// usage: node soap_enterprise.js BASE_URL CERT_DIR CA_PEM OUT_DIR PARK SENDER
const crypto = require("crypto");
const { run, head, stamp, sender } = require("./soap_client");

function message(id, carrier) {
  return {
    Header: head(id, "VehicleRegistration"),
    Body: {
      VehicleRegistration: {
        RegistrationId: "REG-" + carrier, Plate: { Number: "苏H54321", Colour: "YELLOW" }, SubjectKind: "VEH_FREIGHT",
        EnterpriseId: sender, CarrierName: carrier, ValidFrom: stamp(), ValidTo: stamp(86400e3), State: "ACTIVE",
      },
    },
  };
}

async function talk(line, port) {
  const id = crypto.randomUUID();
  const first = message(id, "first");
  const answer = await line.call("SubmitMessages", { Message: [first] });
  const file = line.keep(`node-${port}.xml`, answer);
  const again = await line.call("SubmitMessages", { Message: [first] });
  const changed = { ...first, Body: message(id, "other").Body };
  const other = await line.call("SubmitMessages", { Message: [changed] });
  return { message_id: id, answer_file: file, first: answer.result, again: again.result, other_body: other.result };
}

run("enterprise", talk);
