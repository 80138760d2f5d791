//! Any element of the language that may stand at the root, read and written by its own functions.

use cordon_model::{
    Message, NAMESPACE, Receipt, Refusal, ReportDocument, SERVICE_NAMESPACE, service as svc,
};
use cordon_wire::{WireFault, service};
use cordon_xml::{Document, Limits};

macro_rules! any {
    ($($variant:ident: $of:ty, $space:expr, $read:path, $write:path;)*) => {
        #[derive(Debug, PartialEq)]
        #[allow(clippy::large_enum_variant, reason = "test code")]
        pub enum Any {
            $($variant($of),)*
        }

        /// Reads whatever stands at the root; an unknown root is read as a message and refused.
        pub fn read(text: &str) -> Result<Any, WireFault> {
            let document = Document::parse(text, &Limits::default())?;
            let root = document.root();
            $(
                if root.is($space, stringify!($variant)) {
                    return $read(root).map(Any::$variant);
                }
            )*
            cordon_wire::read_message(root).map(Any::Message)
        }

        impl Any {
            pub fn write(&self) -> Result<Vec<u8>, WireFault> {
                match self {
                    $(Self::$variant(of) => $write(of),)*
                }
            }
        }
    };
}

any! {
    Message: Message, NAMESPACE, cordon_wire::read_message, cordon_wire::write_message;
    Receipt: Receipt, NAMESPACE, cordon_wire::read_receipt, cordon_wire::write_receipt;
    Refusal: Refusal, NAMESPACE, cordon_wire::read_refusal, cordon_wire::write_refusal;
    ReportDocument: ReportDocument, NAMESPACE, cordon_wire::read_report_document, cordon_wire::write_report_document;
    SubmitMessages: svc::SubmitMessages, SERVICE_NAMESPACE, service::read_submit_messages, service::write_submit_messages;
    SubmitMessagesResponse: svc::SubmitMessagesResponse, SERVICE_NAMESPACE, service::read_submit_messages_response, service::write_submit_messages_response;
    GetReceipt: svc::GetReceipt, SERVICE_NAMESPACE, service::read_get_receipt, service::write_get_receipt;
    GetReceiptResponse: svc::GetReceiptResponse, SERVICE_NAMESPACE, service::read_get_receipt_response, service::write_get_receipt_response;
    QueryGrants: svc::QueryGrants, SERVICE_NAMESPACE, service::read_query_grants, service::write_query_grants;
    QueryGrantsResponse: svc::QueryGrantsResponse, SERVICE_NAMESPACE, service::read_query_grants_response, service::write_query_grants_response;
    ListReports: svc::ListReports, SERVICE_NAMESPACE, service::read_list_reports, service::write_list_reports;
    ListReportsResponse: svc::ListReportsResponse, SERVICE_NAMESPACE, service::read_list_reports_response, service::write_list_reports_response;
    GetReport: svc::GetReport, SERVICE_NAMESPACE, service::read_get_report, service::write_get_report;
    GetReportResponse: svc::GetReportResponse, SERVICE_NAMESPACE, service::read_get_report_response, service::write_get_report_response;
    GetMessages: svc::GetMessages, SERVICE_NAMESPACE, service::read_get_messages, service::write_get_messages;
    GetMessagesResponse: svc::GetMessagesResponse, SERVICE_NAMESPACE, service::read_get_messages_response, service::write_get_messages_response;
    GetCertificateStatus: svc::GetCertificateStatus, SERVICE_NAMESPACE, service::read_get_certificate_status, service::write_get_certificate_status;
    GetCertificateStatusResponse: svc::GetCertificateStatusResponse, SERVICE_NAMESPACE, service::read_get_certificate_status_response, service::write_get_certificate_status_response;
    Fault: svc::Fault, SERVICE_NAMESPACE, service::read_fault, service::write_fault;
}
