//! The event service: event properties, pull points, long polling, renewal.

use std::sync::Arc;
use std::time::Duration;

use crate::camera::Core;
use crate::clock::{parse_date_time, parse_duration, true_ms};
use crate::device::{unknown, xaddr};
use crate::filter::Filter;
use crate::ids::{DIALECT_CONCRETE, DIALECT_ITEMS, DIALECT_SET, SUBSCRIPTION_ID};
use crate::pull_point::{Renewal, Waiting};
use crate::soap::{Call, Fault, escape};
use crate::topic::topic_set;
use crate::{Mutant, Topic};

/// What a subscription lives when nobody says how long, milliseconds.
const LIFE_MS: i64 = 60_000;

/// Answers an operation on the service itself.
pub(crate) fn answer(core: &Core, call: &Call<'_>, host: &str) -> Result<String, Fault> {
    match call.payload.local() {
        "GetServiceCapabilities" => Ok(format!(
            "<tev:GetServiceCapabilitiesResponse>{}</tev:GetServiceCapabilitiesResponse>",
            service_capabilities(core)
        )),
        "GetEventProperties" => Ok(properties(core)),
        "CreatePullPointSubscription" => create(core, call, host),
        other => Err(unknown(core, other)),
    }
}

pub(crate) fn service_capabilities(core: &Core) -> String {
    format!(
        "<tev:Capabilities WSSubscriptionPolicySupport=\"false\" WSPullPointSupport=\"true\" \
         WSPausableSubscriptionManagerInterfaceSupport=\"false\" MaxNotificationProducers=\"0\" \
         MaxPullPoints=\"{}\" PersistentNotificationStorage=\"false\"/>",
        core.settings.pull_points_max
    )
}

fn properties(core: &Core) -> String {
    let hidden = match core.settings.mutant {
        Some(Mutant::HiddenTopic) => core.settings.topics.first().copied(),
        _ => None,
    };
    let told = core.settings.topics.iter().copied();
    let told: Vec<Topic> = told.filter(|topic| Some(*topic) != hidden).collect();
    format!(
        "<tev:GetEventPropertiesResponse>\
         <tev:TopicNamespaceLocation>http://www.onvif.org/onvif/ver10/topics/topicns.xml\
         </tev:TopicNamespaceLocation>\
         <wsnt:FixedTopicSet>true</wsnt:FixedTopicSet>{}\
         <wsnt:TopicExpressionDialect>{DIALECT_CONCRETE}</wsnt:TopicExpressionDialect>\
         <wsnt:TopicExpressionDialect>{DIALECT_SET}</wsnt:TopicExpressionDialect>\
         <tev:MessageContentFilterDialect>{DIALECT_ITEMS}</tev:MessageContentFilterDialect>\
         <tev:MessageContentSchemaLocation>http://www.onvif.org/onvif/ver10/schema/onvif.xsd\
         </tev:MessageContentSchemaLocation></tev:GetEventPropertiesResponse>",
        topic_set(&told)
    )
}

/// Reads `AbsoluteOrRelativeTimeType` into a life in milliseconds from now.
fn life(core: &Core, text: Option<&str>) -> Result<i64, Fault> {
    let refuse = |reason: &str| {
        let name = "UnacceptableInitialTerminationTimeFault";
        Err(Fault::notification(name, reason, &core.now_text()))
    };
    let Some(text) = text.filter(|text| !text.is_empty()) else {
        return Ok(LIFE_MS);
    };
    let relative = parse_duration(text, core.settings.quirks.minutes_as_seconds);
    let life = match relative.or_else(|| Some(parse_date_time(text)? - core.camera_ms())) {
        Some(life) => life,
        None => return refuse("neither a duration nor a time"),
    };
    if life <= 0 {
        return refuse("the end is in the past");
    }
    Ok(life.min(core.settings.termination_ms_max))
}

fn create(core: &Core, call: &Call<'_>, host: &str) -> Result<String, Fault> {
    let wish = call.text("InitialTerminationTime");
    if wish.is_none() && core.settings.quirks.needs_termination_time {
        return Err(Fault::receiver(&[], ""));
    }
    let life = life(core, wish.as_deref())?;
    let filter = call
        .payload
        .children()
        .find(|node| node.local() == "Filter");
    let filter = Filter::read(filter, &core.now_text())?;
    let now = true_ms();
    let (created, offset) = {
        let mut state = core.state();
        let created = state.points.create(filter, life, now, &core.settings);
        (created, state.clock_offset_ms)
    };
    let Some((id, ends)) = created else {
        let name = "SubscribeCreationFailedFault";
        let reason = "no pull point is free";
        return Err(Fault::notification(name, reason, &core.now_text()));
    };
    core.ring();
    let (address, parameters) = match core.settings.quirks.reference_parameters {
        true => (
            xaddr(core, host, "subscription"),
            format!(
                "<wsa:ReferenceParameters><axis:SubscriptionId xmlns:axis=\"{SUBSCRIPTION_ID}\">{id}\
                 </axis:SubscriptionId></wsa:ReferenceParameters>"
            ),
        ),
        false => (
            xaddr(core, host, &format!("subscription/{id}")),
            String::new(),
        ),
    };
    Ok(format!(
        "<tev:CreatePullPointSubscriptionResponse><tev:SubscriptionReference>\
         <wsa:Address>{address}</wsa:Address>{parameters}</tev:SubscriptionReference>\
         <wsnt:CurrentTime>{}</wsnt:CurrentTime><wsnt:TerminationTime>{}</wsnt:TerminationTime>\
         </tev:CreatePullPointSubscriptionResponse>",
        core.stamp(now + offset),
        core.stamp(ends + offset)
    ))
}

/// Which subscription a request to the subscription address means.
fn subscription(core: &Core, call: &Call<'_>, path: &str) -> Option<u64> {
    if core.settings.quirks.reference_parameters {
        let header = call.header(SUBSCRIPTION_ID, "SubscriptionId")?;
        return header.text().trim().parse().ok();
    }
    path.rsplit('/').next()?.parse().ok()
}

fn gone(core: &Core) -> Fault {
    let reason = "no such subscription, or it has ended";
    Fault::notification("ResourceUnknownFault", reason, &core.now_text())
}

/// Answers an operation on one subscription.
pub(crate) async fn manage(core: &Arc<Core>, call: &Call<'_>, path: &str) -> Result<String, Fault> {
    let id = subscription(core, call, path).ok_or_else(|| gone(core))?;
    match call.payload.local() {
        "PullMessages" => pull(core, call, id).await,
        "Renew" => renew(core, call, id),
        "Unsubscribe" => {
            let found = core.state().points.remove(id, true_ms(), &core.settings);
            core.ring();
            match found {
                true => Ok("<wsnt:UnsubscribeResponse/>".to_owned()),
                false => Err(gone(core)),
            }
        }
        "SetSynchronizationPoint" if core.settings.quirks.synchronization_refused => {
            Err(Fault::not_authorized("not for this user"))
        }
        "SetSynchronizationPoint" => {
            let found = core
                .state()
                .points
                .synchronize(id, true_ms(), &core.settings);
            core.ring();
            match found {
                true => Ok("<tev:SetSynchronizationPointResponse/>".to_owned()),
                false => Err(gone(core)),
            }
        }
        other => Err(unknown(core, other)),
    }
}

fn renew(core: &Arc<Core>, call: &Call<'_>, id: u64) -> Result<String, Fault> {
    if core.settings.quirks.renew_refused {
        return Err(Fault::sender(
            &["ter:InvalidArgVal"],
            "the argument is not acceptable",
        ));
    }
    let life = life(core, call.text("TerminationTime").as_deref())?;
    let now = true_ms();
    let (renewal, offset) = {
        let mut state = core.state();
        let renewal = state.points.renew(id, life, now, &core.settings);
        (renewal, state.clock_offset_ms)
    };
    core.ring();
    match renewal {
        Renewal::Until(ends) => Ok(format!(
            "<wsnt:RenewResponse><wsnt:TerminationTime>{}</wsnt:TerminationTime>\
             <wsnt:CurrentTime>{}</wsnt:CurrentTime></wsnt:RenewResponse>",
            core.stamp(ends + offset),
            core.stamp(now + offset)
        )),
        Renewal::Crash => {
            core.reboot();
            Err(Fault::receiver(&["ter:Action"], "internal error"))
        }
        Renewal::Unknown => Err(gone(core)),
    }
}

/// Waits until a message is there, the time-out is over, or the subscription has ended.
async fn pull(core: &Arc<Core>, call: &Call<'_>, id: u64) -> Result<String, Fault> {
    let timeout = call
        .text("Timeout")
        .and_then(|text| parse_duration(&text, core.settings.quirks.minutes_as_seconds))
        .ok_or_else(|| Fault::sender(&["ter:InvalidArgVal"], "Timeout must be a duration"))?
        .clamp(0, core.settings.pull_timeout_ms_max);
    let limit = call
        .text("MessageLimit")
        .and_then(|text| text.parse::<usize>().ok())
        .filter(|limit| *limit > 0)
        .ok_or_else(|| Fault::sender(&["ter:InvalidArgVal"], "MessageLimit must be a number"))?
        .min(core.settings.message_limit_max);
    let wait = match core.settings.mutant {
        Some(Mutant::HastyPull) => 0,
        _ => u64::try_from(timeout).unwrap_or_default(),
    };
    let deadline = tokio::time::Instant::now() + Duration::from_millis(wait);
    let mut bell = core.bell.subscribe();
    first_look(core, id)?;
    loop {
        bell.borrow_and_update();
        let (messages, ends, next_ms) = look(core, id, limit)?;
        let over = tokio::time::Instant::now() >= deadline;
        if !messages.is_empty() || over {
            return Ok(pulled(core, &messages, ends));
        }
        let ends_in = u64::try_from((next_ms - true_ms()).max(0)).unwrap_or_default();
        let wake = deadline.min(tokio::time::Instant::now() + Duration::from_millis(ends_in + 1));
        tokio::select! {
            _ = bell.changed() => {}
            () = tokio::time::sleep_until(wake) => {}
        }
    }
}

fn first_look(core: &Core, id: u64) -> Result<(), Fault> {
    let mut state = core.state();
    let now = true_ms();
    let point = state.points.find(id, now, &core.settings);
    let refused = match point {
        Some(point) => {
            point.touch(now, &core.settings);
            core.settings.quirks.first_pull_unknown && point.pulls == 1
        }
        None => true,
    };
    drop(state);
    if refused { Err(gone(core)) } else { Ok(()) }
}

type Look = (Vec<Waiting>, i64, i64);

fn look(core: &Core, id: u64, limit: usize) -> Result<Look, Fault> {
    let mut state = core.state();
    let offset = state.clock_offset_ms;
    let found = state
        .points
        .find(id, true_ms(), &core.settings)
        .map(|point| {
            let messages = point.pull(limit, &core.settings);
            (messages, point.ends_ms + offset, point.ends_ms)
        });
    drop(state);
    found.ok_or_else(|| gone(core))
}

fn pulled(core: &Core, messages: &[Waiting], ends: i64) -> String {
    let offset = core.state().clock_offset_ms;
    let messages: String = messages
        .iter()
        .map(|waiting| {
            let time = core.stamp(waiting.at_ms + offset);
            waiting.event.notification(&time, waiting.operation)
        })
        .collect();
    let termination = match core.settings.mutant {
        Some(Mutant::NoTerminationTime) => String::new(),
        _ => format!(
            "<tev:TerminationTime>{}</tev:TerminationTime>",
            escape(&core.stamp(ends))
        ),
    };
    format!(
        "<tev:PullMessagesResponse><tev:CurrentTime>{}</tev:CurrentTime>{termination}{messages}\
         </tev:PullMessagesResponse>",
        core.now_text()
    )
}
