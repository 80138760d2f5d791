//! A park of the test's own: `cordon run` on free ports in a prepared folder.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::program;

/// How many ports a park takes from its base on.
const PORTS: u16 = 40;

/// A running park; killed by its own pid when dropped.
#[derive(Debug)]
pub struct Park {
    child: Child,
    folder: tempfile::TempDir,
    base: u16,
    /// Most open files, where they are limited.
    files: Option<u32>,
    envs: Vec<(String, String)>,
}

/// A port base with room for a park. Each call of a process gives another one.
pub fn free_port_base() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let seed = u16::try_from(std::process::id() % 300).unwrap() * 100;
    for _ in 0..300 {
        let step = NEXT.fetch_add(1, Ordering::Relaxed);
        let base = 20_000 + (seed + step * PORTS) % 12_000;
        if (base..base + PORTS).all(|port| TcpListener::bind(("127.0.0.1", port)).is_ok()) {
            return base;
        }
    }
    panic!("no {PORTS} free ports in a row");
}

impl Park {
    /// Starts a park and waits until its console says that it is healthy.
    pub fn start() -> Self {
        Self::start_with(|_| {})
    }

    /// Starts a park whose prepared folder `change` may change first.
    pub fn start_with(change: impl FnOnce(&Path)) -> Self {
        Self::start_within(None, change)
    }

    /// The same with at most so many open files.
    pub fn start_within(files: Option<u32>, change: impl FnOnce(&Path)) -> Self {
        Self::start_as(files, |data| {
            change(data);
            Vec::new()
        })
    }

    /// As [`Park::start_with`]; the program runs with the environment variables that `change` gives.
    pub fn start_under(change: impl FnOnce(&Path) -> Vec<(String, String)>) -> Self {
        Self::start_as(None, change)
    }

    fn start_as(files: Option<u32>, change: impl FnOnce(&Path) -> Vec<(String, String)>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let base = free_port_base();
        let data = folder.path().join("park");
        crate::run(
            Command::new(program())
                .arg("prepare")
                .arg("--data")
                .arg(&data)
                .args(["--port-base", &base.to_string()]),
        );
        // How full the disk of this machine is, is nobody's subject here.
        let hub = ("[hub]\n", "[hub]\ndisk_warn_percent = 100\n");
        crate::folder::change_config(&data, &[hub], "");
        let envs = change(&data);
        if crate::tools::is_another_program() {
            crate::folder::forget_unknown_keys(&data);
        }
        let mut park = Self {
            child: Self::spawn(folder.path(), files, &envs),
            folder,
            base,
            files,
            envs,
        };
        park.wait_until_healthy();
        park
    }

    /// The program itself; what it says is put after what was said before.
    fn spawn(scratch: &Path, files: Option<u32>, envs: &[(String, String)]) -> Child {
        let log = std::fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(scratch.join("park.log"))
            .unwrap();
        let mut command = match files {
            None => Command::new(program()),
            Some(files) => {
                let mut shell = Command::new(crate::system("sh"));
                shell
                    .args(["-c", "ulimit -n \"$0\" && exec \"$@\""])
                    .arg(files.to_string())
                    .arg(program());
                shell
            }
        };
        command
            .args(["run", "--config"])
            .arg(scratch.join("park/park.toml"))
            .envs(envs.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap()
    }

    /// Ends it hard, by its pid, and starts it again in the same folder. It may not be up yet.
    pub fn kill_and_restart(&mut self) {
        self.kill();
        self.start_again();
    }

    /// Ends it hard, by its pid.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Starts it again in the same folder. It may not be up yet.
    pub fn start_again(&mut self) {
        self.child = Self::spawn(self.folder.path(), self.files, &self.envs);
    }

    /// Waits until the console says `wanted` of its health, whatever the status; panics with the log
    /// when the program ends instead.
    pub fn wait_until_health(&mut self, wanted: &str) {
        let deadline = Instant::now() + Duration::from_secs(90);
        while Instant::now() < deadline {
            if let Some(status) = self.child.try_wait().unwrap() {
                panic!("the park ended with {status}:\n{}", self.log());
            }
            let health = self.get("/healthz").unwrap_or_default();
            if health.contains(wanted) {
                return;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        panic!("the park's health never said `{wanted}`:\n{}", self.log());
    }

    /// Waits until the console says that it is healthy.
    pub fn wait_until_healthy(&mut self) {
        let deadline = Instant::now() + Duration::from_secs(90);
        while Instant::now() < deadline {
            if let Some(status) = self.child.try_wait().unwrap() {
                panic!("the park ended with {status}:\n{}", self.log());
            }
            if self
                .get("/healthz")
                .is_some_and(|answer| answer.starts_with("HTTP/1.1 200"))
            {
                return;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        panic!("the park did not become healthy:\n{}", self.log());
    }

    /// The park's folder.
    pub fn data(&self) -> PathBuf {
        self.folder.path().join("park")
    }

    /// The folder of the test itself, for answers and logs.
    pub fn scratch(&self) -> &Path {
        self.folder.path()
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// The exchange address.
    pub fn exchange(&self) -> String {
        format!("https://127.0.0.1:{}", self.base)
    }

    /// The console address.
    pub fn console(&self) -> String {
        format!("http://127.0.0.1:{}", self.base + 1)
    }

    /// What it said so far.
    pub fn log(&self) -> String {
        let log = self.folder.path().join("park.log");
        match log.is_symlink() {
            // A device that can be read for ever.
            true => String::new(),
            false => std::fs::read_to_string(log).unwrap_or_default(),
        }
    }

    /// Asks it to stop as a service manager does, and returns its exit code.
    pub fn terminate(&mut self) -> Option<i32> {
        crate::run(Command::new(crate::system("kill")).arg(self.child.id().to_string()));
        let deadline = Instant::now() + Duration::from_secs(30);
        while Instant::now() < deadline {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.code();
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        panic!("the park did not stop:\n{}", self.log());
    }

    /// Runs a SOAP counterpart with the certificates of `party`; what it saw as a whole, and on
    /// each port.
    pub fn soap(&self, mut script: Command, party: &str, rest: &[&str]) -> (Value, Vec<Value>) {
        let certs = self.data().join("certs");
        let seen = crate::run_json(
            script
                .arg(self.exchange())
                .arg(certs.join(party))
                .arg(certs.join("ca/root.pem"))
                .arg(self.scratch())
                .args(rest),
        );
        let ports = seen.get("ports").and_then(Value::as_array);
        let ports = ports.cloned().unwrap_or_default();
        assert_eq!(ports.len(), 2, "SOAP 1.1 and SOAP 1.2: {seen}");
        (seen, ports)
    }

    /// A plain GET of the console; the raw answer.
    pub fn get(&self, path: &str) -> Option<String> {
        self.ask(&format!("GET {path} HTTP/1.1\r\n"), "")
    }

    /// A POST of JSON to the console, as its own page sends it; the raw answer.
    pub fn post(&self, path: &str, json: &str) -> Option<String> {
        let head = format!(
            "POST {path} HTTP/1.1\r\nx-cordon-console: 1\r\ncontent-type: application/json\r\ncontent-length: {}\r\n",
            json.len()
        );
        self.ask(&head, json)
    }

    fn ask(&self, head: &str, body: &str) -> Option<String> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.base + 1)).ok()?;
        // An act on a disk that fails is answered when the disk has said so.
        stream
            .set_read_timeout(Some(Duration::from_secs(20)))
            .ok()?;
        let host = self.base + 1;
        write!(
            stream,
            "{head}host: 127.0.0.1:{host}\r\nconnection: close\r\n\r\n{body}"
        )
        .ok()?;
        let mut answer = String::new();
        let read = stream.read_to_string(&mut answer);
        read.map_err(|error| println!("no answer from the console: {error}, after {answer:?}"))
            .ok()?;
        Some(answer)
    }
}

impl Drop for Park {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
