//! The trust folder of a running hub, read again by itself: new lists take effect without anybody's doing, and what is put right is used.

use std::sync::Arc;
use std::time::Duration;

use cordon_contract::{DISK_ANSWERS_IN, Shutdown, aside};
use cordon_security::TrustStore;

/// How often it is read again, so that a new CRL takes effect by itself.
const AGAIN: Duration = Duration::from_secs(60);
/// The same while it cannot be read: files that are being copied are whole by then, others are told of.
const SOON_AGAIN: Duration = Duration::from_secs(5);

/// Reads it again until shutdown. Each reading has a thread of its own: a disk that hangs holds up nobody else, and is told.
pub async fn read_again(trust: Arc<TrustStore>, shutdown: Shutdown) {
    loop {
        let again = match trust.is_unread() {
            true => SOON_AGAIN,
            false => AGAIN,
        };
        tokio::select! {
            () = shutdown.wait() => return,
            () = tokio::time::sleep(again) => {}
        }
        tokio::select! {
            () = shutdown.wait() => return,
            () = read(&trust) => {}
        }
    }
}

/// Reads it once, however long that takes. What comes of it the store remembers, and says in the log once.
async fn read(trust: &Arc<TrustStore>) {
    let reading = Arc::clone(trust);
    let reading = aside(move || drop(reading.reload()));
    tokio::pin!(reading);
    if tokio::time::timeout(DISK_ANSWERS_IN, &mut reading)
        .await
        .is_err()
    {
        trust.hangs();
        reading.await;
    }
}
