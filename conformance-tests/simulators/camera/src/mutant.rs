//! Cameras with one fault each, to prove that the examination finds it.

/// One fault. Each breaks exactly one case of the examination.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Mutant {
    /// The serial number is empty.
    NamelessIdentity,
    /// The clock is two minutes slow.
    SlowClock,
    /// Operations that need a login work without one.
    OpenDoor,
    /// A digest login with a wrong password is accepted.
    AnyDigestPassword,
    /// A token with a wrong password is accepted.
    AnyTokenPassword,
    /// A token of yesterday is accepted.
    StaleTokens,
    /// A token can be used twice.
    ReusedNonces,
    /// `GetEventProperties` leaves out a topic that the camera emits.
    HiddenTopic,
    /// `PullMessages` answers at once instead of waiting.
    HastyPull,
    /// `Renew` answers well and changes nothing.
    HollowRenew,
    /// Subscriptions outlive their end.
    ImmortalSubscriptions,
    /// `Unsubscribe` answers well and changes nothing.
    HollowUnsubscribe,
    /// Messages come in the wrong order.
    LastFirst,
    /// `PullMessages` answers lack the required `TerminationTime`.
    NoTerminationTime,
    /// Unknown operations are answered as if they had worked.
    YesMan,
    /// Filters are accepted and not applied.
    DeafToFilters,
}

impl Mutant {
    /// All of them.
    pub const ALL: [Self; 16] = [
        Self::NamelessIdentity,
        Self::SlowClock,
        Self::OpenDoor,
        Self::AnyDigestPassword,
        Self::AnyTokenPassword,
        Self::StaleTokens,
        Self::ReusedNonces,
        Self::HiddenTopic,
        Self::HastyPull,
        Self::HollowRenew,
        Self::ImmortalSubscriptions,
        Self::HollowUnsubscribe,
        Self::LastFirst,
        Self::NoTerminationTime,
        Self::YesMan,
        Self::DeafToFilters,
    ];

    /// How it is called in configurations.
    pub fn name(self) -> &'static str {
        match self {
            Self::NamelessIdentity => "nameless-identity",
            Self::SlowClock => "slow-clock",
            Self::OpenDoor => "open-door",
            Self::AnyDigestPassword => "any-digest-password",
            Self::AnyTokenPassword => "any-token-password",
            Self::StaleTokens => "stale-tokens",
            Self::ReusedNonces => "reused-nonces",
            Self::HiddenTopic => "hidden-topic",
            Self::HastyPull => "hasty-pull",
            Self::HollowRenew => "hollow-renew",
            Self::ImmortalSubscriptions => "immortal-subscriptions",
            Self::HollowUnsubscribe => "hollow-unsubscribe",
            Self::LastFirst => "last-first",
            Self::NoTerminationTime => "no-termination-time",
            Self::YesMan => "yes-man",
            Self::DeafToFilters => "deaf-to-filters",
        }
    }

    /// The mutant of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|mutant| mutant.name() == name)
    }
}
