//! Alarms and what becomes of them (standards 5). 报警与处置.
//!
//! Made by `cargo xtask codegen` from `schemas/xsd/alarm.xsd`; change the schema, not this file.

#[allow(unused_imports, reason = "one list for all generated files")]
use crate::imports::*;

/// The alarm vocabulary (standards 5). 报警类型.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
pub enum AlarmCode {
    /// Somebody crossed the perimeter (R008, R111). 周界入侵.
    #[serde(rename = "PERIMETER_INTRUSION")]
    PerimeterIntrusion,
    /// A line was crossed (R111). 越界.
    #[serde(rename = "LINE_CROSSING")]
    LineCrossing,
    /// Somebody stays where nobody may (R111). 非法停留.
    #[serde(rename = "ILLEGAL_STAY")]
    IllegalStay,
    /// A crowd gathers (R043, R111). 人员聚集.
    #[serde(rename = "CROWD_GATHERING")]
    CrowdGathering,
    /// An object was left behind (R111). 物品滞留.
    #[serde(rename = "OBJECT_LEFT")]
    ObjectLeft,
    /// An object is gone (R111). 物品遗失.
    #[serde(rename = "OBJECT_LOST")]
    ObjectLost,
    /// A vehicle stands where it should move (R043). 车辆滞留.
    #[serde(rename = "VEHICLE_STRANDED")]
    VehicleStranded,
    /// Fire (R111, R115). 火灾.
    #[serde(rename = "FIRE")]
    Fire,
    /// Explosion (R115). 爆炸.
    #[serde(rename = "EXPLOSION")]
    Explosion,
    /// Smoke of unknown origin (R115). 不明烟雾.
    #[serde(rename = "UNKNOWN_SMOKE")]
    UnknownSmoke,
    /// Came without a grant (R030). 无授权.
    #[serde(rename = "NO_GRANT")]
    NoGrant,
    /// Came after its window (R020). 授权过期.
    #[serde(rename = "GRANT_EXPIRED")]
    GrantExpired,
    /// Came to a gate it may not use (R023). 卡口不符.
    #[serde(rename = "WRONG_GATE")]
    WrongGate,
    /// Came on a lane it may not use (R024). 车道不符.
    #[serde(rename = "WRONG_LANE")]
    WrongLane,
    /// Entered an area it may not enter (R029). 区域不符.
    #[serde(rename = "AREA_DENIED")]
    AreaDenied,
    /// Drove through a general area (R068). 过境.
    #[serde(rename = "TRANSIT")]
    Transit,
    /// On a black list (R029). 黑名单命中.
    #[serde(rename = "BLACKLIST_HIT")]
    BlacklistHit,
    /// Park, zone or lot is over its capacity (R031). 超容量.
    #[serde(rename = "CAPACITY_EXCEEDED")]
    CapacityExceeded,
    /// A barrier was forced (R066). 强行闯卡.
    #[serde(rename = "GATE_FORCED")]
    GateForced,
    /// Two passed on one opening (R066). 尾随.
    #[serde(rename = "TAILGATING")]
    Tailgating,
    /// Seen inside without an entry (R066). 未经卡口进入.
    #[serde(rename = "UNSEEN_ENTRY")]
    UnseenEntry,
    /// A barrier did not do as ordered, or is at fault (R094). 道闸故障.
    #[serde(rename = "GATE_FAULT")]
    GateFault,
    /// Too fast (R032). 超速.
    #[serde(rename = "OVERSPEED")]
    Overspeed,
    /// Left its route (R025, R032). 路线偏离.
    #[serde(rename = "ROUTE_DEVIATION")]
    RouteDeviation,
    /// Outside its hours (R032). 时间窗违规.
    #[serde(rename = "TIME_WINDOW")]
    TimeWindow,
    /// Too long or too short on a road section (R072). 路段时限违规.
    #[serde(rename = "ROAD_TIME")]
    RoadTime,
    /// Stays longer than granted (R032). 超时停留.
    #[serde(rename = "OVERSTAY")]
    Overstay,
    /// Parks where it may not (R034). 违停.
    #[serde(rename = "ILLEGAL_PARKING")]
    IllegalParking,
    /// The driver called for help (R033). 车辆紧急求救.
    #[serde(rename = "VEHICLE_EMERGENCY")]
    VehicleEmergency,
    /// Collision (R033). 碰撞.
    #[serde(rename = "COLLISION")]
    Collision,
    /// Rollover (R033). 侧翻.
    #[serde(rename = "ROLLOVER")]
    Rollover,
    /// The cargo leaks (R033). 货物泄漏.
    #[serde(rename = "CARGO_LEAK")]
    CargoLeak,
    /// A door or valve is open (R033). 车门打开.
    #[serde(rename = "DOOR_OPEN")]
    DoorOpen,
    /// The driver is tired. 疲劳驾驶.
    #[serde(rename = "FATIGUE")]
    Fatigue,
    /// A locator fell silent (R119). 定位丢失.
    #[serde(rename = "LOCATOR_LOST")]
    LocatorLost,
    /// A locator was not given back (R119). 定位设备未归还.
    #[serde(rename = "LOCATOR_NOT_RETURNED")]
    LocatorNotReturned,
    /// A locator was tampered with (R119). 定位设备被破坏.
    #[serde(rename = "LOCATOR_TAMPER")]
    LocatorTamper,
    /// Something is wrong in the lot (R034). 停车场异常.
    #[serde(rename = "PARKING_ANOMALY")]
    ParkingAnomaly,
    /// Somebody called for help at a help point or handset (R120). 求救.
    #[serde(rename = "HELP_CALL")]
    HelpCall,
    /// Somebody is not on post (R066). 离岗.
    #[serde(rename = "OFF_POST")]
    OffPost,
    /// Too many persons in an area (R118). 超员.
    #[serde(rename = "OVER_HEADCOUNT")]
    OverHeadcount,
    /// A person does not move (R118). 人员静止.
    #[serde(rename = "PERSON_STILL")]
    PersonStill,
    /// A checkpoint was missed (R117). 漏检.
    #[serde(rename = "PATROL_MISSED")]
    PatrolMissed,
    /// A patrol found something (R117). 巡检异常.
    #[serde(rename = "PATROL_ANOMALY")]
    PatrolAnomaly,
    /// A value fell below low-low (R035). 低低报.
    #[serde(rename = "SENSOR_LL")]
    SensorLl,
    /// A value fell below low (R035). 低报.
    #[serde(rename = "SENSOR_L")]
    SensorL,
    /// A value rose above high (R035). 高报.
    #[serde(rename = "SENSOR_H")]
    SensorH,
    /// A value rose above high-high (R034). 高高报.
    #[serde(rename = "SENSOR_HH")]
    SensorHh,
    /// A device does not answer (R050). 设备离线.
    #[serde(rename = "DEVICE_OFFLINE")]
    DeviceOffline,
    /// A link is down (R050). 链路中断.
    #[serde(rename = "LINK_DOWN")]
    LinkDown,
    /// Power failed (R038). 断电.
    #[serde(rename = "POWER_FAIL")]
    PowerFail,
    /// Storage failed or is nearly full. 存储故障.
    #[serde(rename = "STORAGE_FAIL")]
    StorageFail,
    /// A clock is off. 时钟偏差.
    #[serde(rename = "CLOCK_SKEW")]
    ClockSkew,
    /// A device was tampered with. 设备被破坏.
    #[serde(rename = "DEVICE_TAMPER")]
    DeviceTamper,
    /// A signature did not verify (R129). 签名无效.
    #[serde(rename = "SIGNATURE_INVALID")]
    SignatureInvalid,
    /// A certificate is over (R129). 证书过期.
    #[serde(rename = "CERT_EXPIRED")]
    CertExpired,
    /// A message came again in another form (R129). 重放.
    #[serde(rename = "REPLAY")]
    Replay,
    /// A message broke this language (R125). 格式错误.
    #[serde(rename = "SCHEMA_INVALID")]
    SchemaInvalid,
    /// Somebody spoke of what is not his to speak of, or something waits for the park's word. 越权或待园区确认.
    #[serde(rename = "NOT_ENTITLED")]
    NotEntitled,
}

impl AlarmCode {
    /// All values, in the order of the schema.
    pub const ALL: &'static [Self] = &[
        Self::PerimeterIntrusion,
        Self::LineCrossing,
        Self::IllegalStay,
        Self::CrowdGathering,
        Self::ObjectLeft,
        Self::ObjectLost,
        Self::VehicleStranded,
        Self::Fire,
        Self::Explosion,
        Self::UnknownSmoke,
        Self::NoGrant,
        Self::GrantExpired,
        Self::WrongGate,
        Self::WrongLane,
        Self::AreaDenied,
        Self::Transit,
        Self::BlacklistHit,
        Self::CapacityExceeded,
        Self::GateForced,
        Self::Tailgating,
        Self::UnseenEntry,
        Self::GateFault,
        Self::Overspeed,
        Self::RouteDeviation,
        Self::TimeWindow,
        Self::RoadTime,
        Self::Overstay,
        Self::IllegalParking,
        Self::VehicleEmergency,
        Self::Collision,
        Self::Rollover,
        Self::CargoLeak,
        Self::DoorOpen,
        Self::Fatigue,
        Self::LocatorLost,
        Self::LocatorNotReturned,
        Self::LocatorTamper,
        Self::ParkingAnomaly,
        Self::HelpCall,
        Self::OffPost,
        Self::OverHeadcount,
        Self::PersonStill,
        Self::PatrolMissed,
        Self::PatrolAnomaly,
        Self::SensorLl,
        Self::SensorL,
        Self::SensorH,
        Self::SensorHh,
        Self::DeviceOffline,
        Self::LinkDown,
        Self::PowerFail,
        Self::StorageFail,
        Self::ClockSkew,
        Self::DeviceTamper,
        Self::SignatureInvalid,
        Self::CertExpired,
        Self::Replay,
        Self::SchemaInvalid,
        Self::NotEntitled,
    ];

    /// The canonical code.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::PerimeterIntrusion => "PERIMETER_INTRUSION",
            Self::LineCrossing => "LINE_CROSSING",
            Self::IllegalStay => "ILLEGAL_STAY",
            Self::CrowdGathering => "CROWD_GATHERING",
            Self::ObjectLeft => "OBJECT_LEFT",
            Self::ObjectLost => "OBJECT_LOST",
            Self::VehicleStranded => "VEHICLE_STRANDED",
            Self::Fire => "FIRE",
            Self::Explosion => "EXPLOSION",
            Self::UnknownSmoke => "UNKNOWN_SMOKE",
            Self::NoGrant => "NO_GRANT",
            Self::GrantExpired => "GRANT_EXPIRED",
            Self::WrongGate => "WRONG_GATE",
            Self::WrongLane => "WRONG_LANE",
            Self::AreaDenied => "AREA_DENIED",
            Self::Transit => "TRANSIT",
            Self::BlacklistHit => "BLACKLIST_HIT",
            Self::CapacityExceeded => "CAPACITY_EXCEEDED",
            Self::GateForced => "GATE_FORCED",
            Self::Tailgating => "TAILGATING",
            Self::UnseenEntry => "UNSEEN_ENTRY",
            Self::GateFault => "GATE_FAULT",
            Self::Overspeed => "OVERSPEED",
            Self::RouteDeviation => "ROUTE_DEVIATION",
            Self::TimeWindow => "TIME_WINDOW",
            Self::RoadTime => "ROAD_TIME",
            Self::Overstay => "OVERSTAY",
            Self::IllegalParking => "ILLEGAL_PARKING",
            Self::VehicleEmergency => "VEHICLE_EMERGENCY",
            Self::Collision => "COLLISION",
            Self::Rollover => "ROLLOVER",
            Self::CargoLeak => "CARGO_LEAK",
            Self::DoorOpen => "DOOR_OPEN",
            Self::Fatigue => "FATIGUE",
            Self::LocatorLost => "LOCATOR_LOST",
            Self::LocatorNotReturned => "LOCATOR_NOT_RETURNED",
            Self::LocatorTamper => "LOCATOR_TAMPER",
            Self::ParkingAnomaly => "PARKING_ANOMALY",
            Self::HelpCall => "HELP_CALL",
            Self::OffPost => "OFF_POST",
            Self::OverHeadcount => "OVER_HEADCOUNT",
            Self::PersonStill => "PERSON_STILL",
            Self::PatrolMissed => "PATROL_MISSED",
            Self::PatrolAnomaly => "PATROL_ANOMALY",
            Self::SensorLl => "SENSOR_LL",
            Self::SensorL => "SENSOR_L",
            Self::SensorH => "SENSOR_H",
            Self::SensorHh => "SENSOR_HH",
            Self::DeviceOffline => "DEVICE_OFFLINE",
            Self::LinkDown => "LINK_DOWN",
            Self::PowerFail => "POWER_FAIL",
            Self::StorageFail => "STORAGE_FAIL",
            Self::ClockSkew => "CLOCK_SKEW",
            Self::DeviceTamper => "DEVICE_TAMPER",
            Self::SignatureInvalid => "SIGNATURE_INVALID",
            Self::CertExpired => "CERT_EXPIRED",
            Self::Replay => "REPLAY",
            Self::SchemaInvalid => "SCHEMA_INVALID",
            Self::NotEntitled => "NOT_ENTITLED",
        }
    }

    /// The Chinese term.
    pub fn as_chinese(self) -> &'static str {
        match self {
            Self::PerimeterIntrusion => "周界入侵",
            Self::LineCrossing => "越界",
            Self::IllegalStay => "非法停留",
            Self::CrowdGathering => "人员聚集",
            Self::ObjectLeft => "物品滞留",
            Self::ObjectLost => "物品遗失",
            Self::VehicleStranded => "车辆滞留",
            Self::Fire => "火灾",
            Self::Explosion => "爆炸",
            Self::UnknownSmoke => "不明烟雾",
            Self::NoGrant => "无授权",
            Self::GrantExpired => "授权过期",
            Self::WrongGate => "卡口不符",
            Self::WrongLane => "车道不符",
            Self::AreaDenied => "区域不符",
            Self::Transit => "过境",
            Self::BlacklistHit => "黑名单命中",
            Self::CapacityExceeded => "超容量",
            Self::GateForced => "强行闯卡",
            Self::Tailgating => "尾随",
            Self::UnseenEntry => "未经卡口进入",
            Self::GateFault => "道闸故障",
            Self::Overspeed => "超速",
            Self::RouteDeviation => "路线偏离",
            Self::TimeWindow => "时间窗违规",
            Self::RoadTime => "路段时限违规",
            Self::Overstay => "超时停留",
            Self::IllegalParking => "违停",
            Self::VehicleEmergency => "车辆紧急求救",
            Self::Collision => "碰撞",
            Self::Rollover => "侧翻",
            Self::CargoLeak => "货物泄漏",
            Self::DoorOpen => "车门打开",
            Self::Fatigue => "疲劳驾驶",
            Self::LocatorLost => "定位丢失",
            Self::LocatorNotReturned => "定位设备未归还",
            Self::LocatorTamper => "定位设备被破坏",
            Self::ParkingAnomaly => "停车场异常",
            Self::HelpCall => "求救",
            Self::OffPost => "离岗",
            Self::OverHeadcount => "超员",
            Self::PersonStill => "人员静止",
            Self::PatrolMissed => "漏检",
            Self::PatrolAnomaly => "巡检异常",
            Self::SensorLl => "低低报",
            Self::SensorL => "低报",
            Self::SensorH => "高报",
            Self::SensorHh => "高高报",
            Self::DeviceOffline => "设备离线",
            Self::LinkDown => "链路中断",
            Self::PowerFail => "断电",
            Self::StorageFail => "存储故障",
            Self::ClockSkew => "时钟偏差",
            Self::DeviceTamper => "设备被破坏",
            Self::SignatureInvalid => "签名无效",
            Self::CertExpired => "证书过期",
            Self::Replay => "重放",
            Self::SchemaInvalid => "格式错误",
            Self::NotEntitled => "越权或待园区确认",
        }
    }
}

impl FromStr for AlarmCode {
    type Err = FacetError;
    fn from_str(code: &str) -> Result<Self, FacetError> {
        Ok(match code {
            "PERIMETER_INTRUSION" => Self::PerimeterIntrusion,
            "LINE_CROSSING" => Self::LineCrossing,
            "ILLEGAL_STAY" => Self::IllegalStay,
            "CROWD_GATHERING" => Self::CrowdGathering,
            "OBJECT_LEFT" => Self::ObjectLeft,
            "OBJECT_LOST" => Self::ObjectLost,
            "VEHICLE_STRANDED" => Self::VehicleStranded,
            "FIRE" => Self::Fire,
            "EXPLOSION" => Self::Explosion,
            "UNKNOWN_SMOKE" => Self::UnknownSmoke,
            "NO_GRANT" => Self::NoGrant,
            "GRANT_EXPIRED" => Self::GrantExpired,
            "WRONG_GATE" => Self::WrongGate,
            "WRONG_LANE" => Self::WrongLane,
            "AREA_DENIED" => Self::AreaDenied,
            "TRANSIT" => Self::Transit,
            "BLACKLIST_HIT" => Self::BlacklistHit,
            "CAPACITY_EXCEEDED" => Self::CapacityExceeded,
            "GATE_FORCED" => Self::GateForced,
            "TAILGATING" => Self::Tailgating,
            "UNSEEN_ENTRY" => Self::UnseenEntry,
            "GATE_FAULT" => Self::GateFault,
            "OVERSPEED" => Self::Overspeed,
            "ROUTE_DEVIATION" => Self::RouteDeviation,
            "TIME_WINDOW" => Self::TimeWindow,
            "ROAD_TIME" => Self::RoadTime,
            "OVERSTAY" => Self::Overstay,
            "ILLEGAL_PARKING" => Self::IllegalParking,
            "VEHICLE_EMERGENCY" => Self::VehicleEmergency,
            "COLLISION" => Self::Collision,
            "ROLLOVER" => Self::Rollover,
            "CARGO_LEAK" => Self::CargoLeak,
            "DOOR_OPEN" => Self::DoorOpen,
            "FATIGUE" => Self::Fatigue,
            "LOCATOR_LOST" => Self::LocatorLost,
            "LOCATOR_NOT_RETURNED" => Self::LocatorNotReturned,
            "LOCATOR_TAMPER" => Self::LocatorTamper,
            "PARKING_ANOMALY" => Self::ParkingAnomaly,
            "HELP_CALL" => Self::HelpCall,
            "OFF_POST" => Self::OffPost,
            "OVER_HEADCOUNT" => Self::OverHeadcount,
            "PERSON_STILL" => Self::PersonStill,
            "PATROL_MISSED" => Self::PatrolMissed,
            "PATROL_ANOMALY" => Self::PatrolAnomaly,
            "SENSOR_LL" => Self::SensorLl,
            "SENSOR_L" => Self::SensorL,
            "SENSOR_H" => Self::SensorH,
            "SENSOR_HH" => Self::SensorHh,
            "DEVICE_OFFLINE" => Self::DeviceOffline,
            "LINK_DOWN" => Self::LinkDown,
            "POWER_FAIL" => Self::PowerFail,
            "STORAGE_FAIL" => Self::StorageFail,
            "CLOCK_SKEW" => Self::ClockSkew,
            "DEVICE_TAMPER" => Self::DeviceTamper,
            "SIGNATURE_INVALID" => Self::SignatureInvalid,
            "CERT_EXPIRED" => Self::CertExpired,
            "REPLAY" => Self::Replay,
            "SCHEMA_INVALID" => Self::SchemaInvalid,
            "NOT_ENTITLED" => Self::NotEntitled,
            _ => return Err(FacetError::enumeration("AlarmCode", code)),
        })
    }
}

impl fmt::Display for AlarmCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Level of an alarm; red is the highest (code table 4.10). 报警级别.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
pub enum AlarmLevel {
    /// Acknowledge within 60 s. 红.
    #[serde(rename = "RED")]
    Red,
    /// Acknowledge within 3 min. 橙.
    #[serde(rename = "ORANGE")]
    Orange,
    /// Acknowledge within 10 min. 黄.
    #[serde(rename = "YELLOW")]
    Yellow,
    /// Acknowledge within 30 min. 蓝.
    #[serde(rename = "BLUE")]
    Blue,
}

impl AlarmLevel {
    /// All values, in the order of the schema.
    pub const ALL: &'static [Self] = &[Self::Red, Self::Orange, Self::Yellow, Self::Blue];

    /// The canonical code.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Red => "RED",
            Self::Orange => "ORANGE",
            Self::Yellow => "YELLOW",
            Self::Blue => "BLUE",
        }
    }

    /// The Chinese term.
    pub fn as_chinese(self) -> &'static str {
        match self {
            Self::Red => "红",
            Self::Orange => "橙",
            Self::Yellow => "黄",
            Self::Blue => "蓝",
        }
    }
}

impl FromStr for AlarmLevel {
    type Err = FacetError;
    fn from_str(code: &str) -> Result<Self, FacetError> {
        Ok(match code {
            "RED" => Self::Red,
            "ORANGE" => Self::Orange,
            "YELLOW" => Self::Yellow,
            "BLUE" => Self::Blue,
            _ => return Err(FacetError::enumeration("AlarmLevel", code)),
        })
    }
}

impl fmt::Display for AlarmLevel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// State of an alarm (ISA-18.2, standards 5). 报警状态.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
pub enum AlarmState {
    /// Raised, nobody has seen it. 已发生.
    #[serde(rename = "RAISED")]
    Raised,
    /// Somebody has taken it over. 已接警.
    #[serde(rename = "ACKNOWLEDGED")]
    Acknowledged,
    /// Found to be true. 已确认.
    #[serde(rename = "CONFIRMED")]
    Confirmed,
    /// Found to be false. 误报.
    #[serde(rename = "REJECTED")]
    Rejected,
    /// Somebody was sent. 已派警.
    #[serde(rename = "DISPATCHED")]
    Dispatched,
    /// Being dealt with. 处置中.
    #[serde(rename = "IN_PROGRESS")]
    InProgress,
    /// The cause is gone. 已消除.
    #[serde(rename = "CLEARED")]
    Cleared,
    /// Done, with a disposal record. 已关闭.
    #[serde(rename = "CLOSED")]
    Closed,
}

impl AlarmState {
    /// All values, in the order of the schema.
    pub const ALL: &'static [Self] = &[
        Self::Raised,
        Self::Acknowledged,
        Self::Confirmed,
        Self::Rejected,
        Self::Dispatched,
        Self::InProgress,
        Self::Cleared,
        Self::Closed,
    ];

    /// The canonical code.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Raised => "RAISED",
            Self::Acknowledged => "ACKNOWLEDGED",
            Self::Confirmed => "CONFIRMED",
            Self::Rejected => "REJECTED",
            Self::Dispatched => "DISPATCHED",
            Self::InProgress => "IN_PROGRESS",
            Self::Cleared => "CLEARED",
            Self::Closed => "CLOSED",
        }
    }

    /// The Chinese term.
    pub fn as_chinese(self) -> &'static str {
        match self {
            Self::Raised => "已发生",
            Self::Acknowledged => "已接警",
            Self::Confirmed => "已确认",
            Self::Rejected => "误报",
            Self::Dispatched => "已派警",
            Self::InProgress => "处置中",
            Self::Cleared => "已消除",
            Self::Closed => "已关闭",
        }
    }
}

impl FromStr for AlarmState {
    type Err = FacetError;
    fn from_str(code: &str) -> Result<Self, FacetError> {
        Ok(match code {
            "RAISED" => Self::Raised,
            "ACKNOWLEDGED" => Self::Acknowledged,
            "CONFIRMED" => Self::Confirmed,
            "REJECTED" => Self::Rejected,
            "DISPATCHED" => Self::Dispatched,
            "IN_PROGRESS" => Self::InProgress,
            "CLEARED" => Self::Cleared,
            "CLOSED" => Self::Closed,
            _ => return Err(FacetError::enumeration("AlarmState", code)),
        })
    }
}

impl fmt::Display for AlarmState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// An alarm (R043, R044). 报警事件.
#[derive(Clone, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct AlarmEvent {
    /// Identity of the alarm. 报警编号.
    pub alarm_id: String,
    /// What happened. 报警类型.
    pub alarm_code: AlarmCode,
    /// How bad. 报警级别.
    pub alarm_level: AlarmLevel,
    /// State at this moment, normally RAISED. 报警状态.
    pub state: AlarmState,
    /// When it happened. 发生时间.
    pub occurred_at: Timestamp,
    /// The device that saw it. 来源设备.
    pub source_device: Option<DeviceId>,
    /// The vehicle it is about. 涉事车辆.
    pub subject: Option<Plate>,
    /// The person it is about. 涉事人员.
    pub person_id: Option<String>,
    /// The enterprise it concerns. 涉及企业.
    pub enterprise_id: Option<PartyId>,
    /// Control area. 区域.
    pub area_id: Option<String>,
    /// Gate. 卡口.
    pub gate_id: Option<GateId>,
    /// Lane. 车道.
    pub lane_id: Option<LaneId>,
    /// Where. 位置.
    pub position: Option<Position>,
    /// The message that raised it. 触发报文标识.
    pub cause_ref: Option<MessageId>,
    /// Pictures, clips, messages. 证据.
    /// From 0 to 20.
    pub evidence: Vec<EvidenceReference>,
    /// In words, for the operator. 描述.
    pub description: String,
}

/// One step in the life of an alarm (R044). 报警处置更新.
#[derive(Clone, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct AlarmUpdate {
    /// The alarm. 报警编号.
    pub alarm_id: String,
    /// State after this step. 新状态.
    pub state: AlarmState,
    /// State before this step. 原状态.
    pub previous: AlarmState,
    /// Who did it; the hub itself for routing and escalation. 处置人.
    pub actor_id: PartyId,
    /// The receiver that was told. 接收方.
    pub receiver: Option<String>,
    /// How often it was escalated, when this step is an escalation. 升级层级.
    pub escalation_level: Option<u32>,
    /// Disposal record or remark. 处置说明.
    pub note: Option<String>,
    /// When. 更新时间.
    pub updated_at: Timestamp,
}
