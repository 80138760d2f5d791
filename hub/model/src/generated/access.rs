//! Grants, lists, decisions at the gate and passages (standards 9). 通行授权与通行记录.
//!
//! Made by `cargo xtask codegen` from `schemas/xsd/access.xsd`; change the schema, not this file.

#[allow(unused_imports, reason = "one list for all generated files")]
use crate::imports::*;

/// Class of an access grant (standards 9.1). 申请类别.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
pub enum ClassLetter {
    /// Long-term staff, commuter and enterprise vehicles (R020). 长期.
    #[serde(rename = "L")]
    L,
    /// Visitor, person or car (R021). 访客.
    #[serde(rename = "V")]
    V,
    /// Dangerous goods vehicle (R022). 危险物品.
    #[serde(rename = "H")]
    H,
    /// Hazardous waste vehicle (R022). 危险废物.
    #[serde(rename = "W")]
    W,
    /// Construction (R041). 施工.
    #[serde(rename = "C")]
    C,
    /// Ordinary freight. 普货.
    #[serde(rename = "F")]
    F,
    /// Exempt: police, fire, rescue, ambulance, power repair. 豁免.
    #[serde(rename = "X")]
    X,
}

impl ClassLetter {
    /// All values, in the order of the schema.
    pub const ALL: &'static [Self] = &[
        Self::L,
        Self::V,
        Self::H,
        Self::W,
        Self::C,
        Self::F,
        Self::X,
    ];

    /// The canonical code.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::L => "L",
            Self::V => "V",
            Self::H => "H",
            Self::W => "W",
            Self::C => "C",
            Self::F => "F",
            Self::X => "X",
        }
    }

    /// The Chinese term.
    pub fn as_chinese(self) -> &'static str {
        match self {
            Self::L => "长期",
            Self::V => "访客",
            Self::H => "危险物品",
            Self::W => "危险废物",
            Self::C => "施工",
            Self::F => "普货",
            Self::X => "豁免",
        }
    }
}

impl FromStr for ClassLetter {
    type Err = FacetError;
    fn from_str(code: &str) -> Result<Self, FacetError> {
        Ok(match code {
            "L" => Self::L,
            "V" => Self::V,
            "H" => Self::H,
            "W" => Self::W,
            "C" => Self::C,
            "F" => Self::F,
            "X" => Self::X,
            _ => return Err(FacetError::enumeration("ClassLetter", code)),
        })
    }
}

impl fmt::Display for ClassLetter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The right to pass, made by an approved booking and pushed to the gates (R023, R028). 通行授权.
#[derive(Clone, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct AccessGrant {
    /// Identity of the grant; the same id replaces it. 授权编号.
    pub grant_id: String,
    /// Class of the booking. 申请类别.
    pub class_letter: ClassLetter,
    /// What may pass. 对象类别.
    pub subject_kind: SubjectKind,
    /// The vehicle; absent for a person on foot. 号牌.
    pub plate: Option<Plate>,
    /// The trailer that must come with it. 挂车号牌.
    pub trailer_plate: Option<PlateNumber>,
    /// The electronic tag that must come with it. 电子标签.
    pub etag_epc: Option<String>,
    /// The registered person. 人员标识.
    pub person_id: Option<String>,
    /// Id document of the person; personal data. 身份证件.
    pub person_id_document: Option<IdDocument>,
    /// The enterprise visited, which answers for the visit. 受访企业.
    pub enterprise_id: PartyId,
    /// Gates it is good for; empty means every gate its class may use (R023), of an enterprise's grant the park's and its own. 授权卡口.
    /// From 0 to 200.
    pub gates: Vec<GateId>,
    /// Lanes it is good for; empty means every lane of those gates. 授权车道.
    /// From 0 to 200.
    pub lanes: Vec<LaneId>,
    /// Control areas it is good for. 授权区域.
    /// From 0 to 200.
    pub areas: Vec<String>,
    /// Start of the window. 有效期起.
    pub valid_from: Timestamp,
    /// End of the window. 有效期止.
    pub valid_to: Timestamp,
    /// Electronic waybill; needed for class H. 电子运单号.
    pub waybill_ref: Option<String>,
    /// Hazardous waste manifest; needed for class W. 危险废物转移联单号.
    pub manifest_ref: Option<String>,
    /// Pre-entry checks passed: driver's self-check and spot check. 入园前检查通过.
    pub checks_passed: Option<bool>,
    /// Longest stay in minutes. 最长停留（分钟）.
    pub max_stay_minutes: Option<u32>,
    /// Whether it is in force; a withdrawn grant opens nothing. 状态.
    pub state: LifeState,
}

/// White or black list (code table 4.9; R029). 名单类别.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
pub enum ListKind {
    /// Passes without a booking. 白名单.
    #[serde(rename = "WHITE")]
    White,
    /// Is refused whatever else it holds. 黑名单.
    #[serde(rename = "BLACK")]
    Black,
}

impl ListKind {
    /// All values, in the order of the schema.
    pub const ALL: &'static [Self] = &[Self::White, Self::Black];

    /// The canonical code.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::White => "WHITE",
            Self::Black => "BLACK",
        }
    }

    /// The Chinese term.
    pub fn as_chinese(self) -> &'static str {
        match self {
            Self::White => "白名单",
            Self::Black => "黑名单",
        }
    }
}

impl FromStr for ListKind {
    type Err = FacetError;
    fn from_str(code: &str) -> Result<Self, FacetError> {
        Ok(match code {
            "WHITE" => Self::White,
            "BLACK" => Self::Black,
            _ => return Err(FacetError::enumeration("ListKind", code)),
        })
    }
}

impl fmt::Display for ListKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Whom a list entry is about. 名单对象.
#[derive(Clone, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[allow(clippy::large_enum_variant, reason = "as the schema has it")]
pub enum ListSubject {
    /// A vehicle. 号牌.
    Plate(Plate),
    /// A vehicle in whatever colour. 号牌号码（不限颜色）.
    PlateNumber(PlateNumber),
    /// A registered person. 人员标识.
    PersonId(String),
    /// A person by id document; personal data. 身份证件.
    PersonIdDocument(IdDocument),
}

/// An entry of a white or black list; takes effect at the next decision (R029). 名单条目.
#[derive(Clone, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ListEntry {
    /// Identity of the entry; the same id replaces it. 条目编号.
    pub entry_id: String,
    /// Which list. 名单类别.
    pub list_kind: ListKind,
    /// Whom it is about. 名单对象.
    pub subject: ListSubject,
    /// Why; only the class of reason is told to the one refused. 原因.
    pub reason: String,
    /// From when. 生效时间.
    pub valid_from: Timestamp,
    /// Until when; absent means until withdrawn. 失效时间.
    pub valid_to: Option<Timestamp>,
    /// Whether it is in force. 状态.
    pub state: LifeState,
}

/// What was decided. 决策结果.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
pub enum DecisionOutcome {
    /// The barrier is ordered to open. 放行.
    #[serde(rename = "OPEN")]
    Open,
    /// The barrier stays closed. 拒绝.
    #[serde(rename = "REFUSE")]
    Refuse,
    /// A guard must decide. 人工处置.
    #[serde(rename = "MANUAL")]
    Manual,
}

impl DecisionOutcome {
    /// All values, in the order of the schema.
    pub const ALL: &'static [Self] = &[Self::Open, Self::Refuse, Self::Manual];

    /// The canonical code.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "OPEN",
            Self::Refuse => "REFUSE",
            Self::Manual => "MANUAL",
        }
    }

    /// The Chinese term.
    pub fn as_chinese(self) -> &'static str {
        match self {
            Self::Open => "放行",
            Self::Refuse => "拒绝",
            Self::Manual => "人工处置",
        }
    }
}

impl FromStr for DecisionOutcome {
    type Err = FacetError;
    fn from_str(code: &str) -> Result<Self, FacetError> {
        Ok(match code {
            "OPEN" => Self::Open,
            "REFUSE" => Self::Refuse,
            "MANUAL" => Self::Manual,
            _ => return Err(FacetError::enumeration("DecisionOutcome", code)),
        })
    }
}

impl fmt::Display for DecisionOutcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Why a passage was refused (standards 9.3, in this order of checks). 拒绝原因.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
pub enum RefusalCode {
    /// The operating mode admits nobody of this kind. 运行模式禁止.
    #[serde(rename = "MODE_CLOSED")]
    ModeClosed,
    /// On a black list. 黑名单.
    #[serde(rename = "BLACKLIST")]
    Blacklist,
    /// No grant for this subject. 无授权.
    #[serde(rename = "NO_GRANT")]
    NoGrant,
    /// The grant's window has not begun. 未到时间.
    #[serde(rename = "NOT_YET")]
    NotYet,
    /// The grant's window is over, or the grant is not in force. 已过期.
    #[serde(rename = "EXPIRED")]
    Expired,
    /// Not at this gate. 卡口不符.
    #[serde(rename = "WRONG_GATE")]
    WrongGate,
    /// Not on this lane. 车道不符.
    #[serde(rename = "WRONG_LANE")]
    WrongLane,
    /// Not in this control area or tier. 区域不符.
    #[serde(rename = "AREA_DENIED")]
    AreaDenied,
    /// The zone or park is full. 超容量.
    #[serde(rename = "CAPACITY")]
    Capacity,
    /// Waybill, manifest or certificate is missing. 单证缺失.
    #[serde(rename = "DOCUMENT")]
    Document,
    /// Pre-entry checks are not passed. 检查未通过.
    #[serde(rename = "CHECK_FAILED")]
    CheckFailed,
    /// Trailer, tag, card or plate score does not match. 凭证不符.
    #[serde(rename = "CREDENTIAL_MISMATCH")]
    CredentialMismatch,
    /// A device or the rule engine failed; the safe answer is no. 设备故障.
    #[serde(rename = "DEVICE_FAULT")]
    DeviceFault,
}

impl RefusalCode {
    /// All values, in the order of the schema.
    pub const ALL: &'static [Self] = &[
        Self::ModeClosed,
        Self::Blacklist,
        Self::NoGrant,
        Self::NotYet,
        Self::Expired,
        Self::WrongGate,
        Self::WrongLane,
        Self::AreaDenied,
        Self::Capacity,
        Self::Document,
        Self::CheckFailed,
        Self::CredentialMismatch,
        Self::DeviceFault,
    ];

    /// The canonical code.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ModeClosed => "MODE_CLOSED",
            Self::Blacklist => "BLACKLIST",
            Self::NoGrant => "NO_GRANT",
            Self::NotYet => "NOT_YET",
            Self::Expired => "EXPIRED",
            Self::WrongGate => "WRONG_GATE",
            Self::WrongLane => "WRONG_LANE",
            Self::AreaDenied => "AREA_DENIED",
            Self::Capacity => "CAPACITY",
            Self::Document => "DOCUMENT",
            Self::CheckFailed => "CHECK_FAILED",
            Self::CredentialMismatch => "CREDENTIAL_MISMATCH",
            Self::DeviceFault => "DEVICE_FAULT",
        }
    }

    /// The Chinese term.
    pub fn as_chinese(self) -> &'static str {
        match self {
            Self::ModeClosed => "运行模式禁止",
            Self::Blacklist => "黑名单",
            Self::NoGrant => "无授权",
            Self::NotYet => "未到时间",
            Self::Expired => "已过期",
            Self::WrongGate => "卡口不符",
            Self::WrongLane => "车道不符",
            Self::AreaDenied => "区域不符",
            Self::Capacity => "超容量",
            Self::Document => "单证缺失",
            Self::CheckFailed => "检查未通过",
            Self::CredentialMismatch => "凭证不符",
            Self::DeviceFault => "设备故障",
        }
    }
}

impl FromStr for RefusalCode {
    type Err = FacetError;
    fn from_str(code: &str) -> Result<Self, FacetError> {
        Ok(match code {
            "MODE_CLOSED" => Self::ModeClosed,
            "BLACKLIST" => Self::Blacklist,
            "NO_GRANT" => Self::NoGrant,
            "NOT_YET" => Self::NotYet,
            "EXPIRED" => Self::Expired,
            "WRONG_GATE" => Self::WrongGate,
            "WRONG_LANE" => Self::WrongLane,
            "AREA_DENIED" => Self::AreaDenied,
            "CAPACITY" => Self::Capacity,
            "DOCUMENT" => Self::Document,
            "CHECK_FAILED" => Self::CheckFailed,
            "CREDENTIAL_MISMATCH" => Self::CredentialMismatch,
            "DEVICE_FAULT" => Self::DeviceFault,
            _ => return Err(FacetError::enumeration("RefusalCode", code)),
        })
    }
}

impl fmt::Display for RefusalCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A rule that determined a decision (explanation). 规则引用.
#[derive(Clone, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct RuleRef {
    /// Its id in the rule set. 规则标识.
    pub rule_id: String,
    /// What it answered. 结论代码.
    pub code: String,
    /// Clause it carries out. 依据条款.
    pub clause: String,
}

/// The hub's decision at a lane, with its reasons (standards 9.3; R023 to R031). 通行决策.
#[derive(Clone, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct PassageDecision {
    /// Identity of the decision. 决策编号.
    pub decision_id: String,
    /// Gate. 卡口.
    pub gate_id: GateId,
    /// Lane. 车道.
    pub lane_id: LaneId,
    /// Direction of passage. 方向.
    pub direction: Direction,
    /// Kind the decision was made for. 对象类别.
    pub subject_kind: SubjectKind,
    /// The vehicle. 号牌.
    pub plate: Option<Plate>,
    /// The trailer. 挂车号牌.
    pub trailer_plate: Option<PlateNumber>,
    /// The person. 人员标识.
    pub person_id: Option<String>,
    /// The message that asked for it. 采集报文标识.
    pub capture_ref: MessageId,
    /// What was decided. 决策结果.
    pub outcome: DecisionOutcome,
    /// Why not; present unless the outcome is OPEN. 拒绝原因.
    pub refusal_code: Option<RefusalCode>,
    /// Rules that determined it. 决定规则.
    /// From 1 to 64.
    pub rules: Vec<RuleRef>,
    /// Digest of the rule set in force. 规则集摘要.
    pub rule_set_digest: Digest,
    /// The last journal entry that said anything of the settings in force; absent where the journal says none. 所依据设置的日志序号.
    pub settings_entry: Option<u64>,
    /// The grant it relies on. 授权编号.
    pub grant_id: Option<String>,
    /// Operating mode of the gate. 运行模式.
    pub operating_mode: OperatingMode,
    /// Time of the decision: the time of the journal entry. 决策时间.
    pub decided_at: Timestamp,
}

/// How a passage ended. 通行结果.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
pub enum PassageResult {
    /// Went through. 已通过.
    #[serde(rename = "PASSED")]
    Passed,
    /// Reversed out of the lane. 退出车道.
    #[serde(rename = "BACKED_OUT")]
    BackedOut,
    /// Went through without an opening. 强行通过.
    #[serde(rename = "FORCED")]
    Forced,
}

impl PassageResult {
    /// All values, in the order of the schema.
    pub const ALL: &'static [Self] = &[Self::Passed, Self::BackedOut, Self::Forced];

    /// The canonical code.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Passed => "PASSED",
            Self::BackedOut => "BACKED_OUT",
            Self::Forced => "FORCED",
        }
    }

    /// The Chinese term.
    pub fn as_chinese(self) -> &'static str {
        match self {
            Self::Passed => "已通过",
            Self::BackedOut => "退出车道",
            Self::Forced => "强行通过",
        }
    }
}

impl FromStr for PassageResult {
    type Err = FacetError;
    fn from_str(code: &str) -> Result<Self, FacetError> {
        Ok(match code {
            "PASSED" => Self::Passed,
            "BACKED_OUT" => Self::BackedOut,
            "FORCED" => Self::Forced,
            _ => return Err(FacetError::enumeration("PassageResult", code)),
        })
    }
}

impl fmt::Display for PassageResult {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A completed passage, proven by the order of loops or by the gate's own system (R027). 通行记录.
#[derive(Clone, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct PassageRecord {
    /// Identity of the passage. 通行编号.
    pub passage_id: String,
    /// The stay it belongs to (R005). 在园标识.
    pub visit_id: Option<String>,
    /// Gate. 卡口.
    pub gate_id: GateId,
    /// Lane. 车道.
    pub lane_id: Option<LaneId>,
    /// Whose gate. 卡口层级.
    pub tier: GateTier,
    /// The enterprise, for a second gate (R066). 企业.
    pub enterprise_id: Option<PartyId>,
    /// Direction. 方向.
    pub direction: Direction,
    /// Kind. 对象类别.
    pub subject_kind: SubjectKind,
    /// The vehicle. 号牌.
    pub plate: Option<Plate>,
    /// The trailer. 挂车号牌.
    pub trailer_plate: Option<PlateNumber>,
    /// The person. 人员标识.
    pub person_id: Option<String>,
    /// How it ended. 通行结果.
    pub result: PassageResult,
    /// The grant used. 授权编号.
    pub grant_id: Option<String>,
    /// The decision that opened. 决策编号.
    pub decision_ref: Option<String>,
    /// The capture. 采集报文标识.
    pub capture_ref: Option<MessageId>,
    /// The command that opened the barrier. 命令标识.
    pub command_id: Option<MessageId>,
    /// When it was complete. 通过时间.
    pub passed_at: Timestamp,
    /// Picture; stays with the camera or recorder. 图片地址.
    pub image_ref: Option<String>,
    /// SHA-256 of the picture. 图片摘要.
    pub image_digest: Option<Digest>,
}

/// What is counted. 统计范围.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
pub enum OccupancyScope {
    /// The whole park. 园区.
    #[serde(rename = "PARK")]
    Park,
    /// A closure district (R010). 封闭分区.
    #[serde(rename = "DISTRICT")]
    District,
    /// A control area. 控制区.
    #[serde(rename = "AREA")]
    Area,
    /// A dangerous goods parking lot. 停车场.
    #[serde(rename = "LOT")]
    Lot,
}

impl OccupancyScope {
    /// All values, in the order of the schema.
    pub const ALL: &'static [Self] = &[Self::Park, Self::District, Self::Area, Self::Lot];

    /// The canonical code.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Park => "PARK",
            Self::District => "DISTRICT",
            Self::Area => "AREA",
            Self::Lot => "LOT",
        }
    }

    /// The Chinese term.
    pub fn as_chinese(self) -> &'static str {
        match self {
            Self::Park => "园区",
            Self::District => "封闭分区",
            Self::Area => "控制区",
            Self::Lot => "停车场",
        }
    }
}

impl FromStr for OccupancyScope {
    type Err = FacetError;
    fn from_str(code: &str) -> Result<Self, FacetError> {
        Ok(match code {
            "PARK" => Self::Park,
            "DISTRICT" => Self::District,
            "AREA" => Self::Area,
            "LOT" => Self::Lot,
            _ => return Err(FacetError::enumeration("OccupancyScope", code)),
        })
    }
}

impl fmt::Display for OccupancyScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Count of one kind. 分类计数.
#[derive(Clone, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct OccupancyCount {
    /// Kind counted. 对象类别.
    pub subject_kind: SubjectKind,
    /// Now inside. 在园数.
    pub inside: u32,
    /// Entered since 00:00 park time. 当日进入.
    pub entered_today: u32,
    /// Left since 00:00 park time. 当日离开.
    pub left_today: u32,
    /// How many it may hold. 容量.
    pub capacity: Option<u32>,
}

/// How many are inside (R031). 在园数量.
#[derive(Clone, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct OccupancySnapshot {
    /// What is counted. 统计范围.
    pub scope: OccupancyScope,
    /// Which area, district or lot; absent for the park. 区域.
    pub area_id: Option<String>,
    /// Counts by kind. 分类计数.
    /// From 0 to 20.
    pub counts: Vec<OccupancyCount>,
    /// As of when. 统计时间.
    pub observed_at: Timestamp,
}
