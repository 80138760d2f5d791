//! Emergency openings and operating modes. 应急.
//!
//! Made by `cargo xtask codegen` from `schemas/xsd/emergency.xsd`; change the schema, not this file.

#[allow(unused_imports, reason = "one list for all generated files")]
use crate::imports::*;

/// One-key opening of gates; acts first, is audited afterwards (R046). 应急卡口一键开启.
#[derive(Clone, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct EmergencyGateOpen {
    /// Identity of the order. 指令编号.
    pub order_id: String,
    /// Gates to open. 卡口.
    /// From 1 to 200.
    pub gates: Vec<GateId>,
    /// Who ordered it. 下令人.
    pub ordered_by: PartyId,
    /// Why. 原因.
    pub reason: String,
    /// True ends the opening and gives the gates back to everyday rules. 是否解除.
    pub release: Option<bool>,
    /// When. 下令时间.
    pub ordered_at: Timestamp,
}

/// Switch of the operating mode (R124). 运行模式切换.
#[derive(Clone, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct OperatingModeChange {
    /// Identity of the change. 切换编号.
    pub change_id: String,
    /// The new mode. 运行模式.
    pub mode: OperatingMode,
    /// Gates it is for; empty means the whole park. 卡口.
    /// From 0 to 200.
    pub gates: Vec<GateId>,
    /// Who ordered it. 下令人.
    pub ordered_by: PartyId,
    /// Why. 原因.
    pub reason: String,
    /// From when. 生效时间.
    pub effective_at: Timestamp,
}
