//! A server with the hub's own key that lies about its journal, and a puller that must not believe it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "test code"
)]

use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use arc_swap::ArcSwap;
use bytes::Bytes;
use cordon_contract::{Clock, EntryKind, Shutdown, ShutdownTrigger, SystemClock};
use cordon_http::{Handler, Request, Response, Server, ServerOptions};
use cordon_journal::{NewRecord, chain};
use cordon_model::service::{self, GetMessages, GetMessagesResponse, JournalEntry};
use cordon_model::{Digest, ParkCode, Timestamp};
use cordon_security::ca::{Authority, Bundle, CaSettings, IssueRequest, KeyAlgorithm, KeySource};
use cordon_security::tls::{self, ClientAuth, Expect, TlsKey};
use cordon_security::wsse::{self, Policy, SoapVersion};
use cordon_security::{Role, Signer, TrustStore};
use cordon_services::client::{
    Checkpoint, Link, LinkError, LinkOptions, MessagesWanted, PulledMessages, pull_messages,
};
use cordon_services::request_digest;
use cordon_wire::service as wire;

const PARK: &str = "JS-DEMO-1";

/// What the server does to an honest answer; it may also say when the answer was made.
type Lie = Box<dyn Fn(&mut GetMessagesResponse, &mut Timestamp) + Send + Sync>;

fn honest() -> Lie {
    Box::new(|_, _| {})
}

fn identity() -> String {
    format!("{PARK}/hub-1")
}

/// A journal as entries of the wire.
fn journal(identity: &str, count: u64, salt: u8) -> Vec<JournalEntry> {
    let mut chain = chain::genesis(identity);
    let mut entries = Vec::new();
    for number in 1..=count {
        let record = NewRecord {
            time_micros: 1_772_352_000_000_000 + i64::try_from(number).unwrap(),
            kind: EntryKind::Message.number(),
            cause: number - 1,
            message_id: [number as u8 | 1; 16],
            sender: "enterprise-1".into(),
            label: "PassageRecord".into(),
            digest: [salt; 32],
            body: Bytes::from(format!("<m n=\"{number}\"/>")),
            ..NewRecord::default()
        };
        let mut bytes = Vec::new();
        record.encode_into(&mut bytes).unwrap();
        chain = chain::link(&chain, &chain::leaf_of(number, &bytes));
        entries.push(JournalEntry {
            number,
            kind: service::EntryKind::Message,
            time: Timestamp::from_micros(record.time_micros),
            cause: record.cause,
            part: 0,
            sender_id: record.sender.parse().ok(),
            message_id: Some(uuid::Uuid::from_bytes(record.message_id).into()),
            message_type: record.label.parse().ok(),
            digest: Digest(record.digest),
            chain_hash: Digest(chain),
            original: None,
            record_digest: None,
            record: Some(bytes),
        });
    }
    entries
}

/// The honest answer over a journal.
fn page(journal: &[JournalEntry], identity: &str, asked: &GetMessages) -> GetMessagesResponse {
    let after = usize::try_from(asked.after).unwrap();
    let limit = asked.limit.unwrap() as usize;
    let entry: Vec<_> = journal.iter().skip(after).take(limit).cloned().collect();
    let before = match after {
        0 => Digest(chain::genesis(identity)),
        after => journal
            .get(after - 1)
            .map_or(Digest([9; 32]), |it| it.chain_hash),
    };
    let next = entry.last().map_or(asked.after, |last| last.number);
    let head = journal.len() as u64;
    GetMessagesResponse {
        entry,
        previous_chain_hash: before,
        next,
        head,
        head_chain_hash: journal.last().unwrap().chain_hash,
        more: next < head,
    }
}

struct Liar {
    /// The journal and whose it is.
    journal: Mutex<(Vec<JournalEntry>, String)>,
    lie: Mutex<Lie>,
    signer: Mutex<Arc<Signer>>,
    trust: Arc<TrustStore>,
    /// Given instead of a fresh answer.
    replayed: Mutex<Option<Vec<u8>>>,
    last: Mutex<Vec<u8>>,
}

impl Handler for Liar {
    fn handle(&self, request: Request) -> Pin<Box<dyn Future<Output = Response> + Send + '_>> {
        let answer = self.answer(request.http.body());
        Box::pin(async move { http::Response::new(Bytes::from(answer)) })
    }
}

impl Liar {
    fn answer(&self, body: &[u8]) -> Vec<u8> {
        if let Some(old) = self.replayed.lock().unwrap().clone() {
            return old;
        }
        let now = SystemClock.now();
        let policy = Policy::new(&[Role::Regulator]).without_replay_guard();
        let call = wsse::verify(body.to_vec(), &self.trust, &policy, now).unwrap();
        let asked = wire::read_get_messages(call.payload().unwrap()).unwrap();
        let journal = self.journal.lock().unwrap();
        let mut made = now;
        let mut page = page(&journal.0, &journal.1, &asked);
        (self.lie.lock().unwrap())(&mut page, &mut made);
        let payload = wire::write_get_messages_response(&page).unwrap();
        let signer = self.signer.lock().unwrap().clone();
        let block = request_digest(body);
        let answer = wsse::sign(&signer, SoapVersion::V12, block, payload, made).unwrap();
        self.last.lock().unwrap().clone_from(&answer);
        answer
    }
}

struct Room {
    folder: tempfile::TempDir,
    liar: Arc<Liar>,
    link: Link,
    authority: Authority,
    trust: Arc<TrustStore>,
    _stop: ShutdownTrigger,
}

fn issued(authority: &mut Authority, role: Role, id: &str, to: &Path) {
    let wanted = IssueRequest {
        role,
        id: id.parse().unwrap(),
        key: KeySource::Fresh(KeyAlgorithm::P256),
        hosts: match role {
            Role::Hub => vec!["127.0.0.1".to_owned()],
            _ => Vec::new(),
        },
        days: None,
    };
    let issued = authority.issue(&wanted, SystemClock.now()).unwrap();
    Bundle::write(&issued, to).unwrap();
}

fn signer(folder: &Path) -> Arc<Signer> {
    Arc::new(Signer::load(&folder.join(Bundle::CHAIN), &folder.join(Bundle::KEY)).unwrap())
}

fn tls_key(folder: &Path) -> Arc<TlsKey> {
    TlsKey::load(&folder.join(Bundle::CHAIN), &folder.join(Bundle::KEY)).unwrap()
}

impl Room {
    async fn open() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let ca = folder.path().join("ca");
        let settings = CaSettings::new(PARK.parse::<ParkCode>().unwrap());
        let mut authority = Authority::init(&ca, &settings, SystemClock.now()).unwrap();
        let (hub, regulator) = (folder.path().join("hub"), folder.path().join("regulator"));
        issued(&mut authority, Role::Hub, "hub-1", &hub);
        issued(&mut authority, Role::Regulator, "regulator-1", &regulator);
        let trust = Arc::new(TrustStore::load(&ca).unwrap());
        let liar = Arc::new(Liar {
            journal: Mutex::new((journal(&identity(), 120, 7), identity())),
            lie: Mutex::new(honest()),
            signer: Mutex::new(signer(&hub)),
            trust: Arc::clone(&trust),
            replayed: Mutex::new(None),
            last: Mutex::new(Vec::new()),
        });
        let config = tls::server_config(
            tls_key(&hub),
            Arc::clone(&trust),
            ClientAuth::Required,
            tls::Versions::Tls13,
        )
        .unwrap();
        let server = Server::bind(
            ([127, 0, 0, 1], 0).into(),
            Some(Arc::new(ArcSwap::new(config))),
            ServerOptions::default(),
        )
        .await
        .unwrap();
        let url = format!("https://{}/soap/regulator", server.address());
        let (stop, shutdown) = Shutdown::pair();
        tokio::spawn(server.serve(Arc::clone(&liar) as _, shutdown));
        let expect = Expect::Roles(vec![Role::Hub]);
        let options = LinkOptions {
            url,
            tls: tls::client_config(Arc::clone(&trust), Some(tls_key(&regulator)), expect).unwrap(),
            timeout: Duration::from_secs(30),
        };
        let link = Link::new(
            options,
            signer(&regulator),
            Arc::clone(&trust),
            Arc::new(SystemClock),
        );
        Self {
            folder,
            liar,
            link,
            authority,
            trust,
            _stop: stop,
        }
    }

    fn checkpoint(&self) -> PathBuf {
        self.folder.path().join("checkpoint.json")
    }

    fn holds(&self, journal: Vec<JournalEntry>) {
        self.liar.journal.lock().unwrap().0 = journal;
    }

    fn lies(&self, lie: impl Fn(&mut GetMessagesResponse) + Send + Sync + 'static) {
        *self.liar.lie.lock().unwrap() = Box::new(move |page, _| lie(page));
    }

    /// Pulls, and gives the numbers that were believed.
    async fn pull(&self, wanted: MessagesWanted) -> (Result<PulledMessages, LinkError>, Vec<u64>) {
        let mut taken = Vec::new();
        let pulled = pull_messages(&self.link, &wanted, &self.checkpoint(), |entries| {
            taken.extend(entries.iter().map(|one| one.entry.number));
            Ok(())
        })
        .await;
        (pulled, taken)
    }

    /// Pulls all there is from an honest hub and keeps the checkpoint.
    async fn honestly(&self) -> Checkpoint {
        *self.liar.lie.lock().unwrap() = honest();
        let (pulled, _) = self.pull(MessagesWanted::default()).await;
        let checkpoint = pulled.unwrap().checkpoint;
        checkpoint.write(&self.checkpoint()).unwrap();
        checkpoint
    }

    /// The code of the refusal, and the numbers believed before it.
    async fn refused(&self, wanted: MessagesWanted) -> (String, Vec<u64>) {
        match self.pull(wanted).await {
            (Err(LinkError::Untrusted(fault)), taken) => (fault.code().to_owned(), taken),
            (other, _) => panic!("not refused: {other:?}"),
        }
    }
}

fn from(after: u64, of: &[JournalEntry]) -> MessagesWanted {
    let chain = of[usize::try_from(after).unwrap() - 1].chain_hash;
    MessagesWanted {
        after: Some((after, chain.0)),
        limit: None,
    }
}

fn from_the_start() -> MessagesWanted {
    MessagesWanted {
        after: Some((0, [0; 32])),
        limit: None,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_honest_hub_is_pulled_to_its_end_and_goes_on_from_the_checkpoint() {
    let room = Room::open().await;
    room.holds(journal(&identity(), 2_500, 7));
    let (pulled, taken) = room.pull(MessagesWanted::default()).await;
    let checkpoint = pulled.unwrap().checkpoint;
    assert!(
        taken.iter().copied().eq(1..=2_500),
        "it goes on beyond 1,000"
    );
    assert_eq!((checkpoint.number, checkpoint.head), (2_500, 2_500));
    assert_eq!(
        (checkpoint.park.as_str(), checkpoint.hub.as_str()),
        (PARK, "hub-1")
    );
    checkpoint.write(&room.checkpoint()).unwrap();
    room.holds(journal(&identity(), 2_600, 7));
    let limited = MessagesWanted {
        limit: Some(7),
        ..MessagesWanted::default()
    };
    let (pulled, taken) = room.pull(limited).await;
    assert!(taken.iter().copied().eq(2_501..=2_507));
    let checkpoint = pulled.unwrap().checkpoint;
    assert_eq!((checkpoint.number, checkpoint.head), (2_507, 2_600));
    checkpoint.write(&room.checkpoint()).unwrap();
    let (pulled, taken) = room.pull(MessagesWanted::default()).await;
    pulled.unwrap();
    assert!(taken.iter().copied().eq(2_508..=2_600));
}

type Change = Box<dyn Fn(&mut GetMessagesResponse) + Send + Sync>;

/// The lies that one answer alone shows: what it is, the code it is refused with, how it is made.
fn lies() -> Vec<(&'static str, &'static str, Change)> {
    fn lie(
        what: &'static str,
        code: &'static str,
        change: impl Fn(&mut GetMessagesResponse) + Send + Sync + 'static,
    ) -> (&'static str, &'static str, Change) {
        (what, code, Box::new(change))
    }
    vec![
        lie("an entry is skipped", "S070", |page| {
            page.entry.remove(40);
        }),
        lie("two entries are reordered", "S070", |page| {
            page.entry.swap(3, 4);
        }),
        lie("an entry is repeated", "S070", |page| {
            let again = page.entry[9].clone();
            page.entry.insert(10, again);
        }),
        lie("a random previous hash", "S070", |page| {
            page.previous_chain_hash = Digest([0x5A; 32]);
        }),
        lie("another kind", "S074", |page| {
            page.entry[5].kind = service::EntryKind::Refused;
        }),
        lie("another sender", "S074", |page| {
            page.entry[5].sender_id = "enterprise-2".parse().ok();
        }),
        lie("another digest", "S074", |page| {
            page.entry[5].digest = Digest([1; 32]);
        }),
        lie("another cause", "S074", |page| page.entry[5].cause = 3),
        lie("another time", "S074", |page| {
            page.entry[5].time = page.entry[5].time.plus_ms(1);
        }),
        lie("another message type", "S074", |page| {
            page.entry[5].message_type = "PlateCapture".parse().ok();
        }),
        lie("another original", "S074", |page| {
            page.entry[5].original = Some(b"<other/>".to_vec());
        }),
        lie("another digest of the record", "S074", |page| {
            page.entry[5].record_digest = Some(Digest([1; 32]));
        }),
        lie("a link in the place of an entry", "S074", |page| {
            let entry = &mut page.entry[5];
            let record = entry.record.take().unwrap();
            entry.record_digest = Some(Digest(chain::leaf_of(entry.number, &record)));
        }),
        lie("another part", "S074", |page| page.entry[5].part = 3),
        lie("a truncated record", "S034", |page| {
            page.entry[5].record.as_mut().unwrap().pop();
        }),
        lie("a truncated record with a chain to it", "S074", |page| {
            let before = page.entry[4].chain_hash.0;
            let entry = &mut page.entry[5];
            entry.record.as_mut().unwrap().pop();
            let leaf = chain::leaf_of(entry.number, entry.record.as_ref().unwrap());
            entry.chain_hash = Digest(chain::link(&before, &leaf));
        }),
        lie("no record", "S074", |page| page.entry[5].record = None),
        lie("another chain hash", "S034", |page| {
            page.entry[5].chain_hash = Digest([3; 32]);
        }),
        lie("none although 5,000 are said to be there", "S070", |page| {
            page.entry.clear();
            (page.next, page.head, page.more) = (0, 5_000, true);
        }),
        lie("none and no more, with a head of 5,000", "S070", |page| {
            page.entry.clear();
            (page.next, page.head, page.more) = (0, 5_000, false);
        }),
        lie("a next that skips", "S070", |page| page.next += 10),
        lie("a head behind its own entries", "S070", |page| {
            page.head = 3;
        }),
        lie("another head hash", "S070", |page| {
            page.head_chain_hash = Digest([3; 32]);
        }),
        lie("the last possible number", "S070", |page| {
            page.entry[0].number = u64::MAX;
        }),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn no_answer_is_believed_that_its_own_records_contradict() {
    let room = Room::open().await;
    for (what, code, lie) in lies() {
        room.lies(lie);
        let (said, taken) = room.refused(MessagesWanted::default()).await;
        assert_eq!((said.as_str(), taken.len()), (code, 0), "{what}");
        assert!(!room.checkpoint().exists(), "{what}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn entries_1_and_2_are_no_answer_to_what_comes_after_100() {
    let room = Room::open().await;
    let held = journal(&identity(), 120, 7);
    let first: Vec<_> = held[..2].to_vec();
    room.lies(move |page| page.entry.clone_from(&first));
    assert_eq!(room.refused(from(100, &held)).await.0, "S070");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_entry_comes_after_the_last_possible_number() {
    let room = Room::open().await;
    let entry = journal(&identity(), 1, 7);
    room.lies(move |page| page.entry.clone_from(&entry));
    let wanted = MessagesWanted {
        after: Some((u64::MAX, [9; 32])),
        limit: None,
    };
    assert_eq!(room.refused(wanted).await.0, "S070");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_of_290_seconds_ago_and_one_of_an_earlier_pull_are_refused() {
    let room = Room::open().await;
    *room.liar.lie.lock().unwrap() = Box::new(|_, made| *made = made.plus_ms(-290_000));
    assert_eq!(room.refused(MessagesWanted::default()).await.0, "S071");

    // Seconds old, but from before the answer that the checkpoint is of.
    *room.liar.lie.lock().unwrap() = honest();
    let wanted = || from(100, &journal(&identity(), 100, 7));
    room.pull(wanted()).await.0.unwrap();
    let old = room.liar.last.lock().unwrap().clone();
    room.honestly().await;
    *room.liar.lie.lock().unwrap() = Box::new(|_, made| *made = made.plus_ms(-30_000));
    assert_eq!(room.refused(wanted()).await.0, "S071");

    // The same question, answered a moment ago: whatever the times say, it was asked by another request.
    *room.liar.replayed.lock().unwrap() = Some(old);
    assert_eq!(room.refused(wanted()).await.0, "S065");
}

/// For so long as the hub had dated one answer ahead, every honest one was called old.
#[tokio::test(flavor = "multi_thread")]
async fn an_answer_dated_ahead_makes_no_later_one_old() {
    let room = Room::open().await;
    let ahead = |ms: i64| -> Lie { Box::new(move |_, made| *made = made.plus_ms(ms)) };
    // Beyond the skew it is none.
    *room.liar.lie.lock().unwrap() = ahead(600_000);
    assert_eq!(room.refused(MessagesWanted::default()).await.0, "V010");
    // Within, it may be a clock.
    *room.liar.lie.lock().unwrap() = ahead(50_000);
    let (pulled, _) = room.pull(MessagesWanted::default()).await;
    let mut checkpoint = pulled.unwrap().checkpoint;
    assert!(checkpoint.answered_at <= SystemClock.now());
    checkpoint.write(&room.checkpoint()).unwrap();
    room.honestly().await;
    // As an older program kept it.
    checkpoint.answered_at = SystemClock.now().plus_ms(50_000);
    checkpoint.write(&room.checkpoint()).unwrap();
    room.honestly().await;

    // In one pull: the first page ahead, the others not.
    room.holds(journal(&identity(), 2_500, 7));
    *room.liar.lie.lock().unwrap() = Box::new(|page, made| {
        if page.next <= 1_000 {
            *made = made.plus_ms(50_000);
        }
    });
    let (pulled, taken) = room.pull(from_the_start()).await;
    pulled.unwrap();
    assert_eq!(taken.len(), 2_500);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fork_and_a_rollback_are_refused_with_both_signed_statements_kept() {
    let room = Room::open().await;
    let checkpoint = room.honestly().await;
    assert_eq!((checkpoint.number, checkpoint.head), (120, 120));

    // Another journal behind the same numbers, longer than before.
    room.holds(journal(&identity(), 200, 8));
    let (code, taken) = room.refused(MessagesWanted::default()).await;
    assert_eq!((code.as_str(), taken.len()), ("S072", 0));
    assert_eq!(room.refused(from_the_start()).await.0, "S072");

    // Rolled back to less than it had signed for.
    room.holds(journal(&identity(), 66, 7));
    assert_eq!(room.refused(from_the_start()).await.0, "S073");
    let kept: Vec<_> = std::fs::read_dir(room.folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|it| it == "xml"))
        .collect();
    assert_eq!(kept.len(), 6, "{kept:?}");
    // Each is signed by the hub, for anybody to see.
    let policy = Policy::new(&[Role::Hub]).without_replay_guard();
    for file in kept {
        let bytes = std::fs::read(&file).unwrap();
        let seen = wsse::verify(bytes, &room.trust, &policy, SystemClock.now()).unwrap();
        assert_eq!(seen.identity().id.as_str(), "hub-1");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn another_park_and_another_hub_are_not_the_one_that_was_asked() {
    let mut room = Room::open().await;
    // A journal that began in another park.
    let foreign = "ZJ-OTHER-1/hub-1".to_owned();
    *room.liar.journal.lock().unwrap() = (journal(&foreign, 120, 7), foreign);
    assert_eq!(room.refused(MessagesWanted::default()).await.0, "S070");
    *room.liar.journal.lock().unwrap() = (journal(&identity(), 120, 7), identity());
    room.honestly().await;

    // Another hub of the same park answers for it.
    let second = room.folder.path().join("hub-2");
    issued(&mut room.authority, Role::Hub, "hub-2", &second);
    *room.liar.signer.lock().unwrap() = signer(&second);
    assert_eq!(room.refused(MessagesWanted::default()).await.0, "S076");

    // A hub that another park vouches for, trusted by the same folder.
    let other = room.folder.path().join("other");
    let settings = CaSettings::new("ZJ-OTHER-1".parse::<ParkCode>().unwrap());
    let mut authority = Authority::init(&other, &settings, SystemClock.now()).unwrap();
    let third = room.folder.path().join("hub-3");
    issued(&mut authority, Role::Hub, "hub-1", &third);
    for name in ["root", "issuing"] {
        for kind in ["pem", "crl.pem"] {
            let from = other.join(format!("{name}.{kind}"));
            let to = room.folder.path().join(format!("ca/other-{name}.{kind}"));
            std::fs::copy(from, to).unwrap();
        }
    }
    room.trust.reload().unwrap();
    *room.liar.signer.lock().unwrap() = signer(&third);
    assert_eq!(room.refused(MessagesWanted::default()).await.0, "V016");
}
