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
