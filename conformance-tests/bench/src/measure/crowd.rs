//! Clients that bring signed submissions to the hub's door, many at once.

use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use cordon_flow::Submit;
use cordon_model::service::{Answer, SubmissionResult, SubmitMessagesResponse};
use cordon_security::TrustStore;
use cordon_security::wsse::{self, Policy};
use cordon_wire::service as wire;

use crate::Outcome;
use crate::park::now;

/// Submissions under way at once.
pub const CLIENTS: usize = 64;

/// The signed door without transport.
pub struct Door {
    pub submit: Submit,
    pub trust: Arc<TrustStore>,
    pub policy: Policy,
}

impl Door {
    /// Bytes in, receipt in canonical XML out.
    async fn accept(&self, letter: Vec<u8>) -> Outcome<Vec<u8>> {
        let envelope = wsse::verify(letter, &self.trust, &self.policy, now())?;
        let answers = self.submit.submit(envelope).await?;
        let result = answers
            .into_iter()
            .zip(1..)
            .map(|(answer, index)| {
                let receipt = answer?.receipt(self.submit.park());
                Ok(SubmissionResult {
                    index,
                    answer: Answer::Receipt(receipt),
                })
            })
            .collect::<Outcome<_>>()?;
        Ok(wire::write_submit_messages_response(
            &SubmitMessagesResponse { result },
        )?)
    }
}

/// All letters through the door, some at once; every one must be accepted. As behind a transport,
/// each is a buffer of its own; making these is not part of it.
pub struct Crowd {
    door: Arc<Door>,
    letters: Arc<Mutex<std::vec::IntoIter<Vec<u8>>>>,
}

impl Crowd {
    /// Copies of these letters before this door.
    pub fn new(door: &Arc<Door>, letters: &[Bytes]) -> Self {
        let copies: Vec<Vec<u8>> = letters.iter().map(|letter| letter.to_vec()).collect();
        Self {
            door: Arc::clone(door),
            letters: Arc::new(Mutex::new(copies.into_iter())),
        }
    }

    fn next(&self) -> Option<Vec<u8>> {
        let mut letters = self.letters.lock().unwrap_or_else(PoisonError::into_inner);
        letters.next()
    }

    async fn client(self) -> Outcome<()> {
        while let Some(letter) = self.next() {
            self.door.accept(letter).await?;
        }
        Ok(())
    }

    /// Lets everybody in.
    pub async fn run(self) -> Outcome<()> {
        let clients: Vec<_> = (0..CLIENTS)
            .map(|_| {
                let one = Self {
                    door: Arc::clone(&self.door),
                    letters: Arc::clone(&self.letters),
                };
                tokio::spawn(one.client())
            })
            .collect();
        for client in clients {
            client.await??;
        }
        Ok(())
    }
}
