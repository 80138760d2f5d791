//! The puller's reader of a page of entries. It has no other public face; `fuzz/` calls it. No interface.

use cordon_contract::Fault;
use cordon_journal::Position;
use cordon_model::service::GetMessagesResponse;

use super::page::{self, Asked, PulledEntry};

/// Takes apart an answer to a question for at most `limit` entries after `after`.
pub fn page(
    answer: GetMessagesResponse,
    after: Position,
    limit: u32,
) -> Result<(Vec<PulledEntry>, Position), Fault> {
    page::check(answer, Asked { after, limit })
}
