//! The independent validator: uppsala, with the committed schemas.

use std::path::PathBuf;

use uppsala::XsdValidator;

pub struct Oracle {
    validator: XsdValidator,
}

impl Oracle {
    pub fn load() -> Self {
        let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../schemas/xsd");
        let text = cordon_schemas::file("xsd/service.xsd").unwrap();
        let schema = uppsala::parse(text).unwrap();
        let path = folder.join("service.xsd");
        Self {
            validator: XsdValidator::from_schema_with_base_path(&schema, Some(&path)).unwrap(),
        }
    }

    /// What the validator has against a text; empty when it is valid.
    pub fn faults(&self, text: &str) -> Vec<String> {
        match uppsala::parse(text) {
            Err(error) => vec![error.to_string()],
            Ok(document) => self
                .validator
                .validate(&document)
                .iter()
                .map(ToString::to_string)
                .collect(),
        }
    }
}
