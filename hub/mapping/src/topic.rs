//! Topic filters with the wildcards of MQTT, for topics of every protocol.
//!
//! `+` stands for one segment, one `#` for any number of segments. At the end `#` may stand for none, as
//! in MQTT; before further segments it stands for one or more, because devices are given names with a
//! slash in them (`zigbee2mqtt/warehouse-2/smoke/availability`).

/// A checked topic filter.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct TopicFilter {
    head: Vec<String>,
    /// What follows `#`; `None` without one.
    tail: Option<Vec<String>>,
}

impl TopicFilter {
    /// Reads a filter; wildcards must stand alone in their segment and `#` once.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        if text.is_empty() {
            return Err("a topic may not be empty");
        }
        let parts: Vec<String> = text.split('/').map(str::to_owned).collect();
        for part in &parts {
            let wild = part.contains('+') || part.contains('#');
            if wild && part.len() > 1 {
                return Err("a wildcard must stand alone in its segment");
            }
        }
        let mut halves = parts.split(|part| part == "#");
        let half = |parts: Option<&[String]>| parts.map(<[String]>::to_vec);
        let (head, tail) = (half(halves.next()), half(halves.next()));
        if halves.next().is_some() {
            return Err("`#` may stand once");
        }
        Ok(Self {
            head: head.unwrap_or_default(),
            tail,
        })
    }

    /// Whether the topic is meant.
    pub fn matches(&self, topic: &str) -> bool {
        let segments: Vec<&str> = topic.split('/').collect();
        let fits = |parts: &[String], segments: &[&str]| {
            let mut pairs = parts.iter().zip(segments);
            pairs.all(|(part, segment)| part == "+" || part == segment)
        };
        let Some(tail) = &self.tail else {
            return self.head.len() == segments.len() && fits(&self.head, &segments);
        };
        let least = match tail.is_empty() {
            true => self.head.len(),
            false => self.head.len() + tail.len() + 1,
        };
        let end = segments.len().saturating_sub(tail.len());
        segments.len() >= least
            && fits(&self.head, &segments)
            && fits(tail, segments.get(end..).unwrap_or_default())
    }

    /// The segments of a matching topic that `#` stands for, joined as they were.
    pub fn rest(&self, topic: &str) -> Option<String> {
        let tail = self.tail.as_ref()?;
        let segments: Vec<&str> = topic.split('/').collect();
        let end = segments.len().checked_sub(tail.len())?;
        segments
            .get(self.head.len()..end)
            .map(|rest| rest.join("/"))
    }

    /// Whether there is a `#`.
    pub fn has_rest(&self) -> bool {
        self.tail.is_some()
    }

    /// The number of segments that every matching topic has at least, up to its `#`.
    pub fn segments_min(&self) -> usize {
        self.head.len()
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
        assert!(matches("z/#/availability", "z/a/b/availability"));
        assert!(matches("z/#/availability", "z/a/availability"));
        assert!(!matches("z/#/availability", "z/availability"));
        assert!(!matches("z/#/availability", "z/a/b"));
        let rest = |filter: &str, topic: &str| TopicFilter::parse(filter).unwrap().rest(topic);
        assert_eq!(rest("z/#", "z/a/b").as_deref(), Some("a/b"));
        assert_eq!(rest("z/#/+", "z/a/b/c").as_deref(), Some("a/b"));
        assert_eq!(rest("z/+", "z/a"), None);
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
        for filter in ["", "a/#/b/#", "a/b+", "#a"] {
            assert!(TopicFilter::parse(filter).is_err(), "{filter}");
        }
    }
}
