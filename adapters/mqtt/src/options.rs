//! Connection options of the two clients, and how long to wait before the next try.

use std::sync::Arc;
use std::time::Duration;

use cordon_contract::Fault;
use rumqttc::{AckMode, BrokerSessionResumePolicy, MqttOptions, TlsConfiguration, Transport};

use crate::config::Config;

const BACK_OFF_FIRST_MS: u64 = 500;
const BACK_OFF_MAX_MS: u64 = 30_000;

/// The client that takes messages in: persistent session, manual acknowledgement. It publishes
/// nothing, so it may take up a session that only the broker remembers.
pub fn intake(
    config: &Config,
    tls: Option<&Arc<rustls::ClientConfig>>,
) -> Result<MqttOptions, Fault> {
    let mut options = common(config, tls, &config.client_id)?;
    options
        .set_clean_start(false)
        .set_session_expiry_interval(Some(config.session_expiry_s))
        .set_broker_session_resume_policy(BrokerSessionResumePolicy::AllowBrokerOnly)
        .set_ack_mode(AckMode::Manual)
        .set_receive_maximum(Some(config.queue));
    Ok(options)
}

/// The client that publishes orders: nothing of it outlives the connection, because an order that
/// was not confirmed is never replayed.
pub fn output(
    config: &Config,
    tls: Option<&Arc<rustls::ClientConfig>>,
) -> Result<MqttOptions, Fault> {
    let mut options = common(config, tls, &format!("{}-out", config.client_id))?;
    options
        .set_clean_start(true)
        .set_session_expiry_interval(Some(0));
    Ok(options)
}

fn common(
    config: &Config,
    tls: Option<&Arc<rustls::ClientConfig>>,
    client_id: &str,
) -> Result<MqttOptions, Fault> {
    let mut options = MqttOptions::new(client_id, (config.host.clone(), config.port));
    options
        .set_keep_alive(config.keep_alive_s)
        .set_connect_timeout(Duration::from_secs(10))
        .set_max_packet_size(Some(config.packet_bytes_max));
    if let Some(tls) = tls {
        options.set_transport(Transport::Tls(TlsConfiguration::Rustls(Arc::clone(tls))));
    }
    if let Some(user) = &config.user {
        let password = match &config.password_file {
            Some(file) => std::fs::read_to_string(file).map_err(|error| {
                Fault::new("K032", format!("password file cannot be read: {error}"))
                    .at(format!("{}", file.display()))
                    .remedy("write the password on the first line and let only the hub read it")
            })?,
            None => String::new(),
        };
        let word = password.lines().next().unwrap_or_default().to_owned();
        options.set_credentials(user.clone(), word);
    }
    Ok(options)
}

/// How long to wait before try `attempt` (from 0): doubles up to half a minute, and lies somewhere
/// between half and all of that, so that many clients do not come back at the same instant.
pub fn back_off(attempt: u32, seed: u64) -> Duration {
    let full = BACK_OFF_FIRST_MS
        .saturating_mul(1 << attempt.min(10))
        .min(BACK_OFF_MAX_MS);
    let mut mixed = seed
        .wrapping_add(u64::from(attempt))
        .wrapping_mul(0x9E37_79B9_7F4A_7C15);
    mixed ^= mixed >> 29;
    Duration::from_millis(full / 2 + mixed % (full / 2 + 1))
}

#[cfg(test)]
mod tests {
    use super::back_off;

    #[test]
    fn back_off_grows_is_bounded_and_differs() {
        for attempt in 0..40 {
            let wait = back_off(attempt, 7).as_millis();
            assert!((250..=30_000).contains(&wait), "{attempt}: {wait}");
        }
        assert!(back_off(9, 1) >= std::time::Duration::from_secs(15));
        assert_ne!(back_off(3, 1), back_off(3, 2));
    }
}
