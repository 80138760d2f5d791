//! An order becomes a mail. Pure.

use cordon_contract::{Fault, Order};
use cordon_model::MessageId;
use lettre::Address;
use lettre::message::header::{ContentType, To};
use lettre::message::{Mailbox, Mailboxes};

use crate::config::Mail;
use crate::letter;

/// A mail as it is sent, whoever of its addresses still has to get it.
#[derive(Debug)]
pub(crate) struct Letter {
    /// The order's number.
    pub number: u64,
    /// The message that it tells, whichever order it goes by.
    pub id: MessageId,
    pub from: Address,
    /// All addresses of the receiver, in the order of the configuration.
    pub to: Vec<Address>,
    pub bytes: Vec<u8>,
}

impl Letter {
    /// Writes an order for its receiver.
    pub(crate) fn write(mail: &Mail, order: &Order) -> Result<Self, Fault> {
        let broken = |detail: String| {
            Fault::new("A072", format!("the mail cannot be written: {detail}"))
                .remedy("send alarms only to mail receivers; correct their addresses")
        };
        let message = &order.message;
        let (Some(subject), Some(body)) = (letter::subject(message), letter::body(message)) else {
            let kind = message.header.message_type;
            return Err(broken(format!("{kind} is no alarm")));
        };
        let from: Mailbox = mail
            .from
            .parse()
            .map_err(|error| broken(format!("{error}")))?;
        let to: Result<Vec<Mailbox>, _> = mail.to.iter().map(|address| address.parse()).collect();
        let to = to.map_err(|error| broken(format!("{error}")))?;
        // The message's own id, or that of the one it repeats: a mail sent again is recognised by mail programs.
        let repeats = message.header.source_ref.as_deref();
        let repeats = repeats.filter(|_| order.target.name().contains('/'));
        let repeats = repeats.and_then(|id| id.parse().ok());
        let id = repeats.unwrap_or(message.header.message_id);
        let written = lettre::Message::builder()
            .from(from.clone())
            .message_id(Some(format!("<{id}@cordon>")))
            .subject(subject)
            .header(ContentType::TEXT_PLAIN)
            .mailbox(To::from(shown(&to)))
            .body(body)
            .map_err(|error| broken(error.to_string()))?;
        Ok(Self {
            number: order.number,
            id,
            from: from.email,
            to: to.into_iter().map(|mailbox| mailbox.email).collect(),
            bytes: written.formatted(),
        })
    }
}

/// Whom the mail names. One address in letters that not every server takes must not keep the mail from the
/// others, so it stands on the envelope alone.
fn shown(to: &[Mailbox]) -> Mailboxes {
    let plain = |mailbox: &&Mailbox| is_ascii(&mailbox.email);
    let has_plain = to.iter().any(|mailbox| plain(&mailbox));
    let shown = to.iter().filter(|mailbox| !has_plain || plain(mailbox));
    shown.cloned().collect()
}

/// Whether every mail server takes it.
pub(crate) fn is_ascii(address: &Address) -> bool {
    let text: &str = address.as_ref();
    text.is_ascii()
}

/// An address as it may be shown: `d***@park.example`.
pub(crate) fn masked(address: &Address) -> String {
    let first = address.user().chars().next().unwrap_or('*');
    format!("{first}***@{}", address.domain())
}

#[cfg(test)]
mod tests {
    use super::{Letter, masked};
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

    fn text(letter: &Letter) -> String {
        String::from_utf8(letter.bytes.clone()).unwrap()
    }

    #[test]
    fn a_mail_has_its_own_number_and_all_its_addresses_and_is_plain_text() {
        let order = order(event("苏H12345"));
        let mail = mail("\"duty@park.example\", \"值班 <night@park.example>\"");
        let letter = Letter::write(&mail, &order).unwrap();
        let to: Vec<String> = letter.to.iter().map(ToString::to_string).collect();
        assert_eq!(to, ["duty@park.example", "night@park.example"]);
        let text = text(&letter);
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
            "night@park.example",
        ] {
            assert!(text.contains(line), "{line} in\n{text}");
        }
        let again = Letter::write(&mail, &order).unwrap();
        assert!(self::text(&again).contains(&id));
    }

    #[test]
    fn an_address_that_is_not_ascii_spoils_no_mail_for_the_others() {
        let mail = mail("\"duty@park.example\", \"值班@park.example\"");
        let letter = Letter::write(&mail, &order(event(""))).unwrap();
        assert!(letter.bytes.is_ascii());
        assert_eq!(letter.to.len(), 2);
        assert_eq!(masked(&letter.to[0]), "d***@park.example");
    }

    #[test]
    fn what_is_no_alarm_is_not_mailed() {
        let mail = mail("\"duty@park.example\"");
        let fault = Letter::write(&mail, &order(status())).unwrap_err();
        assert_eq!(fault.code(), "A072");
    }
}
