//! The program's own clients, used against a running park as its partners use them.

use std::path::PathBuf;
use std::process::{Command, Output};

use crate::{Park, program, run, said};

impl Park {
    /// A client command of the program, such as `pull messages`, at a service as `party`.
    pub fn client(&self, words: &[&str], service: &str, party: &str) -> Command {
        let certs = self.data().join("certs");
        let mut command = Command::new(program());
        command
            .args(words)
            .args(["--url", &format!("{}/soap/{service}", self.exchange())])
            .arg("--certs")
            .arg(certs.join(party))
            .arg("--trust")
            .arg(certs.join("ca"));
        command
    }

    /// `cordon submit` of files by an enterprise, in their order, with a spool of the party's own.
    pub fn submit(&self, party: &str, files: &[PathBuf]) -> Output {
        let spool = self.spool(party);
        std::fs::create_dir_all(&spool).unwrap();
        let mut command = self.client(&["submit"], "enterprise", party);
        let command = command.arg("--spool").arg(spool).args(files);
        command.output().unwrap()
    }

    /// The spool of [`Park::submit`].
    pub fn spool(&self, party: &str) -> PathBuf {
        self.scratch().join("spools").join(party)
    }

    /// Builds RPT-01 of what is there so far; what the program said.
    pub fn build_report(&self) -> Output {
        let words = ["report", "build", "--report", "RPT-01", "--so-far"];
        let mut command = Command::new(program());
        command.args(words).arg("--config");
        run(command.arg(self.data().join("park.toml")))
    }

    /// What `cordon journal show` says of the park's journal: a line for each entry.
    pub fn entries(&self) -> String {
        self.show(&[])
    }

    /// The same with each body below its line.
    pub fn bodies(&self) -> String {
        self.show(&["--body"])
    }

    fn show(&self, words: &[&str]) -> String {
        let mut command = Command::new(program());
        command.args(["journal", "show", "--limit", "100000"]);
        let command = command.args(words).arg("--dir");
        said(&run(command.arg(self.data().join("journal"))))
    }
}
