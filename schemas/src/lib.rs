//! The canonical language of the park: XSD, WSDL and examples, embedded.
