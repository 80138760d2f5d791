//! `wsu:Timestamp`: when a message was made and until when it may be taken.

use cordon_contract::Fault;
use cordon_model::Timestamp;
use cordon_xml::Node;

use super::Policy;
use crate::names::WSU;
use crate::{instant, refusal, signature};

/// The two times of a message.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lifetime {
    pub(super) created: Timestamp,
    pub(super) expires: Timestamp,
}

impl Lifetime {
    /// Reads exactly one `Created` and at most one `Expires`.
    pub(super) fn read(node: Node<'_>, policy: &Policy) -> Result<Self, Fault> {
        let mut created = None;
        let mut expires = None;
        for child in node.children() {
            let slot = match child.local() {
                "Created" if child.namespace() == WSU => &mut created,
                "Expires" if child.namespace() == WSU => &mut expires,
                _ => return Err(signature::form(child)),
            };
            let time = instant::parse(&child.text()).ok_or_else(|| signature::form(child))?;
            if slot.replace(time).is_some() {
                return Err(signature::form(child));
            }
        }
        let created = created.ok_or_else(|| signature::form(node))?;
        let longest = created.plus_ms(policy.lifetime_ms_max);
        let expires = expires.map_or(longest, |expires: Timestamp| expires.min(longest));
        Ok(Self { created, expires })
    }

    pub(super) fn check(
        self,
        node: Node<'_>,
        policy: &Policy,
        now: Timestamp,
    ) -> Result<(), Fault> {
        self.check_made(node, policy, now)?;
        if self.expires.plus_ms(policy.clock_skew_ms) <= now {
            let detail = format_args!("expired {}, now {now}", self.expires);
            return Err(refusal::STALE.because(detail).at(node.path()));
        }
        Ok(())
    }

    /// Nothing is made after it is looked at.
    pub(super) fn check_made(
        self,
        node: Node<'_>,
        policy: &Policy,
        now: Timestamp,
    ) -> Result<(), Fault> {
        if self.created > now.plus_ms(policy.clock_skew_ms) {
            let detail = format_args!("created {}, now {now}", self.created);
            return Err(refusal::FUTURE.because(detail).at(node.path()));
        }
        Ok(())
    }
}
