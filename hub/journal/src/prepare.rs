//! Work off the hot path: making the next segment ready and syncing the seal of the last one.

use std::collections::VecDeque;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;

use crate::counters::Tally;
use crate::disk::{Disk, DiskFile};
use crate::fault::{FaultKind, JournalFault, Result};
use crate::options::FIRST_FLOOR_BYTES;
use crate::segment::{self, Head, Segment};

pub(crate) const SPARE_SUFFIX: &str = ".free";
pub(crate) const DRAFT_NAME: &str = "next.tmp";

pub(crate) enum Job {
    Prepare(u64),
    SyncSeal(Segment),
}

pub(crate) enum Done {
    /// The segment, or why not, and the bytes then free on the disk.
    Prepared(Result<Segment>, u64),
    Sealed(Result<()>),
}

/// Does the jobs, on its own thread or in place.
pub(crate) struct Worker {
    pub disk: Arc<dyn Disk>,
    pub dir: PathBuf,
    pub identity: String,
    pub segment_bytes: u64,
    /// Smallest segment made when the disk has no room for more.
    pub segment_bytes_min: u64,
    pub floor_free_bytes: u64,
    pub tally: Arc<Tally>,
}

impl Worker {
    fn run(&self, job: Job) -> Done {
        match job {
            Job::Prepare(number) => {
                let made = self.prepare(number);
                Done::Prepared(made, self.disk.free_bytes(&self.dir).unwrap_or_default())
            }
            Job::SyncSeal(segment) => Done::Sealed(self.sync(segment.file.as_ref()).map_err(|e| {
                JournalFault::new(
                    FaultKind::Write,
                    segment.place(0),
                    format!("syncing the seal: {e}"),
                )
                .caused(&e)
            })),
        }
    }

    fn sync(&self, file: &dyn DiskFile) -> io::Result<()> {
        Tally::add(&self.tally.other_syncs, 1);
        file.sync()
    }

    /// Makes segment `number`: head written and synced, then named, then the folder synced.
    fn prepare(&self, number: u64) -> Result<Segment> {
        let path = self.dir.join(segment::file_name(number));
        let fault = |error: io::Error| JournalFault::write(&path, "preparing", &error);
        let (draft, file, bytes) = self.draft(number).map_err(fault)?;
        let head = Head {
            format: segment::FORMAT,
            number,
            salt: self.disk.salt().map_err(fault)?,
            bytes,
            identity: self.identity.clone(),
        };
        let page = head.encode();
        file.write_at(&page, 0).map_err(fault)?;
        Tally::add(&self.tally.file_bytes, page.len() as u64);
        self.sync(file.as_ref()).map_err(fault)?;
        self.disk.rename(&draft, &path).map_err(fault)?;
        Tally::add(&self.tally.other_syncs, 1);
        self.disk.sync_dir(&self.dir).map_err(fault)?;
        Ok(Segment {
            file,
            path,
            head,
            missing: 0,
            mark: 0,
        })
    }

    /// A file of the right size without a segment's name: a trimmed one used again, or a new one.
    fn draft(&self, number: u64) -> io::Result<(PathBuf, Arc<dyn DiskFile>, u64)> {
        for name in self.disk.list(&self.dir)? {
            if name.ends_with(SPARE_SUFFIX) {
                let path = self.dir.join(name);
                let file = self.disk.open(&path, true)?;
                if file.len()? == self.segment_bytes {
                    return Ok((path, file, self.segment_bytes));
                }
                self.disk.remove(&path)?;
            }
        }
        let bytes = self.size(number, self.disk.free_bytes(&self.dir)?)?;
        let path = self.dir.join(DRAFT_NAME);
        let file = self.disk.create(&path, bytes)?;
        Ok((path, file, bytes))
    }

    /// The largest size for which there is room: full, a half, a quarter and so on.
    fn size(&self, number: u64, free: u64) -> io::Result<u64> {
        let floor = match number {
            1 => self.floor_free_bytes.min(FIRST_FLOOR_BYTES),
            _ => self.floor_free_bytes,
        };
        let halves = std::iter::successors(Some(self.segment_bytes), |bytes| Some(bytes / 2));
        halves
            .take_while(|bytes| *bytes > self.segment_bytes_min)
            .chain([self.segment_bytes_min])
            .find(|bytes| free >= bytes.saturating_add(floor))
            .ok_or_else(|| {
                let words = format!("{free} bytes free, the floor is {floor}");
                io::Error::new(io::ErrorKind::StorageFull, words)
            })
    }
}

/// Looks at the worker before an unwaited job in place is done: a thread would not be at once either.
const LAG: u32 = 4;

enum Mode {
    /// The worker, jobs not done yet, and looks since the last was done.
    InPlace(Worker, VecDeque<Job>, u32),
    Thread {
        jobs: Option<Sender<Job>>,
        done: Receiver<Done>,
        handle: Option<JoinHandle<()>>,
    },
}

/// Hands jobs to a worker and collects what it did, in order.
pub(crate) struct Preparer {
    mode: Mode,
    /// Prepare jobs handed out and not collected.
    pub preparing: usize,
    /// Seals handed out to be synced and not collected.
    pub sealing: usize,
}

impl Preparer {
    pub(crate) fn new(worker: Worker, background: bool) -> Result<Self> {
        let mode = if background {
            let (jobs, inbox) = channel::<Job>();
            let (outbox, done) = channel();
            let place = worker.dir.display().to_string();
            let work = move || {
                while let Ok(job) = inbox.recv() {
                    if outbox.send(worker.run(job)).is_err() {
                        break;
                    }
                }
            };
            let handle = std::thread::Builder::new()
                .name("journal-prepare".into())
                .spawn(work)
                .map_err(|e| {
                    JournalFault::new(FaultKind::Io, place, format!("starting a thread: {e}"))
                })?;
            Mode::Thread {
                jobs: Some(jobs),
                done,
                handle: Some(handle),
            }
        } else {
            Mode::InPlace(worker, VecDeque::new(), 0)
        };
        Ok(Self {
            mode,
            preparing: 0,
            sealing: 0,
        })
    }

    pub(crate) fn give(&mut self, job: Job) {
        match job {
            Job::Prepare(_) => self.preparing += 1,
            Job::SyncSeal(_) => self.sealing += 1,
        }
        match &mut self.mode {
            Mode::InPlace(_, jobs, _) => jobs.push_back(job),
            Mode::Thread { jobs, .. } => {
                // A worker that is gone shows as `None` when its work is collected.
                let _ = jobs.as_ref().map(|jobs| jobs.send(job));
            }
        }
    }

    /// The next finished job; with `wait`, the next one to finish. `None` when there is none.
    pub(crate) fn collect(&mut self, wait: bool) -> Option<Done> {
        let done = match &mut self.mode {
            Mode::InPlace(worker, jobs, looks) => {
                *looks += 1;
                if wait || *looks > LAG {
                    *looks = 0;
                    jobs.pop_front().map(|job| worker.run(job))
                } else {
                    None
                }
            }
            Mode::Thread { done, .. } if wait => done.recv().ok(),
            Mode::Thread { done, .. } => done.try_recv().ok(),
        };
        match done {
            Some(Done::Prepared(..)) => self.preparing = self.preparing.saturating_sub(1),
            Some(Done::Sealed(_)) => self.sealing = self.sealing.saturating_sub(1),
            None => {}
        }
        done
    }
}

impl Drop for Preparer {
    fn drop(&mut self) {
        if let Mode::Thread { jobs, handle, .. } = &mut self.mode {
            jobs.take();
            if let Some(handle) = handle.take() {
                let _ = handle.join();
            }
        }
    }
}
