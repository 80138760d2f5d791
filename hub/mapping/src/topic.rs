//! Topic filters with the wildcards of MQTT, for topics of every protocol.
//!
//! `+` stands for one segment, a last `#` for any number of segments, none included.

/// A checked topic filter.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct TopicFilter {
    parts: Vec<String>,
}

impl TopicFilter {
    /// Reads a filter; wildcards must stand alone in their segment and `#` must be last.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        if text.is_empty() {
            return Err("a topic may not be empty");
        }
        let parts: Vec<String> = text.split('/').map(str::to_owned).collect();
        for (index, part) in parts.iter().enumerate() {
            let wild = part.contains('+') || part.contains('#');
            if wild && part.len() > 1 {
                return Err("a wildcard must stand alone in its segment");
            }
            if part == "#" && index + 1 != parts.len() {
                return Err("`#` must be the last segment");
            }
        }
        Ok(Self { parts })
    }

    /// Whether the topic is meant.
    pub fn matches(&self, topic: &str) -> bool {
        let mut segments = topic.split('/');
        for part in &self.parts {
            if part == "#" {
                return true;
            }
            match segments.next() {
                Some(segment) if part == "+" || part == segment => {}
                _ => return false,
            }
        }
        segments.next().is_none()
    }

    /// The number of segments that every matching topic has at least.
    pub fn segments_min(&self) -> usize {
        self.parts.iter().filter(|part| *part != "#").count()
    }
}

#[cfg(test)]
mod tests {
    use super::TopicFilter;

    #[test]
    fn wildcards() {
        let matches =
            |filter: &str, topic: &str| TopicFilter::parse(filter).unwrap().matches(topic);
        assert!(matches("tele/+/SENSOR", "tele/boiler/SENSOR"));
        assert!(!matches("tele/+/SENSOR", "tele/a/b/SENSOR"));
        assert!(matches("park/#", "park"));
        assert!(matches("park/#", "park/a/b"));
        assert!(!matches("park", "park/a"));
        assert!(matches(
            "tns1:RuleEngine/LineDetector/Crossed",
            "tns1:RuleEngine/LineDetector/Crossed"
        ));
    }

    #[test]
    fn bad_filters() {
        for filter in ["", "a/#/b", "a/b+", "#a"] {
            assert!(TopicFilter::parse(filter).is_err(), "{filter}");
        }
    }
}
