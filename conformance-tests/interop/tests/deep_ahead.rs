//! A journal whose entries are ahead of the clock is examined by what the hub's clock showed: whose certificate is
//! revoked later had a good one when he was heard.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs, reason = "test code")]

use std::path::Path;
use std::process::{Command, Output};

use cordon_contract::{Clock as _, SystemClock};
use cordon_interop::{Faults, Head, Park, fresh_id, message, message_file, moment, program, said};
use cordon_security::Signer;
use cordon_security::ca::{Authority, Reason};

const DAY: i64 = 86_400;

fn say(park: &Park) -> String {
    let id = fresh_id();
    let fields = format!(
        "<c:EnterpriseId>enterprise-2</c:EnterpriseId><c:Required>4</c:Required>\
         <c:OnPost>3</c:OnPost><c:ObservedAt>{}</c:ObservedAt>",
        moment(0)
    );
    let text = message(Head::of("enterprise-2"), &id, "OnDutyStatus", &fields);
    let file = message_file(park.scratch(), &id, &text);
    let spool = park.scratch().join(format!("spool-{id}"));
    std::fs::create_dir(&spool).unwrap();
    let mut submit = park.client(&["submit"], "enterprise", "enterprise-2");
    said(&submit.arg("--spool").arg(spool).arg(file).output().unwrap())
}

/// The certificate of enterprise-2 counts no more from now on.
fn revoke(certs: &Path) {
    let folder = certs.join("enterprise-2");
    let signer = Signer::load(&folder.join("chain.pem"), &folder.join("key.pem")).unwrap();
    let now = SystemClock.now();
    let mut ca = Authority::open(&certs.join("ca")).unwrap();
    let serial = signer.certificate().serial();
    ca.revoke(serial, Reason::KeyCompromise, now).unwrap();
    ca.crl(now).unwrap();
}

fn verify(park: &Park) -> Output {
    let mut verify = Command::new(program());
    verify.args(["journal", "verify", "--deep", "--dir"]);
    verify.arg(park.data().join("journal"));
    verify.arg("--trust").arg(park.data().join("certs/ca"));
    verify.output().unwrap()
}

/// It was called DAMAGED: V012 after a day ahead, V013 once the lead was longer than a certificate is good.
#[test]
fn a_journal_ahead_of_the_clock_is_clean_after_a_revocation() {
    for ahead in [DAY, 400 * DAY] {
        let scratch = tempfile::tempdir().unwrap();
        let mut made = None;
        let mut park = Park::start_under(|data| {
            let faults = Faults::new(scratch.path(), data);
            let envs = faults.envs();
            made = Some(faults);
            envs
        });
        let faults = made.unwrap();
        park.kill();
        faults.clock_ahead(ahead);
        park.start_again();
        park.wait_until_healthy();
        park.kill();
        faults.clock_ahead(0);
        park.start_again();
        park.wait_until_health("warning: clock: the journal is +");
        let told = say(&park);
        assert!(told.contains("accepted 1"), "{told}\n{}", park.log());
        assert_eq!(park.terminate(), Some(0), "{}", park.log());
        // One that is revoked in the same second counted no more.
        std::thread::sleep(std::time::Duration::from_millis(1_100));
        revoke(&park.data().join("certs"));
        let found = verify(&park);
        assert!(found.status.success(), "{ahead}: {}", said(&found));
        let text = said(&found);
        assert!(
            text.contains("clean") && text.contains("1 signatures"),
            "{text}"
        );
    }
}
