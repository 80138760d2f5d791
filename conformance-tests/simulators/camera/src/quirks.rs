//! What real cameras do that the standard does not say, each as a named setting.
//!
//! The names are those of the configuration (`name=value`); each was seen in a public issue of an
//! ONVIF client.

/// Deviations. The default has none.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Quirks {
    /// The camera's clock minus the true time, milliseconds.
    pub clock_offset_ms: i64,
    /// After a reboot the clock is off by this much instead, milliseconds.
    pub clock_after_reboot_ms: Option<i64>,
    /// `UTCDateTime` holds local time of a zone this many minutes east of UTC.
    pub local_time_in_utc_minutes: i64,
    /// `Created` of a token must end in `Z`.
    pub created_z_only: bool,
    /// WS-UsernameToken is refused whatever it says.
    pub digest_only: bool,
    /// HTTP Digest is neither offered nor accepted.
    pub token_only: bool,
    /// `CreatePullPointSubscription` without `InitialTerminationTime` ends in a bare HTTP 500.
    pub needs_termination_time: bool,
    /// Minutes of a duration are taken for seconds: `PT10M` lives ten seconds.
    pub minutes_as_seconds: bool,
    /// Two renewals closer than this reboot the camera, milliseconds.
    pub renew_crash_ms: Option<i64>,
    /// `Renew` is refused with a fault; pulling keeps the subscription alive.
    pub renew_refused: bool,
    /// Pulling does not keep a subscription alive; only `Renew` does.
    pub needs_renew: bool,
    /// `SetSynchronizationPoint` is refused as not authorised.
    pub synchronization_refused: bool,
    /// All pull points share one address; the `SubscriptionId` header tells which is meant.
    pub reference_parameters: bool,
    /// The first `PullMessages` of each subscription meets `ResourceUnknownFault`.
    pub first_pull_unknown: bool,
    /// Ended subscriptions keep their place until a reboot.
    pub slots_leak: bool,
    /// Messages per second of a maker's log topic that nobody asked for.
    pub flood_per_second: u32,
    /// Times have nanoseconds and `+00:00`.
    pub nanosecond_times: bool,
    /// Service addresses name this host (behind NAT, or a factory default) instead of the real one.
    pub xaddr_host: Option<String>,
    /// `GetServices` is not known; only `GetCapabilities` is.
    pub no_get_services: bool,
    /// Every answer is late by this much, milliseconds.
    pub slow_ms: u64,
    /// Every n-th answer is not XML; 0 is never.
    pub garbage_every: u32,
    /// Every n-th exchange is cut without an answer; 0 is never.
    pub drop_every: u32,
    /// Every n-th exchange is never answered; 0 is never.
    pub hang_every: u32,
}

/// A quirk that could not be set.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum QuirkError {
    /// There is no such quirk.
    #[error("no quirk is called `{0}`; the names are {1}")]
    Unknown(String, String),
    /// The value does not fit.
    #[error("`{0}` is not a value for {1}")]
    Value(String, &'static str),
}

impl Quirks {
    /// Every name that [`Quirks::set`] knows.
    pub const NAMES: [&'static str; 23] = [
        "clock_offset_ms",
        "clock_after_reboot_ms",
        "local_time_in_utc_minutes",
        "created_z_only",
        "digest_only",
        "token_only",
        "needs_termination_time",
        "minutes_as_seconds",
        "renew_crash_ms",
        "renew_refused",
        "needs_renew",
        "synchronization_refused",
        "reference_parameters",
        "first_pull_unknown",
        "slots_leak",
        "flood_per_second",
        "nanosecond_times",
        "xaddr_host",
        "no_get_services",
        "slow_ms",
        "garbage_every",
        "drop_every",
        "hang_every",
    ];

    /// Sets one quirk by name, as configuration files and command lines do.
    pub fn set(&mut self, name: &str, value: &str) -> Result<(), QuirkError> {
        let Some(name) = Self::NAMES.into_iter().find(|known| *known == name) else {
            return Err(QuirkError::Unknown(name.to_owned(), Self::NAMES.join(", ")));
        };
        match name {
            "clock_offset_ms" => self.clock_offset_ms = parse(name, value)?,
            "clock_after_reboot_ms" => self.clock_after_reboot_ms = Some(parse(name, value)?),
            "local_time_in_utc_minutes" => self.local_time_in_utc_minutes = parse(name, value)?,
            "created_z_only" => self.created_z_only = parse(name, value)?,
            "digest_only" => self.digest_only = parse(name, value)?,
            "token_only" => self.token_only = parse(name, value)?,
            "needs_termination_time" => self.needs_termination_time = parse(name, value)?,
            "minutes_as_seconds" => self.minutes_as_seconds = parse(name, value)?,
            "renew_crash_ms" => self.renew_crash_ms = Some(parse(name, value)?),
            "renew_refused" => self.renew_refused = parse(name, value)?,
            "needs_renew" => self.needs_renew = parse(name, value)?,
            "synchronization_refused" => self.synchronization_refused = parse(name, value)?,
            "reference_parameters" => self.reference_parameters = parse(name, value)?,
            "first_pull_unknown" => self.first_pull_unknown = parse(name, value)?,
            "slots_leak" => self.slots_leak = parse(name, value)?,
            "flood_per_second" => self.flood_per_second = parse(name, value)?,
            "nanosecond_times" => self.nanosecond_times = parse(name, value)?,
            "xaddr_host" => self.xaddr_host = Some(value.to_owned()),
            "no_get_services" => self.no_get_services = parse(name, value)?,
            "slow_ms" => self.slow_ms = parse(name, value)?,
            "garbage_every" => self.garbage_every = parse(name, value)?,
            "drop_every" => self.drop_every = parse(name, value)?,
            _ => self.hang_every = parse(name, value)?,
        }
        Ok(())
    }
}

fn parse<T: std::str::FromStr>(name: &'static str, value: &str) -> Result<T, QuirkError> {
    value
        .parse()
        .map_err(|_| QuirkError::Value(value.to_owned(), name))
}

#[cfg(test)]
mod tests {
    use super::{QuirkError, Quirks};

    #[test]
    fn every_name_can_be_set_and_changes_something() {
        for name in Quirks::NAMES {
            let mut quirks = Quirks::default();
            let set = quirks.set(name, "7").or_else(|_| quirks.set(name, "true"));
            assert_eq!(set, Ok(()), "{name}");
            assert_ne!(quirks, Quirks::default(), "{name}");
        }
        assert!(matches!(
            Quirks::default().set("clock_of", "1"),
            Err(QuirkError::Unknown(..))
        ));
        assert!(matches!(
            Quirks::default().set("slow_ms", "soon"),
            Err(QuirkError::Value(..))
        ));
    }
}
