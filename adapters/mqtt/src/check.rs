//! What of the configuration can be judged without a network.

use std::collections::BTreeSet;

use cordon_contract::Fault;

use crate::config::{Config, DEVICES_MAX};

impl Config {
    /// Looks at the values alone; touches no network.
    pub fn check(&self) -> Vec<Fault> {
        let mut faults = Vec::new();
        let mut bad = |field: &str, detail: &str, remedy: &str| {
            let place = format!("mqtt `{}`: {field}", self.name);
            faults.push(Fault::new("K031", detail).at(place).remedy(remedy));
        };
        if self.client_id.is_empty() || self.client_id.len() > 120 {
            bad(
                "client_id",
                "must have 1 to 120 letters",
                "give a name that never changes",
            );
        }
        if !(1..=10_000).contains(&self.queue) {
            bad("queue", "must be 1 to 10000", "256 suits most parks");
        }
        if self.keep_alive_s < 5 {
            bad(
                "keep_alive_s",
                "must be at least 5",
                "30 suits most networks",
            );
        }
        if self.packet_bytes_max < 1_024 {
            bad(
                "packet_bytes_max",
                "must be at least 1024",
                "1048576 suits most gateways",
            );
        }
        if self.user.is_none() && self.password_file.is_some() {
            bad(
                "password_file",
                "a password without `user`",
                "name the user",
            );
        }
        if self
            .tls
            .as_ref()
            .is_some_and(|tls| tls.certificate.is_some() != tls.key.is_some())
        {
            bad(
                "tls",
                "`certificate` and `key` come together",
                "name both or none",
            );
        }
        if self.subscription.is_empty() && self.receiver.is_empty() {
            bad(
                "subscription",
                "nothing to do",
                "add a [[subscription]] or a [[receiver]]",
            );
        }
        for subscription in &self.subscription {
            let field = format!("subscription `{}`", subscription.filter);
            if !rumqttc::valid_filter(&subscription.filter) {
                bad(&field, "not a topic filter", "see MQTT 5, section 4.7");
            }
            if subscription.mapping.split('/').count() != 3 {
                bad(
                    &field,
                    "`mapping` is not vendor/model/version",
                    "name a package folder",
                );
            }
            if subscription
                .identity
                .iter()
                .any(|pointer| !pointer.starts_with('/'))
            {
                bad(
                    &field,
                    "`identity` holds JSON pointers",
                    "write them as \"/time\"",
                );
            }
        }
        self.check_watch(&mut bad);
        for receiver in &self.receiver {
            if receiver.topic.is_empty() || receiver.topic.contains(['+', '#']) {
                let field = format!("receiver `{}`", receiver.name);
                bad(&field, "`topic` may hold no wildcard", "name one topic");
            }
            if !(1..=120).contains(&receiver.timeout_s) {
                let field = format!("receiver `{}`", receiver.name);
                let remedy = "10 suits most brokers";
                bad(&field, "`timeout_s` is outside 1 to 120", remedy);
            }
        }
        faults
    }

    fn check_watch(&self, bad: &mut impl FnMut(&str, &str, &str)) {
        if self.watch.len() > DEVICES_MAX {
            bad("watch", "more than 10000 devices", "use a second instance");
        }
        let mut seen = BTreeSet::new();
        for watch in &self.watch {
            let field = format!("watch `{}`", watch.device);
            if watch.device == self.gateway {
                let remedy = "name the devices behind the link";
                bad(&field, "the gateway stands for the link itself", remedy);
            }
            if !seen.insert(&watch.device) {
                bad(&field, "listed twice", "list a device once");
            }
        }
        for presence in &self.presence {
            let field = format!("presence `{}`", presence.filter);
            if !rumqttc::valid_filter(&presence.filter) {
                bad(&field, "not a topic filter", "see MQTT 5, section 4.7");
            }
            let is_heard = |filter: &str| overlap(filter, &presence.filter);
            if !self.subscription.iter().any(|it| is_heard(&it.filter)) {
                bad(
                    &field,
                    "no subscription hears such a topic",
                    "widen a [[subscription]], or correct the filter",
                );
            }
            let pointer = presence.pointer.as_deref().unwrap_or("/");
            if !pointer.starts_with('/') {
                bad(
                    &field,
                    "`pointer` is no JSON pointer",
                    "write it as \"/state\"",
                );
            }
            let is_online = |word: &String| {
                presence
                    .online
                    .iter()
                    .any(|on| on.eq_ignore_ascii_case(word))
            };
            if presence.offline.iter().any(is_online) {
                bad(
                    &field,
                    "a word says both online and offline",
                    "leave it in one list",
                );
            }
        }
    }
}

/// Whether there can be a topic that both filters mean.
fn overlap(subscription: &str, filter: &str) -> bool {
    // `$share/GROUP/FILTER` hears what FILTER means.
    let heard = match subscription.strip_prefix("$share/") {
        Some(shared) => shared.split_once('/').map_or("", |(_, filter)| filter),
        None => subscription,
    };
    let (mut heard, mut wanted) = (heard.split('/'), filter.split('/'));
    loop {
        match (heard.next(), wanted.next()) {
            (Some("#"), _) | (_, Some("#")) | (None, None) => return true,
            (Some(one), Some(other)) if one == other || one == "+" || other == "+" => {}
            _ => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::overlap;
    use crate::config::Config;

    #[test]
    fn filters_overlap_when_a_topic_can_be_of_both() {
        for (subscription, filter) in [
            ("s/#", "s/+/LWT"),
            ("s/+/LWT", "s/GW/+"),
            ("$share/hub/s/#", "s/GW/LWT"),
            ("s/#", "s"),
            ("#", "tele/x"),
            ("s/+", "s/#"),
        ] {
            assert!(overlap(subscription, filter), "{subscription} {filter}");
        }
        for (subscription, filter) in [
            ("s/#", "tele/+/LWT"),
            ("s/+", "s/GW/LWT"),
            ("$share/s/x", "s/x"),
            ("s/x/y", "s/x"),
        ] {
            assert!(!overlap(subscription, filter), "{subscription} {filter}");
        }
    }

    fn faults(more: &str) -> Vec<String> {
        let head = "name = \"s\"\nhost = \"h\"\nport = 1\nclient_id = \"hub\"\ngateway = \"GW\"\n\
                    [[subscription]]\nfilter = \"s/#\"\nmapping = \"a/b/1\"\n";
        let config: Config = toml::from_str(&format!("{head}{more}")).unwrap();
        let faults = config.check().into_iter();
        faults.map(|fault| fault.to_string()).collect()
    }

    #[test]
    fn watched_devices_and_presence_are_looked_at() {
        let good = "[[watch]]\ndevice = \"D-1\"\n[[presence]]\nfilter = \"s/+/LWT\"\n";
        assert!(faults(good).is_empty());
        let bad = "[[watch]]\ndevice = \"D-1\"\n[[watch]]\ndevice = \"D-1\"\n[[watch]]\ndevice = \"GW\"\n\
                   [[presence]]\nfilter = \"s/#/x\"\npointer = \"state\"\noffline = [\"ONLINE\"]\n";
        let faults = faults(bad).join("\n");
        for words in [
            "listed twice",
            "stands for the link",
            "not a topic filter",
            "no JSON pointer",
            "says both",
        ] {
            assert!(faults.contains(words), "{words} in\n{faults}");
        }
    }
}
