//! What the page's own files promise.

use crate::played::Bench;

/// A form is sent by Enter as if its first sending button were pressed: that must be the one that does
/// what the dialog asks.
#[tokio::test]
async fn enter_in_a_dialog_does_what_the_dialog_asks() {
    let bench = Bench::start().await;
    let (_, html) = bench.get("/").await;
    let dialogs: Vec<&str> = html.split("<dialog id=\"").skip(1).collect();
    assert_eq!(dialogs.len(), 3);
    for (dialog, wanted) in dialogs.iter().zip(["open", "order", "close"]) {
        let buttons = dialog.split("<button ").skip(1);
        let sending: Vec<&str> = buttons
            .map(|button| button.split('>').next().unwrap())
            .filter(|button| !button.contains("type=\"button\""))
            .collect();
        assert!(
            sending[0].contains(&format!("value=\"{wanted}\"")),
            "the first sending button is `{}`",
            sending[0]
        );
    }
}

/// The word of a key in both languages, Chinese first.
fn words<'a>(script: &'a str, key: &str) -> Vec<&'a str> {
    let begin = format!(" {key}: \"");
    let found = script.split(begin.as_str()).skip(1);
    found.map(|rest| rest.split('"').next().unwrap()).collect()
}

/// What is taken in a mode, releases as well, and what waits, stands on the page in both languages.
#[tokio::test]
async fn the_page_says_what_a_mode_takes_and_what_waits() {
    let bench = Bench::start().await;
    let (_, script) = bench.get("/words.js").await;
    for key in ["disk_full", "disk_emergency"] {
        let told = words(&script, key);
        assert_eq!(told.len(), 2, "{key}");
        for (words, wanted) in told.iter().zip([
            [
                "应急开启（一键开启、疏散、常开）及其解除",
                "读数等待",
                "拒收",
            ],
            [
                "emergency openings (one key, evacuation, held by hand) and their releases",
                "readings wait",
                "refused",
            ],
        ]) {
            for wanted in wanted {
                assert!(words.contains(wanted), "{key}: {wanted}: {words}");
            }
        }
    }
}
