//! The network: calls and mails within their time, and what the answers mean.

use std::time::Duration;

use bytes::Bytes;
use cordon_contract::{Fault, Order, Outcome, OutcomeKind};
use cordon_http::Client;
use lettre::message::header::ContentType;
use lettre::message::{Mailbox, Mailboxes, MessageBuilder};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, CertificateStore, Tls, TlsParameters};
use lettre::{AsyncSmtpTransport, AsyncTransport as _, Tokio1Executor};

use crate::config::{Mail, Security};
use crate::letter;
use crate::secret::first_line;

/// One way to a mail server.
pub(crate) type Transport = AsyncSmtpTransport<Tokio1Executor>;

/// Calls a webhook and reads its answer.
pub(crate) async fn call(
    client: &Client,
    request: http::Request<Bytes>,
    patience: Duration,
) -> Outcome {
    match client.status_within(request, patience).await {
        Ok(answer) => cordon_http::outcome_of(answer.status(), answer.body()),
        // The idempotency key makes a second try harmless, so "it may have heard" is no end.
        Err(error) => Outcome::new(OutcomeKind::Failed, error.to_string()),
    }
}

/// Makes the way to a mail server; opens no connection.
pub(crate) fn transport(mail: &Mail) -> Result<Transport, Fault> {
    let unusable = |detail: String| {
        Fault::new("K071", detail)
            .at(format!("mail `{}`", mail.receiver))
            .remedy("check `ca` and `host`")
    };
    let tls = match mail.security {
        Security::None => Tls::None,
        security => {
            let mut parameters = TlsParameters::builder(mail.host.clone());
            if let Some(ca) = &mail.ca {
                let pem = std::fs::read(ca).map_err(|error| {
                    unusable(format!("`{}` cannot be read: {error}", ca.display()))
                })?;
                let roots =
                    Certificate::from_pem(&pem).map_err(|error| unusable(error.to_string()))?;
                parameters = parameters
                    .certificate_store(CertificateStore::None)
                    .add_root_certificate(roots);
            }
            let parameters = parameters
                .build_rustls()
                .map_err(|error| unusable(error.to_string()))?;
            match security {
                Security::Tls => Tls::Wrapper(parameters),
                _ => Tls::Required(parameters),
            }
        }
    };
    let mut builder = Transport::builder_dangerous(&mail.host)
        .port(mail.port)
        .timeout(Some(Duration::from_secs(u64::from(mail.timeout_s))))
        .tls(tls);
    if let (Some(user), Some(file)) = (&mail.user, &mail.password_file) {
        builder = builder.credentials(Credentials::new(user.clone(), first_line(file)?));
    }
    Ok(builder.build())
}

/// Writes and sends a mail.
pub(crate) async fn send(
    transport: &Transport,
    mail: &Mail,
    order: &Order,
    patience: Duration,
) -> Outcome {
    let letter = match write(mail, order) {
        Ok(letter) => letter,
        Err(fault) => return Outcome::new(OutcomeKind::Refused, fault.to_string()),
    };
    match tokio::time::timeout(patience, transport.send(letter)).await {
        Err(_) => Outcome::new(
            OutcomeKind::Failed,
            "the mail server did not answer in time",
        ),
        Ok(Ok(answer)) => Outcome::new(
            OutcomeKind::Confirmed,
            format!("answered {}", answer.code()),
        ),
        Ok(Err(error)) if error.is_permanent() => {
            Outcome::new(OutcomeKind::Refused, error.to_string())
        }
        Ok(Err(error)) => Outcome::new(OutcomeKind::Failed, error.to_string()),
    }
}

fn write(mail: &Mail, order: &Order) -> Result<lettre::Message, Fault> {
    let broken = |detail: String| {
        Fault::new("A072", format!("the mail cannot be written: {detail}"))
            .remedy("send alarms only to mail receivers; correct their addresses")
    };
    let message = &order.message;
    let (Some(subject), Some(body)) = (letter::subject(message), letter::body(message)) else {
        return Err(broken(format!(
            "{} is no alarm",
            message.header.message_type
        )));
    };
    let from: Mailbox = mail
        .from
        .parse()
        .map_err(|error| broken(format!("{error}")))?;
    let to: Result<Vec<Mailbox>, _> = mail.to.iter().map(|address| address.parse()).collect();
    let to: Mailboxes = to
        .map_err(|error| broken(format!("{error}")))?
        .into_iter()
        .collect();
    // The message's own id: a mail sent again is recognised by mail programs.
    let id = format!("<{}@cordon>", message.header.message_id);
    let mut builder: MessageBuilder = lettre::Message::builder()
        .from(from)
        .message_id(Some(id))
        .subject(subject)
        .header(ContentType::TEXT_PLAIN);
    builder = builder.mailbox(lettre::message::header::To::from(to));
    builder
        .body(body)
        .map_err(|error| broken(error.to_string()))
}

/// Whether a mail server greets us.
pub(crate) async fn greets(transport: &Transport, patience: Duration) -> Result<(), String> {
    match tokio::time::timeout(patience, transport.test_connection()).await {
        Err(_) => Err("it did not answer in time".to_owned()),
        Ok(Ok(true)) => Ok(()),
        Ok(Ok(false)) => Err("it refused the greeting".to_owned()),
        Ok(Err(error)) => Err(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::write;
    use crate::config::Config;
    use crate::sample::{event, order, status};

    fn mail(to: &str) -> crate::Mail {
        let config: Config = toml::from_str(&format!(
            "name = \"mails\"\n[[mail]]\nreceiver = \"duty\"\nhost = \"mail.example\"\nport = 587\n\
             from = \"hub@park.example\"\nto = [{to}]\n"
        ))
        .unwrap();
        config.mails.into_iter().next().unwrap()
    }

    #[test]
    fn a_mail_has_its_own_number_and_all_its_addresses_and_is_plain_text() {
        let order = order(event("苏H12345"));
        let mail = mail("\"duty@park.example\", \"值班 <night@park.example>\"");
        let letter = write(&mail, &order).unwrap();
        let to: Vec<String> = letter
            .envelope()
            .to()
            .iter()
            .map(ToString::to_string)
            .collect();
        assert_eq!(to, ["duty@park.example", "night@park.example"]);
        let text = String::from_utf8(letter.formatted()).unwrap();
        assert!(text.is_ascii(), "what is not ASCII is encoded:\n{text}");
        let id = format!(
            "Message-ID: <{}@cordon>\r\n",
            order.message.header.message_id
        );
        for line in [
            id.as_str(),
            "From: hub@park.example\r\n",
            "Content-Type: text/plain; charset=utf-8\r\n",
            "Subject: =?utf-8?b?",
        ] {
            assert!(text.contains(line), "{line} in\n{text}");
        }
        let again = write(&mail, &order).unwrap();
        assert!(String::from_utf8(again.formatted()).unwrap().contains(&id));
    }

    #[test]
    fn what_is_no_alarm_is_not_mailed() {
        let fault = write(&mail("\"duty@park.example\""), &order(status())).unwrap_err();
        assert_eq!(fault.code(), "A072");
    }
}
