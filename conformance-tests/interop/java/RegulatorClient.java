import java.math.BigInteger;
import java.net.URL;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import javax.xml.ws.Holder;
import regulator.*;

/**
 * A regulator written on JAX-WS (classes made by wsimport) and WSS4J: pulls a report and the first entries on both
 * ports and prints what it saw as JSON.
 *
 * usage: RegulatorClient WSDL_URL FOLDER
 */
public final class RegulatorClient {
    public static void main(String[] arguments) throws Exception {
        RegulatorService service = new RegulatorService(new URL(arguments[0]));
        Path folder = Path.of(arguments[1]);
        List<String> ports = new ArrayList<>();
        ports.add(talk("Soap11", service.getRegulatorSoap11(), folder));
        ports.add(talk("Soap12", service.getRegulatorSoap12(), folder));
        System.out.println("{\"ports\":[" + String.join(",", ports) + "]}");
    }

    private static String talk(String name, RegulatorPortType port, Path folder) throws Exception {
        Wss wss = Wss.bind(port, folder);
        ReportEntry listed = firstReport(port);
        Holder<byte[]> document = new Holder<>();
        Holder<String> digest = new Holder<>();
        port.getReport(new Holder<>(listed.getReportId()), listed.getVersion(), new Holder<>(), digest, document);
        String own = HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(document.value));
        Holder<List<JournalEntry>> entries = new Holder<>();
        Holder<BigInteger> head = new Holder<>();
        port.getMessages(BigInteger.ZERO, 5L, null, null, null, entries, new Holder<>(), new Holder<>(), head,
            new Holder<>(), new Holder<>());
        return "{\"port\":" + Wss.quoted(name) + ",\"report\":" + Wss.quoted(listed.getReportId())
            + ",\"whole\":" + own.equals(digest.value) + ",\"entries\":" + entries.value.size()
            + ",\"first\":" + entries.value.get(0).getNumber() + ",\"verified\":" + wss.verified + "}";
    }

    /** The newest RPT-01, once the hub lists one. */
    private static ReportEntry firstReport(RegulatorPortType port) throws Exception {
        long deadline = System.nanoTime() + 60_000_000_000L;
        while (System.nanoTime() < deadline) {
            Holder<List<ReportEntry>> reports = new Holder<>();
            port.listReports(ReportType.RPT_01, null, null, 10L, reports, new Holder<>());
            if (!reports.value.isEmpty()) {
                return reports.value.get(0);
            }
            Thread.sleep(200);
        }
        throw new IllegalStateException("the hub listed no report in time");
    }
}
