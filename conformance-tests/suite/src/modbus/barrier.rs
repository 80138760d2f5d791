//! Cases M15 to M24: the barrier and what guards it.

use std::time::{Duration, Instant};

use super::lane::{Lane, Limits, Moved};
use crate::Stop;

/// M15: opens by a pulse within the stated time.
pub(super) async fn opens(lane: &mut Lane<'_>) -> Result<(), Stop> {
    lane.home().await?;
    let began = lane.pulse("raise").await?;
    arrives(lane, began, "up limit", true).await
}

/// M16: closes by a pulse within the stated time.
pub(super) async fn closes(lane: &mut Lane<'_>) -> Result<(), Stop> {
    needs_lower(lane)?;
    lane.raised().await?;
    let began = lane.pulse("lower").await?;
    arrives(lane, began, "down limit", false).await
}

async fn arrives(lane: &mut Lane<'_>, began: Instant, limit: &str, up: bool) -> Result<(), Stop> {
    let allowed = lane.travel_ms();
    let left = Duration::from_millis(allowed).saturating_sub(began.elapsed());
    let left_ms = u64::try_from(left.as_millis()).unwrap_or(u64::MAX);
    let arrived = lane
        .until(
            left_ms,
            move |limits| if up { limits.up } else { limits.down },
        )
        .await?;
    if arrived.is_none() {
        let text = format!("the {limit} did not come on within {allowed} ms (travel and margin)");
        return Err(Stop::fail(text));
    }
    Ok(())
}

/// M17: stops where it is, and stays.
pub(super) async fn stops(lane: &mut Lane<'_>) -> Result<(), Stop> {
    if !lane.profile.outputs.contains_key("stop") {
        return Err(Stop::skip("the profile names no output stop"));
    }
    lane.home().await?;
    lane.switch("raise", true).await?;
    let moving = lane.until(lane.travel_ms(), |limits| !limits.down).await?;
    // The raise pulse is reset together with the stop, so that the boom cannot arrive meanwhile.
    lane.switch("stop", true).await?;
    lane.switch("raise", false).await?;
    lane.pause(u64::from(lane.profile.barrier.pulse_ms)).await?;
    lane.switch("stop", false).await?;
    if moving.is_none() {
        return Err(Stop::fail(
            "the boom did not leave its lower limit, so it could not be stopped",
        ));
    }
    let watched_ms = lane.travel_ms();
    lane.stays(watched_ms, |limits| !limits.up && !limits.down)
        .await
        .map_err(|moved| {
            moved.says(|limits| format!("after the stop pulse the boom went on to {limits:?}"))
        })
}

/// M18: does not fall through a broken beam.
pub(super) async fn photocell_holds(lane: &mut Lane<'_>) -> Result<(), Stop> {
    holds_while_falling(lane, "photocell").await
}

/// M19: does not fall on a vehicle on the safety loop.
pub(super) async fn safety_loop_holds(lane: &mut Lane<'_>) -> Result<(), Stop> {
    holds_while_falling(lane, "safety_loop").await
}

async fn holds_while_falling(lane: &mut Lane<'_>, input: &str) -> Result<(), Stop> {
    needs_lower(lane)?;
    if !lane.profile.inputs.contains_key(input) {
        return Err(Stop::skip(format!("the profile names no input {input}")));
    }
    lane.raised().await?;
    if !lane.can_press(input) {
        let ask = format!(
            "The boom will fall. While it falls, make {input} come on and keep it on. Confirm when ready."
        );
        lane.operator(&ask, "the profile names no rehearsal coil for it")
            .await?;
    }
    lane.switch("lower", true).await?;
    let left = lane.until(lane.travel_ms(), |limits| !limits.up).await?;
    if left.is_none() {
        lane.switch("lower", false).await?;
        return Err(Stop::fail("the boom did not begin to fall"));
    }
    if lane.can_press(input) {
        lane.press(input, true).await?;
    }
    lane.switch("lower", false).await?;
    let watched_ms = lane.travel_ms() * 2;
    let held = lane.stays(watched_ms, |limits| !limits.down).await;
    let on = lane.reads(input).await?;
    if lane.can_press(input) {
        lane.press(input, false).await?;
    }
    match held {
        Ok(()) if on => Ok(()),
        Ok(()) => Err(Stop::skip(format!(
            "{input} was not kept on; run the case again"
        ))),
        Err(Moved::Lost(stop)) => Err(stop),
        Err(_) if on || lane.can_press(input) => Err(Stop::fail(format!(
            "the boom came down to its lower limit with {input} on"
        ))),
        Err(_) => Err(Stop::skip(format!(
            "{input} did not come on in time; run the case again"
        ))),
    }
}

/// M20: does not begin to fall into a broken beam.
pub(super) async fn photocell_forbids(lane: &mut Lane<'_>) -> Result<(), Stop> {
    needs_lower(lane)?;
    lane.raised().await?;
    let text = "a lowering command was taken while the photocell was on";
    refuses_while(lane, "photocell", "lower", |limits| limits.up, text).await
}

/// M21: locked open it rises and stays up.
pub(super) async fn lock_open(lane: &mut Lane<'_>) -> Result<(), Stop> {
    if !lane.profile.outputs.contains_key("lock_open") {
        return Err(Stop::skip("the profile names no output lock_open"));
    }
    lane.home().await?;
    lane.switch("lock_open", true).await?;
    let up = lane.comes_up().await?;
    if up && lane.profile.outputs.contains_key("lower") {
        lane.pulse("lower").await?;
    }
    let watched_ms = lane.travel_ms();
    let stayed = lane.stays(watched_ms, |limits| limits.up).await;
    lane.switch("lock_open", false).await?;
    if !up {
        return Err(Stop::fail("locked open, the boom did not come up"));
    }
    stayed
        .map_err(|moved| moved.says(|_| "locked open, the boom took a lowering command".to_owned()))
}

/// M22: on local it takes no remote command.
pub(super) async fn local(lane: &mut Lane<'_>) -> Result<(), Stop> {
    lane.home().await?;
    let text = "the switch stood on local and a remote command was taken";
    refuses_while(lane, "local", "raise", |limits| limits.down, text).await
}

/// With the input on, a command leaves the boom where it is.
async fn refuses_while(
    lane: &mut Lane<'_>,
    input: &str,
    command: &str,
    unmoved: fn(Limits) -> bool,
    taken: &str,
) -> Result<(), Stop> {
    lane.press(input, true).await?;
    lane.pulse(command).await?;
    let watched_ms = lane.travel_ms();
    let stayed = lane.stays(watched_ms, unmoved).await;
    lane.press(input, false).await?;
    stayed.map_err(|moved| moved.says(|_| taken.to_owned()))
}

/// M23: takes its stated safe state when the heartbeat stops, and not before.
pub(super) async fn watchdog(lane: &mut Lane<'_>) -> Result<(), Stop> {
    let Some(heartbeat) = &lane.profile.heartbeat else {
        return Err(Stop::skip("the profile names no heartbeat"));
    };
    let safe = heartbeat.safe_state.as_str();
    let timeout_ms = u64::from(heartbeat.timeout_ms);
    match safe {
        "closed" => lane.raised().await?,
        "open" => lane.home().await?,
        _ => lane.raised().await?,
    }
    // With the heartbeat going on, nothing happens for longer than the time-out.
    let begins = lane.limits().await?;
    lane.stays(timeout_ms + timeout_ms / 2, |limits| limits == begins)
        .await
        .map_err(|moved| {
            moved.says(|_| "the boom moved although the heartbeat went on".to_owned())
        })?;
    lane.beating = false;
    let silent = Instant::now();
    let allowed_ms = timeout_ms + u64::from(lane.profile.barrier.margin_ms);
    let moved = lane.until(allowed_ms, |limits| limits != begins).await?;
    let result = match (safe, moved) {
        ("stay", None) => Ok(()),
        ("stay", Some(_)) => Err(Stop::fail(
            "the heartbeat stopped and the boom moved; stated is `stay`",
        )),
        (_, None) => Err(Stop::fail(format!(
            "the heartbeat stopped and nothing happened within {allowed_ms} ms; stated is `{safe}`"
        ))),
        (_, Some(at)) if at.duration_since(silent) < Duration::from_millis(timeout_ms / 2) => Err(
            Stop::fail("the watchdog ran out in less than half its stated time"),
        ),
        ("closed", Some(_)) => ends(lane.comes_down().await?, safe),
        (_, Some(_)) => ends(lane.comes_up().await?, safe),
    };
    lane.beating = true;
    lane.pause(100).await?;
    result
}

fn ends(arrived: bool, safe: &str) -> Result<(), Stop> {
    if arrived {
        Ok(())
    } else {
        Err(Stop::fail(format!(
            "the boom began to move but did not end `{safe}`"
        )))
    }
}

/// How long a controller may take to answer again after its power came back.
const BOOT: std::time::Duration = std::time::Duration::from_secs(5);

/// Lets go of the power switch as soon as the controller answers. It may still hold the connection
/// of before, and takes no other until it has noticed; what stays away is found by the next question.
async fn comes_back(lane: &mut Lane<'_>, coil: u16) {
    let begun = tokio::time::Instant::now();
    while begun.elapsed() < BOOT {
        lane.hang_up();
        let answered = match lane.client().await {
            Ok(client) => client.write_coil(coil, false).await.is_ok(),
            Err(_) => false,
        };
        if answered {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
}

/// M24: power comes back with pulses off and the boom where it was.
pub(super) async fn power_up(lane: &mut Lane<'_>) -> Result<(), Stop> {
    lane.home().await?;
    lane.beating = false;
    if let Some(coil) = lane.profile.stimulus.get("power_cycle") {
        let coil = lane.profile.address(*coil);
        // The controller may go away before it answers.
        let _ = lane.client().await?.write_coil(coil, true).await;
        comes_back(lane, coil).await;
    } else {
        let ask = "Switch the controller off and on again; confirm when it runs.";
        lane.operator(ask, "the profile names no rehearsal coil power_cycle")
            .await?;
        lane.hang_up();
    }
    for name in ["raise", "lower", "stop", "lock_open"] {
        if lane.profile.outputs.contains_key(name) && lane.shows(name).await? {
            return Err(Stop::fail(format!(
                "after power-up the output {name} is on"
            )));
        }
    }
    let watched_ms = lane.travel_ms();
    lane.stays(watched_ms, |limits| limits.down)
        .await
        .map_err(|moved| moved.says(|_| "after power-up the boom moved by itself".to_owned()))
}

fn needs_lower(lane: &Lane<'_>) -> Result<(), Stop> {
    if lane.profile.outputs.contains_key("lower") {
        Ok(())
    } else {
        Err(Stop::skip(
            "the profile names no output lower; the controller lowers by itself",
        ))
    }
}
