import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Properties;
import java.util.Set;
import java.util.Vector;
import java.util.stream.Collectors;
import javax.xml.namespace.QName;
import javax.xml.parsers.DocumentBuilderFactory;
import javax.xml.soap.SOAPConstants;
import javax.xml.soap.SOAPMessage;
import javax.xml.transform.TransformerFactory;
import javax.xml.transform.dom.DOMSource;
import javax.xml.transform.stream.StreamResult;
import javax.xml.ws.BindingProvider;
import javax.xml.ws.handler.MessageContext;
import javax.xml.ws.handler.soap.SOAPHandler;
import javax.xml.ws.handler.soap.SOAPMessageContext;
import org.apache.ws.security.WSConstants;
import org.apache.ws.security.WSEncryptionPart;
import org.apache.ws.security.WSSConfig;
import org.apache.ws.security.WSSecurityEngine;
import org.apache.ws.security.WSSecurityEngineResult;
import org.apache.ws.security.components.crypto.Crypto;
import org.apache.ws.security.components.crypto.CryptoFactory;
import org.apache.ws.security.message.WSSecHeader;
import org.apache.ws.security.message.WSSecSignature;
import org.apache.ws.security.message.WSSecTimestamp;
import org.w3c.dom.Document;
import org.w3c.dom.Element;

/** Signs what a JAX-WS client sends and verifies what it gets, with WSS4J. */
final class Wss implements SOAPHandler<SOAPMessageContext> {
    static final String PASSWORD = "changeit";
    private static final String ADDRESSING = "http://www.w3.org/2005/08/addressing";
    private final Crypto own;
    private final Crypto trust;
    private final String algorithm;
    /** How many answers WSS4J verified. */
    int verified;
    /** Writes a header block that the hub does not know and is told that it must understand. */
    boolean demands;

    Wss(Path folder) throws Exception {
        own = crypto(folder.resolve("own.p12"));
        trust = crypto(folder.resolve("trust.p12"));
        boolean rsa = "RSA".equals(own.getPrivateKey("own", PASSWORD).getAlgorithm());
        algorithm = rsa
            ? "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
            : "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256";
    }

    /** Binds a port: the handler signs and verifies. */
    static Wss bind(Object port, Path folder) throws Exception {
        Wss wss = new Wss(folder);
        ((BindingProvider) port).getBinding().setHandlerChain(List.of(wss));
        return wss;
    }

    private static Crypto crypto(Path store) throws Exception {
        Properties properties = new Properties();
        String merlin = "org.apache.ws.security.crypto.merlin.keystore.";
        properties.put("org.apache.ws.security.crypto.provider", "org.apache.ws.security.components.crypto.Merlin");
        properties.put(merlin + "type", "pkcs12");
        properties.put(merlin + "file", store.toString());
        properties.put(merlin + "password", PASSWORD);
        return CryptoFactory.getInstance(properties);
    }

    @Override
    public boolean handleMessage(SOAPMessageContext context) {
        try {
            boolean out = (Boolean) context.get(MessageContext.MESSAGE_OUTBOUND_PROPERTY);
            if (out) {
                sign(context.getMessage());
            } else {
                verify(context.getMessage());
            }
            return true;
        } catch (Exception problem) {
            throw new IllegalStateException(problem);
        }
    }

    @Override
    public boolean handleFault(SOAPMessageContext context) {
        return handleMessage(context);
    }

    private void sign(SOAPMessage message) throws Exception {
        Document document = plain(message);
        WSSecHeader header = new WSSecHeader();
        header.insertSecurityHeader(document);
        if (demands) {
            Element envelope = document.getDocumentElement();
            Element block = document.createElementNS(ADDRESSING, "wsa:To");
            block.setAttributeNS("http://www.w3.org/2000/xmlns/", "xmlns:wsa", ADDRESSING);
            block.setAttributeNS(envelope.getNamespaceURI(), envelope.getPrefix() + ":mustUnderstand", "1");
            block.setTextContent("urn:hub");
            header.getSecurityHeader().getParentNode().appendChild(block);
        }
        WSSecTimestamp timestamp = new WSSecTimestamp();
        timestamp.setTimeToLive(240);
        timestamp.build(document, header);
        WSSecSignature signature = new WSSecSignature();
        signature.setUserInfo("own", PASSWORD);
        signature.setKeyIdentifierType(WSConstants.BST_DIRECT_REFERENCE);
        signature.setSignatureAlgorithm(algorithm);
        signature.setDigestAlgo(WSConstants.SHA256);
        signature.setSigCanonicalization(WSConstants.C14N_EXCL_OMIT_COMMENTS);
        Vector<WSEncryptionPart> parts = new Vector<>();
        parts.add(new WSEncryptionPart("Body", document.getDocumentElement().getNamespaceURI(), "Content"));
        parts.add(new WSEncryptionPart("Timestamp", WSConstants.WSU_NS, "Content"));
        signature.setParts(parts);
        signature.build(document, own, header);
        message.getSOAPPart().setContent(new DOMSource(document));
        message.saveChanges();
    }

    private void verify(SOAPMessage message) throws Exception {
        WSSecurityEngine engine = new WSSecurityEngine();
        engine.setWssConfig(WSSConfig.getNewInstance());
        Document document = plain(message);
        List<WSSecurityEngineResult> results = engine.processSecurityHeader(document, null, null, trust);
        if (results == null) {
            throw new IllegalStateException("no security header: " + document.getDocumentElement().getTextContent());
        }
        Set<Object> actions = results.stream()
            .map(result -> result.get(WSSecurityEngineResult.TAG_ACTION))
            .collect(Collectors.toSet());
        if (!actions.contains(WSConstants.SIGN) || !actions.contains(WSConstants.TS)) {
            throw new IllegalStateException("the answer is not signed: " + actions);
        }
        verified++;
    }

    /** The message as a document of the JDK's own parser, byte for byte as it would travel. */
    private static Document plain(SOAPMessage message) throws Exception {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        TransformerFactory.newInstance().newTransformer()
            .transform(message.getSOAPPart().getContent(), new StreamResult(bytes));
        DocumentBuilderFactory factory = DocumentBuilderFactory.newInstance();
        factory.setNamespaceAware(true);
        return factory.newDocumentBuilder().parse(new ByteArrayInputStream(bytes.toByteArray()));
    }

    @Override
    public void close(MessageContext context) {
    }

    @Override
    public Set<QName> getHeaders() {
        String namespace = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd";
        return Set.of(new QName(namespace, "Security"));
    }

    /** A string of JSON. */
    static String quoted(String text) {
        return text == null ? "null" : "\"" + text.replace("\\", "\\\\").replace("\"", "\\\"").replace("\n", " ") + "\"";
    }
}
