//! The head that every message carries. 报文头.
//!
//! Made by `cargo xtask codegen` from `schemas/xsd/envelope.xsd`; change the schema, not this file.

#[allow(unused_imports, reason = "one list for all generated files")]
use crate::imports::*;

/// The messages of this language. 报文类型.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
pub enum MessageType {
    /// The body is a VehicleRegistration. 车辆登记.
    #[serde(rename = "VehicleRegistration")]
    VehicleRegistration,
    /// The body is a PersonRegistration. 人员登记.
    #[serde(rename = "PersonRegistration")]
    PersonRegistration,
    /// The body is an AccessGrant. 通行授权.
    #[serde(rename = "AccessGrant")]
    AccessGrant,
    /// The body is a ListEntry. 名单条目.
    #[serde(rename = "ListEntry")]
    ListEntry,
    /// The body is a PlateCapture. 车牌采集.
    #[serde(rename = "PlateCapture")]
    PlateCapture,
    /// The body is a PassageRecord. 通行记录.
    #[serde(rename = "PassageRecord")]
    PassageRecord,
    /// The body is a PassageDecision. 通行决策.
    #[serde(rename = "PassageDecision")]
    PassageDecision,
    /// The body is a GateCommand. 道闸命令.
    #[serde(rename = "GateCommand")]
    GateCommand,
    /// The body is a GateStatus. 道闸状态.
    #[serde(rename = "GateStatus")]
    GateStatus,
    /// The body is an OnDutyStatus. 在岗在位.
    #[serde(rename = "OnDutyStatus")]
    OnDutyStatus,
    /// The body is an OccupancySnapshot. 在园数量.
    #[serde(rename = "OccupancySnapshot")]
    OccupancySnapshot,
    /// The body is a SensorReadingBatch. 传感器批量数据.
    #[serde(rename = "SensorReadingBatch")]
    SensorReadingBatch,
    /// The body is a DeviceStatus. 设备状态.
    #[serde(rename = "DeviceStatus")]
    DeviceStatus,
    /// The body is an AlarmEvent. 报警事件.
    #[serde(rename = "AlarmEvent")]
    AlarmEvent,
    /// The body is an AlarmUpdate. 报警处置更新.
    #[serde(rename = "AlarmUpdate")]
    AlarmUpdate,
    /// The body is an EmergencyGateOpen. 应急卡口一键开启.
    #[serde(rename = "EmergencyGateOpen")]
    EmergencyGateOpen,
    /// The body is an OperatingModeChange. 运行模式切换.
    #[serde(rename = "OperatingModeChange")]
    OperatingModeChange,
    /// The body is a ReportRequest. 报表请求.
    #[serde(rename = "ReportRequest")]
    ReportRequest,
    /// The body is a ReportDocument. 监管报表.
    #[serde(rename = "ReportDocument")]
    ReportDocument,
    /// The body is a Receipt. 回执.
    #[serde(rename = "Receipt")]
    Receipt,
    /// The body is a Refusal. 拒收通知.
    #[serde(rename = "Refusal")]
    Refusal,
    /// The body is an AuditEvent. 审计事件.
    #[serde(rename = "AuditEvent")]
    AuditEvent,
}

impl MessageType {
    /// All values, in the order of the schema.
    pub const ALL: &'static [Self] = &[
        Self::VehicleRegistration,
        Self::PersonRegistration,
        Self::AccessGrant,
        Self::ListEntry,
        Self::PlateCapture,
        Self::PassageRecord,
        Self::PassageDecision,
        Self::GateCommand,
        Self::GateStatus,
        Self::OnDutyStatus,
        Self::OccupancySnapshot,
        Self::SensorReadingBatch,
        Self::DeviceStatus,
        Self::AlarmEvent,
        Self::AlarmUpdate,
        Self::EmergencyGateOpen,
        Self::OperatingModeChange,
        Self::ReportRequest,
        Self::ReportDocument,
        Self::Receipt,
        Self::Refusal,
        Self::AuditEvent,
    ];

    /// The canonical code.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::VehicleRegistration => "VehicleRegistration",
            Self::PersonRegistration => "PersonRegistration",
            Self::AccessGrant => "AccessGrant",
            Self::ListEntry => "ListEntry",
            Self::PlateCapture => "PlateCapture",
            Self::PassageRecord => "PassageRecord",
            Self::PassageDecision => "PassageDecision",
            Self::GateCommand => "GateCommand",
            Self::GateStatus => "GateStatus",
            Self::OnDutyStatus => "OnDutyStatus",
            Self::OccupancySnapshot => "OccupancySnapshot",
            Self::SensorReadingBatch => "SensorReadingBatch",
            Self::DeviceStatus => "DeviceStatus",
            Self::AlarmEvent => "AlarmEvent",
            Self::AlarmUpdate => "AlarmUpdate",
            Self::EmergencyGateOpen => "EmergencyGateOpen",
            Self::OperatingModeChange => "OperatingModeChange",
            Self::ReportRequest => "ReportRequest",
            Self::ReportDocument => "ReportDocument",
            Self::Receipt => "Receipt",
            Self::Refusal => "Refusal",
            Self::AuditEvent => "AuditEvent",
        }
    }

    /// The Chinese term.
    pub fn as_chinese(self) -> &'static str {
        match self {
            Self::VehicleRegistration => "车辆登记",
            Self::PersonRegistration => "人员登记",
            Self::AccessGrant => "通行授权",
            Self::ListEntry => "名单条目",
            Self::PlateCapture => "车牌采集",
            Self::PassageRecord => "通行记录",
            Self::PassageDecision => "通行决策",
            Self::GateCommand => "道闸命令",
            Self::GateStatus => "道闸状态",
            Self::OnDutyStatus => "在岗在位",
            Self::OccupancySnapshot => "在园数量",
            Self::SensorReadingBatch => "传感器批量数据",
            Self::DeviceStatus => "设备状态",
            Self::AlarmEvent => "报警事件",
            Self::AlarmUpdate => "报警处置更新",
            Self::EmergencyGateOpen => "应急卡口一键开启",
            Self::OperatingModeChange => "运行模式切换",
            Self::ReportRequest => "报表请求",
            Self::ReportDocument => "监管报表",
            Self::Receipt => "回执",
            Self::Refusal => "拒收通知",
            Self::AuditEvent => "审计事件",
        }
    }
}

impl FromStr for MessageType {
    type Err = FacetError;
    fn from_str(code: &str) -> Result<Self, FacetError> {
        Ok(match code {
            "VehicleRegistration" => Self::VehicleRegistration,
            "PersonRegistration" => Self::PersonRegistration,
            "AccessGrant" => Self::AccessGrant,
            "ListEntry" => Self::ListEntry,
            "PlateCapture" => Self::PlateCapture,
            "PassageRecord" => Self::PassageRecord,
            "PassageDecision" => Self::PassageDecision,
            "GateCommand" => Self::GateCommand,
            "GateStatus" => Self::GateStatus,
            "OnDutyStatus" => Self::OnDutyStatus,
            "OccupancySnapshot" => Self::OccupancySnapshot,
            "SensorReadingBatch" => Self::SensorReadingBatch,
            "DeviceStatus" => Self::DeviceStatus,
            "AlarmEvent" => Self::AlarmEvent,
            "AlarmUpdate" => Self::AlarmUpdate,
            "EmergencyGateOpen" => Self::EmergencyGateOpen,
            "OperatingModeChange" => Self::OperatingModeChange,
            "ReportRequest" => Self::ReportRequest,
            "ReportDocument" => Self::ReportDocument,
            "Receipt" => Self::Receipt,
            "Refusal" => Self::Refusal,
            "AuditEvent" => Self::AuditEvent,
            _ => return Err(FacetError::enumeration("MessageType", code)),
        })
    }
}

impl fmt::Display for MessageType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Who says what, when, and how it came about (standards 3.1). 报文头.
#[derive(Clone, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Header {
    /// Identity of the message; never used twice. 报文标识.
    pub message_id: MessageId,
    /// The name of the element in the body. 报文类型.
    pub message_type: MessageType,
    /// Version of this language the sender used. 模式版本.
    pub schema_version: String,
    /// The park it belongs to (R001). 园区代码.
    pub park_code: ParkCode,
    /// Who sends it; must be the signer. 发送方.
    pub sender_id: PartyId,
    /// For whom it is; absent for everyone entitled. 接收方.
    pub recipient_id: Option<PartyId>,
    /// When the thing happened. 发生时间.
    pub occurred_at: Timestamp,
    /// When the sender sent it. 发送时间.
    pub sent_at: Timestamp,
    /// Running number of this sender; a hole shows a lost message. 序号.
    pub sequence: u64,
    /// Visit or incident it belongs to (R005). 关联标识.
    pub correlation_id: Option<String>,
    /// The source system's own identifier, word for word. 来源标识.
    pub source_ref: Option<String>,
    /// How the statement came about. 数据来源性质.
    pub quality: Quality,
    /// Class of personal data inside. 敏感级别.
    pub sensitivity: Sensitivity,
    /// True for conformance traffic, which never moves a barrier. 测试标志.
    pub test: bool,
    /// The hub that sealed a reading of somebody who cannot sign. 代签方.
    pub attested_by: Option<PartyId>,
}
