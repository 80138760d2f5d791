//! What a plug-in is: a pure fold over the journal.
//!
//! Same journal, same decisions (I3): a step may use its state, the entry and the entry's time,
//! and nothing else. No clock, no randomness, no socket, no iteration over a hash map whose order
//! reaches a decision.

use cordon_model::{Body, Timestamp};

use crate::{Entry, Fault, Kept, NoRoom, OrderLane, Rows, Target};

/// A rule or service that runs on the feed.
///
/// ```
/// use cordon_contract::{Decisions, Entry, Plugin, Rows, Table};
/// use cordon_model::PartyId;
///
/// /// Counts what each sender said.
/// struct Counter {
///     said: Table<PartyId, u64>,
/// }
///
/// impl Plugin for Counter {
///     fn name(&self) -> &'static str {
///         "counter"
///     }
///
///     fn step(&mut self, entry: &Entry, _decisions: &mut Decisions) {
///         *self.said.or_default(entry.sender.clone()) += 1;
///     }
///
///     fn tables(&mut self) -> Vec<&mut dyn Rows> {
///         vec![&mut self.said]
///     }
/// }
///
/// let mut counter = Counter { said: Table::new("said", 1) };
/// let nothing = counter.kept()?;
/// counter.said.insert(PartyId::new("HUB-1")?, 3);
/// counter.put_back(&nothing)?;
/// assert!(counter.said.is_empty());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait Plugin: Send + 'static {
    /// Its name; part of the ids of what it decides, so never renamed.
    fn name(&self) -> &'static str;

    /// Looks at one entry and decides. Called for every entry in order, its own decisions included.
    fn step(&mut self, entry: &Entry, decisions: &mut Decisions);

    /// Whether the passing of time alone gives it something to do, at this time and with this on the clock. It is asked
    /// often, so it answers from what is next, not from all there is. While every plug-in says no, ticks are written
    /// once a minute alone; what says no to a time changes nothing and decides nothing at a tick of it.
    fn is_due(&self, _time: Timestamp, _clock: Timestamp) -> bool {
        true
    }

    /// Whether it would keep what a message says. Asked before the message is journaled, so that nothing is
    /// accepted and then not taken; the entry has no number yet. A plug-in that keeps what partners say
    /// answers from what it keeps; one that keeps nothing has room.
    ///
    /// # Errors
    /// Which limit stands against it.
    fn has_room(&self, _entry: &Entry) -> Result<(), NoRoom> {
        Ok(())
    }

    /// The tables of its state, always the same in the same order: all that it remembers. One that remembers nothing
    /// has none.
    fn tables(&mut self) -> Vec<&mut dyn Rows> {
        Vec::new()
    }

    /// Its tables were filled with what was stored, or emptied: finds again what follows from them and is not
    /// stored.
    fn restored(&mut self) {}

    /// All that it remembers, for comparing and for tests.
    ///
    /// # Errors
    /// `P012` when a row cannot be written.
    fn kept(&mut self) -> Result<Kept, Fault> {
        Kept::of(self.tables())
    }

    /// Goes on from what it, or one like it, remembered.
    ///
    /// # Errors
    /// `P012` when a row cannot be read.
    fn put_back(&mut self, kept: &Kept) -> Result<(), Fault> {
        kept.put_back(self.tables())?;
        self.restored();
        Ok(())
    }
}

/// One decision of a plug-in.
#[derive(Clone, Debug, PartialEq)]
pub enum Decision {
    /// Say something: a canonical message sealed by the hub, stepped by all plug-ins in turn.
    Emit {
        /// What is said.
        body: Box<Body>,
        /// Visit or incident it belongs to.
        correlation: Option<String>,
        /// The words of whoever said the entry, which the hub tells again and attests: they are still
        /// his ([`crate::speaker_of`]).
        again: bool,
    },
    /// Do something: an order for the outbox.
    Order {
        /// Whom it is for.
        target: Target,
        /// How urgent it is.
        lane: OrderLane,
        /// After this instant it must not be carried out.
        deadline: Timestamp,
        /// The message to carry out or deliver.
        body: Box<Body>,
        /// Visit or incident it belongs to.
        correlation: Option<String>,
    },
}

/// Where a plug-in puts what it decided, in order.
#[derive(Debug, Default)]
pub struct Decisions {
    items: Vec<Decision>,
}

impl Decisions {
    /// Says a canonical message.
    pub fn emit(&mut self, body: Body, correlation: Option<String>) {
        self.items.push(Decision::Emit {
            body: Box::new(body),
            correlation,
            again: false,
        });
    }

    /// Tells again what the entry said, under another name: the hub attests it, and it stays the word of
    /// who said it. `name` is what it was called.
    pub fn tell_again(&mut self, body: Body, name: String) {
        self.items.push(Decision::Emit {
            body: Box::new(body),
            correlation: Some(name),
            again: true,
        });
    }

    /// Orders something to be done.
    pub fn order(
        &mut self,
        target: Target,
        lane: OrderLane,
        deadline: Timestamp,
        body: Body,
        correlation: Option<String>,
    ) {
        self.items.push(Decision::Order {
            target,
            lane,
            deadline,
            body: Box::new(body),
            correlation,
        });
    }

    /// Takes out everything decided so far.
    pub fn take(&mut self) -> Vec<Decision> {
        std::mem::take(&mut self.items)
    }

    /// What was decided so far.
    pub fn items(&self) -> &[Decision] {
        &self.items
    }
}
