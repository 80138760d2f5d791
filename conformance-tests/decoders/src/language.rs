//! The language: messages, the wrappers of the Web Service, envelopes, simple types.

use std::fmt::{Debug, Display};
use std::str::FromStr;

use bytes::Bytes;
use cordon_flow::{ParsedSubmission, SubmissionForm};
use cordon_model::codes::{cas, dangerous_goods, phone, plate, region, resident_id, uscc, vin};
use cordon_model::{
    AlarmCode, CountFacets, Decimal, DecimalFacets, DeviceId, Digest, GateId, LaneId, MessageId,
    MessageType, ParkCode, PartyId, PlateNumber, TextFacets, Timestamp, facets, mask, name,
};
use cordon_services::client::decoders;
use cordon_wire::{WireFault, service as wire, soap};
use cordon_xml::{Document, Limits, Node};

/// A message, a receipt, a refusal or a report: what is read is written so that it reads the same.
pub(crate) fn message(bytes: &[u8]) {
    if let Ok(message) = cordon_wire::parse_message(bytes) {
        let written = cordon_wire::write_message(&message).expect("what was read can be written");
        let again = cordon_wire::parse_message(&written).expect("what was written can be read");
        assert_eq!(again, message);
        assert_eq!(cordon_wire::write_message(&again).unwrap(), written);
    }
    let Ok(document) = Document::parse(bytes, &Limits::default()) else {
        return;
    };
    let root = document.root();
    there_and_back(root, cordon_wire::read_receipt, cordon_wire::write_receipt);
    there_and_back(root, cordon_wire::read_refusal, cordon_wire::write_refusal);
    there_and_back(
        root,
        cordon_wire::read_report_document,
        cordon_wire::write_report_document,
    );
}

/// Each wrapper of the Web Service.
pub(crate) fn service(bytes: &[u8]) {
    let Ok(document) = Document::parse(bytes, &Limits::default()) else {
        return;
    };
    let root = document.root();
    macro_rules! wrappers {
        ($($read:ident $write:ident)*) => { $(there_and_back(root, wire::$read, wire::$write);)* };
    }
    wrappers!(
        read_submit_messages write_submit_messages
        read_submit_messages_response write_submit_messages_response
        read_get_receipt write_get_receipt
        read_get_receipt_response write_get_receipt_response
        read_query_grants write_query_grants
        read_query_grants_response write_query_grants_response
        read_list_reports write_list_reports
        read_list_reports_response write_list_reports_response
        read_get_report write_get_report
        read_get_report_response write_get_report_response
        read_get_messages write_get_messages
        read_get_messages_response write_get_messages_response
        read_get_certificate_status write_get_certificate_status
        read_get_certificate_status_response write_get_certificate_status_response
        read_fault write_fault
    );
}

fn there_and_back<T: Debug + PartialEq>(
    node: Node<'_>,
    read: impl Fn(Node<'_>) -> Result<T, WireFault>,
    write: impl Fn(&T) -> Result<Vec<u8>, WireFault>,
) {
    let Ok(value) = read(node) else {
        return;
    };
    let written = write(&value).expect("what was read can be written");
    let document = Document::parse(written, &Limits::default()).expect("and is XML");
    let again = read(document.root()).expect("what was written can be read");
    assert_eq!(again, value);
}

/// A SOAP envelope, at the door and as it stands in the journal.
pub(crate) fn envelope(bytes: &[u8]) {
    let Ok(document) = Document::parse(bytes, &Limits::default()) else {
        return;
    };
    if let Ok(opened) = soap::open(&document) {
        let body = soap::body(&document).expect("an envelope that opens has a body");
        assert_eq!(body.id(), opened.body.id());
        let _ = soap::answered_fault(&opened);
    }
    let form = SubmissionForm::check(&document);
    let stored = ParsedSubmission::parse(Bytes::copy_from_slice(bytes));
    if let Ok(form) = &form {
        let stored = stored.as_ref().expect("what the door takes is read again");
        assert!(stored.breach().is_none());
        let parts = u16::try_from(form.messages().len()).unwrap_or(u16::MAX);
        for part in 0..parts {
            stored.canonical(part).expect("each part is found again");
        }
        assert!(stored.canonical(parts).is_err() || parts == u16::MAX);
    }
    if let Ok(stored) = &stored {
        for part in 0..20 {
            let _ = stored.message(part);
        }
    }
}

/// A page of entries that a puller takes apart.
pub(crate) fn pulled_page(bytes: &[u8]) {
    let Ok(document) = Document::parse(bytes, &Limits::default()) else {
        return;
    };
    let Ok(page) = wire::read_get_messages_response(document.root()) else {
        return;
    };
    let before = (
        page.next.saturating_sub(page.entry.len() as u64),
        page.previous_chain_hash.0,
    );
    match decoders::page(page, before, 100) {
        Ok((entries, (head, _))) => {
            assert!(entries.len() <= 100);
            assert!(entries.iter().all(|pulled| pulled.entry.number <= head));
        }
        Err(fault) => crate::refused(&fault),
    }
}

static TEXTS: &[&TextFacets] = &[
    &facets::MESSAGE_ID,
    &facets::PARK_CODE,
    &facets::PARTY_ID,
    &facets::DEVICE_ID,
    &facets::GATE_ID,
    &facets::LANE_ID,
    &facets::AREA_ID,
    &facets::REFERENCE,
    &facets::PERSON_ID,
    &facets::TIMESTAMP,
    &facets::DIGEST,
    &facets::NAME,
    &facets::SHORT_TEXT,
    &facets::TEXT,
    &facets::OPTIONAL_TEXT,
    &facets::PLACE,
    &facets::URI,
    &facets::SOURCE_REFERENCE,
    &facets::FAULT_CODE,
    &facets::SCHEMA_VERSION,
    &facets::PLATE_NUMBER,
    &facets::PLATE_CLASS,
    &facets::PHONE,
    &facets::USCC,
    &facets::ID_NUMBER,
    &facets::REGION_CODE,
    &facets::VIN,
    &facets::ETAG_EPC,
    &facets::POINT,
    &facets::UNIT,
    &facets::RULE_ID,
    &facets::RULE_CODE,
    &facets::CLAUSE,
    &facets::ACTION_NAME,
    &facets::SECTION_NAME,
    &facets::ROLE,
];
static DECIMALS: &[&DecimalFacets] = &[
    &facets::RATIO,
    &facets::MEASURE,
    &facets::LONGITUDE,
    &facets::LATITUDE,
    &facets::ALTITUDE_M,
];
static COUNTS: &[&CountFacets] = &[
    &facets::COUNT,
    &facets::ENTRY_NUMBER,
    &facets::MILLISECONDS,
    &facets::MINUTES,
    &facets::GRANT_LIMIT,
    &facets::REPORT_LIMIT,
    &facets::ENTRY_LIMIT,
    &facets::WAIT_SECONDS,
];

/// A text, read as a value of every simple type and by every validator of a national identifier.
pub(crate) fn facets(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    for facets in TEXTS {
        let normal = facets.normal(text);
        assert_eq!(facets.normal(&normal), normal, "{}", facets.name());
        let _ = facets.check(&normal);
    }
    for facets in DECIMALS {
        if let Ok(value) = facets.read(text) {
            assert_eq!(facets.read(&value.to_string()), Ok(value));
            assert_eq!(facets.check(value), Ok(()));
        }
    }
    for facets in COUNTS {
        if let Ok(value) = facets.read(text) {
            assert_eq!(facets.read(&value.to_string()), Ok(value));
        }
    }
    types(text);
    numbers(text);
}

fn types(text: &str) {
    same::<Timestamp>(text);
    same::<Decimal>(text);
    same::<Digest>(text);
    same::<MessageId>(text);
    same::<ParkCode>(text);
    same::<PartyId>(text);
    same::<DeviceId>(text);
    same::<GateId>(text);
    same::<LaneId>(text);
    same::<PlateNumber>(text);
    same::<AlarmCode>(text);
    same::<MessageType>(text);
    if let Ok(time) = text.parse::<Timestamp>() {
        let _ = (time.civil(), time.start_of_day());
    }
    if let Ok(value) = text.parse::<Decimal>() {
        let _ = (value.normal(), value.rescale(3), value.checked_mul(value));
    }
}

/// What is read is written so that it reads the same.
fn same<T: FromStr + Display + Debug + PartialEq>(text: &str) {
    if let Ok(value) = text.parse::<T>() {
        let written = value.to_string();
        let again = written.parse::<T>().ok();
        assert_eq!(again, Some(value), "{text:?} is written {written:?}");
    }
}

fn numbers(text: &str) {
    let _ = (uscc::check(text), vin::check(text), cas::check(text));
    let _ = (phone::check(text), region::check(text));
    let _ = (resident_id::check(text), dangerous_goods::un_number(text));
    let plate = plate::normalise(text);
    assert_eq!(plate::normalise(&plate), plate, "a normal form is its own");
    if let Some(kind) = plate::kind(&plate) {
        let _ = kind.plausible_colours();
    }
    for depth in [mask::Depth::Operator, mask::Depth::Report] {
        let _ = mask::id_number(text, depth);
    }
    let _ = (mask::phone(text), mask::name(text));
    let escaped = name::escape(text, "", 64);
    assert!(escaped.parse::<DeviceId>().is_ok(), "{escaped:?}");
    let _ = name::unescape(text);
}
