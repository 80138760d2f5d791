//! One conversation with a mail server, in which each address has an answer of its own.
//!
//! The library sends a mail to all of its addresses or to none; so the commands are said here one by one.

use std::collections::BTreeMap;
use std::time::Duration;

use cordon_contract::Fault;
use lettre::transport::smtp::authentication::{Credentials, DEFAULT_MECHANISMS};
use lettre::transport::smtp::client::{
    AsyncSmtpConnection, Certificate, CertificateStore, Tls, TlsParameters,
};
use lettre::transport::smtp::commands::{Data, Mail as MailFrom, Rcpt};
use lettre::transport::smtp::extension::{ClientId, Extension, MailBodyParameter, MailParameter};
use lettre::transport::smtp::{Error, response::Response};
use tokio::time::{Instant, timeout, timeout_at};

use crate::config::{Mail, Security};
use crate::mail::{Letter, is_ascii};
use crate::secret::first_line;

/// The server takes no more in this conversation; the whole of it is over.
const CLOSING: u16 = 421;
/// So many addresses are too many for one mail; the others go with a further one.
const TOO_MANY: [u16; 2] = [452, 552];
/// How long a server is waited for that is told goodbye; its mail is settled.
const GOODBYE: Duration = Duration::from_secs(2);
pub(crate) const NO_ANSWER: &str = "the mail server did not answer in time";

/// What became of a mail for one address.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Answer {
    /// The server took it over.
    Taken(String),
    /// For good.
    Refused(String),
    /// For now.
    Later(String),
}

impl Answer {
    fn of(error: &Error) -> Self {
        match error.is_permanent() {
            true => Self::Refused(error.to_string()),
            false => Self::Later(error.to_string()),
        }
    }
}

/// Answers by the address's place in [`Letter::to`].
pub(crate) type Answers = BTreeMap<usize, Answer>;

/// How a conversation ended, besides the answers it brought.
#[derive(Debug)]
pub(crate) enum Ended {
    /// As it should; these addresses were too many for it.
    Over(Vec<usize>),
    /// At one address, which has its answer. Nobody has the mail.
    Broke {
        /// Those that had been taken before it.
        taken: Vec<usize>,
        untried: Vec<usize>,
        /// That address, if the server said nothing.
        slow: Option<usize>,
    },
    /// The mail was refused for all that had been taken.
    Declined(Vec<usize>, Answer),
    /// The server said nothing of it, neither yes nor no, which may be because of one of these. Whether they
    /// have it is not known where the text was written.
    Silent(Vec<usize>, String),
    /// Before any address was named: so it is for all.
    Shut(Answer),
}

/// How long a conversation may take.
#[derive(Clone, Copy)]
pub(crate) struct Limits {
    /// All of it.
    pub until: Instant,
    /// Until the last address is named.
    pub named_by: Instant,
    /// One address.
    pub each: Duration,
    /// The server's leave to write the text.
    pub leave: Duration,
    /// Its word when it has the text.
    pub word: Duration,
}

/// A way to a mail server.
pub(crate) struct Server {
    host: String,
    port: u16,
    tls: Tls,
    credentials: Option<Credentials>,
}

impl Server {
    /// Makes the way; opens no connection.
    pub(crate) fn new(mail: &Mail) -> Result<Self, Fault> {
        let credentials = match (&mail.user, &mail.password_file) {
            (Some(user), Some(file)) => Some(Credentials::new(user.clone(), first_line(file)?)),
            _ => None,
        };
        Ok(Self {
            host: mail.host.clone(),
            port: mail.port,
            tls: tls(mail)?,
            credentials,
        })
    }

    async fn connect(&self) -> Result<AsyncSmtpConnection, Error> {
        let hello = ClientId::default();
        let wrapped = match &self.tls {
            Tls::Wrapper(parameters) => Some(parameters.clone()),
            _ => None,
        };
        let server = (self.host.as_str(), self.port);
        let connected =
            AsyncSmtpConnection::connect_tokio1(server, None, &hello, wrapped, None).await;
        let mut line = connected?;
        if let Tls::Required(parameters) = &self.tls {
            line.starttls(parameters.clone(), &hello).await?;
        }
        if let Some(credentials) = &self.credentials {
            line.auth(DEFAULT_MECHANISMS, credentials).await?;
        }
        Ok(line)
    }

    /// Whether it greets us.
    pub(crate) async fn greets(&self, patience: Duration) -> Result<(), String> {
        let greeted = timeout(patience, async {
            let mut line = self.connect().await.map_err(|error| error.to_string())?;
            let is_well = line.test_connected().await;
            goodbye(line);
            match is_well {
                true => Ok(()),
                false => Err("it refused the greeting".to_owned()),
            }
        });
        match greeted.await {
            Err(_) => Err("it did not answer in time".to_owned()),
            Ok(greeted) => greeted,
        }
    }

    /// Gives a mail to those of its addresses that are in `group`.
    pub(crate) async fn talk(
        &self,
        letter: &Letter,
        group: &[usize],
        limits: Limits,
        answers: &mut Answers,
    ) -> Ended {
        let mut line = match timeout_at(limits.until, self.connect()).await {
            Err(_) => return Ended::Shut(Answer::Later(NO_ANSWER.to_owned())),
            Ok(Err(error)) => return Ended::Shut(Answer::of(&error)),
            Ok(Ok(line)) => line,
        };
        let mut named = Vec::new();
        for &index in group {
            match letter.to.get(index) {
                Some(address) if is_ascii(address) || takes_all_letters(&line) => named.push(index),
                _ => {
                    let why = "the mail server takes no address that is not ASCII";
                    answers.insert(index, Answer::Refused(why.to_owned()));
                }
            }
        }
        let mut ended = match named.is_empty() {
            true => Ended::Over(Vec::new()),
            false => name(&mut line, letter, &named, limits, answers).await,
        };
        if let Ended::Over(rest) = &mut ended {
            let left = std::mem::take(rest);
            let taken = named.iter().copied();
            let taken = taken.filter(|it| !answers.contains_key(it) && !left.contains(it));
            let taken: Vec<usize> = taken.collect();
            ended = match taken.is_empty() {
                true => Ended::Over(left),
                false => hand_over(&mut line, letter, (taken, left), limits, answers).await,
            };
        }
        // Nobody waits there who could be told goodbye.
        if !matches!(ended, Ended::Broke { .. } | Ended::Silent(..)) {
            goodbye(line);
        }
        ended
    }
}

/// Whether it takes addresses in any letters.
fn takes_all_letters(line: &AsyncSmtpConnection) -> bool {
    line.server_info().supports_feature(Extension::SmtpUtfEight)
}

/// Says who writes to whom. Whoever has no answer after it, and is not left over, was taken.
async fn name(
    line: &mut AsyncSmtpConnection,
    letter: &Letter,
    group: &[usize],
    limits: Limits,
    answers: &mut Answers,
) -> Ended {
    let addresses = group.iter().filter_map(|&index| letter.to.get(index));
    let is_plain = addresses.chain([&letter.from]).all(is_ascii) && letter.bytes.is_ascii();
    let options = match is_plain {
        true => Vec::new(),
        false => vec![
            MailParameter::SmtpUtfEight,
            MailParameter::Body(MailBodyParameter::EightBitMime),
        ],
    };
    let from = MailFrom::new(Some(letter.from.clone()), options);
    match timeout_at(limits.until, line.command(from)).await {
        Err(_) => return Ended::Shut(Answer::Later(NO_ANSWER.to_owned())),
        Ok(Err(error)) => return Ended::Shut(Answer::of(&error)),
        Ok(Ok(_)) => {}
    }
    let (mut taken, mut untried) = (Vec::new(), Vec::new());
    for (place, &index) in group.iter().enumerate() {
        let Some(address) = letter.to.get(index) else {
            continue;
        };
        let left = limits.until.min(limits.named_by);
        let left = left.saturating_duration_since(Instant::now());
        let rcpt = Rcpt::new(address.clone(), Vec::new());
        let said = timeout(left.min(limits.each), line.command(rcpt)).await;
        let slow = match said {
            Ok(Ok(_)) => {
                taken.push(index);
                continue;
            }
            Ok(Err(error)) => match code(&error) {
                Some(code) if TOO_MANY.contains(&code) && !taken.is_empty() => {
                    untried.push(index);
                    continue;
                }
                Some(code) if code != CLOSING => {
                    answers.insert(index, Answer::of(&error));
                    continue;
                }
                _ => {
                    answers.insert(index, Answer::Later(error.to_string()));
                    None
                }
            },
            // Those before it took the time.
            Err(_) if group.len() > 1 && left < limits.each / 2 => {
                untried.push(index);
                None
            }
            Err(_) => {
                answers.insert(index, Answer::Later(NO_ANSWER.to_owned()));
                Some(index)
            }
        };
        untried.extend(group.iter().skip(place + 1));
        return Ended::Broke {
            taken,
            untried,
            slow,
        };
    }
    Ended::Over(untried)
}

/// Hands the mail over for those that were `taken`; the others are `left` for a further one.
async fn hand_over(
    line: &mut AsyncSmtpConnection,
    letter: &Letter,
    (taken, left): (Vec<usize>, Vec<usize>),
    limits: Limits,
    answers: &mut Answers,
) -> Ended {
    let said = write(line, letter, limits).await;
    let is_late = said.is_none();
    let is_silent = match &said {
        Some(Err(error)) => code(error).is_none(),
        said => said.is_none(),
    };
    let answer = match said {
        Some(Ok(said)) => Answer::Taken(words(&said)),
        Some(Err(error)) => Answer::of(&error),
        None => Answer::Later(NO_ANSWER.to_owned()),
    };
    let answer = match answer {
        Answer::Refused(why) | Answer::Later(why) if is_silent && taken.len() > 1 => {
            return Ended::Silent(together(taken, left), why);
        }
        answer @ (Answer::Refused(_) | Answer::Later(_)) if taken.len() > 1 => {
            return Ended::Declined(together(taken, left), answer);
        }
        answer => answer,
    };
    let slow = taken.first().copied().filter(|_| is_late);
    answers.extend(taken.into_iter().map(|index| (index, answer.clone())));
    match slow {
        None => Ended::Over(left),
        Some(_) => Ended::Broke {
            taken: Vec::new(),
            untried: left,
            slow,
        },
    }
}

/// What the server said of the mail; `None` where it did not in time.
async fn write(
    line: &mut AsyncSmtpConnection,
    letter: &Letter,
    limits: Limits,
) -> Option<Result<Response, Error>> {
    let by = |patience| limits.until.min(Instant::now() + patience);
    if let Err(error) = timeout_at(by(limits.leave), line.command(Data))
        .await
        .ok()?
    {
        return Some(Err(error));
    }
    let written = line.message(&letter.bytes);
    timeout_at(by(limits.word), written).await.ok()
}

fn together(mut taken: Vec<usize>, left: Vec<usize>) -> Vec<usize> {
    taken.extend(left);
    taken
}

fn words(said: &Response) -> String {
    format!("answered {}", said.code())
}

fn code(error: &Error) -> Option<u16> {
    error.status().map(u16::from)
}

/// What was said stands, whatever the server makes of the end; nobody waits for it.
fn goodbye(mut line: AsyncSmtpConnection) {
    tokio::spawn(async move { timeout(GOODBYE, line.abort()).await });
}

fn tls(mail: &Mail) -> Result<Tls, Fault> {
    let unusable = |detail: String| {
        Fault::new("K071", detail)
            .at(format!("mail `{}`", mail.receiver))
            .remedy("check `ca` and `host`")
    };
    if mail.security == Security::None {
        return Ok(Tls::None);
    }
    let mut parameters = TlsParameters::builder(mail.host.clone());
    if let Some(ca) = &mail.ca {
        let pem = std::fs::read(ca)
            .map_err(|error| unusable(format!("`{}` cannot be read: {error}", ca.display())))?;
        let roots = Certificate::from_pem(&pem).map_err(|error| unusable(error.to_string()))?;
        parameters = parameters
            .certificate_store(CertificateStore::None)
            .add_root_certificate(roots);
    }
    let parameters = parameters
        .build_rustls()
        .map_err(|error| unusable(error.to_string()))?;
    Ok(match mail.security {
        Security::Tls => Tls::Wrapper(parameters),
        _ => Tls::Required(parameters),
    })
}
