//! What devices see and measure. 感知与监测.
//!
//! Made by `cargo xtask codegen` from `schemas/xsd/monitoring.xsd`; change the schema, not this file.

#[allow(unused_imports, reason = "one list for all generated files")]
use crate::imports::*;

/// A plate read by a camera at a lane (R027, R114). 车牌采集.
#[derive(Clone, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct PlateCapture {
    /// The camera. 采集设备.
    pub device_id: DeviceId,
    /// Gate; absent when the hub knows it from the lane. 卡口.
    pub gate_id: Option<GateId>,
    /// Lane. 车道.
    pub lane_id: LaneId,
    /// Plate in normal form, or UNREAD. 号牌号码.
    pub plate_number: PlateNumber,
    /// Colour, OTHER when not recognised. 号牌颜色.
    pub plate_colour: PlateColour,
    /// Plate class. 号牌种类.
    pub plate_class: Option<String>,
    /// What the camera read, word for word, when it differs from the normal form. 原始识别文本.
    pub plate_text: Option<String>,
    /// Kind of vehicle as the camera or lane knows it. 对象类别.
    pub subject_kind: Option<SubjectKind>,
    /// Direction of travel. 方向.
    pub direction: Direction,
    /// When the picture was taken. 采集时间.
    pub captured_at: Timestamp,
    /// Confidence of the recognition, 0 to 1. 识别置信度.
    pub confidence: Option<Decimal>,
    /// Electronic tag read at the same moment (R099). 电子标签.
    pub etag_epc: Option<String>,
    /// Plate of the trailer. 挂车号牌.
    pub trailer_plate: Option<PlateNumber>,
    /// Speed in km/h. 车速（千米/时）.
    pub speed_kmh: Option<Decimal>,
    /// Picture; stays with the camera or recorder. 图片地址.
    pub image_ref: Option<String>,
    /// SHA-256 of the picture. 图片摘要.
    pub image_digest: Option<Digest>,
}

/// A person who should be on post; personal data. 在岗人员.
#[derive(Clone, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct OnDutyPerson {
    /// The person. 人员标识.
    pub person_id: String,
    /// Name, masked unless needed. 姓名.
    pub name: Option<String>,
    /// Post. 岗位.
    pub post: Option<String>,
    /// Whether on post now. 是否在岗.
    pub on_post: bool,
    /// Since when. 起始时间.
    pub since: Option<Timestamp>,
}

/// Staff on post in an area of an enterprise (R066, R118). 在岗在位.
#[derive(Clone, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct OnDutyStatus {
    /// Enterprise. 企业.
    pub enterprise_id: PartyId,
    /// Control area. 区域.
    pub area_id: Option<String>,
    /// Persons that must be on post. 应在岗数.
    pub required: u32,
    /// Persons on post. 实际在岗数.
    pub on_post: u32,
    /// The persons, when told. 人员.
    /// From 0 to 500.
    pub persons: Vec<OnDutyPerson>,
    /// As of when. 统计时间.
    pub observed_at: Timestamp,
}

/// Whether a sample can be relied on. 数据质量.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
pub enum SampleQuality {
    /// Reliable. 正常.
    #[serde(rename = "GOOD")]
    Good,
    /// Outside what is plausible, or from a device with a bad clock. 可疑.
    #[serde(rename = "SUSPECT")]
    Suspect,
    /// The device says it is wrong. 无效.
    #[serde(rename = "BAD")]
    Bad,
    /// Not measured: last or entered value. 替代值.
    #[serde(rename = "SUBSTITUTED")]
    Substituted,
}

impl SampleQuality {
    /// All values, in the order of the schema.
    pub const ALL: &'static [Self] = &[Self::Good, Self::Suspect, Self::Bad, Self::Substituted];

    /// The canonical code.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Good => "GOOD",
            Self::Suspect => "SUSPECT",
            Self::Bad => "BAD",
            Self::Substituted => "SUBSTITUTED",
        }
    }

    /// The Chinese term.
    pub fn as_chinese(self) -> &'static str {
        match self {
            Self::Good => "正常",
            Self::Suspect => "可疑",
            Self::Bad => "无效",
            Self::Substituted => "替代值",
        }
    }
}

impl FromStr for SampleQuality {
    type Err = FacetError;
    fn from_str(code: &str) -> Result<Self, FacetError> {
        Ok(match code {
            "GOOD" => Self::Good,
            "SUSPECT" => Self::Suspect,
            "BAD" => Self::Bad,
            "SUBSTITUTED" => Self::Substituted,
            _ => return Err(FacetError::enumeration("SampleQuality", code)),
        })
    }
}

impl fmt::Display for SampleQuality {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The four alarm levels of a point, in the unit of the sample (WC_ENT_CGQ). 报警阈值.
#[derive(Clone, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Thresholds {
    /// Low-low. 低低报.
    pub low_low: Option<Decimal>,
    /// Low. 低报.
    pub low: Option<Decimal>,
    /// High. 高报.
    pub high: Option<Decimal>,
    /// High-high. 高高报.
    pub high_high: Option<Decimal>,
}

/// One measured value (R035 to R038). 采样值.
#[derive(Clone, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Sample {
    /// The sensor. 设备.
    pub device_id: DeviceId,
    /// The measuring point. 测点.
    pub point: String,
    /// The value. 数值.
    pub value: Decimal,
    /// Its unit. 单位.
    pub unit: String,
    /// Whether it can be relied on. 数据质量.
    pub quality: SampleQuality,
    /// When it was measured. 采样时间.
    pub observed_at: Timestamp,
    /// Alarm levels in force at the device. 报警阈值.
    pub thresholds: Option<Thresholds>,
}

/// Values of many sensors behind one gateway, usually one second's worth (R034 to R038). 传感器批量数据.
#[derive(Clone, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct SensorReadingBatch {
    /// The gateway. 网关.
    pub gateway_id: DeviceId,
    /// The values, at most 1000. 采样值.
    /// From 1 to 1000.
    pub samples: Vec<Sample>,
}

/// State of a device (R050). 设备状态.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
pub enum DeviceState {
    /// Answers. 在线.
    #[serde(rename = "ONLINE")]
    Online,
    /// Does not answer. 离线.
    #[serde(rename = "OFFLINE")]
    Offline,
    /// Answers, with something wrong. 降级.
    #[serde(rename = "DEGRADED")]
    Degraded,
    /// Not known yet. 未知.
    #[serde(rename = "UNKNOWN")]
    Unknown,
}

impl DeviceState {
    /// All values, in the order of the schema.
    pub const ALL: &'static [Self] = &[Self::Online, Self::Offline, Self::Degraded, Self::Unknown];

    /// The canonical code.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Online => "ONLINE",
            Self::Offline => "OFFLINE",
            Self::Degraded => "DEGRADED",
            Self::Unknown => "UNKNOWN",
        }
    }

    /// The Chinese term.
    pub fn as_chinese(self) -> &'static str {
        match self {
            Self::Online => "在线",
            Self::Offline => "离线",
            Self::Degraded => "降级",
            Self::Unknown => "未知",
        }
    }
}

impl FromStr for DeviceState {
    type Err = FacetError;
    fn from_str(code: &str) -> Result<Self, FacetError> {
        Ok(match code {
            "ONLINE" => Self::Online,
            "OFFLINE" => Self::Offline,
            "DEGRADED" => Self::Degraded,
            "UNKNOWN" => Self::Unknown,
            _ => return Err(FacetError::enumeration("DeviceState", code)),
        })
    }
}

impl fmt::Display for DeviceState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// State of a device, told at each change and at least once a period (R042, R050). 设备状态.
#[derive(Clone, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct DeviceStatus {
    /// The device. 设备.
    pub device_id: DeviceId,
    /// What it is. 设备类别.
    pub device_kind: DeviceKind,
    /// Maker. 厂商.
    pub vendor: Option<String>,
    /// Model. 型号.
    pub model: Option<String>,
    /// Firmware version. 固件版本.
    pub firmware: Option<String>,
    /// State now. 状态.
    pub state: DeviceState,
    /// Why, when not online. 原因.
    pub reason: Option<String>,
    /// Device clock minus hub clock, milliseconds. 时钟偏差（毫秒）.
    pub clock_offset_ms: Option<i64>,
    /// Since when in this state. 起始时间.
    pub since: Option<Timestamp>,
    /// As of when. 观测时间.
    pub observed_at: Timestamp,
}
