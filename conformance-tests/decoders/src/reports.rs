//! The shelf's stored reports and listings.

use cordon_reports::decoders;

/// A stored report, or the listing beside one.
pub(crate) fn shelf(bytes: &[u8]) {
    match decoders::report(bytes) {
        Ok(listing) => {
            let again = decoders::listing(&listing).expect("a listing that was made reads");
            assert_eq!(again, listing);
        }
        Err(fault) => crate::refused(&fault),
    }
    if let Some(listing) = decoders::listing(bytes) {
        assert_eq!(decoders::listing(&listing), Some(listing));
    }
}
