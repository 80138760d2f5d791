//! The records of a running hub: wait, ask, stop, go on.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use cordon_model::{Digest, Direction};
use cordon_records::{PassagesAsked, Records, RecordsConfig, RecordsParts, names};

use crate::made::*;
use crate::naive::journal;

/// A park whose hub says how far its journal is durable.
pub struct Running {
    park: Park,
    durable: Arc<Mutex<Option<(u64, Digest)>>>,
}

impl Running {
    pub fn of(park: Park) -> Self {
        let durable = Arc::new(Mutex::new(Some(park.durable())));
        Self { park, durable }
    }

    pub fn start(&self) -> Arc<Records> {
        let durable = Arc::clone(&self.durable);
        Records::start(RecordsParts {
            file: self.park.file(),
            reader: self.park.reader(),
            durable: Arc::new(move || *durable.lock().unwrap()),
            folds: own(),
            config: RecordsConfig::default(),
        })
        .unwrap()
    }

    fn append(&mut self, lines: &[Line]) {
        self.park.append(lines);
        *self.durable.lock().unwrap() = Some(self.park.durable());
    }
}

async fn passages(records: &Records, seen: u64) -> Result<(usize, u64), cordon_contract::Fault> {
    let asked = PassagesAsked {
        limit: 1_000,
        ..PassagesAsked::default()
    };
    let answer = records
        .ask(names::PASSAGES, seen, move |look| look.passages(&asked))
        .await?;
    Ok((answer.rows.len(), answer.number))
}

/// Who was given a receipt sees what it is about in the answer to his next question.
#[tokio::test(flavor = "multi_thread")]
async fn an_answer_holds_at_least_what_whoever_asks_has_seen() {
    let mut running = Running::of(Park::with(&[passage(at(0), "G1-L1", Direction::In)]));
    let records = running.start();
    for second in 1..30 {
        running.append(&[passage(at(second), "G1-L1", Direction::In)]);
        records.wake();
        let seen = running.park.durable().0;
        let (many, number) = passages(&records, seen).await.unwrap();
        assert!(
            number >= seen && many as u64 == number,
            "{many} {number} {seen}"
        );
    }
    let page = {
        let mut watch = records.watch();
        let last = running.park.durable().0;
        watch
            .wait_for(|standing| standing.reached() == last)
            .await
            .unwrap();
        records.page()
    };
    assert_eq!(page.passed["G1-L1"], (30, 0));
    records.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_reached_in_time_is_refused_with_its_reason() {
    let running = Running::of(Park::with(&journal(1, 20)));
    let records = running.start();
    let fault = passages(&records, 21).await.unwrap_err();
    assert_eq!(fault.code(), "J070");
    assert!(
        fault.peer_text().contains("asked for is entry 21"),
        "{fault}"
    );
    records.stop().await;
    // The journal is not read yet.
    let running = Running::of(Park::with(&journal(1, 20)));
    *running.durable.lock().unwrap() = None;
    let records = running.start();
    assert_eq!(passages(&records, 0).await.unwrap_err().code(), "J070");
    assert_eq!(records.page().number, 0);
    records.stop().await;
}

/// What the page shows is the same before and after a restart, and after the file was lost.
#[tokio::test(flavor = "multi_thread")]
async fn a_restart_and_a_lost_file_change_nothing_that_is_shown() {
    let running = Running::of(Park::with(&journal(2, 3_000)));
    let shown = async || {
        let records = running.start();
        records.wake();
        let mut watch = records.watch();
        watch
            .wait_for(|standing| standing.reached() == 3_000)
            .await
            .unwrap();
        let page = records.page();
        records.stop().await;
        page
    };
    let before = shown().await;
    assert_eq!((before.number, before.decisions.len()), (3_000, 20));
    assert!(before.refused > 0 && before.opened > 0 && before.reports > 0);
    assert_eq!(shown().await, before);
    for ending in ["", "-wal", "-shm"] {
        let mut name = running.park.file().into_os_string();
        name.push(ending);
        let _ = std::fs::remove_file(name);
    }
    assert_eq!(shown().await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_cannot_be_used_is_set_aside_and_built_again() {
    let running = Running::of(Park::with(&journal(3, 500)));
    std::fs::write(
        running.park.file(),
        b"this is a letter and no file of records",
    )
    .unwrap();
    let records = running.start();
    let mut watch = records.watch();
    watch
        .wait_for(|standing| standing.reached() == 500)
        .await
        .unwrap();
    let aside = running.park.dir.path().join("records.sqlite.set-aside");
    assert_eq!(
        std::fs::read(aside).unwrap(),
        b"this is a letter and no file of records"
    );
    records.stop().await;
}

/// On a full disk people open gates, and see what came of it.
#[tokio::test(flavor = "multi_thread")]
async fn what_the_page_shows_goes_on_while_nothing_can_be_written() {
    let mut running = Running::of(Park::with(&journal(7, 300)));
    let records = running.start();
    let mut watch = records.watch();
    watch
        .wait_for(|standing| standing.reached() == 300)
        .await
        .unwrap();
    // Another process holds the file for longer than is waited for it.
    let other = rusqlite::Connection::open(running.park.file()).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    running.append(&journal(8, 50));
    records.wake();
    let wait = tokio::time::timeout(Duration::from_secs(60), async {
        while records.page().number < 350 {
            watch.changed().await.unwrap();
        }
    });
    wait.await.unwrap();
    assert!(records.standing().stopped.is_some());
    let in_memory = records.page();
    other.execute_batch("ROLLBACK").unwrap();
    drop(other);
    let going = tokio::time::timeout(
        Duration::from_secs(60),
        watch.wait_for(|standing| standing.stopped.is_none() && standing.reached() == 350),
    );
    going.await.unwrap().unwrap();
    records.stop().await;
    // What was counted in memory is what is in the rows.
    let again = running.start();
    let mut watch = again.watch();
    watch
        .wait_for(|standing| standing.reached() == 350)
        .await
        .unwrap();
    assert_eq!(again.page(), in_memory);
    again.stop().await;
}

/// The folder may be renamed under a running hub, or another disk be mounted over it.
#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_removed_under_running_records_is_built_again_where_it_was() {
    let mut running = Running::of(Park::with(&journal(5, 100)));
    let records = running.start();
    let mut watch = records.watch();
    watch
        .wait_for(|standing| standing.reached() == 100)
        .await
        .unwrap();
    for ending in ["", "-wal", "-shm"] {
        let mut name = running.park.file().into_os_string();
        name.push(ending);
        let _ = std::fs::remove_file(name);
    }
    running.append(&journal(6, 10));
    let going = tokio::time::timeout(
        Duration::from_secs(60),
        watch.wait_for(|standing| standing.stopped.is_some()),
    );
    going.await.unwrap().unwrap();
    let going = tokio::time::timeout(
        Duration::from_secs(60),
        watch.wait_for(|standing| standing.stopped.is_none() && standing.reached() == 110),
    );
    going.await.unwrap().unwrap();
    assert!(passages(&records, 110).await.is_ok());
    records.stop().await;
}

/// A folder that is not there is like a disk that fails: they stop, say so, and go on by themselves.
#[tokio::test(flavor = "multi_thread")]
async fn records_that_cannot_be_kept_say_so_and_go_on_by_themselves() {
    let running = Running::of(Park::with(&journal(4, 100)));
    let folder = running.park.dir.path().join("away");
    let durable = Arc::clone(&running.durable);
    let records = Records::start(RecordsParts {
        file: folder.join("records.sqlite"),
        reader: running.park.reader(),
        durable: Arc::new(move || *durable.lock().unwrap()),
        folds: own(),
        config: RecordsConfig::default(),
    })
    .unwrap();
    let mut watch = records.watch();
    watch
        .wait_for(|standing| standing.stopped.is_some())
        .await
        .unwrap();
    let fault = passages(&records, 1).await.unwrap_err();
    assert_eq!(fault.code(), "J072");
    std::fs::create_dir(&folder).unwrap();
    let going = tokio::time::timeout(
        Duration::from_secs(60),
        watch.wait_for(|standing| standing.stopped.is_none() && standing.reached() == 100),
    );
    going.await.unwrap().unwrap();
    assert!(passages(&records, 100).await.is_ok());
    records.stop().await;
}
