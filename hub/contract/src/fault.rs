//! The one error type that crosses walls: a stable code, the place, the remedy, and two texts.

use std::fmt;

use serde::Serialize;

/// A stable error code such as `V012`. The letter names the room (`V` verify, `X` validate,
/// `M` map, `J` journal, `P` plug-in, `C` command, `K` configuration, `A` adapter, `S` service).
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
pub struct Code(pub &'static str);

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

/// A refusal or failure with everything the two readers need: the peer, who may see `peer`,
/// `place` and `remedy`, and the operator, who also sees `log`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Fault {
    code: Code,
    place: Option<String>,
    peer: String,
    log: Option<String>,
    remedy: String,
}

impl Fault {
    /// Makes a fault whose `peer` text is safe to send to the other side. Texts are lower-case
    /// fragments without a final stop.
    pub fn new(code: &'static str, peer: impl Into<String>) -> Self {
        Self {
            code: Code(code),
            place: None,
            peer: peer.into(),
            log: None,
            remedy: String::new(),
        }
    }

    /// Says where: an XPath, `line:column`, a register, a configuration field.
    #[must_use]
    pub fn at(mut self, place: impl Into<String>) -> Self {
        self.place = Some(place.into());
        self
    }

    /// Says what to do about it.
    #[must_use]
    pub fn remedy(mut self, remedy: impl Into<String>) -> Self {
        self.remedy = remedy.into();
        self
    }

    /// Adds the full text for the log; never sent to a peer.
    #[must_use]
    pub fn log(mut self, log: impl Into<String>) -> Self {
        self.log = Some(log.into());
        self
    }

    /// Says more in the text for the log.
    #[must_use]
    pub fn and_log(self, more: impl fmt::Display) -> Self {
        let log = format!("{}; {more}", self.log_text());
        self.log(log)
    }

    /// The stable code.
    pub fn code(&self) -> &'static str {
        self.code.0
    }

    /// Where it happened, empty when it has no place.
    pub fn place(&self) -> &str {
        self.place.as_deref().unwrap_or_default()
    }

    /// The text that may be sent to the peer.
    pub fn peer_text(&self) -> &str {
        &self.peer
    }

    /// The text for the log; falls back to the peer's text.
    pub fn log_text(&self) -> &str {
        self.log.as_deref().unwrap_or(&self.peer)
    }

    /// What to do about it, empty when nothing helps.
    pub fn remedy_text(&self) -> &str {
        &self.remedy
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.log_text())?;
        if let Some(place) = &self.place {
            write!(f, " at {place}")?;
        }
        if !self.remedy.is_empty() {
            write!(f, " ({})", self.remedy)?;
        }
        Ok(())
    }
}

impl std::error::Error for Fault {}

#[cfg(test)]
mod tests {
    use super::Fault;

    #[test]
    fn display_names_code_place_and_remedy() {
        let fault = Fault::new("K012", "unknown field `gats`")
            .at("park.toml:12:3")
            .remedy("did you mean `gates`?");
        assert_eq!(
            fault.to_string(),
            "K012: unknown field `gats` at park.toml:12:3 (did you mean `gates`?)"
        );
        assert_eq!(fault.log_text(), fault.peer_text());
    }
}
