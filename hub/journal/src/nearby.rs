//! Reading many single records without reading a batch once for each.

use crate::fault::Result;
use crate::reader::{Reader, Records};
use crate::record::Record;

/// Reads single records and keeps the batch it read last: whoever asks in the order of numbers reads
/// each batch once, however many of its records are asked for. Holds one batch.
pub struct Nearby {
    reader: Reader,
    batch: Vec<Record>,
    batches: u64,
    body_bytes: usize,
}

impl Nearby {
    pub(crate) fn of(reader: Reader) -> Self {
        Self {
            reader,
            batch: Vec::new(),
            batches: 0,
            body_bytes: 0,
        }
    }

    /// One record; `None` when it is not written yet. What is held is given even if it was trimmed since.
    ///
    /// # Errors
    /// As [`Reader::get`].
    pub fn get(&mut self, number: u64) -> Result<Option<Record>> {
        if let Some(record) = self.held(number) {
            return Ok(Some(record));
        }
        let mut records = self.reader.read_range(number.max(1), number)?;
        self.batch = self.holder(&mut records, number)?;
        Ok(self.held(number))
    }

    /// How many batches were read so far.
    pub fn batches_read(&self) -> u64 {
        self.batches
    }

    /// Bytes of the bodies in the batches that were read so far.
    pub fn body_bytes(&self) -> usize {
        self.body_bytes
    }

    /// The whole batch that holds `number`; empty when there is none yet.
    fn holder(&mut self, records: &mut Records, number: u64) -> Result<Vec<Record>> {
        while let Some(batch) = records.step()? {
            self.batches += 1;
            for record in &batch {
                self.body_bytes = self.body_bytes.saturating_add(record.body.len());
            }
            if batch.last().is_some_and(|last| last.number >= number) {
                return Ok(batch);
            }
        }
        Ok(Vec::new())
    }

    fn held(&self, number: u64) -> Option<Record> {
        let first = self.batch.first()?.number;
        let place = usize::try_from(number.checked_sub(first)?).ok()?;
        self.batch.get(place).cloned()
    }
}
