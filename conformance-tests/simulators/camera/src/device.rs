//! The device service.

use std::fmt::Write as _;
use std::sync::Arc;

use crate::camera::Core;
use crate::clock::{civil, true_ms};
use crate::ids::{TDS, TEV, TRT};
use crate::soap::{Call, Fault, escape};
use crate::{Event, Mutant};

/// Token of the one relay output.
const RELAY: &str = "relay-1";

/// Answers an operation of the device service; `host` is how the caller names the camera.
pub(crate) fn answer(core: &Arc<Core>, call: &Call<'_>, host: &str) -> Result<String, Fault> {
    let name = call.payload.local();
    let body = match name {
        "GetSystemDateAndTime" => date_and_time(core),
        "SetSystemDateAndTime" => set_date_and_time(core, call)?,
        "GetServices" if !core.settings.quirks.no_get_services => services(core, call, host),
        "GetServiceCapabilities" => service_capabilities().to_owned(),
        "GetCapabilities" => capabilities(core, host),
        "GetDeviceInformation" => information(core),
        "GetScopes" => scopes(core),
        "GetHostname" => "<tds:HostnameInformation><tt:FromDHCP>false</tt:FromDHCP>\
             <tt:Name>virtual-camera</tt:Name></tds:HostnameInformation>"
            .to_owned(),
        "GetNetworkInterfaces" => network_interfaces(core),
        "GetUsers" => users(core),
        "GetRelayOutputs" => format!(
            "<tds:RelayOutputs token=\"{RELAY}\"><tt:Properties><tt:Mode>Bistable</tt:Mode>\
             <tt:DelayTime>PT0S</tt:DelayTime><tt:IdleState>open</tt:IdleState></tt:Properties>\
             </tds:RelayOutputs>"
        ),
        "SetRelayOutputState" => set_relay(core, call)?,
        "SystemReboot" => {
            core.reboot();
            let ms = core.settings.reboot_ms;
            format!("<tds:Message>Rebooting, back in {ms} ms</tds:Message>")
        }
        _ => return Err(unknown(core, name)),
    };
    Ok(format!("<tds:{name}Response>{body}</tds:{name}Response>"))
}

/// The fault for operations the camera does not have.
pub(crate) fn unknown(core: &Core, name: &str) -> Fault {
    tracing::debug!(addr = %core.addr, name, "operation not supported");
    let reason = format!("{} is not supported", escape(name));
    Fault::receiver(&["ter:ActionNotSupported"], &reason)
}

/// The address of a service as the camera tells it.
pub(crate) fn xaddr(core: &Core, host: &str, path: &str) -> String {
    let host = core.settings.quirks.xaddr_host.as_deref().unwrap_or(host);
    format!("http://{}/onvif/{path}", escape(host))
}

fn date_and_time(core: &Core) -> String {
    let zone = core.settings.quirks.local_time_in_utc_minutes;
    let [year, month, day, hour, minute, second, _] = civil(core.camera_ms() + zone * 60_000);
    format!(
        "<tds:SystemDateAndTime><tt:DateTimeType>Manual</tt:DateTimeType>\
         <tt:DaylightSavings>false</tt:DaylightSavings><tt:TimeZone><tt:TZ>CST-8</tt:TZ></tt:TimeZone>\
         <tt:UTCDateTime><tt:Time><tt:Hour>{hour}</tt:Hour><tt:Minute>{minute}</tt:Minute>\
         <tt:Second>{second}</tt:Second></tt:Time><tt:Date><tt:Year>{year}</tt:Year>\
         <tt:Month>{month}</tt:Month><tt:Day>{day}</tt:Day></tt:Date></tt:UTCDateTime>\
         </tds:SystemDateAndTime>"
    )
}

fn set_date_and_time(core: &Core, call: &Call<'_>) -> Result<String, Fault> {
    if call.text("DateTimeType").as_deref() == Some("NTP") {
        core.state().clock_offset_ms = 0;
        return Ok(String::new());
    }
    let number = |name: &str| -> Option<i64> {
        let mut all = call.payload.elements();
        all.find(|node| node.local() == name)?
            .text()
            .trim()
            .parse()
            .ok()
    };
    let parts = ["Year", "Month", "Day", "Hour", "Minute", "Second"].map(number);
    let [
        Some(year),
        Some(month),
        Some(day),
        Some(hour),
        Some(minute),
        Some(second),
    ] = parts
    else {
        let reason = "a date and time in UTC is needed";
        return Err(Fault::sender(
            &["ter:InvalidArgVal", "ter:InvalidDateTime"],
            reason,
        ));
    };
    let text = format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z");
    let Some(ms) = crate::clock::parse_date_time(&text) else {
        let reason = "no such date and time";
        return Err(Fault::sender(
            &["ter:InvalidArgVal", "ter:InvalidDateTime"],
            reason,
        ));
    };
    core.state().clock_offset_ms = ms - true_ms();
    Ok(String::new())
}

fn services(core: &Core, call: &Call<'_>, host: &str) -> String {
    let full = call
        .text("IncludeCapability")
        .is_some_and(|text| text == "true" || text == "1");
    let mut out = String::new();
    for (namespace, path, capabilities) in [
        (TDS, "device_service", service_capabilities().to_owned()),
        (
            TRT,
            "media_service",
            crate::media::service_capabilities().to_owned(),
        ),
        (
            TEV,
            "event_service",
            crate::events::service_capabilities(core),
        ),
    ] {
        let _ = write!(
            out,
            "<tds:Service><tds:Namespace>{namespace}</tds:Namespace><tds:XAddr>{}</tds:XAddr>",
            xaddr(core, host, path)
        );
        if full {
            let _ = write!(out, "<tds:Capabilities>{capabilities}</tds:Capabilities>");
        }
        out.push_str(
            "<tds:Version><tt:Major>2</tt:Major><tt:Minor>60</tt:Minor></tds:Version></tds:Service>",
        );
    }
    out
}

fn service_capabilities() -> &'static str {
    "<tds:Capabilities><tds:Network/>\
     <tds:Security UsernameToken=\"true\" HttpDigest=\"true\" MaxUsers=\"8\"/>\
     <tds:System DiscoveryResolve=\"false\" DiscoveryBye=\"false\"/></tds:Capabilities>"
}

fn capabilities(core: &Core, host: &str) -> String {
    format!(
        "<tds:Capabilities><tt:Device><tt:XAddr>{}</tt:XAddr></tt:Device>\
         <tt:Events><tt:XAddr>{}</tt:XAddr>\
         <tt:WSSubscriptionPolicySupport>false</tt:WSSubscriptionPolicySupport>\
         <tt:WSPullPointSupport>true</tt:WSPullPointSupport>\
         <tt:WSPausableSubscriptionManagerInterfaceSupport>false\
         </tt:WSPausableSubscriptionManagerInterfaceSupport></tt:Events>\
         <tt:Media><tt:XAddr>{}</tt:XAddr><tt:StreamingCapabilities/></tt:Media></tds:Capabilities>",
        xaddr(core, host, "device_service"),
        xaddr(core, host, "event_service"),
        xaddr(core, host, "media_service"),
    )
}

fn information(core: &Core) -> String {
    let identity = &core.settings.identity;
    let serial = match core.settings.mutant {
        Some(Mutant::NamelessIdentity) => "",
        _ => identity.serial.as_str(),
    };
    format!(
        "<tds:Manufacturer>{}</tds:Manufacturer><tds:Model>{}</tds:Model>\
         <tds:FirmwareVersion>{}</tds:FirmwareVersion><tds:SerialNumber>{}</tds:SerialNumber>\
         <tds:HardwareId>{}</tds:HardwareId>",
        escape(&identity.manufacturer),
        escape(&identity.model),
        escape(&identity.firmware),
        escape(serial),
        escape(&identity.hardware)
    )
}

fn scopes(core: &Core) -> String {
    let word = |text: &str| -> String {
        text.chars()
            .map(|c| if c.is_ascii_alphanumeric() { c } else { '_' })
            .collect()
    };
    let identity = &core.settings.identity;
    let mut out = String::new();
    for scope in [
        "type/Network_Video_Transmitter".to_owned(),
        "Profile/S".to_owned(),
        "Profile/T".to_owned(),
        format!("hardware/{}", word(&identity.hardware)),
        format!("name/{}", word(&identity.model)),
    ] {
        let _ = write!(
            out,
            "<tds:Scopes><tt:ScopeDef>Fixed</tt:ScopeDef>\
             <tt:ScopeItem>onvif://www.onvif.org/{scope}</tt:ScopeItem></tds:Scopes>"
        );
    }
    out
}

fn network_interfaces(core: &Core) -> String {
    format!(
        "<tds:NetworkInterfaces token=\"eth0\"><tt:Enabled>true</tt:Enabled><tt:Info>\
         <tt:Name>eth0</tt:Name><tt:HwAddress>02:00:00:00:00:01</tt:HwAddress></tt:Info>\
         <tt:IPv4><tt:Enabled>true</tt:Enabled><tt:Config><tt:Manual><tt:Address>{}</tt:Address>\
         <tt:PrefixLength>8</tt:PrefixLength></tt:Manual><tt:DHCP>false</tt:DHCP></tt:Config>\
         </tt:IPv4></tds:NetworkInterfaces>",
        core.addr.ip()
    )
}

fn users(core: &Core) -> String {
    let mut out = String::new();
    for user in &core.settings.users {
        let _ = write!(
            out,
            "<tds:User><tt:Username>{}</tt:Username>\
             <tt:UserLevel>Administrator</tt:UserLevel></tds:User>",
            escape(&user.name)
        );
    }
    out
}

fn set_relay(core: &Core, call: &Call<'_>) -> Result<String, Fault> {
    let token = call.text("RelayOutputToken").unwrap_or_default();
    if token != RELAY {
        let reason = "no relay output has this token";
        return Err(Fault::sender(
            &["ter:InvalidArgVal", "ter:RelayToken"],
            reason,
        ));
    }
    let active = match call.text("LogicalState").as_deref() {
        Some("active") => true,
        Some("inactive") => false,
        _ => return Err(Fault::sender(&["ter:InvalidArgVal"], "active or inactive")),
    };
    let changed = std::mem::replace(&mut core.state().relay, active) != active;
    if changed {
        core.tell(&Event::relay(RELAY, active));
    }
    Ok(String::new())
}
