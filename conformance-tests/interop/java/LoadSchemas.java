// Java's own schema validator, in its default settings, loads every schema file that is named.
//
// usage: java LoadSchemas.java FILE.xsd ...

import java.io.File;
import javax.xml.XMLConstants;
import javax.xml.validation.SchemaFactory;

public class LoadSchemas {
    public static void main(String[] files) throws Exception {
        for (String file : files) {
            SchemaFactory factory = SchemaFactory.newInstance(XMLConstants.W3C_XML_SCHEMA_NS_URI);
            factory.newSchema(new File(file));
            System.out.println("loaded " + file);
        }
    }
}
