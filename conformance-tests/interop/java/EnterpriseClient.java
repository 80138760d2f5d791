import enterprise.*;
import java.math.BigInteger;
import java.net.URL;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import javax.xml.datatype.DatatypeFactory;
import javax.xml.datatype.XMLGregorianCalendar;
import javax.xml.ws.Holder;
import javax.xml.ws.soap.AddressingFeature;

/**
 * An enterprise written on JAX-WS (classes made by wsimport) and WSS4J: submits, repeats, asks for its receipt and its
 * grants on both ports, and with header blocks that the hub does not know; prints what it saw as JSON.
 *
 * usage: EnterpriseClient WSDL_URL FOLDER PARK SENDER
 */
public final class EnterpriseClient {
    public static void main(String[] arguments) throws Exception {
        URL wsdl = new URL(arguments[0]);
        Path folder = Path.of(arguments[1]);
        EnterpriseService service = new EnterpriseService(wsdl);
        List<String> ports = new ArrayList<>();
        ports.add(talk("Soap11", service.getEnterpriseSoap11(), folder, arguments[2], arguments[3]));
        ports.add(talk("Soap12", service.getEnterpriseSoap12(), folder, arguments[2], arguments[3]));
        String optional = tell(service.getEnterpriseSoap11(new AddressingFeature(true, false)), false, folder, arguments);
        String required = tell(service.getEnterpriseSoap11(new AddressingFeature(true, true)), false, folder, arguments);
        String demanding = tell(service.getEnterpriseSoap11(), true, folder, arguments);
        String demanding12 = tell(service.getEnterpriseSoap12(), true, folder, arguments);
        System.out.println("{\"ports\":[" + String.join(",", ports) + "],\"optional\":" + Wss.quoted(optional) + ",\"required\":"
            + Wss.quoted(required) + ",\"demanding\":[" + Wss.quoted(demanding) + "," + Wss.quoted(demanding12) + "]}");
    }

    /** Submits one message; what came of it in words. */
    private static String tell(EnterprisePortType port, boolean demands, Path folder, String[] arguments) throws Exception {
        Wss.bind(port, folder).demands = demands;
        try {
            Message message = message(arguments[2], arguments[3], UUID.randomUUID(), "wsa");
            return answer(port.submitMessages(List.of(message)).get(0).getAnswer());
        } catch (Exception problem) {
            return problem.getClass().getSimpleName() + ": " + problem.getMessage();
        }
    }

    private static String talk(String name, EnterprisePortType port, Path folder, String park, String sender) throws Exception {
        Wss wss = Wss.bind(port, folder);
        UUID id = UUID.randomUUID();
        Message message = message(park, sender, id, name);
        String first = answer(port.submitMessages(List.of(message)).get(0).getAnswer());
        String again = answer(port.submitMessages(List.of(message)).get(0).getAnswer());
        String other = answer(port.submitMessages(List.of(message(park, sender, id, "other"))).get(0).getAnswer());
        String asked = answer(port.getReceipt(sender, id.toString()));
        Holder<List<AccessGrant>> grants = new Holder<>();
        port.queryGrants(sender, null, null, null, 10L, grants, new Holder<>());
        return "{\"port\":" + Wss.quoted(name) + ",\"id\":" + Wss.quoted(id.toString()) + ",\"first\":" + first
            + ",\"again\":" + again + ",\"other\":" + other + ",\"asked\":" + asked + ",\"verified\":" + wss.verified + "}";
    }

    private static String answer(Answer answer) {
        if (answer.getReceipt() != null) {
            Receipt receipt = answer.getReceipt();
            return "{\"entry\":" + receipt.getEntryNumber() + ",\"id\":" + Wss.quoted(receipt.getMessageId()) + "}";
        }
        return "{\"refused\":" + Wss.quoted(answer.getRefusal().getCode()) + "}";
    }

    private static Message message(String park, String sender, UUID id, String words) throws Exception {
        Header header = new Header();
        header.setMessageId(id.toString());
        header.setMessageType(MessageType.VEHICLE_REGISTRATION);
        header.setSchemaVersion("1.0");
        header.setParkCode(park);
        header.setSenderId(sender);
        header.setOccurredAt(at(0));
        header.setSentAt(at(0));
        header.setSequence(BigInteger.ONE);
        header.setQuality(Quality.MANUAL);
        header.setSensitivity(Sensitivity.INTERNAL);
        VehicleRegistration registration = new VehicleRegistration();
        registration.setRegistrationId("REG-JAVA-1");
        Plate plate = new Plate();
        plate.setNumber("苏H12347");
        plate.setColour(PlateColour.YELLOW);
        registration.setPlate(plate);
        registration.setSubjectKind(SubjectKind.VEH_FREIGHT);
        registration.setEnterpriseId(sender);
        registration.setCarrierName(words);
        registration.setValidFrom(at(0));
        registration.setValidTo(at(86_400));
        registration.setState(LifeState.ACTIVE);
        Body body = new Body();
        body.setVehicleRegistration(registration);
        Message message = new Message();
        message.setHeader(header);
        message.setBody(body);
        return message;
    }

    private static final Instant NOW = Instant.now();

    private static XMLGregorianCalendar at(long seconds) throws Exception {
        return DatatypeFactory.newInstance().newXMLGregorianCalendar(NOW.plusSeconds(seconds).toString());
    }
}
