//! Gate decisions in a park with few grants and in one with very many.

use std::time::Duration;

use cordon_access::AccessConfig;

use super::{Gates, Step, give_grants};
use crate::park::Park;
use crate::spread::percentile_ms;
use crate::{Goal, Outcome, Ratio, Row, Section, Size, Spread};

/// Grants of a small park.
const FEW: usize = 1_000;
/// Each park is measured so often, in turn.
const TURNS: usize = 3;

/// Lets the same vehicles come to both parks, in turn.
pub async fn measure(park: &Park, size: &Size) -> Outcome<Section> {
    let few = crowd(park, "few", FEW.min(size.grants)).await?;
    let many = crowd(park, "many", size.grants).await?;
    let (mut quiet, mut crowded) = (Vec::new(), Vec::new());
    for turn in 0..TURNS {
        quiet.push(p99(coming(&few, turn, size).await?));
        crowded.push(p99(coming(&many, turn, size).await?));
    }
    few.hub.shutdown().await?;
    many.hub.shutdown().await?;
    let times = Spread::of(crowded.iter().zip(&quiet).map(|(many, few)| many / few));
    let (quiet, crowded) = (Spread::of(quiet), Spread::of(crowded));
    Ok(Section {
        title: "Gate decision and grants",
        about: format!(
            "The lanes of the gate decision in a park with {FEW} grants and in one with {}, all given through the signed \
             door, {TURNS} times in turn. Command durable, no sensor load.",
            size.grants
        ),
        rows: vec![
            Row::figure(format!("{} grants, p99", size.grants), crowded.median, "ms")
                .beside("the small park", quiet.median, "ms")
                .ratio(Ratio::Times(times))
                .goal(Goal::RatioAtMost(1.5)),
        ],
    })
}

async fn crowd(park: &Park, name: &str, grants: usize) -> Outcome<Gates> {
    let config = AccessConfig {
        grants_max: grants * 4,
        ..AccessConfig::default()
    };
    let gates = Gates::start(park, name, config).await?;
    give_grants(park, &gates.hub, grants).await?;
    Ok(gates)
}

/// Vehicles that did not come before.
async fn coming(gates: &Gates, turn: usize, size: &Size) -> Outcome<Vec<Step>> {
    let each = FEW.min(size.grants) / TURNS;
    let mut traffic = gates.traffic(0);
    traffic.vehicles = (turn * each..(turn + 1) * each).collect();
    Ok(traffic.run(0, size.window / 2).await?.steps)
}

fn p99(steps: Vec<Step>) -> f64 {
    let mut durable: Vec<Duration> = steps.into_iter().map(|(durable, _)| durable).collect();
    percentile_ms(&mut durable, 99)
}
