//! The engine: one query in, one explained answer out.

use std::path::Path;
use std::str::FromStr;

use cedar_policy::{
    Authorizer, Context, Decision, Entities, EntityUid, PolicyId, Request, RestrictedExpression,
    Schema,
};
use cordon_contract::{AccessQuery, AccessRules, Fault, RuleAnswer, RuleHit};
use cordon_model::{Digest, Direction};

use crate::load::{self, Loaded};

/// A loaded rule set.
pub struct CedarRules {
    authorizer: Authorizer,
    loaded: Loaded,
    names: Names,
    digest: Digest,
}

/// The three fixed names of every request: facts travel in the context, not in entities.
struct Names {
    vehicle: EntityUid,
    pass: EntityUid,
    lane: EntityUid,
}

impl CedarRules {
    /// The rule set that comes with the program.
    pub fn built_in() -> Result<Self, Vec<Fault>> {
        Self::over(load::built_in()?)
    }

    /// The rule set of a folder.
    pub fn load(dir: &Path) -> Result<Self, Vec<Fault>> {
        Self::over(load::folder(dir)?)
    }

    /// The rule set of these files, each a name and its text, as [`CedarRules::files`] gives them.
    pub fn of(files: &[(String, String)]) -> Result<Self, Vec<Fault>> {
        Self::over(load::texts(files)?)
    }

    /// The files it was made of, each a name and its text. The same files make the same rule set.
    pub fn files(&self) -> &[(String, String)] {
        &self.loaded.files
    }

    /// The text of the rule with this `@id`.
    pub fn rule(&self, id: &str) -> Option<String> {
        let policy = self.loaded.policies.policy(&PolicyId::new(id))?;
        Some(policy.to_string())
    }

    fn over(loaded: Loaded) -> Result<Self, Vec<Fault>> {
        let name = |text: &str| {
            EntityUid::from_str(text).map_err(|error| vec![Fault::new("P002", error.to_string())])
        };
        let digest = sha256(loaded.text.as_bytes());
        Ok(Self {
            authorizer: Authorizer::new(),
            names: Names {
                vehicle: name("Park::Vehicle::\"subject\"")?,
                pass: name("Park::Action::\"pass\"")?,
                lane: name("Park::Lane::\"lane\"")?,
            },
            loaded,
            digest,
        })
    }

    fn hits<'a>(&self, ids: impl Iterator<Item = &'a PolicyId>) -> Vec<RuleHit> {
        let mut found: Vec<(u32, RuleHit)> = ids
            .filter_map(|id| {
                let policy = self.loaded.policies.policy(id)?;
                let order = policy.annotation("order")?.parse().ok()?;
                let text = |name| policy.annotation(name).unwrap_or_default().to_owned();
                Some((
                    order,
                    RuleHit {
                        rule: text("id"),
                        code: text("code"),
                        clause: text("clause"),
                    },
                ))
            })
            .collect();
        found.sort_by(|a, b| (a.0, &a.1.rule).cmp(&(b.0, &b.1.rule)));
        found.into_iter().map(|(_, hit)| hit).collect()
    }
}

impl AccessRules for CedarRules {
    fn decide(&self, query: &AccessQuery) -> RuleAnswer {
        let request = match request(&self.names, &self.loaded.schema, query) {
            Ok(request) => request,
            Err(_) => return broken("engine.request"),
        };
        let answer =
            self.authorizer
                .is_authorized(&request, &self.loaded.policies, &Entities::empty());
        // A policy that failed to evaluate was skipped: what it would have forbidden is not known.
        if answer.diagnostics().errors().next().is_some() {
            return broken("engine.evaluation");
        }
        let allow = answer.decision() == Decision::Allow;
        let hits = self.hits(answer.diagnostics().reason());
        if hits.is_empty() {
            let hit = RuleHit {
                rule: "default-deny".to_owned(),
                code: "NO_GRANT".to_owned(),
                clause: "5.2.3".to_owned(),
            };
            return RuleAnswer {
                allow: false,
                hits: vec![hit],
            };
        }
        RuleAnswer { allow, hits }
    }

    fn digest(&self) -> Digest {
        self.digest
    }
}

/// The engine could not say: never an open barrier.
fn broken(rule: &str) -> RuleAnswer {
    RuleAnswer {
        allow: false,
        hits: vec![RuleHit {
            rule: rule.to_owned(),
            code: "DEVICE_FAULT".to_owned(),
            clause: "5.2.3".to_owned(),
        }],
    }
}

fn request(
    names: &Names,
    schema: &Schema,
    query: &AccessQuery,
) -> Result<Request, Box<dyn std::error::Error>> {
    let context = Context::from_pairs(pairs(query))?;
    Ok(Request::new(
        names.vehicle.clone(),
        names.pass.clone(),
        names.lane.clone(),
        context,
        Some(schema),
    )?)
}

fn pairs(query: &AccessQuery) -> Vec<(String, RestrictedExpression)> {
    let facts = &query.facts;
    let text = |value: &str| RestrictedExpression::new_string(value.to_owned());
    let flag = RestrictedExpression::new_bool;
    let number = |value: u32| RestrictedExpression::new_long(i64::from(value));
    let mut pairs = vec![
        ("kind", text(query.kind.as_str())),
        ("incoming", flag(query.direction == Direction::In)),
        ("mode", text(query.mode.as_str())),
        ("gateClass", text(query.gate_class.as_str())),
        (
            "laneServesKind",
            flag(query.lane_kinds.is_empty() || query.lane_kinds.contains(&query.kind)),
        ),
        (
            "laneServesDirection",
            flag(
                query
                    .lane_direction
                    .is_none_or(|served| served == query.direction),
            ),
        ),
        ("exempt", flag(facts.exempt)),
        ("blacklisted", flag(facts.blacklisted)),
        ("hasGrant", flag(facts.has_grant)),
        ("grantActive", flag(facts.grant_active)),
        (
            "notYet",
            flag(facts.valid_from.is_some_and(|from| query.now < from)),
        ),
        (
            "expired",
            flag(facts.valid_to.is_some_and(|to| query.now > to)),
        ),
        ("grantCoversGate", flag(facts.grant_covers_gate)),
        ("grantCoversLane", flag(facts.grant_covers_lane)),
        ("areaAllowed", flag(facts.area_allowed)),
        ("occupancy", number(facts.occupancy)),
        ("documentsPresent", flag(facts.documents_present)),
        ("checksPassed", flag(facts.checks_passed)),
        ("credentialMatches", flag(facts.credential_matches)),
    ];
    pairs.extend(
        facts
            .capacity
            .map(|capacity| ("capacity", number(capacity))),
    );
    pairs.extend(
        facts
            .confidence_percent
            .map(|percent| ("confidencePercent", number(u32::from(percent)))),
    );
    pairs
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}

fn sha256(bytes: &[u8]) -> Digest {
    let mut digest = [0; 32];
    digest.copy_from_slice(aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, bytes).as_ref());
    Digest(digest)
}
