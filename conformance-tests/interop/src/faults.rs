//! A disk that fails and a clock that jumps under a running program, and a lane that is asked itself.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// What fails, switched on and off while the program runs. The layout is that of `shim/faults.c`.
#[derive(Debug)]
pub struct Faults {
    control: std::fs::File,
    envs: [(String, String); 3],
}

impl Faults {
    /// Compiles the shim into `scratch`; nothing fails yet. Files and folders below `folder` can fail.
    pub fn new(scratch: &Path, folder: &Path) -> Self {
        let shim = scratch.join("faults.so");
        crate::run(
            Command::new(crate::system("cc"))
                .args(["-shared", "-fPIC", "-O1", "-o"])
                .arg(&shim)
                .arg(crate::script("shim/faults.c")),
        );
        let control = scratch.join("faults.control");
        std::fs::write(&control, [0; 64]).unwrap();
        let text = |path: &Path| path.display().to_string();
        Self {
            envs: [
                ("LD_PRELOAD".into(), text(&shim)),
                ("CORDON_FAULT_CONTROL".into(), text(&control)),
                ("CORDON_FAULT_FOLDER".into(), text(folder)),
            ],
            control: std::fs::OpenOptions::new()
                .write(true)
                .open(&control)
                .unwrap(),
        }
    }

    /// The environment in which the program meets them.
    pub fn envs(&self) -> Vec<(String, String)> {
        self.envs.to_vec()
    }

    fn set(&self, at: u64, bytes: &[u8]) {
        self.control.write_all_at(bytes, at).unwrap();
    }

    /// The wall clock shows so many seconds more than it should.
    pub fn clock_ahead(&self, seconds: i64) {
        self.set(0, &(seconds * 1_000_000).to_le_bytes());
    }

    /// The disk says that so many bytes are free; 0 says the truth.
    pub fn free_bytes(&self, bytes: i64) {
        self.set(8, &bytes.to_le_bytes());
    }

    /// Every sync fails with this error; 0 ends it.
    pub fn sync(&self, errno: i32) {
        self.set(16, &errno.to_le_bytes());
    }

    /// Every write fails with this error; 0 ends it.
    pub fn write(&self, errno: i32) {
        self.set(20, &errno.to_le_bytes());
    }

    /// New files, folders and room fail with this error; 0 ends it.
    pub fn make(&self, errno: i32) {
        self.set(24, &errno.to_le_bytes());
    }

    /// Opening for writing fails with this error; 0 ends it.
    pub fn open(&self, errno: i32) {
        self.set(28, &errno.to_le_bytes());
    }

    /// Opening anything fails with this error, as another account's file does; 0 ends it.
    pub fn refuse(&self, errno: i32) {
        self.set(40, &errno.to_le_bytes());
    }

    /// Every write stores half of its bytes, and then there is no room.
    pub fn short(&self, is_short: bool) {
        self.set(32, &i32::from(is_short).to_le_bytes());
    }

    /// No sync returns until it works again.
    pub fn hang(&self) {
        self.set(36, &1_i32.to_le_bytes());
    }

    /// Nothing that writes returns until it works again, as on a frozen file system; a sync of what was written
    /// before does.
    pub fn freeze(&self) {
        self.set(36, &2_i32.to_le_bytes());
    }

    /// Nothing that names a path, opens a file or writes returns until it works again, as on a share that is away.
    pub fn away(&self) {
        self.set(36, &7_i32.to_le_bytes());
    }

    /// The disk works again.
    pub fn end(&self) {
        self.set(8, &[0; 36]);
    }
}

/// A simulated barrier lane in a process of its own; killed by its own pid when dropped.
#[derive(Debug)]
pub struct Lane {
    child: Child,
    address: String,
}

impl Lane {
    /// Starts it on a free port with its boom down; the boom takes 300 ms.
    pub fn start() -> Self {
        Self::start_at("127.0.0.1:0")
    }

    /// Ends it and starts another one at the same address, its boom down.
    pub fn restart(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        let address = std::mem::take(&mut self.address);
        *self = Self::start_at(&address);
    }

    fn start_at(address: &str) -> Self {
        let mut child = Command::new(crate::program())
            .args([
                "simulate",
                "lane",
                "--travel-ms",
                "300",
                "--listen",
                address,
            ])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let mut said = BufReader::new(child.stdout.take().unwrap());
        said.read_line(&mut line).unwrap();
        let told: serde_json::Value = serde_json::from_str(&line).unwrap();
        let address = told.get("address").and_then(serde_json::Value::as_str);
        Self {
            address: address.unwrap().to_owned(),
            child,
        }
    }

    /// The section of `park.toml` that serves it as the barrier of the emergency gate.
    pub fn section(&self) -> String {
        let profile = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../../mappings/generic/lane/1/profile.toml");
        format!(
            "\n[[modbus]]\nname = \"barriers\"\n[[modbus.bus]]\naddress = \"{}\"\n[[modbus.bus.lane]]\n\
             device = \"BR-06\"\ngate = \"G-04\"\nlane = \"L-06\"\ndirection = \"IN\"\nprofile = \"{}\"\n",
            self.address,
            profile.canonicalize().unwrap().display()
        )
    }

    /// Whether the upper limit switch says that the boom is up, asked over Modbus TCP.
    pub fn is_up(&self) -> bool {
        // Function 2: one discrete input from address 0.
        let answer = self.call([2, 0, 0, 0, 1], 10);
        answer.get(9).is_some_and(|bits| bits & 1 == 1)
    }

    /// Whether the controller is told to hold the boom open: its lock coil is on.
    pub fn is_locked_open(&self) -> bool {
        // Function 1: one coil at the profile's address of `lock_open`.
        let answer = self.call([1, 0, 3, 0, 1], 10);
        answer.get(9).is_some_and(|bits| bits & 1 == 1)
    }

    /// Whether the lower limit switch says that the boom is down.
    pub fn is_down(&self) -> bool {
        let answer = self.call([2, 0, 1, 0, 1], 10);
        answer.get(9).is_some_and(|bits| bits & 1 == 1)
    }

    /// One call of unit 1 on a connection of its own; the answer has `bytes` bytes.
    fn call(&self, request: [u8; 5], bytes: usize) -> Vec<u8> {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        let patience = Some(Duration::from_secs(5));
        stream.set_read_timeout(patience).unwrap();
        let mut frame = vec![0, 1, 0, 0, 0, 6, 1];
        frame.extend_from_slice(&request);
        stream.write_all(&frame).unwrap();
        let mut answer = vec![0; bytes];
        stream.read_exact(&mut answer).unwrap();
        assert_eq!(answer.get(7), request.first(), "{answer:?}");
        answer
    }

    /// Waits until the boom is up.
    pub fn wait_until_up(&self) {
        let deadline = Instant::now() + Duration::from_secs(60);
        while !self.is_up() {
            assert!(Instant::now() < deadline, "the boom never was up");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Lane {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What the one key asks for.
const OPEN: &str = r#"{"gate":"G-04","ordered_by":"duty officer","reason":"fire","release":false}"#;

/// A healthy park with one lane, whose disk can fail.
#[derive(Debug)]
pub struct FailingPark {
    /// The park; its journal and state lie in the folder `store`.
    pub park: crate::Park,
    /// What fails.
    pub faults: Faults,
    /// The lane of the emergency gate.
    pub lane: Lane,
    /// A folder that never fails.
    pub scratch: tempfile::TempDir,
}

impl FailingPark {
    /// Starts it; the spool lies on the failing disk, or where `spool` says.
    pub fn start(spool: Option<&str>) -> Self {
        Self::start_failing(spool, "store")
    }

    /// The same, with a disk under `failing` in its folder alone.
    pub fn start_failing(spool: Option<&str>, failing: &str) -> Self {
        Self::start_changed(spool, failing, |_| {})
    }

    /// The same, with what `change` does to its prepared folder.
    pub fn start_changed(spool: Option<&str>, failing: &str, change: impl FnOnce(&Path)) -> Self {
        let scratch = tempfile::tempdir().unwrap();
        let lane = Lane::start();
        let mut made = None;
        let park = crate::Park::start_under(|data| {
            let faults = Faults::new(scratch.path(), &data.join(failing));
            let mut store = "data = \"store\"".to_owned();
            if let Some(spool) = spool {
                store += &format!("\nspool = \"{spool}\"");
            }
            crate::change_config(data, &[("data = \".\"", &store)], &lane.section());
            crate::busy(data);
            change(data);
            let envs = faults.envs();
            made = Some(faults);
            envs
        });
        park.until_online("BR-06");
        Self {
            park,
            faults: made.unwrap(),
            lane,
            scratch,
        }
    }

    /// One-key opening is acknowledged and carried out, and not late.
    pub fn opens(&self) {
        self.park.until_online("BR-06");
        let answer = self.park.post("/api/emergency-open", OPEN).unwrap();
        let log = || self.park.log();
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}\n{}", log());
        assert!(!answer.contains("late"), "{answer}");
        self.lane.wait_until_up();
    }

    /// What an enterprise says, as `submit` prints what came of it.
    pub fn say(&self, party: &str) -> String {
        let (park, id) = (&self.park, crate::fresh_id());
        let fields = format!(
            "<c:EnterpriseId>{party}</c:EnterpriseId><c:Required>4</c:Required>\
             <c:OnPost>3</c:OnPost><c:ObservedAt>{}</c:ObservedAt>",
            crate::moment(0)
        );
        let text = crate::message(crate::Head::of(party), &id, "OnDutyStatus", &fields);
        let file = crate::message_file(park.scratch(), &id, &text);
        let spool = park.scratch().join(format!("spool-{id}"));
        std::fs::create_dir(&spool).unwrap();
        let mut submit = park.client(&["submit"], "enterprise", party);
        submit.args(["--patience-s", "2", "--spool"]).arg(spool);
        crate::said(&submit.arg(file).output().unwrap())
    }

    /// Whether what an enterprise says is taken.
    pub fn is_heard(&self, party: &str) -> bool {
        self.say(party).contains("accepted 1")
    }
}
