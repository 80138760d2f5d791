//! The message: head and body. This file includes all others. 报文.
//!
//! Made by `cargo xtask codegen` from `schemas/xsd/message.xsd`; change the schema, not this file.

#[allow(unused_imports, reason = "one list for all generated files")]
use crate::imports::*;

/// Exactly one statement. 报文体.
#[derive(Clone, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[allow(clippy::large_enum_variant, reason = "as the schema has it")]
pub enum Body {
    /// The statement is a VehicleRegistration. 车辆登记.
    VehicleRegistration(VehicleRegistration),
    /// The statement is a PersonRegistration. 人员登记.
    PersonRegistration(PersonRegistration),
    /// The statement is an AccessGrant. 通行授权.
    AccessGrant(AccessGrant),
    /// The statement is a ListEntry. 名单条目.
    ListEntry(ListEntry),
    /// The statement is a PlateCapture. 车牌采集.
    PlateCapture(PlateCapture),
    /// The statement is a PassageRecord. 通行记录.
    PassageRecord(PassageRecord),
    /// The statement is a PassageDecision. 通行决策.
    PassageDecision(PassageDecision),
    /// The statement is a GateCommand. 道闸命令.
    GateCommand(GateCommand),
    /// The statement is a GateStatus. 道闸状态.
    GateStatus(GateStatus),
    /// The statement is an OnDutyStatus. 在岗在位.
    OnDutyStatus(OnDutyStatus),
    /// The statement is an OccupancySnapshot. 在园数量.
    OccupancySnapshot(OccupancySnapshot),
    /// The statement is a SensorReadingBatch. 传感器批量数据.
    SensorReadingBatch(SensorReadingBatch),
    /// The statement is a DeviceStatus. 设备状态.
    DeviceStatus(DeviceStatus),
    /// The statement is an AlarmEvent. 报警事件.
    AlarmEvent(AlarmEvent),
    /// The statement is an AlarmUpdate. 报警处置更新.
    AlarmUpdate(AlarmUpdate),
    /// The statement is an EmergencyGateOpen. 应急卡口一键开启.
    EmergencyGateOpen(EmergencyGateOpen),
    /// The statement is an OperatingModeChange. 运行模式切换.
    OperatingModeChange(OperatingModeChange),
    /// The statement is a ReportRequest. 报表请求.
    ReportRequest(ReportRequest),
    /// The statement is a ReportDocument. 监管报表.
    ReportDocument(ReportDocument),
    /// The statement is a Receipt. 回执.
    Receipt(Receipt),
    /// The statement is a Refusal. 拒收通知.
    Refusal(Refusal),
    /// The statement is an AuditEvent. 审计事件.
    AuditEvent(AuditEvent),
}

impl Body {
    /// Which message it is.
    pub fn message_type(&self) -> MessageType {
        match self {
            Self::VehicleRegistration(_) => MessageType::VehicleRegistration,
            Self::PersonRegistration(_) => MessageType::PersonRegistration,
            Self::AccessGrant(_) => MessageType::AccessGrant,
            Self::ListEntry(_) => MessageType::ListEntry,
            Self::PlateCapture(_) => MessageType::PlateCapture,
            Self::PassageRecord(_) => MessageType::PassageRecord,
            Self::PassageDecision(_) => MessageType::PassageDecision,
            Self::GateCommand(_) => MessageType::GateCommand,
            Self::GateStatus(_) => MessageType::GateStatus,
            Self::OnDutyStatus(_) => MessageType::OnDutyStatus,
            Self::OccupancySnapshot(_) => MessageType::OccupancySnapshot,
            Self::SensorReadingBatch(_) => MessageType::SensorReadingBatch,
            Self::DeviceStatus(_) => MessageType::DeviceStatus,
            Self::AlarmEvent(_) => MessageType::AlarmEvent,
            Self::AlarmUpdate(_) => MessageType::AlarmUpdate,
            Self::EmergencyGateOpen(_) => MessageType::EmergencyGateOpen,
            Self::OperatingModeChange(_) => MessageType::OperatingModeChange,
            Self::ReportRequest(_) => MessageType::ReportRequest,
            Self::ReportDocument(_) => MessageType::ReportDocument,
            Self::Receipt(_) => MessageType::Receipt,
            Self::Refusal(_) => MessageType::Refusal,
            Self::AuditEvent(_) => MessageType::AuditEvent,
        }
    }
}

impl MessageType {
    /// Class of the personal data in it (standards §3.1).
    pub fn sensitivity(self) -> Sensitivity {
        match self {
            Self::VehicleRegistration => Sensitivity::Personal,
            Self::PersonRegistration => Sensitivity::SensitivePersonal,
            Self::AccessGrant => Sensitivity::Personal,
            Self::ListEntry => Sensitivity::Personal,
            Self::PlateCapture => Sensitivity::Personal,
            Self::PassageRecord => Sensitivity::Personal,
            Self::PassageDecision => Sensitivity::Personal,
            Self::GateCommand => Sensitivity::Internal,
            Self::GateStatus => Sensitivity::Internal,
            Self::OnDutyStatus => Sensitivity::Personal,
            Self::OccupancySnapshot => Sensitivity::Internal,
            Self::SensorReadingBatch => Sensitivity::Internal,
            Self::DeviceStatus => Sensitivity::Internal,
            Self::AlarmEvent => Sensitivity::Internal,
            Self::AlarmUpdate => Sensitivity::Internal,
            Self::EmergencyGateOpen => Sensitivity::Internal,
            Self::OperatingModeChange => Sensitivity::Internal,
            Self::ReportRequest => Sensitivity::Internal,
            Self::ReportDocument => Sensitivity::Internal,
            Self::Receipt => Sensitivity::Internal,
            Self::Refusal => Sensitivity::Internal,
            Self::AuditEvent => Sensitivity::Internal,
        }
    }

    /// With which others it is kept equally long.
    pub fn retention(self) -> Retention {
        match self {
            Self::VehicleRegistration => Retention::Registrations,
            Self::PersonRegistration => Retention::Registrations,
            Self::AccessGrant => Retention::Registrations,
            Self::ListEntry => Retention::Registrations,
            Self::PlateCapture => Retention::Passages,
            Self::PassageRecord => Retention::Passages,
            Self::PassageDecision => Retention::Passages,
            Self::GateCommand => Retention::Passages,
            Self::GateStatus => Retention::Passages,
            Self::OnDutyStatus => Retention::Passages,
            Self::OccupancySnapshot => Retention::Passages,
            Self::SensorReadingBatch => Retention::Readings,
            Self::DeviceStatus => Retention::Readings,
            Self::AlarmEvent => Retention::Alarms,
            Self::AlarmUpdate => Retention::Alarms,
            Self::EmergencyGateOpen => Retention::Emergency,
            Self::OperatingModeChange => Retention::Emergency,
            Self::ReportRequest => Retention::Reports,
            Self::ReportDocument => Retention::Reports,
            Self::Receipt => Retention::Audit,
            Self::Refusal => Retention::Audit,
            Self::AuditEvent => Retention::Audit,
        }
    }
}

/// A canonical message (R125). 标准报文.
#[derive(Clone, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Message {
    /// Who says what, when. 报文头.
    pub header: Header,
    /// The statement. 报文体.
    pub body: Body,
}
