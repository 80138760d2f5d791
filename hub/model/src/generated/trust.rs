//! Receipts, refusals and audit. 信任与审计.
//!
//! Made by `cargo xtask codegen` from `schemas/xsd/trust.xsd`; change the schema, not this file.

#[allow(unused_imports, reason = "one list for all generated files")]
use crate::imports::*;

/// The hub's durable receipt of one message; signed when it leaves the hub. 回执.
#[derive(Clone, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Receipt {
    /// The message received. 报文标识.
    pub message_id: MessageId,
    /// Who sent it. 发送方.
    pub sender_id: PartyId,
    /// Park. 园区代码.
    pub park_code: ParkCode,
    /// Journal entry that holds it. 日志序号.
    pub entry_number: u64,
    /// SHA-256 of the message's exclusive canonical form. 报文摘要.
    pub digest: Digest,
    /// Chain hash of the journal at that entry. 链摘要.
    pub chain_hash: Digest,
    /// Time of the journal entry. 接收时间.
    pub received_at: Timestamp,
    /// What is odd about the message, which was taken all the same. 警告.
    /// From 0 to 10.
    pub warning: Vec<Warning>,
}

/// A warning in a receipt. 警告.
#[derive(Clone, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Warning {
    /// Stable code. 代码.
    pub code: String,
    /// What is odd, and what to do. 说明.
    pub text: String,
}

/// Why a message was refused; the refusal itself is an entry. 拒收通知.
#[derive(Clone, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Refusal {
    /// The message, where it could be read. 报文标识.
    pub message_id: Option<MessageId>,
    /// Who sent it, where it is known. 发送方.
    pub sender_id: Option<PartyId>,
    /// Stable error code. 错误代码.
    pub code: String,
    /// Where: XPath, line and column, register. 错误位置.
    pub place: String,
    /// What is wrong. 错误说明.
    pub detail: String,
    /// What to do. 处理建议.
    pub remedy: String,
    /// Journal entry that holds the refusal. 日志序号.
    pub entry_number: Option<u64>,
    /// When. 拒收时间.
    pub refused_at: Timestamp,
}

/// How an audited action ended. 结果.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
pub enum AuditOutcome {
    /// Done. 成功.
    #[serde(rename = "SUCCESS")]
    Success,
    /// Tried and failed. 失败.
    #[serde(rename = "FAILURE")]
    Failure,
    /// Not allowed. 拒绝.
    #[serde(rename = "DENIED")]
    Denied,
}

impl AuditOutcome {
    /// All values, in the order of the schema.
    pub const ALL: &'static [Self] = &[Self::Success, Self::Failure, Self::Denied];

    /// The canonical code.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Success => "SUCCESS",
            Self::Failure => "FAILURE",
            Self::Denied => "DENIED",
        }
    }

    /// The Chinese term.
    pub fn as_chinese(self) -> &'static str {
        match self {
            Self::Success => "成功",
            Self::Failure => "失败",
            Self::Denied => "拒绝",
        }
    }
}

impl FromStr for AuditOutcome {
    type Err = FacetError;
    fn from_str(code: &str) -> Result<Self, FacetError> {
        Ok(match code {
            "SUCCESS" => Self::Success,
            "FAILURE" => Self::Failure,
            "DENIED" => Self::Denied,
            _ => return Err(FacetError::enumeration("AuditOutcome", code)),
        })
    }
}

impl fmt::Display for AuditOutcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Something an auditor wants to see (R128). 审计事件.
#[derive(Clone, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct AuditEvent {
    /// What was done. 动作.
    pub action: String,
    /// Who did it. 操作者.
    pub actor_id: PartyId,
    /// To what. 对象.
    pub target: Option<String>,
    /// How it ended. 结果.
    pub outcome: AuditOutcome,
    /// In words; for unmasked reads the reason. 说明.
    pub detail: Option<String>,
    /// When. 时间.
    pub at: Timestamp,
}
