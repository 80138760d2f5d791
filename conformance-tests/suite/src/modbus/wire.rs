//! Cases M01 to M14: the protocol itself.

use std::time::{Duration, Instant};

use super::client::{Client, Reply, question};
use super::lane::Lane;
use crate::{Stop, Subject};

/// M01: it is there.
pub(super) async fn reach(lane: &mut Lane<'_>) -> Result<(), Stop> {
    lane.hang_up();
    lane.limits().await.map(|_| ())
}

/// M02: it says who it is.
pub(super) async fn identity(lane: &mut Lane<'_>, subject: &mut Subject) -> Result<(), Stop> {
    let data = match lane.client().await?.ask(&[43, 14, 1, 0]).await? {
        Reply::Exception(1) => {
            return Err(Stop::skip(
                "the device does not know function 43, which is optional",
            ));
        }
        Reply::Exception(code) => {
            return Err(Stop::fail(format!("exception {code} to function 43 / 14")));
        }
        Reply::Data(data) => data,
    };
    let [43, 14, _, _, _, _, count, objects @ ..] = data.as_slice() else {
        return Err(Stop::fail("the answer to function 43 / 14 is too short"));
    };
    let mut rest = objects;
    let mut seen = 0;
    for _ in 0..*count {
        let [id, length, tail @ ..] = rest else {
            return Err(Stop::fail("an object of the identification is cut short"));
        };
        let Some((text, tail)) = tail.split_at_checked(usize::from(*length)) else {
            return Err(Stop::fail("an object of the identification is cut short"));
        };
        let text = String::from_utf8_lossy(text).into_owned();
        if text.is_empty() {
            return Err(Stop::fail(format!("identification object {id} is empty")));
        }
        match id {
            0 => subject.vendor = text,
            1 => subject.model = text,
            2 => subject.firmware = text,
            _ => {}
        }
        seen |= 1_u8.checked_shl(u32::from(*id)).unwrap_or(0);
        rest = tail;
    }
    if seen & 0b111 == 0b111 {
        Ok(())
    } else {
        Err(Stop::fail("vendor, product and revision are not all told"))
    }
}

/// M03: transaction, protocol and unit ids come back.
pub(super) async fn echoes(lane: &mut Lane<'_>) -> Result<(), Stop> {
    // The client refuses any answer whose header does not repeat the question's.
    for _ in 0..20 {
        lane.limits().await?;
    }
    Ok(())
}

/// M04: every input of the profile can be read.
pub(super) async fn inputs(lane: &mut Lane<'_>) -> Result<(), Stop> {
    for name in lane.profile.inputs.keys() {
        lane.reads(name).await.map_err(|stop| named(name, stop))?;
    }
    Ok(())
}

/// M05: every output can be read back, and no pulse stands.
pub(super) async fn outputs(lane: &mut Lane<'_>) -> Result<(), Stop> {
    for name in lane.profile.outputs.keys() {
        let on = lane.shows(name).await.map_err(|stop| named(name, stop))?;
        if on && matches!(name.as_str(), "raise" | "lower" | "stop") {
            return Err(Stop::fail(format!("the pulse output {name} is on at rest")));
        }
    }
    Ok(())
}

/// M06: the boom rests at exactly one limit.
pub(super) async fn one_limit(lane: &mut Lane<'_>) -> Result<(), Stop> {
    lane.home().await?;
    for _ in 0..10 {
        let limits = lane.limits().await?;
        if limits.up || !limits.down {
            return Err(Stop::fail(format!(
                "at the lower limit it reports {limits:?}"
            )));
        }
        lane.pause(20).await?;
    }
    Ok(())
}

/// M07: addresses that cannot exist are refused. A range beyond 65535 is outside any map.
pub(super) async fn illegal_address(lane: &mut Lane<'_>) -> Result<(), Stop> {
    let function = limit_function(lane);
    expect_exception(lane, &question(function, 0xffff, 2), &[2]).await
}

/// M08: functions that do not exist are refused.
pub(super) async fn illegal_function(lane: &mut Lane<'_>) -> Result<(), Stop> {
    expect_exception(lane, &[0x64], &[1]).await
}

/// M09: quantities outside the standard's range are refused.
pub(super) async fn illegal_quantity(lane: &mut Lane<'_>) -> Result<(), Stop> {
    let function = limit_function(lane);
    let too_many = if function <= 2 { 2_001 } else { 126 };
    expect_exception(lane, &question(function, 0, 0), &[3]).await?;
    // A server may look at the range of addresses first; both refusals are lawful here.
    expect_exception(lane, &question(function, 0, too_many), &[3, 2]).await
}

/// M10: it answers within its stated time.
pub(super) async fn response_time(lane: &mut Lane<'_>) -> Result<(), Stop> {
    let stated = Duration::from_millis(u64::from(lane.profile.wire.response_ms));
    let mut times = Vec::with_capacity(50);
    for _ in 0..50 {
        let asked = Instant::now();
        lane.reads("up_limit").await?;
        times.push(asked.elapsed());
    }
    times.sort_unstable();
    // The median and nine tenths; the last tenth belongs to the network.
    let at = |share: usize| {
        times
            .get(times.len() * share / 10)
            .copied()
            .unwrap_or_default()
    };
    if at(9) <= stated {
        Ok(())
    } else {
        let text = format!(
            "nine tenths of the answers take {} ms, half take {} ms; stated are {} ms",
            at(9).as_millis(),
            at(5).as_millis(),
            stated.as_millis()
        );
        Err(Stop::fail(text))
    }
}

/// M11: garbage on one connection does not disturb another, nor the boom.
pub(super) async fn garbage(lane: &mut Lane<'_>) -> Result<(), Stop> {
    let before = lane.limits().await?;
    for bytes in [
        &b"GET / HTTP/1.1\r\nHost: lane\r\n\r\n"[..],
        &[0, 1, 0x77, 0x77, 0, 6, 255, 1, 0, 0, 0, 1],
        &[0, 1, 0, 0, 0xff, 0xff, 255, 5, 0, 0, 0xff, 0],
        &[0, 1, 0, 0, 0, 0, 0],
    ] {
        if lane.profile.wire.connections > 1 {
            if let Ok(mut other) = lane.connect().await {
                let _ = other.send_raw(bytes).await;
            }
            lane.pause(30).await?;
        } else {
            let _ = lane.client().await?.send_raw(bytes).await;
            lane.pause(30).await.ok();
            lane.hang_up();
        }
        let after = lane
            .limits()
            .await
            .map_err(|stop| worse("after a malformed frame", stop))?;
        if after != before {
            return Err(Stop::fail("the boom moved at a malformed frame"));
        }
    }
    Ok(())
}

/// M12: half a frame on one connection does not hold up another.
pub(super) async fn half_frame(lane: &mut Lane<'_>) -> Result<(), Stop> {
    if lane.profile.wire.connections < 2 {
        return Err(Stop::skip("the profile states one connection"));
    }
    let Ok(mut other) = lane.connect().await else {
        return Ok(());
    };
    let _ = other.send_raw(&[0, 1, 0, 0, 0, 6, 255]).await;
    for _ in 0..10 {
        lane.limits()
            .await
            .map_err(|stop| worse("while another connection holds half a frame", stop))?;
        lane.pause(20).await?;
    }
    Ok(())
}

/// M13: it takes new connections after old ones were cut.
pub(super) async fn reconnect(lane: &mut Lane<'_>) -> Result<(), Stop> {
    for round in 1..=10 {
        lane.hang_up();
        let cut = Instant::now();
        // A controller with a single connection needs a moment to notice the cut.
        while let Err(stop) = lane.limits().await {
            lane.hang_up();
            if cut.elapsed() > Duration::from_secs(1) {
                return Err(worse(&format!("at reconnect number {round}"), stop));
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
    Ok(())
}

/// M14: it serves the stated number of connections at a time.
pub(super) async fn connections(lane: &mut Lane<'_>) -> Result<(), Stop> {
    let stated = lane.profile.wire.connections;
    if stated < 2 {
        return Err(Stop::skip("the profile states one connection"));
    }
    lane.limits().await?;
    let mut others: Vec<Client> = Vec::new();
    for _ in 1..stated {
        others.push(lane.connect().await?);
    }
    let function = limit_function(lane);
    let address = limit_address(lane);
    for (index, other) in others.iter_mut().enumerate() {
        other
            .ask(&question(function, address, 1))
            .await
            .map_err(|error| {
                Stop::fail(format!("connection {} of {stated}: {error}", index + 2))
            })?;
    }
    lane.limits().await.map(|_| ())
}

fn limit_function(lane: &Lane<'_>) -> u8 {
    lane.profile
        .inputs
        .get("up_limit")
        .map_or(2, |point| point.table.read_function())
}

fn limit_address(lane: &Lane<'_>) -> u16 {
    lane.profile
        .inputs
        .get("up_limit")
        .map_or(0, |point| lane.profile.address(point.address))
}

async fn expect_exception(lane: &mut Lane<'_>, data: &[u8], codes: &[u8]) -> Result<(), Stop> {
    match lane.client().await?.ask(data).await {
        Ok(Reply::Exception(code)) if codes.contains(&code) => Ok(()),
        Ok(Reply::Exception(code)) => {
            Err(Stop::fail(format!("exception {code} instead of {codes:?}")))
        }
        Ok(Reply::Data(_)) => Err(Stop::fail("a normal answer instead of an exception")),
        Err(error) => Err(Stop::fail(format!("no exception: {error}"))),
    }
}

fn named(name: &str, stop: Stop) -> Stop {
    worse(name, stop)
}

fn worse(when: &str, stop: Stop) -> Stop {
    match stop {
        Stop::Fail(text) => Stop::Fail(format!("{when}: {text}")),
        Stop::Skip(text) => Stop::Skip(text),
    }
}
