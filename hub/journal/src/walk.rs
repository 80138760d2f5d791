//! Walking the batches of one segment in order, checking CRC, numbers and chain. The writer's
//! recovery, the reader and `verify` all walk with this.

use std::sync::Arc;

use crate::chain::{self, Hash, Merkle};
use crate::disk::DiskFile;
use crate::fault::{FaultKind, JournalFault, Result};
use crate::flipped;
use crate::frame::{self, FRAME_HEAD, FRAME_MAGIC, FrameHead};
use crate::record::{Decoder, Record, numbered};
use crate::segment::{DATA_START, Seal, Segment};

/// Read-ahead of a walk, bytes.
const CHUNK: usize = 128 * 1024;

/// A read buffer over a file.
struct Window {
    file: Arc<dyn DiskFile>,
    start: u64,
    bytes: Vec<u8>,
    /// How often the file was read.
    reads: u64,
}

impl Window {
    /// The `len` bytes at `offset`; fewer at the end of the file.
    fn get(&mut self, offset: u64, len: usize) -> std::io::Result<&[u8]> {
        let held = self.start + self.bytes.len() as u64;
        if offset < self.start || offset + len as u64 > held {
            self.bytes.resize(len.max(CHUNK), 0);
            self.reads += 1;
            let read = self.file.read_at(&mut self.bytes, offset)?;
            self.bytes.truncate(read);
            self.start = offset;
        }
        let from = usize::try_from(offset - self.start).unwrap_or(usize::MAX);
        let to = from.saturating_add(len).min(self.bytes.len());
        Ok(self.bytes.get(from..to).unwrap_or_default())
    }

    fn forget(&mut self) {
        self.bytes.clear();
    }
}

/// What a step found.
pub(crate) enum Step {
    /// The next batch, whole and in its place.
    Batch(Vec<Record>),
    /// No good batch here.
    Stop {
        /// Why not.
        why: &'static str,
        /// Whether it looks as if a batch of this segment had been written here.
        written: bool,
    },
}

/// A position in a segment.
pub(crate) struct Walker {
    pub segment: Segment,
    window: Window,
    /// Offset of the next batch.
    pub offset: u64,
    /// Offset of the batch last walked over.
    pub last_offset: u64,
    /// Number the next batch must begin with; `None` takes what comes.
    pub next: Option<u64>,
    /// Chain hash before the next batch, known whenever `next` is.
    pub chain: Hash,
    /// First number and the chain hash before it, once a batch was walked over.
    pub begin: Option<(u64, Hash)>,
    pub merkle: Merkle,
    pub batches: u64,
}

impl Walker {
    /// Starts at the segment's first batch. `follows` is what must come before it.
    pub(crate) fn new(segment: Segment, follows: Option<(u64, Hash)>) -> Self {
        Self::at(segment, DATA_START, follows)
    }

    /// Starts at the batch at `offset`.
    pub(crate) fn at(segment: Segment, offset: u64, follows: Option<(u64, Hash)>) -> Self {
        let (next, chain) = match follows {
            Some((next, chain)) => (Some(next), chain),
            None => (None, [0; 32]),
        };
        Self {
            window: Window {
                file: Arc::clone(&segment.file),
                start: 0,
                bytes: Vec::new(),
                reads: 0,
            },
            segment,
            offset,
            last_offset: offset,
            next,
            chain,
            begin: None,
            merkle: Merkle::default(),
            batches: 0,
        }
    }

    fn io(&self, error: &std::io::Error) -> JournalFault {
        JournalFault::io(&self.segment.path, "reading", error)
    }

    fn fault(&self, kind: FaultKind, detail: impl Into<String>) -> JournalFault {
        JournalFault::new(kind, self.segment.place(self.offset), detail)
    }

    /// Passes over batches that end before `number`, by their heads alone; stays before the last
    /// whole batch, whose end is the chain hash to wait with. `passed` hears number and offset of each.
    pub(crate) fn skip_to(&mut self, number: u64, mut passed: impl FnMut(u64, u64)) -> Result<()> {
        self.window.forget();
        let mut before = self.offset;
        let mut here = self.head_at(self.offset)?;
        while let Some(head) = here {
            let after = self.offset + head.frame_bytes();
            here = self.head_at(after)?;
            if head.first + u64::from(head.count) > number || here.is_none() {
                break;
            }
            passed(head.first, self.offset);
            before = self.offset;
            self.offset = after;
        }
        if !self.whole_at(self.offset).map_err(|e| self.io(&e))? {
            self.offset = before;
        }
        Ok(())
    }

    fn head_at(&mut self, offset: u64) -> Result<Option<FrameHead>> {
        let room = self.segment.head.data_end().saturating_sub(offset);
        let bytes = self.window.get(offset, FRAME_HEAD);
        let head = bytes.map(FrameHead::decode).map_err(|e| self.io(&e))?;
        let salt = self.segment.head.salt;
        Ok(head.filter(|head| head.salt == salt && head.frame_bytes() <= room))
    }

    /// The next batch, or why there is none. A good batch that does not follow is a fault.
    /// A place is never refused by bytes read ahead earlier, so a walker can wait for a writer.
    pub(crate) fn step(&mut self) -> Result<Step> {
        let reads = self.window.reads;
        match self.try_step()? {
            Step::Stop { .. } if self.window.reads == reads => self.try_step(),
            step => Ok(step),
        }
    }

    fn try_step(&mut self) -> Result<Step> {
        let room = self.segment.head.data_end().saturating_sub(self.offset);
        let (offset, salt, next) = (self.offset, self.segment.head.salt, self.next);
        let window = &mut self.window;
        let found = match window.get(offset, FRAME_HEAD) {
            Err(error) => return Err(self.io(&error)),
            Ok(bytes) => match FrameHead::decode(bytes) {
                Some(head) if head.salt == salt && head.frame_bytes() <= room => Ok(head),
                _ => Err(frame::looks_written(bytes, salt, next)),
            },
        };
        let head = match found {
            Ok(head) => head,
            Err(written) => return Ok(self.stop("no batch head", written)),
        };
        let len = usize::try_from(head.frame_bytes()).unwrap_or(usize::MAX);
        let body = match self.window.get(offset, len) {
            Err(error) => return Err(self.io(&error)),
            Ok(bytes) => frame::checked_body(bytes),
        };
        match body {
            None => Ok(self.stop("the batch's CRC32C does not match", true)),
            Some(body) => self.take(&head, Decoder::new(body)).map(Step::Batch),
        }
    }

    fn stop(&mut self, why: &'static str, written: bool) -> Step {
        self.window.forget();
        Step::Stop { why, written }
    }

    /// Checks a whole batch against what came before and moves on.
    fn take(&mut self, head: &FrameHead, mut decoder: Decoder) -> Result<Vec<Record>> {
        if let Some(next) = self.next {
            if head.first != next {
                let detail = format!(
                    "the batch begins with record {}, expected {next}",
                    head.first
                );
                return Err(self.fault(FaultKind::BadRecord, detail));
            }
            if head.chain_before != self.chain {
                let detail = format!("record {next} does not follow from the record before it");
                return Err(self.fault(FaultKind::Chain, detail));
            }
        }
        let mut chain = head.chain_before;
        let mut merkle = self.merkle.clone();
        let mut records = Vec::with_capacity(head.count.min(1 << 16) as usize);
        for number in head.first..head.first.saturating_add(u64::from(head.count)) {
            let Some((record, encoded)) = decoder.next() else {
                let detail = format!("record {number} cannot be decoded");
                return Err(self.fault(FaultKind::BadRecord, detail));
            };
            let leaf = chain::leaf_of(number, &encoded);
            chain = chain::link(&chain, &leaf);
            merkle.push(leaf);
            records.push(numbered(record, number, chain));
        }
        if records.is_empty() || !decoder.is_done() {
            return Err(self.fault(
                FaultKind::BadRecord,
                "the batch's count and length disagree",
            ));
        }
        self.begin.get_or_insert((head.first, head.chain_before));
        self.last_offset = self.offset;
        self.offset += head.frame_bytes();
        self.next = Some(head.first + u64::from(head.count));
        self.chain = chain;
        self.merkle = merkle;
        self.batches += 1;
        Ok(records)
    }

    /// Where the next good batch of this segment stands after the walker's place, if any does.
    pub(crate) fn later_batch(&self) -> Result<Option<u64>> {
        let head = &self.segment.head;
        let file = self.segment.file.as_ref();
        let finder = memchr::memmem::Finder::new(FRAME_MAGIC);
        let mut at = self.offset + 1;
        let chunk_bytes = head.data_end().saturating_sub(at).clamp(1, 1 << 20);
        let mut chunk = vec![0; usize::try_from(chunk_bytes).unwrap_or(1 << 20)];
        while at < head.data_end() {
            let read = file.read_at(&mut chunk, at).map_err(|e| self.io(&e))?;
            let bytes = chunk.get(..read).unwrap_or_default();
            for found in finder.find_iter(bytes) {
                let offset = at + found as u64;
                if self.whole_at(offset).map_err(|e| self.io(&e))? {
                    return Ok(Some(offset));
                }
            }
            // The magic may lie across two chunks.
            match read.checked_sub(FRAME_MAGIC.len() - 1) {
                Some(step) if step > 0 && read == chunk.len() => at += step as u64,
                _ => break,
            }
        }
        Ok(None)
    }

    /// Where one changed bit separates what stands at the walker's place from the batch that must
    /// come next: that batch had been written whole. The bit's place in the file, in bytes.
    pub(crate) fn changed_at(&self) -> Result<Option<u64>> {
        let room = self.segment.head.data_end().saturating_sub(self.offset);
        let file = self.segment.file.as_ref();
        let salt = self.segment.head.salt;
        let fits = |head: &FrameHead| {
            let follows = self
                .next
                .is_none_or(|next| (head.first, head.chain_before) == (next, self.chain));
            head.salt == salt && head.frame_bytes() <= room && follows
        };
        let mut bytes = vec![0; FRAME_HEAD];
        file.read_at(&mut bytes, self.offset)
            .map_err(|e| self.io(&e))?;
        let (head, flipped) = match FrameHead::decode(&bytes) {
            Some(head) => (head, None),
            None if bytes.iter().all(|byte| *byte == 0) => return Ok(None),
            None => match flipped::in_head(&bytes, fits) {
                Some((bit, head)) => (head, Some(bit)),
                None => return Ok(None),
            },
        };
        if !fits(&head) {
            return Ok(None);
        }
        bytes.resize(usize::try_from(head.frame_bytes()).unwrap_or_default(), 0);
        file.read_at(&mut bytes, self.offset)
            .map_err(|e| self.io(&e))?;
        let bit = match flipped {
            Some(bit) => {
                flipped::turn(&mut bytes, bit);
                frame::checked_body(&bytes).map(|_| bit)
            }
            None => flipped::in_frame(&bytes, self.offset),
        };
        Ok(bit.map(|bit| self.offset + bit as u64 / 8))
    }

    fn whole_at(&self, offset: u64) -> std::io::Result<bool> {
        let room = self.segment.head.data_end().saturating_sub(offset);
        let mut bytes = vec![0; FRAME_HEAD];
        self.segment.file.read_at(&mut bytes, offset)?;
        let Some(head) = FrameHead::decode(&bytes) else {
            return Ok(false);
        };
        let later = self.next.is_none_or(|next| head.first > next);
        if head.salt != self.segment.head.salt || head.frame_bytes() > room || !later {
            return Ok(false);
        }
        bytes.resize(usize::try_from(head.frame_bytes()).unwrap_or_default(), 0);
        self.segment.file.read_at(&mut bytes, offset)?;
        Ok(frame::checked_body(&bytes).is_some())
    }

    /// The seal this segment should carry after what was walked over.
    pub(crate) fn seal(&self) -> Option<Seal> {
        let (first, chain_before) = self.begin?;
        Some(Seal {
            salt: self.segment.head.salt,
            number: self.segment.head.number,
            first,
            count: self.merkle.count(),
            end: self.offset,
            chain_before,
            chain_last: self.chain,
            root: self.merkle.root(),
            batches: self.batches,
        })
    }
}
