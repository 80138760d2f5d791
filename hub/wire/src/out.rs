//! The write side: a canonical writer that checks facets and knows where it is.

use std::fmt::{self, Write as _};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use cordon_model::{
    CountFacets, Decimal, DecimalFacets, FacetError, NAMESPACE, SERVICE_NAMESPACE, TextFacets,
    Timestamp, facets,
};
use cordon_xml::Writer;

use crate::fault::{CHARACTER, MISSING_ELEMENT, TOO_MANY, WireFault};

/// Prefix of canonical messages.
pub(crate) const C_PREFIX: &str = "c";
/// Prefix of service wrappers.
pub(crate) const SVC_PREFIX: &str = "svc";

/// Writes elements and keeps their path for faults.
pub(crate) struct Out {
    writer: Writer,
    path: Vec<(&'static str, &'static str)>,
    /// The value that is being written; kept for its room.
    value: String,
}

impl Out {
    pub(crate) fn new() -> Self {
        Self {
            writer: Writer::with(&[(C_PREFIX, NAMESPACE), (SVC_PREFIX, SERVICE_NAMESPACE)]),
            path: Vec::with_capacity(8),
            value: String::with_capacity(64),
        }
    }

    pub(crate) fn start(&mut self, prefix: &'static str, name: &'static str) {
        self.writer.start(prefix, name);
        self.path.push((prefix, name));
    }

    pub(crate) fn end(&mut self) {
        self.writer.end();
        self.path.pop();
    }

    pub(crate) fn finish(self) -> Vec<u8> {
        self.writer.finish()
    }

    fn place(&self, prefix: &str, name: &str) -> String {
        let mut place = String::new();
        for (prefix, name) in self.path.iter().copied().chain([(prefix, name)]) {
            for part in ["/", prefix, ":", name] {
                place.push_str(part);
            }
        }
        place
    }

    fn checked(
        &self,
        prefix: &str,
        name: &str,
        verdict: Result<(), FacetError>,
    ) -> Result<(), WireFault> {
        verdict.map_err(|error| WireFault::facet(error.into(), self.place(prefix, name)))
    }

    pub(crate) fn text(
        &mut self,
        prefix: &str,
        name: &str,
        value: &str,
        facets: &TextFacets,
    ) -> Result<(), WireFault> {
        self.checked(prefix, name, facets.check(value))?;
        if value.chars().any(is_forbidden) {
            let place = self.place(prefix, name);
            return Err(WireFault::new(
                CHARACTER,
                place,
                "a character that XML does not allow",
            ));
        }
        self.writer.element(prefix, name, value);
        Ok(())
    }

    pub(crate) fn time(
        &mut self,
        prefix: &str,
        name: &str,
        value: Timestamp,
    ) -> Result<(), WireFault> {
        let mut text = std::mem::take(&mut self.value);
        let written = self
            .written(&mut text, prefix, name, &value)
            .and_then(|()| self.text(prefix, name, &text, &facets::TIMESTAMP));
        self.value = text;
        written
    }

    /// Puts a value into the kept text.
    fn written(
        &self,
        text: &mut String,
        prefix: &str,
        name: &str,
        value: &impl fmt::Display,
    ) -> Result<(), WireFault> {
        text.clear();
        let place = || self.place(prefix, name);
        write!(text, "{value}").map_err(|_| WireFault::new(CHARACTER, place(), "not writable"))
    }

    /// For values that were checked when made.
    pub(crate) fn display(
        &mut self,
        prefix: &str,
        name: &str,
        value: &impl fmt::Display,
    ) -> Result<(), WireFault> {
        let mut text = std::mem::take(&mut self.value);
        let written = self.written(&mut text, prefix, name, value);
        if written.is_ok() {
            self.writer.element(prefix, name, &text);
        }
        self.value = text;
        written
    }

    pub(crate) fn decimal(
        &mut self,
        prefix: &str,
        name: &str,
        value: &Decimal,
        facets: &DecimalFacets,
    ) -> Result<(), WireFault> {
        self.checked(prefix, name, facets.check(*value))?;
        self.display(prefix, name, value)
    }

    pub(crate) fn count<T>(
        &mut self,
        prefix: &str,
        name: &str,
        value: T,
        facets: &CountFacets,
    ) -> Result<(), WireFault>
    where
        T: Copy + fmt::Display + Into<i128>,
    {
        self.checked(prefix, name, facets.check(value.into()))?;
        self.display(prefix, name, &value)
    }

    pub(crate) fn binary(
        &mut self,
        prefix: &str,
        name: &str,
        value: &[u8],
    ) -> Result<(), WireFault> {
        self.writer.element(prefix, name, &STANDARD.encode(value));
        Ok(())
    }

    pub(crate) fn occurrence(
        &self,
        prefix: &str,
        name: &str,
        count: usize,
        min: usize,
        max: usize,
    ) -> Result<(), WireFault> {
        let (code, detail) = if count < min {
            (MISSING_ELEMENT, format!("{name} is missing"))
        } else if count > max {
            (TOO_MANY, format!("more than {max} of {name}"))
        } else {
            return Ok(());
        };
        Err(WireFault::new(code, self.place(prefix, name), detail))
    }
}

/// Characters outside the `Char` production of XML 1.0.
fn is_forbidden(letter: char) -> bool {
    matches!(letter, '\0'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}')
}
