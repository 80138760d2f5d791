//! Commands to gates and what the gates say. 控制命令与状态.
//!
//! Made by `cargo xtask codegen` from `schemas/xsd/command.xsd`; change the schema, not this file.

#[allow(unused_imports, reason = "one list for all generated files")]
use crate::imports::*;

/// What a barrier is told to do (R094). 动作.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
pub enum GateAction {
    /// Raise for one passage. 开启.
    #[serde(rename = "OPEN")]
    Open,
    /// Lower. 关闭.
    #[serde(rename = "CLOSE")]
    Close,
    /// Stop where it is. 停止.
    #[serde(rename = "STOP")]
    Stop,
    /// Raise and hold open until released. 常开.
    #[serde(rename = "LOCK_OPEN")]
    LockOpen,
    /// End of LOCK_OPEN: back to everyday working. 解除常开.
    #[serde(rename = "RELEASE")]
    Release,
}

impl GateAction {
    /// All values, in the order of the schema.
    pub const ALL: &'static [Self] = &[
        Self::Open,
        Self::Close,
        Self::Stop,
        Self::LockOpen,
        Self::Release,
    ];

    /// The canonical code.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "OPEN",
            Self::Close => "CLOSE",
            Self::Stop => "STOP",
            Self::LockOpen => "LOCK_OPEN",
            Self::Release => "RELEASE",
        }
    }

    /// The Chinese term.
    pub fn as_chinese(self) -> &'static str {
        match self {
            Self::Open => "开启",
            Self::Close => "关闭",
            Self::Stop => "停止",
            Self::LockOpen => "常开",
            Self::Release => "解除常开",
        }
    }
}

impl FromStr for GateAction {
    type Err = FacetError;
    fn from_str(code: &str) -> Result<Self, FacetError> {
        Ok(match code {
            "OPEN" => Self::Open,
            "CLOSE" => Self::Close,
            "STOP" => Self::Stop,
            "LOCK_OPEN" => Self::LockOpen,
            "RELEASE" => Self::Release,
            _ => return Err(FacetError::enumeration("GateAction", code)),
        })
    }
}

impl fmt::Display for GateAction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Lane of the outbox. 优先级.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
pub enum CommandPriority {
    /// Before everything else. 应急.
    #[serde(rename = "EMERGENCY")]
    Emergency,
    /// Everyday access. 通行.
    #[serde(rename = "ACCESS")]
    Access,
    /// When there is time. 一般.
    #[serde(rename = "ROUTINE")]
    Routine,
}

impl CommandPriority {
    /// All values, in the order of the schema.
    pub const ALL: &'static [Self] = &[Self::Emergency, Self::Access, Self::Routine];

    /// The canonical code.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Emergency => "EMERGENCY",
            Self::Access => "ACCESS",
            Self::Routine => "ROUTINE",
        }
    }

    /// The Chinese term.
    pub fn as_chinese(self) -> &'static str {
        match self {
            Self::Emergency => "应急",
            Self::Access => "通行",
            Self::Routine => "一般",
        }
    }
}

impl FromStr for CommandPriority {
    type Err = FacetError;
    fn from_str(code: &str) -> Result<Self, FacetError> {
        Ok(match code {
            "EMERGENCY" => Self::Emergency,
            "ACCESS" => Self::Access,
            "ROUTINE" => Self::Routine,
            _ => return Err(FacetError::enumeration("CommandPriority", code)),
        })
    }
}

impl fmt::Display for CommandPriority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A command to a barrier. Never carried out after its deadline or in a later epoch. 道闸命令.
#[derive(Clone, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct GateCommand {
    /// Identity of the command. 命令标识.
    pub command_id: MessageId,
    /// Gate. 卡口.
    pub gate_id: GateId,
    /// Lane. 车道.
    pub lane_id: LaneId,
    /// The barrier. 栏杆机.
    pub device_id: DeviceId,
    /// What to do. 动作.
    pub action: GateAction,
    /// Why. 原因.
    pub reason: String,
    /// How urgent. 优先级.
    pub priority: CommandPriority,
    /// After this moment it is expired. 截止时间.
    pub deadline: Timestamp,
    /// Fencing epoch of the hub that ordered it. 主控任期.
    pub epoch: u64,
    /// The person who ordered it, when not a rule. 下令人.
    pub ordered_by: Option<PartyId>,
    /// The decision behind it. 决策编号.
    pub decision_ref: Option<String>,
}

/// State of a barrier, from its inputs (R094). 栏杆状态.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
pub enum BarrierState {
    /// Not known. 未知.
    #[serde(rename = "UNKNOWN")]
    Unknown,
    /// Lower limit reached. 已关闭.
    #[serde(rename = "CLOSED")]
    Closed,
    /// Between the limits, going up. 开启中.
    #[serde(rename = "OPENING")]
    Opening,
    /// Upper limit reached. 已开启.
    #[serde(rename = "OPEN")]
    Open,
    /// Between the limits, going down. 关闭中.
    #[serde(rename = "CLOSING")]
    Closing,
    /// Held by photocell or safety loop. 受阻.
    #[serde(rename = "BLOCKED")]
    Blocked,
    /// Limits contradict each other, or it moved too long. 故障.
    #[serde(rename = "FAULT")]
    Fault,
    /// Worked by hand at the cabinet. 就地控制.
    #[serde(rename = "LOCAL_CONTROL")]
    LocalControl,
}

impl BarrierState {
    /// All values, in the order of the schema.
    pub const ALL: &'static [Self] = &[
        Self::Unknown,
        Self::Closed,
        Self::Opening,
        Self::Open,
        Self::Closing,
        Self::Blocked,
        Self::Fault,
        Self::LocalControl,
    ];

    /// The canonical code.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "UNKNOWN",
            Self::Closed => "CLOSED",
            Self::Opening => "OPENING",
            Self::Open => "OPEN",
            Self::Closing => "CLOSING",
            Self::Blocked => "BLOCKED",
            Self::Fault => "FAULT",
            Self::LocalControl => "LOCAL_CONTROL",
        }
    }

    /// The Chinese term.
    pub fn as_chinese(self) -> &'static str {
        match self {
            Self::Unknown => "未知",
            Self::Closed => "已关闭",
            Self::Opening => "开启中",
            Self::Open => "已开启",
            Self::Closing => "关闭中",
            Self::Blocked => "受阻",
            Self::Fault => "故障",
            Self::LocalControl => "就地控制",
        }
    }
}

impl FromStr for BarrierState {
    type Err = FacetError;
    fn from_str(code: &str) -> Result<Self, FacetError> {
        Ok(match code {
            "UNKNOWN" => Self::Unknown,
            "CLOSED" => Self::Closed,
            "OPENING" => Self::Opening,
            "OPEN" => Self::Open,
            "CLOSING" => Self::Closing,
            "BLOCKED" => Self::Blocked,
            "FAULT" => Self::Fault,
            "LOCAL_CONTROL" => Self::LocalControl,
            _ => return Err(FacetError::enumeration("BarrierState", code)),
        })
    }
}

impl fmt::Display for BarrierState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Inputs of the lane controller as last read. 输入信号.
#[derive(Clone, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct BarrierInputs {
    /// Upper limit reached. 开到位.
    pub up_limit: Option<bool>,
    /// Lower limit reached. 关到位.
    pub down_limit: Option<bool>,
    /// Vehicle on the loop before the barrier. 触发线圈.
    pub approach_loop: Option<bool>,
    /// Vehicle on the loop under the barrier. 防砸线圈.
    pub safety_loop: Option<bool>,
    /// Light beam broken. 红外对射.
    pub photocell: Option<bool>,
    /// Switch at the cabinet stands on local. 就地控制.
    pub local_control: Option<bool>,
    /// Fault contact of the drive. 故障触点.
    pub fault: Option<bool>,
    /// Emergency button pressed. 应急按钮.
    pub emergency_button: Option<bool>,
    /// Lane signal shows green. 绿灯.
    pub lamp: Option<bool>,
}

/// What came of a command. 命令结果.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
pub enum CommandOutcome {
    /// Taken over; not yet done. 已受理.
    #[serde(rename = "ACCEPTED")]
    Accepted,
    /// Done: the limit input says so. 已确认.
    #[serde(rename = "CONFIRMED")]
    Confirmed,
    /// Deadline passed or link cut; not replayed. 已过期.
    #[serde(rename = "EXPIRED")]
    Expired,
    /// The device refuses it. 被拒绝.
    #[serde(rename = "REFUSED")]
    Refused,
    /// Tried and not reached. 失败.
    #[serde(rename = "FAILED")]
    Failed,
}

impl CommandOutcome {
    /// All values, in the order of the schema.
    pub const ALL: &'static [Self] = &[
        Self::Accepted,
        Self::Confirmed,
        Self::Expired,
        Self::Refused,
        Self::Failed,
    ];

    /// The canonical code.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Accepted => "ACCEPTED",
            Self::Confirmed => "CONFIRMED",
            Self::Expired => "EXPIRED",
            Self::Refused => "REFUSED",
            Self::Failed => "FAILED",
        }
    }

    /// The Chinese term.
    pub fn as_chinese(self) -> &'static str {
        match self {
            Self::Accepted => "已受理",
            Self::Confirmed => "已确认",
            Self::Expired => "已过期",
            Self::Refused => "被拒绝",
            Self::Failed => "失败",
        }
    }
}

impl FromStr for CommandOutcome {
    type Err = FacetError;
    fn from_str(code: &str) -> Result<Self, FacetError> {
        Ok(match code {
            "ACCEPTED" => Self::Accepted,
            "CONFIRMED" => Self::Confirmed,
            "EXPIRED" => Self::Expired,
            "REFUSED" => Self::Refused,
            "FAILED" => Self::Failed,
            _ => return Err(FacetError::enumeration("CommandOutcome", code)),
        })
    }
}

impl fmt::Display for CommandOutcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What the loops saw. 线圈事件.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
pub enum LoopEventKind {
    /// A vehicle came onto the lane. 驶入.
    #[serde(rename = "ENTERED")]
    Entered,
    /// It passed under the barrier and left. 通过.
    #[serde(rename = "PASSED")]
    Passed,
    /// It reversed out. 退出.
    #[serde(rename = "BACKED_OUT")]
    BackedOut,
}

impl LoopEventKind {
    /// All values, in the order of the schema.
    pub const ALL: &'static [Self] = &[Self::Entered, Self::Passed, Self::BackedOut];

    /// The canonical code.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Entered => "ENTERED",
            Self::Passed => "PASSED",
            Self::BackedOut => "BACKED_OUT",
        }
    }

    /// The Chinese term.
    pub fn as_chinese(self) -> &'static str {
        match self {
            Self::Entered => "驶入",
            Self::Passed => "通过",
            Self::BackedOut => "退出",
        }
    }
}

impl FromStr for LoopEventKind {
    type Err = FacetError;
    fn from_str(code: &str) -> Result<Self, FacetError> {
        Ok(match code {
            "ENTERED" => Self::Entered,
            "PASSED" => Self::Passed,
            "BACKED_OUT" => Self::BackedOut,
            _ => return Err(FacetError::enumeration("LoopEventKind", code)),
        })
    }
}

impl fmt::Display for LoopEventKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A vehicle event from the order of loops. 线圈事件.
#[derive(Clone, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct LoopEvent {
    /// What happened. 类别.
    pub kind: LoopEventKind,
    /// Direction of travel. 方向.
    pub direction: Direction,
}

/// State of a barrier and outcome of commands; accepted is not done (R094). 道闸状态.
#[derive(Clone, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct GateStatus {
    /// Gate. 卡口.
    pub gate_id: GateId,
    /// Lane. 车道.
    pub lane_id: LaneId,
    /// The barrier. 栏杆机.
    pub device_id: DeviceId,
    /// State. 栏杆状态.
    pub barrier_state: BarrierState,
    /// Inputs it was concluded from. 输入信号.
    pub inputs: BarrierInputs,
    /// The command this answers. 命令标识.
    pub command_id: Option<MessageId>,
    /// What came of it. 命令结果.
    pub command_outcome: Option<CommandOutcome>,
    /// In words. 说明.
    pub detail: Option<String>,
    /// A vehicle event. 线圈事件.
    pub loop_event: Option<LoopEvent>,
    /// When it was read. 观测时间.
    pub observed_at: Timestamp,
}
