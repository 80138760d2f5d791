//! A simulated disk for crash tests: what was not synced may be lost, torn or reordered at a power
//! cut. Everything follows from one seed.
//!
//! The model: sectors of 512 bytes are independent; an unsynced sector of a write is kept, lost, or
//! torn at a byte between old and new; folder changes reach the disk in order, any number of the
//! unsynced ones; a bit never changes by itself (tests flip bits by hand).

use std::any::Any;
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{Disk, DiskFile, FileId};

const SECTOR: usize = 512;

/// A small deterministic random source (splitmix64).
#[derive(Clone, Debug)]
pub struct Dice(u64);

impl Dice {
    /// A source that always gives the same for the same seed.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next number.
    pub fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number from 0 to `bound` - 1.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.roll() % bound.max(1)
    }
}

enum Pending {
    Write(usize, Vec<u8>),
    Length(usize),
}

#[derive(Default)]
struct Inode {
    /// What a program reads now.
    now: Vec<u8>,
    /// What is safe.
    safe: Vec<u8>,
    pending: Vec<Pending>,
}

enum NameChange {
    Link(PathBuf, u64),
    Rename(PathBuf, PathBuf),
    Remove(PathBuf),
}

#[derive(Default)]
struct World {
    inodes: BTreeMap<u64, Inode>,
    names: BTreeMap<PathBuf, u64>,
    safe_names: BTreeMap<PathBuf, u64>,
    pending_names: Vec<NameChange>,
    next_inode: u64,
    /// Counts power cuts; files opened before one are dead after it.
    life: u64,
    locked: bool,
    /// Operations that change something, counted since the last power cut.
    steps: u64,
    /// The power fails at this step.
    cut_at: Option<u64>,
    power_off: bool,
    /// The sync at this many syncs from now fails and drops what it should have saved.
    failing_sync: Option<u64>,
    /// Every sync fails.
    is_broken: bool,
    /// Bytes the disk holds in all.
    capacity: u64,
    dice: Option<Dice>,
}

/// The simulated disk; clones share it.
#[derive(Clone)]
pub struct SimDisk(Arc<Mutex<World>>);

struct SimFile {
    disk: SimDisk,
    inode: u64,
    life: u64,
}

struct SimLock(SimDisk, u64);

impl Drop for SimLock {
    fn drop(&mut self) {
        let mut world = self.0.world();
        if world.life == self.1 {
            world.locked = false;
        }
    }
}

fn lost() -> io::Error {
    io::Error::other("simulated power cut")
}

fn apply_names(names: &mut BTreeMap<PathBuf, u64>, change: &NameChange) {
    match change {
        NameChange::Link(path, inode) => {
            names.insert(path.clone(), *inode);
        }
        NameChange::Rename(from, to) => {
            if let Some(inode) = names.remove(from) {
                names.insert(to.clone(), inode);
            }
        }
        NameChange::Remove(path) => {
            names.remove(path);
        }
    }
}

fn overwrite(bytes: &mut Vec<u8>, offset: usize, with: &[u8]) {
    if bytes.len() < offset + with.len() {
        bytes.resize(offset + with.len(), 0);
    }
    if let Some(place) = bytes.get_mut(offset..offset + with.len()) {
        place.copy_from_slice(with);
    }
}

/// How a power cut treats what was not synced.
#[derive(Clone, Copy)]
enum Fate {
    AllLost,
    AllKept,
    /// The first so many sectors of all unsynced writes are kept.
    Prefix(u64),
    Scattered,
}

impl Inode {
    fn cut(&mut self, dice: &mut Dice) {
        let mut fate = match dice.below(8) {
            0 => Fate::AllLost,
            1 => Fate::AllKept,
            2..=4 => Fate::Prefix(dice.below(24)),
            _ => Fate::Scattered,
        };
        for change in std::mem::take(&mut self.pending) {
            match change {
                Pending::Length(len) => {
                    if !matches!(fate, Fate::AllLost) {
                        self.safe.resize(len, 0);
                    }
                }
                Pending::Write(offset, bytes) => self.cut_write(dice, &mut fate, offset, &bytes),
            }
        }
        self.now.clone_from(&self.safe);
    }

    fn cut_write(&mut self, dice: &mut Dice, fate: &mut Fate, offset: usize, bytes: &[u8]) {
        let mut at = 0;
        while at < bytes.len() {
            let len = (SECTOR - (offset + at) % SECTOR).min(bytes.len() - at);
            let kept = match fate {
                Fate::AllLost => 0,
                Fate::AllKept => len,
                Fate::Prefix(0) => 0,
                Fate::Prefix(left) => {
                    *left -= 1;
                    if *left == 0 { torn(dice, len) } else { len }
                }
                Fate::Scattered => match dice.below(5) {
                    0 | 1 => 0,
                    2 | 3 => len,
                    _ => torn(dice, len),
                },
            };
            let piece = bytes.get(at..at + kept).unwrap_or_default();
            overwrite(&mut self.safe, offset + at, piece);
            at += len;
        }
    }
}

fn torn(dice: &mut Dice, len: usize) -> usize {
    usize::try_from(dice.below(len as u64 + 1)).unwrap_or(len)
}

impl SimDisk {
    /// An empty disk of 1 GiB.
    pub fn new(seed: u64) -> Self {
        let world = World {
            capacity: 1 << 30,
            dice: Some(Dice::new(seed)),
            ..World::default()
        };
        Self(Arc::new(Mutex::new(world)))
    }

    fn world(&self) -> MutexGuard<'_, World> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The power fails at the `step`th change from now; that change and all later ones fail.
    pub fn cut_at(&self, step: u64) {
        let mut world = self.world();
        world.cut_at = Some(world.steps + step);
    }

    /// True once the power has failed and not come back.
    pub fn is_off(&self) -> bool {
        self.world().power_off
    }

    /// Changes so far since the last power cut.
    pub fn steps(&self) -> u64 {
        self.world().steps
    }

    /// The power fails now and comes back: open files die, unsynced changes meet their fate.
    pub fn power_cycle(&self) {
        let mut world = self.world();
        let world = &mut *world;
        let dice = world.dice.get_or_insert(Dice::new(0));
        let kept = dice.below(world.pending_names.len() as u64 + 1);
        for change in world
            .pending_names
            .drain(..)
            .take(usize::try_from(kept).unwrap_or(0))
        {
            apply_names(&mut world.safe_names, &change);
        }
        world.names.clone_from(&world.safe_names);
        for inode in world.inodes.values_mut() {
            inode.cut(dice);
        }
        let names = &world.names;
        world
            .inodes
            .retain(|inode, _| names.values().any(|used| used == inode));
        world.life += 1;
        world.locked = false;
        world.steps = 0;
        world.cut_at = None;
        world.power_off = false;
        world.failing_sync = None;
    }

    /// The program dies and the machine lives: nothing written is lost, open files die.
    pub fn kill(&self) {
        let mut world = self.world();
        world.life += 1;
        world.locked = false;
    }

    /// The `count`th file sync from now fails, and what it should have saved stays readable but is
    /// never saved by a later sync (as on Linux).
    pub fn fail_sync(&self, count: u64) {
        self.world().failing_sync = Some(count);
    }

    /// Every sync fails as by [`SimDisk::fail_sync`], until it is said otherwise.
    pub fn set_broken(&self, is_broken: bool) {
        self.world().is_broken = is_broken;
    }

    /// Sets the free bytes.
    pub fn set_free(&self, bytes: u64) {
        let mut world = self.world();
        world.capacity = world.used() + bytes;
    }

    /// Flips one bit of a file, on the disk and in what is read.
    pub fn flip(&self, path: &Path, bit: u64) {
        let mut world = self.world();
        let Some(inode) = world.names.get(path).copied() else {
            return;
        };
        let at = usize::try_from(bit / 8).unwrap_or(usize::MAX);
        if let Some(inode) = world.inodes.get_mut(&inode) {
            for bytes in [&mut inode.now, &mut inode.safe] {
                if let Some(byte) = bytes.get_mut(at) {
                    *byte ^= 1 << (bit % 8);
                }
            }
        }
    }

    /// The bytes of a file as read now.
    pub fn bytes(&self, path: &Path) -> Option<Vec<u8>> {
        let world = self.world();
        let inode = world.names.get(path)?;
        world.inodes.get(inode).map(|inode| inode.now.clone())
    }
}

impl World {
    /// Bytes of the files that have a name.
    fn used(&self) -> u64 {
        let named = self
            .names
            .values()
            .filter_map(|inode| self.inodes.get(inode));
        named.map(|inode| inode.now.len() as u64).sum()
    }

    fn free(&self) -> u64 {
        self.capacity.saturating_sub(self.used())
    }

    /// Counts a change; `Err` when the power is off. The change at the cut is begun, so it is made
    /// and may survive, yet it fails.
    fn step(&mut self) -> io::Result<bool> {
        if self.power_off {
            return Err(lost());
        }
        self.steps += 1;
        self.power_off = self.cut_at == Some(self.steps);
        Ok(self.power_off)
    }

    fn change_name(&mut self, change: NameChange) -> io::Result<()> {
        let cut = self.step()?;
        apply_names(&mut self.names, &change);
        self.pending_names.push(change);
        if cut { Err(lost()) } else { Ok(()) }
    }

    fn inode(&mut self, file: &SimFile) -> io::Result<&mut Inode> {
        if self.life != file.life || self.power_off {
            return Err(lost());
        }
        self.inodes.get_mut(&file.inode).ok_or_else(lost)
    }
}

impl Disk for SimDisk {
    fn make_dir(&self, _dir: &Path) -> io::Result<()> {
        Ok(())
    }

    fn list(&self, dir: &Path) -> io::Result<Vec<String>> {
        let world = self.world();
        let inside = world.names.keys().filter(|path| path.parent() == Some(dir));
        let names = inside.filter_map(|path| path.file_name()?.to_str().map(str::to_owned));
        Ok(names.collect())
    }

    fn open(&self, path: &Path, _write: bool) -> io::Result<Arc<dyn DiskFile>> {
        let world = self.world();
        let inode = *world.names.get(path).ok_or(io::ErrorKind::NotFound)?;
        Ok(Arc::new(SimFile {
            disk: self.clone(),
            inode,
            life: world.life,
        }))
    }

    fn create(&self, path: &Path, bytes: u64) -> io::Result<Arc<dyn DiskFile>> {
        let mut world = self.world();
        if bytes > world.free() {
            return Err(io::ErrorKind::StorageFull.into());
        }
        world.next_inode += 1;
        let (inode, life) = (world.next_inode, world.life);
        let len = usize::try_from(bytes).map_err(|_| io::ErrorKind::InvalidInput)?;
        let made = Inode {
            now: vec![0; len],
            safe: Vec::new(),
            pending: vec![Pending::Length(len)],
        };
        world.inodes.insert(inode, made);
        world.change_name(NameChange::Link(path.to_path_buf(), inode))?;
        Ok(Arc::new(SimFile {
            disk: self.clone(),
            inode,
            life,
        }))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let change = NameChange::Rename(from.to_path_buf(), to.to_path_buf());
        self.world().change_name(change)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.world()
            .change_name(NameChange::Remove(path.to_path_buf()))
    }

    fn sync_dir(&self, _dir: &Path) -> io::Result<()> {
        let mut world = self.world();
        // A cut during the sync: some of it may be done, which the pending list already allows.
        if world.step()? {
            return Err(lost());
        }
        world.pending_names.clear();
        let names = world.names.clone();
        world.safe_names = names;
        Ok(())
    }

    fn free_bytes(&self, _dir: &Path) -> io::Result<u64> {
        Ok(self.world().free())
    }

    fn total_bytes(&self, _dir: &Path) -> io::Result<u64> {
        Ok(self.world().capacity)
    }

    fn id(&self, path: &Path) -> io::Result<FileId> {
        let world = self.world();
        let inode = *world.names.get(path).ok_or(io::ErrorKind::NotFound)?;
        Ok((world.life, inode))
    }

    fn lock(&self, _dir: &Path) -> io::Result<Option<Box<dyn Any + Send>>> {
        let mut world = self.world();
        if world.locked {
            return Ok(None);
        }
        world.locked = true;
        Ok(Some(Box::new(SimLock(self.clone(), world.life))))
    }

    fn salt(&self) -> io::Result<u64> {
        Ok(self.world().dice.get_or_insert(Dice::new(0)).roll())
    }
}

impl DiskFile for SimFile {
    fn len(&self) -> io::Result<u64> {
        Ok(self.disk.world().inode(self)?.now.len() as u64)
    }

    fn read_at(&self, out: &mut [u8], offset: u64) -> io::Result<usize> {
        let mut world = self.disk.world();
        let bytes = &world.inode(self)?.now;
        let from = usize::try_from(offset)
            .unwrap_or(usize::MAX)
            .min(bytes.len());
        let len = out.len().min(bytes.len() - from);
        if let (Some(to), Some(from)) = (out.get_mut(..len), bytes.get(from..from + len)) {
            to.copy_from_slice(from);
        }
        Ok(len)
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        let offset = usize::try_from(offset).map_err(|_| io::ErrorKind::InvalidInput)?;
        let mut world = self.disk.world();
        world.inode(self)?;
        let cut = world.step()?;
        if let Some(inode) = world.inodes.get_mut(&self.inode) {
            overwrite(&mut inode.now, offset, bytes);
            inode.pending.push(Pending::Write(offset, bytes.to_vec()));
        }
        if cut { Err(lost()) } else { Ok(()) }
    }

    fn set_len(&self, bytes: u64) -> io::Result<()> {
        let len = usize::try_from(bytes).map_err(|_| io::ErrorKind::InvalidInput)?;
        let mut world = self.disk.world();
        let grows = bytes.saturating_sub(world.inode(self)?.now.len() as u64);
        if grows > world.free() {
            return Err(io::ErrorKind::StorageFull.into());
        }
        let cut = world.step()?;
        if let Some(inode) = world.inodes.get_mut(&self.inode) {
            inode.now.resize(len, 0);
            inode.pending.push(Pending::Length(len));
        }
        if cut { Err(lost()) } else { Ok(()) }
    }

    fn id(&self) -> io::Result<FileId> {
        Ok((self.life, self.inode))
    }

    fn stands(&self) -> io::Result<(FileId, u64)> {
        let world = self.disk.world();
        let len = world.inodes.get(&self.inode).map_or(0, |it| it.now.len());
        Ok((self.id()?, len as u64))
    }

    fn sync(&self) -> io::Result<()> {
        let mut world = self.disk.world();
        world.inode(self)?;
        if world.step()? {
            return Err(lost());
        }
        let fails = match &mut world.failing_sync {
            Some(0) => false,
            Some(left) => {
                *left -= 1;
                *left == 0
            }
            None => false,
        };
        if fails || world.is_broken {
            let is_broken = world.is_broken;
            world.inode(self)?.pending.clear();
            return Err(match is_broken {
                // EIO, as Linux says it.
                true => io::Error::from_raw_os_error(5),
                false => io::Error::other("simulated sync failure"),
            });
        }
        let inode = world.inode(self)?;
        if inode.pending.is_empty() {
            return Ok(());
        }
        // Only what is pending is saved: after a failed sync, dropped writes stay unsaved.
        let pending = std::mem::take(&mut inode.pending);
        for change in &pending {
            match change {
                Pending::Length(len) => inode.safe.resize(*len, 0),
                Pending::Write(offset, bytes) => overwrite(&mut inode.safe, *offset, bytes),
            }
        }
        Ok(())
    }
}
