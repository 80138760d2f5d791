//! The spool on disks that come and go, fail, and hold what cannot be read.

use std::path::Path;

use super::file::{look, mounts_on};
use super::*;

fn line(target: &str) -> SpoolLine {
    SpoolLine::Outcome {
        at_micros: 7,
        opening: "id".into(),
        target: target.into(),
        kind: OutcomeKind::Confirmed,
        detail: String::new(),
    }
}

/// What is told once the look that is under way is over.
fn is_news(spool: &mut Spool) -> bool {
    spool.look_beside();
    let sight = spool.looking.take().unwrap().recv().unwrap();
    spool.looking = Some(seen(sight).1);
    spool.is_news()
}

fn seen(sight: Sight) -> (std::sync::mpsc::SyncSender<Sight>, Receiver<Sight>) {
    let (tell, seen) = sync_channel(1);
    tell.send(sight).unwrap();
    (tell, seen)
}

/// The sequencer asked where the file lies: a share that was gone held every opening for as long as it was.
#[test]
fn nobody_waits_for_a_place_that_does_not_answer() {
    let dir = tempfile::tempdir().unwrap();
    let mut spool = Spool::new(dir.path().join("spool"));
    std::fs::write(dir.path().join("spool"), b"x").unwrap();
    let (tell, silent) = sync_channel(1);
    spool.looking = Some(silent);
    for _ in 0..3 {
        assert!(!spool.is_news(), "nothing is known of it");
    }
    tell.send(look(&spool.path)).unwrap();
    assert!(spool.is_news(), "it answers");
    assert!(spool.looking.is_some(), "and is asked again");
    // What was seen before this run wrote is old.
    spool.looking = Some(seen(Sight::default()).1);
    spool.add(line("a"));
    assert!(spool.looking.is_none());
}

#[test]
fn a_torn_line_costs_only_itself_and_what_cannot_be_written_is_kept() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("own/spool");
    let mut spool = Spool::new(path.clone());
    spool.add(line("a"));
    let mut text = std::fs::read(&path).unwrap();
    text.extend_from_slice(b"\n{\"outcome\":{\"tar\xff");
    std::fs::write(&path, text).unwrap();
    spool.add(line("b"));
    assert_eq!(spool.read(), [line("a"), line("b")]);
    spool.clear();
    assert!(path.exists(), "not before it is kept");
    assert_eq!(spool.keep_damaged().unwrap().0, 1);
    spool.clear();
    assert!(!path.exists());
    // A folder stands where the file should be.
    std::fs::create_dir(&path).unwrap();
    spool.add(line("c"));
    assert_eq!(spool.waiting(), (0, 1));
    assert_eq!(spool.read(), [line("c")]);
    std::fs::remove_dir(&path).unwrap();
    spool.flush();
    assert_eq!(spool.waiting(), (1, 0));
    assert_eq!(Spool::new(path).read(), [line("c")]);
}

/// A disk that was unmounted, and another that took its place: what had been written was forgotten and
/// lay in a file that nobody found again.
#[test]
fn what_is_not_journaled_is_written_again_when_its_file_is_another_one() {
    let dir = tempfile::tempdir().unwrap();
    let (folder, away) = (dir.path().join("disk"), dir.path().join("away"));
    let path = folder.join("spool");
    let mut spool = Spool::new(path.clone());
    for target in ["a", "a", "b"] {
        spool.add(line(target));
    }
    std::fs::rename(&folder, &away).unwrap();
    spool.flush();
    assert_eq!(spool.waiting(), (3, 0));
    spool.add(line("c"));
    let all = [line("a"), line("a"), line("b"), line("c")];
    assert_eq!(Spool::new(path.clone()).read(), all);
    // The first one is back: it lacks what came in between, and nothing is there twice.
    std::fs::remove_dir_all(&folder).unwrap();
    std::fs::rename(&away, &folder).unwrap();
    assert_eq!(spool.read(), all);
    spool.flush();
    assert_eq!(Spool::new(path.clone()).read(), all);
    // Emptied under the same name.
    std::fs::write(&path, b"").unwrap();
    assert_eq!(spool.read(), all);
    spool.clear();
    assert_eq!((spool.read(), spool.waiting()), (vec![], (0, 0)));
}

/// Lines were written into the folder below an unmounted disk, counted as safe, and hidden by the
/// next mount.
#[test]
fn what_would_lie_on_another_disk_counts_as_in_memory() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("disk");
    let path = folder.join("spool");
    let mut spool = Spool::new(path.clone());
    let disk = spool.home;
    spool.add(line("a"));
    assert_eq!(spool.waiting(), (1, 0));
    let written = std::fs::read(&path).unwrap();
    // Another disk is seen there.
    spool.home = usize::MAX;
    spool.flush();
    spool.add(line("b"));
    assert_eq!(spool.waiting(), (0, 2));
    assert_eq!(spool.read(), [line("a"), line("b")]);
    assert_eq!(std::fs::read(&path).unwrap(), written);
    std::fs::rename(&folder, dir.path().join("away")).unwrap();
    spool.add(line("c"));
    assert!(!folder.exists(), "nothing is made there");
    std::fs::rename(dir.path().join("away"), &folder).unwrap();
    // It is back.
    spool.home = disk;
    spool.flush();
    assert_eq!(spool.waiting(), (3, 0));
    let all = [line("a"), line("b"), line("c")];
    assert_eq!(Spool::new(path).read(), all);
}

/// Once the journal was back, lines of the next emergency were written into the folder below the disk that was
/// still away, and counted as safe.
#[test]
fn a_disk_that_is_away_stays_the_spools_own_when_all_is_journaled() {
    let mount = Mount::new();
    mount.mount();
    let mut spool = Spool::new(mount.path());
    mount.unmount();
    spool.add(line("a"));
    assert_eq!((spool.waiting(), spool.read()), ((0, 1), vec![line("a")]));
    spool.clear();
    spool.add(line("b"));
    assert_eq!(spool.waiting(), (0, 1));
    assert!(!mount.path().exists(), "nothing is written below the mount");
    mount.mount();
    spool.flush();
    assert_eq!(spool.waiting(), (1, 0));
    assert_eq!(Spool::new(mount.path()).read(), [line("b")]);
}

/// A folder, and a disk that can be mounted on it.
struct Mount {
    scratch: tempfile::TempDir,
    disk: tempfile::TempDir,
}

impl Mount {
    fn new() -> Self {
        let scratch = tempfile::tempdir().unwrap();
        std::fs::create_dir(scratch.path().join("place")).unwrap();
        let disk = tempfile::tempdir_in("/dev/shm").unwrap();
        let mount = Self { scratch, disk };
        let below = mounts_on(&mount.path());
        assert!(mounts_on(&mount.disk.path().join("spool")) > below);
        mount
    }

    fn path(&self) -> PathBuf {
        self.scratch.path().join("place/spool")
    }

    /// As a mount does: the path leads to the disk, and the folder is hidden.
    fn mount(&self) {
        let place = self.scratch.path().join("place");
        std::fs::rename(&place, self.scratch.path().join("below")).unwrap();
        std::os::unix::fs::symlink(self.disk.path(), place).unwrap();
    }

    fn unmount(&self) {
        let place = self.scratch.path().join("place");
        std::fs::remove_file(&place).unwrap();
        std::fs::rename(self.scratch.path().join("below"), place).unwrap();
    }
}

/// The lines of the run before were removed unread, and the new ones lay in memory alone.
#[test]
fn a_disk_that_is_mounted_after_the_start_is_the_spools_own() {
    let mount = Mount::new();
    Spool::new(mount.disk.path().join("spool")).add(line("a"));
    let mut spool = Spool::new(mount.path());
    assert_eq!((spool.read(), is_news(&mut spool)), (vec![], false));
    mount.mount();
    assert!(is_news(&mut spool));
    spool.add(line("b"));
    assert_eq!(spool.waiting(), (2, 0));
    assert_eq!(Spool::new(mount.path()).read(), [line("a"), line("b")]);
    assert_eq!(spool.read(), [line("a"), line("b")]);
    spool.clear();
    assert!(!mount.path().exists());
    assert_eq!((spool.waiting(), is_news(&mut spool)), ((0, 0), false));
}

/// What lay in the folder below the mount was removed unread, and a disk that was away while the
/// journal came back was not used again.
#[test]
fn what_was_not_read_is_not_removed_and_is_found_later() {
    let mount = Mount::new();
    Spool::new(mount.path()).add(line("below"));
    mount.mount();
    let mut spool = Spool::new(mount.path());
    spool.add(line("a"));
    mount.unmount();
    spool.add(line("b"));
    assert_eq!(spool.waiting(), (0, 2));
    assert_eq!(spool.read(), [line("below"), line("a"), line("b")]);
    // Another one has its name before it is removed.
    mount.mount();
    spool.clear();
    mount.unmount();
    assert_eq!(Spool::new(mount.path()).read(), [line("below")]);
    mount.mount();
    assert!(is_news(&mut spool));
    assert_eq!(spool.read(), [line("a")]);
    spool.add(line("c"));
    assert_eq!(spool.waiting(), (2, 0));
}

#[test]
fn a_spool_that_can_be_read_again_is_news() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("spool");
    std::fs::create_dir(&path).unwrap();
    let mut spool = Spool::new(path.clone());
    assert_eq!(spool.read(), []);
    spool.clear();
    assert!(path.exists() && is_news(&mut spool));
    std::fs::remove_dir(&path).unwrap();
    Spool::new(path).add(line("a"));
    assert_eq!(
        (spool.read(), is_news(&mut spool)),
        (vec![line("a")], false)
    );
}

#[test]
fn what_is_kept_in_memory_is_bounded() {
    let dir = tempfile::tempdir().unwrap();
    let mut spool = Spool::new(dir.path().to_owned());
    for number in 0..KEPT_MAX + 2 {
        spool.kept.push_back(Kept {
            line: line(&number.to_string()),
            stored: false,
        });
        spool.kept.truncate(KEPT_MAX);
    }
    spool.add(line("one more"));
    assert_eq!(spool.waiting(), (0, KEPT_MAX as u64));
}

/// What a sync that failed left behind was read back and counted as safe.
#[test]
fn what_lies_behind_a_failed_write_is_in_memory_until_it_is_written_anew() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("spool");
    let mut spool = Spool::new(path.clone());
    spool.add(line("a"));
    let sound = std::fs::read(&path).unwrap();
    // As after a sync that failed: the bytes can be read.
    spool.kept.push_back(Kept {
        line: line("b"),
        stored: false,
    });
    let mut behind = sound.clone();
    put_line(&mut behind, &line("b")).unwrap();
    std::fs::write(&path, &behind).unwrap();
    let (disk, inode, _) = look(&path).mark.unwrap();
    spool.doubt = Some(Doubt {
        disk,
        inode,
        sound_bytes: sound.len() as u64,
    });
    assert_eq!(spool.read(), [line("a"), line("b")]);
    assert_eq!(spool.waiting(), (1, 1));
    // No new file can be made.
    let new = named(&path, ".new");
    std::fs::create_dir(&new).unwrap();
    spool.flush();
    assert_eq!(spool.waiting(), (1, 1));
    assert_eq!(std::fs::read(&path).unwrap(), behind);
    std::fs::remove_dir(&new).unwrap();
    spool.add(line("c"));
    assert_eq!(spool.waiting(), (3, 0));
    assert_ne!(look(&path).mark.unwrap().1, inode, "another file");
    let all = [line("a"), line("b"), line("c")];
    assert_eq!(Spool::new(path.clone()).read(), all);
    spool.clear();
    assert!(!path.exists() && spool.doubt.is_none());
}

/// A line that nobody can read was told in the log alone, and its file removed.
#[test]
fn a_file_with_lines_that_cannot_be_read_is_kept() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("spool");
    let opening = SpoolLine::Opening {
        at_micros: 1,
        clock_micros: 1,
        run: 1,
        sender: "operator-1".into(),
        xml: "<c:Message".into(),
        id: None,
        acted: Vec::new(),
    };
    let mut text = Vec::new();
    put_line(&mut text, &line("a")).unwrap();
    // One whose message is not whole, and one that is no line.
    put_line(&mut text, &opening).unwrap();
    text.extend_from_slice(b"\n{\"outcome\":{\"tar\xff\n");
    for number in 1..3 {
        std::fs::write(&path, &text).unwrap();
        let mut spool = Spool::new(path.clone());
        assert_eq!(spool.read(), [line("a")]);
        let at = named(&path, &format!(".damaged-{number}"));
        assert_eq!(spool.keep_damaged(), Some((2, at.clone())));
        assert_eq!(spool.keep_damaged(), Some((2, at.clone())), "kept once");
        spool.clear();
        assert!(!path.exists());
        assert_eq!(std::fs::read(&at).unwrap(), text);
        assert_eq!(spool.keep_damaged(), None);
    }
}

/// Nothing has a name left for it: it stays where it is.
#[test]
fn a_file_that_cannot_be_kept_under_another_name_is_not_removed() {
    let dir = tempfile::tempdir().unwrap();
    let path: &Path = &dir.path().join("spool");
    std::fs::write(path, b"{}").unwrap();
    for number in 1..=100 {
        std::fs::write(named(path, &format!(".damaged-{number}")), b"").unwrap();
    }
    let mut spool = Spool::new(path.to_owned());
    assert_eq!(spool.read(), []);
    assert_eq!(spool.keep_damaged(), Some((1, path.to_owned())));
    spool.clear();
    assert!(path.exists() && !is_news(&mut spool));
}
