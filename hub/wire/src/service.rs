//! Readers and writers of the wrappers of the Web Service (`schemas/xsd/service.xsd`). The types
//! are in [`cordon_model::service`].
//!
//! [`read_submit_messages`] reads a whole request strictly; a service that accepts or refuses each
//! message on its own reads the `c:Message` children one by one with [`crate::read_message`].

pub use crate::generated::service::{
    read_fault, read_get_certificate_status, read_get_certificate_status_response,
    read_get_messages, read_get_messages_response, read_get_receipt, read_get_receipt_response,
    read_get_report, read_get_report_response, read_list_reports, read_list_reports_response,
    read_query_grants, read_query_grants_response, read_submit_messages,
    read_submit_messages_response, write_fault, write_get_certificate_status,
    write_get_certificate_status_response, write_get_messages, write_get_messages_response,
    write_get_receipt, write_get_receipt_response, write_get_report, write_get_report_response,
    write_list_reports, write_list_reports_response, write_query_grants,
    write_query_grants_response, write_submit_messages, write_submit_messages_response,
};
