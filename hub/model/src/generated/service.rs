//! Wrappers of the signed Web Service: enterprises push, regulators pull. 交换服务接口.
//!
//! Made by `cargo xtask codegen` from `schemas/xsd/service.xsd`; change the schema, not this file.

#[allow(unused_imports, reason = "one list for all generated files")]
use crate::imports::*;

/// Hands over messages; each is accepted or refused on its own (R125). 提交报文.
#[derive(Clone, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct SubmitMessages {
    /// See Message.
    /// From 1 to 500.
    pub message: Vec<Message>,
}

/// What became of one message. 单条结果.
#[derive(Clone, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct SubmissionResult {
    /// Position of the message in the request, from 1. 序号.
    pub index: u32,
    /// Receipt or refusal. 应答.
    pub answer: Answer,
}

/// A receipt, or a refusal. 应答.
#[derive(Clone, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[allow(clippy::large_enum_variant, reason = "as the schema has it")]
pub enum Answer {
    /// See Receipt.
    Receipt(Receipt),
    /// See Refusal.
    Refusal(Refusal),
}

/// One result for each message, in the order of the request. 提交结果.
#[derive(Clone, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct SubmitMessagesResponse {
    /// Result of one message. 单条结果.
    /// From 1 to 500.
    pub result: Vec<SubmissionResult>,
}

/// Asks for the receipt of a message once more. 查询回执.
#[derive(Clone, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct GetReceipt {
    /// Who sent the message; must be the caller. 发送方.
    pub sender_id: PartyId,
    /// The message. 报文标识.
    pub message_id: MessageId,
}

/// The first answer again. A message never seen is a fault. 查询回执结果.
#[derive(Clone, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct GetReceiptResponse {
    /// Receipt or refusal. 应答.
    pub answer: Answer,
}

/// Asks for access grants: an enterprise for its own, the park for those of the enterprise it names. 查询通行授权.
#[derive(Clone, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct QueryGrants {
    /// Enterprise; absent for the caller's own, must be named by the park. 企业.
    pub enterprise_id: Option<PartyId>,
    /// Only grants in this state. 状态.
    pub state: Option<LifeState>,
    /// Only grants for this vehicle. 号牌.
    pub plate: Option<Plate>,
    /// Only grants with an id after this one, for the next page. 起始编号.
    pub after: Option<String>,
    /// At most so many, 1 to 500; 100 when absent. 条数上限.
    pub limit: Option<u32>,
}

/// Grants in the order of their ids. 通行授权列表.
#[derive(Clone, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct QueryGrantsResponse {
    /// A grant as it stands. 通行授权.
    /// From 0 to 500.
    pub grant: Vec<AccessGrant>,
    /// Whether there are more. 是否还有.
    pub more: bool,
}

/// Asks which reports there are in the parks the caller may see. 查询报表目录.
#[derive(Clone, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ListReports {
    /// Only this report. 报表类型.
    pub report_type: Option<ReportType>,
    /// Only periods that end after this moment. 起.
    pub from: Option<Timestamp>,
    /// Only periods that start before this moment. 止.
    pub to: Option<Timestamp>,
    /// At most so many, 1 to 500; 100 when absent. The newest come first. 条数上限.
    pub limit: Option<u32>,
}

/// One report that can be pulled. 报表条目.
#[derive(Clone, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ReportEntry {
    /// Identity of the report. 报表编号.
    pub report_id: String,
    /// Which report. 报表类型.
    pub report_type: ReportType,
    /// Version. 版本.
    pub version: u32,
    /// Park. 园区代码.
    pub park_code: ParkCode,
    /// Span covered. 统计周期.
    pub period: Period,
    /// When it was built. 生成时间.
    pub generated_at: Timestamp,
    /// Journal entry it looked up to. 日志序号.
    pub entry_number: u64,
    /// SHA-256 of the signed file. 文件摘要.
    pub digest: Digest,
    /// Length of the signed file in bytes. 文件长度（字节）.
    pub size: u64,
}

/// The reports, newest first. 报表目录.
#[derive(Clone, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ListReportsResponse {
    /// One report. 报表条目.
    /// From 0 to 500.
    pub report: Vec<ReportEntry>,
    /// Whether there are more. 是否还有.
    pub more: bool,
}

/// Asks for one report. 获取报表.
#[derive(Clone, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct GetReport {
    /// Identity of the report. 报表编号.
    pub report_id: String,
    /// Version; absent for the newest. 版本.
    pub version: Option<u32>,
}

/// The signed file, the same bytes at every pull. 报表文件.
#[derive(Clone, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct GetReportResponse {
    /// Identity of the report. 报表编号.
    pub report_id: String,
    /// Version. 版本.
    pub version: u32,
    /// SHA-256 of the signed file. 文件摘要.
    pub digest: Digest,
    /// The signed ReportDocument, byte for byte. 报表文件.
    pub document: Vec<u8>,
}

/// Asks for journal entries after a position. 获取报文.
#[derive(Clone, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct GetMessages {
    /// Number of the last entry the caller has; 0 for the start. 起始序号.
    pub after: u64,
    /// At most so many, 1 to 1000; 100 when absent. 条数上限.
    pub limit: Option<u32>,
    /// Only these messages in full; other entries come as chain links alone (number, digest of the record, chain hash), so that the chain stays verifiable. None means all in full. 报文类型.
    /// From 0 to 22.
    pub message_type: Vec<MessageType>,
    /// Wait up to so many seconds, at most 25, for an entry to come. 等待秒数.
    pub wait_seconds: Option<u32>,
    /// Whether entries carry their original bytes; false when absent. 是否附原文.
    pub with_original: Option<bool>,
}

/// What a journal entry is. 日志条目类别.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
pub enum EntryKind {
    /// Signed bytes as a sender made them; the messages inside follow. 提交原文.
    #[serde(rename = "SUBMISSION")]
    Submission,
    /// A canonical message. 报文.
    #[serde(rename = "MESSAGE")]
    Message,
    /// A refused message with its refusal. 拒收.
    #[serde(rename = "REFUSED")]
    Refused,
    /// An order of the hub. 指令.
    #[serde(rename = "ORDER")]
    Order,
    /// What came of an order. 指令结果.
    #[serde(rename = "OUTCOME")]
    Outcome,
    /// The passing of time. 时钟.
    #[serde(rename = "TICK")]
    Tick,
    /// An audited action. 审计.
    #[serde(rename = "AUDIT")]
    Audit,
    /// An entry that a program of another version wrote; its record stands as it was written. 未知类别.
    #[serde(rename = "UNKNOWN")]
    Unknown,
}

impl EntryKind {
    /// All values, in the order of the schema.
    pub const ALL: &'static [Self] = &[
        Self::Submission,
        Self::Message,
        Self::Refused,
        Self::Order,
        Self::Outcome,
        Self::Tick,
        Self::Audit,
        Self::Unknown,
    ];

    /// The canonical code.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Submission => "SUBMISSION",
            Self::Message => "MESSAGE",
            Self::Refused => "REFUSED",
            Self::Order => "ORDER",
            Self::Outcome => "OUTCOME",
            Self::Tick => "TICK",
            Self::Audit => "AUDIT",
            Self::Unknown => "UNKNOWN",
        }
    }

    /// The Chinese term.
    pub fn as_chinese(self) -> &'static str {
        match self {
            Self::Submission => "提交原文",
            Self::Message => "报文",
            Self::Refused => "拒收",
            Self::Order => "指令",
            Self::Outcome => "指令结果",
            Self::Tick => "时钟",
            Self::Audit => "审计",
            Self::Unknown => "未知类别",
        }
    }
}

impl FromStr for EntryKind {
    type Err = FacetError;
    fn from_str(code: &str) -> Result<Self, FacetError> {
        Ok(match code {
            "SUBMISSION" => Self::Submission,
            "MESSAGE" => Self::Message,
            "REFUSED" => Self::Refused,
            "ORDER" => Self::Order,
            "OUTCOME" => Self::Outcome,
            "TICK" => Self::Tick,
            "AUDIT" => Self::Audit,
            "UNKNOWN" => Self::Unknown,
            _ => return Err(FacetError::enumeration("EntryKind", code)),
        })
    }
}

impl fmt::Display for EntryKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One journal entry. 日志条目.
#[derive(Clone, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct JournalEntry {
    /// Its number. 日志序号.
    pub number: u64,
    /// What it is. 类别.
    pub kind: EntryKind,
    /// Time of the entry. 时间.
    pub time: Timestamp,
    /// The entry that caused it, such as the submission that holds it; 0 for none. 原因序号.
    pub cause: u64,
    /// Position of the message in its submission, from 1; 0 for none. 分部序号.
    pub part: u32,
    /// Who said it. 发送方.
    pub sender_id: Option<PartyId>,
    /// The message's id. 报文标识.
    pub message_id: Option<MessageId>,
    /// Which message. 报文类型.
    pub message_type: Option<MessageType>,
    /// SHA-256 of the message's exclusive canonical form, or of the signed bytes of a submission. 摘要.
    pub digest: Digest,
    /// Chain hash up to and including this entry. 链摘要.
    pub chain_hash: Digest,
    /// The original bytes: the signed envelope of a submission, or the canonical message the hub sealed. 原文.
    pub original: Option<Vec<u8>>,
    /// Stands for the record of an entry that was not asked for: the leaf of the chain, SHA-256 over number and record. 日志编码摘要.
    pub record_digest: Option<Digest>,
    /// The encoded entry as the chain covers it: chain hash = SHA-256(previous chain hash, record). 日志编码.
    pub record: Option<Vec<u8>>,
}

/// Entries in the order of their numbers. 报文列表.
#[derive(Clone, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct GetMessagesResponse {
    /// One entry. 日志条目.
    /// From 0 to 1000.
    pub entry: Vec<JournalEntry>,
    /// Chain hash just before the first entry told; of the position asked when there is none. 前链摘要.
    pub previous_chain_hash: Digest,
    /// Position to ask for next time: the last entry looked at. 下次起始序号.
    pub next: u64,
    /// Number of the newest entry of the journal. 最新序号.
    pub head: u64,
    /// Chain hash at the newest entry. 最新链摘要.
    pub head_chain_hash: Digest,
    /// Whether there are more now. 是否还有.
    pub more: bool,
}

/// Asks for the state of certificates of the park. 查询证书状态.
#[derive(Clone, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct GetCertificateStatus {
    /// Only certificates of this party. 参与方.
    pub party_id: Option<PartyId>,
    /// Only the certificate with this SHA-256 fingerprint. 证书指纹.
    pub fingerprint: Option<Digest>,
}

/// State of a certificate. 证书状态.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
pub enum CertificateState {
    /// In force. 有效.
    #[serde(rename = "VALID")]
    Valid,
    /// Its time is over. 过期.
    #[serde(rename = "EXPIRED")]
    Expired,
    /// Revoked. 已吊销.
    #[serde(rename = "REVOKED")]
    Revoked,
    /// Not issued by this park. 未知.
    #[serde(rename = "UNKNOWN")]
    Unknown,
}

impl CertificateState {
    /// All values, in the order of the schema.
    pub const ALL: &'static [Self] = &[Self::Valid, Self::Expired, Self::Revoked, Self::Unknown];

    /// The canonical code.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Valid => "VALID",
            Self::Expired => "EXPIRED",
            Self::Revoked => "REVOKED",
            Self::Unknown => "UNKNOWN",
        }
    }

    /// The Chinese term.
    pub fn as_chinese(self) -> &'static str {
        match self {
            Self::Valid => "有效",
            Self::Expired => "过期",
            Self::Revoked => "已吊销",
            Self::Unknown => "未知",
        }
    }
}

impl FromStr for CertificateState {
    type Err = FacetError;
    fn from_str(code: &str) -> Result<Self, FacetError> {
        Ok(match code {
            "VALID" => Self::Valid,
            "EXPIRED" => Self::Expired,
            "REVOKED" => Self::Revoked,
            "UNKNOWN" => Self::Unknown,
            _ => return Err(FacetError::enumeration("CertificateState", code)),
        })
    }
}

impl fmt::Display for CertificateState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One certificate. 证书.
#[derive(Clone, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Certificate {
    /// Whose it is. 参与方.
    pub party_id: Option<PartyId>,
    /// Role. 角色.
    pub role: Option<String>,
    /// SHA-256 of the certificate. 指纹.
    pub fingerprint: Digest,
    /// Start of validity. 有效期起.
    pub not_before: Option<Timestamp>,
    /// End of validity. 有效期止.
    pub not_after: Option<Timestamp>,
    /// State. 状态.
    pub state: CertificateState,
    /// When it was revoked. 吊销时间.
    pub revoked_at: Option<Timestamp>,
}

/// States of certificates. 证书状态列表.
#[derive(Clone, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct GetCertificateStatusResponse {
    /// One certificate. 证书.
    /// From 0 to 500.
    pub certificate: Vec<Certificate>,
    /// As of when. 生成时间.
    pub this_update: Timestamp,
    /// When a newer statement is due. 下次更新.
    pub next_update: Option<Timestamp>,
}

/// Detail of a SOAP fault: what, where, and what to do. 故障详情.
#[derive(Clone, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// Stable error code. 错误代码.
    pub code: String,
    /// Where. 错误位置.
    pub place: String,
    /// What is wrong. 错误说明.
    pub detail: String,
    /// What to do. 处理建议.
    pub remedy: String,
    /// Journal entry that holds the refusal. 日志序号.
    pub entry_number: Option<u64>,
}
