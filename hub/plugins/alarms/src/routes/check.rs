//! Checks over the whole tree: routes nothing can reach, and names the plan does not know.

use std::collections::BTreeSet;

use cordon_contract::Fault;
use cordon_model::plan::ParkPlan;

use super::Route;
use super::matcher::Matcher;

/// Routes that no alarm can reach (`P033`). `above` is what has been demanded on the way here.
pub(super) fn reach(route: &Route, above: &Matcher, faults: &mut Vec<Fault>) {
    let here = above.narrowed(&route.matcher);
    for (index, child) in route.children.iter().enumerate() {
        let unreachable = |why: String| {
            Fault::new("P033", format!("no alarm reaches this route: {why}"))
                .at(child.place.clone())
        };
        let shadow = route
            .children
            .iter()
            .take(index)
            .find(|earlier| !earlier.goes_on && earlier.matcher.covers(&child.matcher));
        if !here.overlaps(&child.matcher) {
            faults.push(
                unreachable("its matcher contradicts a route above it".to_owned())
                    .remedy("correct the matcher, or move the route up in the tree"),
            );
        } else if let Some(shadow) = shadow {
            faults.push(
                unreachable(format!(
                    "`{}` ({}) takes everything before it",
                    shadow.path, shadow.place
                ))
                .remedy("put the narrower route first, or give the other `continue = true`"),
            );
        } else {
            reach(child, &here, faults);
        }
    }
}

/// Names the plan does not know (`P038`).
pub(super) fn against_plan(route: &Route, plan: &ParkPlan, faults: &mut Vec<Fault>) {
    let mut compare = |what: &str, named: &BTreeSet<String>, known: Vec<&str>| {
        for name in named {
            if !known.contains(&name.as_str()) {
                let remedy = match nearest(name, &known) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("name {what} of the plan, or add it there"),
                };
                faults.push(
                    Fault::new("P038", format!("the plan has no {what} `{name}`"))
                        .at(route.place.clone())
                        .remedy(remedy),
                );
            }
        }
    };
    let matcher = &route.matcher;
    let areas = plan.areas.iter().map(|area| area.id.as_str()).collect();
    compare("area", &matcher.areas, areas);
    let gates = plan.gates.iter().map(|gate| gate.id.as_str()).collect();
    compare("gate", &matcher.gates, gates);
    let plants = plan.enterprises.iter().map(|plant| plant.id.as_str());
    compare("enterprise", &matcher.enterprises, plants.collect());
    for child in &route.children {
        against_plan(child, plan, faults);
    }
}

/// The known name that shares the longest beginning or end, if more than half of it.
pub(super) fn nearest<'a>(wrong: &str, known: &[&'a str]) -> Option<&'a str> {
    let alike = |name: &str| {
        let ahead = wrong.chars().zip(name.chars()).take_while(|(a, b)| a == b);
        let behind = wrong
            .chars()
            .rev()
            .zip(name.chars().rev())
            .take_while(|(a, b)| a == b);
        ahead.count() + behind.count()
    };
    known
        .iter()
        .map(|name| (alike(name), *name))
        .max()
        .filter(|(alike, name)| *alike * 2 > name.chars().count())
        .map(|(_, name)| name)
}
