//! The table of profiles in `certs/README.md` is the one in the code.
#![allow(clippy::unwrap_used, missing_docs, reason = "test code")]

use std::path::Path;

use cordon_security::Role;
use cordon_security::ca::Profile;

#[test]
fn the_page_says_what_the_profiles_are() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../certs/README.md");
    let page = std::fs::read_to_string(page).unwrap();
    for role in Role::ALL {
        let profile = Profile::of(role);
        let serves = if profile.may_serve { "yes" } else { "no" };
        let row = format!("| `{}` | {serves} | {} |", role.as_str(), profile.days_max);
        assert!(page.contains(&row), "missing in certs/README.md: {row}");
    }
}
