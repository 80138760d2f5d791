//! Which topics a subscription wants.

use cordon_xml::Node;

use crate::Topic;
use crate::ids::{DIALECT_CONCRETE, DIALECT_SET, TNS_VENDOR, TNS1, WSNT};
use crate::soap::Fault;

/// A subscription's filter; without alternatives it admits everything.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Filter {
    alternatives: Vec<Alternative>,
}

#[derive(Clone, Debug, Eq, PartialEq)]
struct Alternative {
    namespace: String,
    path: Vec<String>,
    subtree: bool,
}

impl Filter {
    /// Reads the `Filter` element of a request.
    pub(crate) fn read(node: Option<Node<'_>>, time: &str) -> Result<Self, Fault> {
        let mut filter = Self::default();
        for part in node.into_iter().flat_map(Node::children) {
            if part.is(WSNT, "MessageContent") {
                let reason = "message content filters are not supported";
                return Err(Fault::notification(
                    "InvalidMessageContentExpressionFault",
                    reason,
                    time,
                ));
            }
            if !part.is(WSNT, "TopicExpression") {
                let reason = "only topic expressions can filter";
                return Err(Fault::notification("InvalidFilterFault", reason, time));
            }
            let dialect = part.attribute("", "Dialect").unwrap_or_default();
            if ![DIALECT_CONCRETE, DIALECT_SET].contains(&dialect.as_ref()) {
                let reason = "topic expression dialect unknown";
                return Err(Fault::notification(
                    "TopicExpressionDialectUnknownFault",
                    reason,
                    time,
                ));
            }
            for text in part.text().split('|') {
                let alternative = Alternative::read(text.trim(), part).ok_or_else(|| {
                    let reason = format!("`{}` is no topic of this camera", text.trim());
                    Fault::notification("InvalidTopicExpressionFault", &reason, time)
                })?;
                filter.alternatives.push(alternative);
            }
        }
        Ok(filter)
    }

    /// Whether messages of the topic are wanted.
    pub(crate) fn admits(&self, topic: Topic) -> bool {
        self.alternatives.is_empty() || self.alternatives.iter().any(|one| one.admits(topic))
    }
}

impl Alternative {
    fn read(text: &str, node: Node<'_>) -> Option<Self> {
        let (path, subtree) = match text.strip_suffix("//.") {
            Some(path) => (path, true),
            None => (text, false),
        };
        let (prefix, path) = path.split_once(':')?;
        let namespace = node.resolve_prefix(prefix)?;
        if namespace != TNS1 && namespace != TNS_VENDOR {
            return None;
        }
        // Prefixes inside the path are the root's own, as clients write them.
        let path: Vec<String> = path
            .split('/')
            .map(|step| step.rsplit(':').next().unwrap_or(step).to_owned())
            .collect();
        let good = path.iter().all(|step| !step.is_empty() && step != "*");
        good.then(|| Self {
            namespace: namespace.to_owned(),
            path,
            subtree,
        })
    }

    fn admits(&self, topic: Topic) -> bool {
        let path = topic.path();
        let begins =
            self.path.len() <= path.len() && self.path.iter().zip(path).all(|(a, b)| a == b);
        self.namespace == topic.namespace()
            && begins
            && (self.subtree || self.path.len() == path.len())
    }
}
