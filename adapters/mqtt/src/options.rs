//! Connection options of the two clients, and how long to wait before the next try.

use std::sync::Arc;
use std::time::Duration;

use cordon_contract::Fault;
use rumqttc::{AckMode, MqttOptions, TlsConfiguration, Transport};

use crate::config::Config;
use crate::own_half::OwnHalf;

/// Packets the client takes from one read of the network before it looks for something to send.
pub const READ_BATCH: usize = 64;

/// The client that takes messages in: persistent session, manual acknowledgement.
pub fn intake(
    config: &Config,
    tls: Option<&Arc<rustls::ClientConfig>>,
) -> Result<MqttOptions, Fault> {
    let mut options = common(config, tls, &config.client_id)?;
    options
        .set_clean_start(false)
        .set_session_expiry_interval(Some(config.session_expiry_s))
        .set_session_store(OwnHalf)
        .set_ack_mode(AckMode::Manual)
        .set_read_batch_size(READ_BATCH)
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
