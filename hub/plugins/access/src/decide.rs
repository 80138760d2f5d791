//! Asking the rules, and the lock behind them.

use cordon_contract::{AccessQuery, RuleHit};
use cordon_model::{DecisionOutcome, Direction, RefusalCode, RuleRef, SubjectKind, facets};

use crate::claims::{Claim, Sought};
use crate::facts::LookedUp;
use crate::lists::OnLists;
use crate::plugin::AccessPlugin;

/// The most rules a decision names.
const RULES_MAX: usize = 64;

/// What is to be done, and why.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Verdict {
    pub outcome: DecisionOutcome,
    /// `None` exactly when the outcome is OPEN.
    pub code: Option<RefusalCode>,
    pub rules: Vec<RuleRef>,
}

impl Verdict {
    /// A guard must decide.
    pub(crate) fn manual(code: RefusalCode, rule: &str, clause: &str) -> Self {
        Self::own(DecisionOutcome::Manual, code, rule, clause)
    }

    fn own(outcome: DecisionOutcome, code: RefusalCode, rule: &str, clause: &str) -> Self {
        Self {
            outcome,
            code: Some(code),
            rules: vec![RuleRef {
                rule_id: rule.to_owned(),
                code: code.as_str().to_owned(),
                clause: clause.to_owned(),
            }],
        }
    }
}

impl AccessPlugin {
    /// The rules' answer to the first of what is said of the vehicle that opens; where nothing does, to what an
    /// exemption says, else to what fits best.
    pub(crate) fn answer(
        &self,
        sought: Sought<'_>,
        unjudged: Option<Verdict>,
    ) -> (LookedUp, Verdict) {
        let registry = &self.state.registry;
        let owner = self.plan.owner_of_lane(sought.lane);
        let look = |plate| {
            registry
                .lists
                .look(plate, owner, sought.now, &registry.steps)
        };
        let lists = sought.plate.map_or_else(OnLists::default, look);
        let mut claims = self.claims(sought, lists).into_iter();
        let first = claims.next().unwrap_or_else(Claim::nothing);
        let found = self.look_up(sought, lists, &first);
        if let Some(verdict) = unjudged {
            return (found, verdict);
        }
        let verdict = self.ask_rules(sought, &found);
        let mut told = (found, verdict);
        for claim in claims {
            if told.1.outcome == DecisionOutcome::Open {
                break;
            }
            let found = self.look_up(sought, lists, &claim);
            // Whatever else it says, it opens nothing inward.
            if sought.capture.direction == Direction::In && !found.entitled {
                continue;
            }
            let verdict = self.ask_rules(sought, &found);
            let is_nearer = found.facts.exempt && !told.0.facts.exempt;
            if verdict.outcome == DecisionOutcome::Open || is_nearer {
                told = (found, verdict);
            }
        }
        told
    }

    fn ask_rules(&self, sought: Sought<'_>, found: &LookedUp) -> Verdict {
        let Sought {
            gate, lane, now, ..
        } = sought;
        let direction = sought.capture.direction;
        let answer = self.rules.decide(&AccessQuery {
            gate: gate.id.clone(),
            gate_class: gate.class,
            lane: lane.id.clone(),
            lane_direction: lane.direction,
            lane_kinds: lane.kinds.clone(),
            direction,
            kind: found.kind,
            mode: self.state.modes.of(&gate.id),
            now,
            facts: found.facts.clone(),
        });
        let Some(first) = answer.hits.first() else {
            return Verdict::manual(RefusalCode::DeviceFault, "access.no-reason", "5.2.3");
        };
        if !answer.allow {
            let code = first.code.parse().unwrap_or(RefusalCode::DeviceFault);
            // A rescue vehicle nobody has recorded is for the guard to confirm (9.1 class X), and one that is not exempt
            // here; so is everything that a fault kept from being judged.
            let guard = code == RefusalCode::DeviceFault
                || code == RefusalCode::NoGrant && found.kind == SubjectKind::VehEmergency
                || code != RefusalCode::Blacklist && found.rescue;
            return Verdict {
                outcome: if guard {
                    DecisionOutcome::Manual
                } else {
                    DecisionOutcome::Refuse
                },
                code: Some(code),
                rules: references(&answer.hits),
            };
        }
        // The lock behind the rules (I6): a rule set may be wrong, this is not negotiable.
        if direction == Direction::In && !found.entitled {
            return Verdict::own(
                DecisionOutcome::Refuse,
                RefusalCode::NoGrant,
                "access.default-deny",
                "5.2.3",
            );
        }
        Verdict {
            outcome: DecisionOutcome::Open,
            code: None,
            rules: references(&answer.hits),
        }
    }
}

/// The hits as the language has them; what does not fit it is named as such and not left out.
fn references(hits: &[RuleHit]) -> Vec<RuleRef> {
    let fit = |text: &str, lawful: bool, other: &str| {
        if lawful {
            text.to_owned()
        } else {
            other.to_owned()
        }
    };
    hits.iter()
        .take(RULES_MAX)
        .map(|hit| RuleRef {
            rule_id: fit(
                &hit.rule,
                facets::RULE_ID.check(&hit.rule).is_ok(),
                "unnamed",
            ),
            code: fit(
                &hit.code,
                facets::RULE_CODE.check(&hit.code).is_ok(),
                "DEVICE_FAULT",
            ),
            clause: fit(&hit.clause, facets::CLAUSE.check(&hit.clause).is_ok(), "-"),
        })
        .collect()
}
