//! Identifiers, code tables and small shapes that every other file uses. 各文件共用的标识、代码表和基本结构.
//!
//! Made by `cargo xtask codegen` from `schemas/xsd/common.xsd`; change the schema, not this file.

#[allow(unused_imports, reason = "one list for all generated files")]
use crate::imports::*;

/// What passes a gate (code table 4.1; R006). 管理对象类别.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
pub enum SubjectKind {
    /// A person on foot. 人员.
    #[serde(rename = "PERSON")]
    Person,
    /// Ordinary passenger vehicle. 普通车辆.
    #[serde(rename = "VEH_ORDINARY")]
    VehOrdinary,
    /// Vehicle that carries dangerous goods. 危化品运输车辆.
    #[serde(rename = "VEH_HAZMAT")]
    VehHazmat,
    /// Vehicle that carries hazardous waste. 危废运输车辆.
    #[serde(rename = "VEH_HAZWASTE")]
    VehHazwaste,
    /// Vehicle that carries ordinary goods. 普货车.
    #[serde(rename = "VEH_FREIGHT")]
    VehFreight,
    /// Construction vehicle. 工程车辆.
    #[serde(rename = "VEH_CONSTRUCTION")]
    VehConstruction,
    /// Commuter bus or registered staff car. 通勤车辆.
    #[serde(rename = "VEH_COMMUTER")]
    VehCommuter,
    /// Police, fire, ambulance, rescue or power repair. 应急救援车辆.
    #[serde(rename = "VEH_EMERGENCY")]
    VehEmergency,
    /// Goods without a vehicle of their own. 物资.
    #[serde(rename = "GOODS")]
    Goods,
    /// A ship at a water gate. 船舶.
    #[serde(rename = "VESSEL")]
    Vessel,
}

impl SubjectKind {
    /// All values, in the order of the schema.
    pub const ALL: &'static [Self] = &[
        Self::Person,
        Self::VehOrdinary,
        Self::VehHazmat,
        Self::VehHazwaste,
        Self::VehFreight,
        Self::VehConstruction,
        Self::VehCommuter,
        Self::VehEmergency,
        Self::Goods,
        Self::Vessel,
    ];

    /// The canonical code.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Person => "PERSON",
            Self::VehOrdinary => "VEH_ORDINARY",
            Self::VehHazmat => "VEH_HAZMAT",
            Self::VehHazwaste => "VEH_HAZWASTE",
            Self::VehFreight => "VEH_FREIGHT",
            Self::VehConstruction => "VEH_CONSTRUCTION",
            Self::VehCommuter => "VEH_COMMUTER",
            Self::VehEmergency => "VEH_EMERGENCY",
            Self::Goods => "GOODS",
            Self::Vessel => "VESSEL",
        }
    }

    /// The Chinese term.
    pub fn as_chinese(self) -> &'static str {
        match self {
            Self::Person => "人员",
            Self::VehOrdinary => "普通车辆",
            Self::VehHazmat => "危化品运输车辆",
            Self::VehHazwaste => "危废运输车辆",
            Self::VehFreight => "普货车",
            Self::VehConstruction => "工程车辆",
            Self::VehCommuter => "通勤车辆",
            Self::VehEmergency => "应急救援车辆",
            Self::Goods => "物资",
            Self::Vessel => "船舶",
        }
    }
}

impl FromStr for SubjectKind {
    type Err = FacetError;
    fn from_str(code: &str) -> Result<Self, FacetError> {
        Ok(match code {
            "PERSON" => Self::Person,
            "VEH_ORDINARY" => Self::VehOrdinary,
            "VEH_HAZMAT" => Self::VehHazmat,
            "VEH_HAZWASTE" => Self::VehHazwaste,
            "VEH_FREIGHT" => Self::VehFreight,
            "VEH_CONSTRUCTION" => Self::VehConstruction,
            "VEH_COMMUTER" => Self::VehCommuter,
            "VEH_EMERGENCY" => Self::VehEmergency,
            "GOODS" => Self::Goods,
            "VESSEL" => Self::Vessel,
            _ => return Err(FacetError::enumeration("SubjectKind", code)),
        })
    }
}

impl fmt::Display for SubjectKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Direction of passage (code table 4.6). Never a number: the systems disagree. 进出方向.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
pub enum Direction {
    /// Into the park. 进.
    #[serde(rename = "IN")]
    In,
    /// Out of the park. 出.
    #[serde(rename = "OUT")]
    Out,
}

impl Direction {
    /// All values, in the order of the schema.
    pub const ALL: &'static [Self] = &[Self::In, Self::Out];

    /// The canonical code.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::In => "IN",
            Self::Out => "OUT",
        }
    }

    /// The Chinese term.
    pub fn as_chinese(self) -> &'static str {
        match self {
            Self::In => "进",
            Self::Out => "出",
        }
    }
}

impl FromStr for Direction {
    type Err = FacetError;
    fn from_str(code: &str) -> Result<Self, FacetError> {
        Ok(match code {
            "IN" => Self::In,
            "OUT" => Self::Out,
            _ => return Err(FacetError::enumeration("Direction", code)),
        })
    }
}

impl fmt::Display for Direction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Class of a gate (code table 4.2; R093). 卡口类别.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
pub enum GateClass {
    /// All vehicle kinds, each on its own lanes. 综合卡口.
    #[serde(rename = "COMPREHENSIVE")]
    Comprehensive,
    /// Only dangerous goods and hazardous waste vehicles. 专用卡口.
    #[serde(rename = "DEDICATED")]
    Dedicated,
    /// No dangerous goods, no hazardous waste. 普通卡口.
    #[serde(rename = "ORDINARY")]
    Ordinary,
    /// Normally closed, one-key open, also an evacuation exit. 应急卡口.
    #[serde(rename = "EMERGENCY")]
    Emergency,
}

impl GateClass {
    /// All values, in the order of the schema.
    pub const ALL: &'static [Self] = &[
        Self::Comprehensive,
        Self::Dedicated,
        Self::Ordinary,
        Self::Emergency,
    ];

    /// The canonical code.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Comprehensive => "COMPREHENSIVE",
            Self::Dedicated => "DEDICATED",
            Self::Ordinary => "ORDINARY",
            Self::Emergency => "EMERGENCY",
        }
    }

    /// The Chinese term.
    pub fn as_chinese(self) -> &'static str {
        match self {
            Self::Comprehensive => "综合卡口",
            Self::Dedicated => "专用卡口",
            Self::Ordinary => "普通卡口",
            Self::Emergency => "应急卡口",
        }
    }
}

impl FromStr for GateClass {
    type Err = FacetError;
    fn from_str(code: &str) -> Result<Self, FacetError> {
        Ok(match code {
            "COMPREHENSIVE" => Self::Comprehensive,
            "DEDICATED" => Self::Dedicated,
            "ORDINARY" => Self::Ordinary,
            "EMERGENCY" => Self::Emergency,
            _ => return Err(FacetError::enumeration("GateClass", code)),
        })
    }
}

impl fmt::Display for GateClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Whose gate it is (R066). 卡口层级.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
pub enum GateTier {
    /// Gate in the park's perimeter. 园区卡口.
    #[serde(rename = "PARK")]
    Park,
    /// Second gate of an enterprise's production area. 企业二道门.
    #[serde(rename = "ENTERPRISE_SECOND")]
    EnterpriseSecond,
}

impl GateTier {
    /// All values, in the order of the schema.
    pub const ALL: &'static [Self] = &[Self::Park, Self::EnterpriseSecond];

    /// The canonical code.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Park => "PARK",
            Self::EnterpriseSecond => "ENTERPRISE_SECOND",
        }
    }

    /// The Chinese term.
    pub fn as_chinese(self) -> &'static str {
        match self {
            Self::Park => "园区卡口",
            Self::EnterpriseSecond => "企业二道门",
        }
    }
}

impl FromStr for GateTier {
    type Err = FacetError;
    fn from_str(code: &str) -> Result<Self, FacetError> {
        Ok(match code {
            "PARK" => Self::Park,
            "ENTERPRISE_SECOND" => Self::EnterpriseSecond,
            _ => return Err(FacetError::enumeration("GateTier", code)),
        })
    }
}

impl fmt::Display for GateTier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Risk grade of a control area (code table 4.5; R003). 控制区等级.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
pub enum ControlGrade {
    /// Core control area. 核心控制区.
    #[serde(rename = "CORE")]
    Core,
    /// Key control area. 关键控制区.
    #[serde(rename = "KEY")]
    Key,
    /// General control area. 一般控制区.
    #[serde(rename = "GENERAL")]
    General,
}

impl ControlGrade {
    /// All values, in the order of the schema.
    pub const ALL: &'static [Self] = &[Self::Core, Self::Key, Self::General];

    /// The canonical code.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Core => "CORE",
            Self::Key => "KEY",
            Self::General => "GENERAL",
        }
    }

    /// The Chinese term.
    pub fn as_chinese(self) -> &'static str {
        match self {
            Self::Core => "核心控制区",
            Self::Key => "关键控制区",
            Self::General => "一般控制区",
        }
    }
}

impl FromStr for ControlGrade {
    type Err = FacetError;
    fn from_str(code: &str) -> Result<Self, FacetError> {
        Ok(match code {
            "CORE" => Self::Core,
            "KEY" => Self::Key,
            "GENERAL" => Self::General,
            _ => return Err(FacetError::enumeration("ControlGrade", code)),
        })
    }
}

impl fmt::Display for ControlGrade {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Colour of a plate (code table 4.12). Colour is part of the key: one number can exist in two colours. 号牌颜色.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
pub enum PlateColour {
    /// Small car. 蓝.
    #[serde(rename = "BLUE")]
    Blue,
    /// Large car, trailer. 黄.
    #[serde(rename = "YELLOW")]
    Yellow,
    /// Embassy, Hong Kong, Macau, foreign. 黑.
    #[serde(rename = "BLACK")]
    Black,
    /// Police, military. 白.
    #[serde(rename = "WHITE")]
    White,
    /// Small new-energy car, gradient. 渐变绿.
    #[serde(rename = "GREEN")]
    Green,
    /// Large new-energy car. 黄绿双拼.
    #[serde(rename = "YELLOW_GREEN")]
    YellowGreen,
    /// Farm vehicle, yellow. 农黄.
    #[serde(rename = "FARM_YELLOW")]
    FarmYellow,
    /// Farm vehicle, green. 农绿.
    #[serde(rename = "FARM_GREEN")]
    FarmGreen,
    /// Any other colour, or not recognised. 其他.
    #[serde(rename = "OTHER")]
    Other,
}

impl PlateColour {
    /// All values, in the order of the schema.
    pub const ALL: &'static [Self] = &[
        Self::Blue,
        Self::Yellow,
        Self::Black,
        Self::White,
        Self::Green,
        Self::YellowGreen,
        Self::FarmYellow,
        Self::FarmGreen,
        Self::Other,
    ];

    /// The canonical code.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Blue => "BLUE",
            Self::Yellow => "YELLOW",
            Self::Black => "BLACK",
            Self::White => "WHITE",
            Self::Green => "GREEN",
            Self::YellowGreen => "YELLOW_GREEN",
            Self::FarmYellow => "FARM_YELLOW",
            Self::FarmGreen => "FARM_GREEN",
            Self::Other => "OTHER",
        }
    }

    /// The Chinese term.
    pub fn as_chinese(self) -> &'static str {
        match self {
            Self::Blue => "蓝",
            Self::Yellow => "黄",
            Self::Black => "黑",
            Self::White => "白",
            Self::Green => "渐变绿",
            Self::YellowGreen => "黄绿双拼",
            Self::FarmYellow => "农黄",
            Self::FarmGreen => "农绿",
            Self::Other => "其他",
        }
    }
}

impl FromStr for PlateColour {
    type Err = FacetError;
    fn from_str(code: &str) -> Result<Self, FacetError> {
        Ok(match code {
            "BLUE" => Self::Blue,
            "YELLOW" => Self::Yellow,
            "BLACK" => Self::Black,
            "WHITE" => Self::White,
            "GREEN" => Self::Green,
            "YELLOW_GREEN" => Self::YellowGreen,
            "FARM_YELLOW" => Self::FarmYellow,
            "FARM_GREEN" => Self::FarmGreen,
            "OTHER" => Self::Other,
            _ => return Err(FacetError::enumeration("PlateColour", code)),
        })
    }
}

impl fmt::Display for PlateColour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How a statement came about. 数据来源性质.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
pub enum Quality {
    /// Measured or seen by a device. 实测.
    #[serde(rename = "MEASURED")]
    Measured,
    /// Computed or decided from other messages. 推导.
    #[serde(rename = "DERIVED")]
    Derived,
    /// Entered by a person. 人工.
    #[serde(rename = "MANUAL")]
    Manual,
}

impl Quality {
    /// All values, in the order of the schema.
    pub const ALL: &'static [Self] = &[Self::Measured, Self::Derived, Self::Manual];

    /// The canonical code.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Measured => "MEASURED",
            Self::Derived => "DERIVED",
            Self::Manual => "MANUAL",
        }
    }

    /// The Chinese term.
    pub fn as_chinese(self) -> &'static str {
        match self {
            Self::Measured => "实测",
            Self::Derived => "推导",
            Self::Manual => "人工",
        }
    }
}

impl FromStr for Quality {
    type Err = FacetError;
    fn from_str(code: &str) -> Result<Self, FacetError> {
        Ok(match code {
            "MEASURED" => Self::Measured,
            "DERIVED" => Self::Derived,
            "MANUAL" => Self::Manual,
            _ => return Err(FacetError::enumeration("Quality", code)),
        })
    }
}

impl fmt::Display for Quality {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Class of personal data in the message (standards 10.3). 敏感级别.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
pub enum Sensitivity {
    /// May be published. 公开.
    #[serde(rename = "PUBLIC")]
    Public,
    /// For those who work with the park. 内部.
    #[serde(rename = "INTERNAL")]
    Internal,
    /// Holds personal data. 个人信息.
    #[serde(rename = "PERSONAL")]
    Personal,
    /// Holds sensitive personal data: biometrics, tracks. 敏感个人信息.
    #[serde(rename = "SENSITIVE_PERSONAL")]
    SensitivePersonal,
}

impl Sensitivity {
    /// All values, in the order of the schema.
    pub const ALL: &'static [Self] = &[
        Self::Public,
        Self::Internal,
        Self::Personal,
        Self::SensitivePersonal,
    ];

    /// The canonical code.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Public => "PUBLIC",
            Self::Internal => "INTERNAL",
            Self::Personal => "PERSONAL",
            Self::SensitivePersonal => "SENSITIVE_PERSONAL",
        }
    }

    /// The Chinese term.
    pub fn as_chinese(self) -> &'static str {
        match self {
            Self::Public => "公开",
            Self::Internal => "内部",
            Self::Personal => "个人信息",
            Self::SensitivePersonal => "敏感个人信息",
        }
    }
}

impl FromStr for Sensitivity {
    type Err = FacetError;
    fn from_str(code: &str) -> Result<Self, FacetError> {
        Ok(match code {
            "PUBLIC" => Self::Public,
            "INTERNAL" => Self::Internal,
            "PERSONAL" => Self::Personal,
            "SENSITIVE_PERSONAL" => Self::SensitivePersonal,
            _ => return Err(FacetError::enumeration("Sensitivity", code)),
        })
    }
}

impl fmt::Display for Sensitivity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Coordinate reference system (code table 4.19; R086). 坐标系.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
pub enum CoordinateSystem {
    /// China Geodetic Coordinate System 2000; canonical. 2000 国家大地坐标系.
    #[serde(rename = "CGCS2000")]
    Cgcs2000,
    /// World Geodetic System 1984. WGS84.
    #[serde(rename = "WGS84")]
    Wgs84,
    /// State map encryption; kept as received. GCJ-02.
    #[serde(rename = "GCJ02")]
    Gcj02,
    /// A map provider's own offset. BD-09.
    #[serde(rename = "BD09")]
    Bd09,
    /// The park's own grid. 园区独立坐标系.
    #[serde(rename = "LOCAL")]
    Local,
}

impl CoordinateSystem {
    /// All values, in the order of the schema.
    pub const ALL: &'static [Self] = &[
        Self::Cgcs2000,
        Self::Wgs84,
        Self::Gcj02,
        Self::Bd09,
        Self::Local,
    ];

    /// The canonical code.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Cgcs2000 => "CGCS2000",
            Self::Wgs84 => "WGS84",
            Self::Gcj02 => "GCJ02",
            Self::Bd09 => "BD09",
            Self::Local => "LOCAL",
        }
    }

    /// The Chinese term.
    pub fn as_chinese(self) -> &'static str {
        match self {
            Self::Cgcs2000 => "2000 国家大地坐标系",
            Self::Wgs84 => "WGS84",
            Self::Gcj02 => "GCJ-02",
            Self::Bd09 => "BD-09",
            Self::Local => "园区独立坐标系",
        }
    }
}

impl FromStr for CoordinateSystem {
    type Err = FacetError;
    fn from_str(code: &str) -> Result<Self, FacetError> {
        Ok(match code {
            "CGCS2000" => Self::Cgcs2000,
            "WGS84" => Self::Wgs84,
            "GCJ02" => Self::Gcj02,
            "BD09" => Self::Bd09,
            "LOCAL" => Self::Local,
            _ => return Err(FacetError::enumeration("CoordinateSystem", code)),
        })
    }
}

impl fmt::Display for CoordinateSystem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Operating mode of the park or of a gate (R124). 运行模式.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
pub enum OperatingMode {
    /// Everyday rules. 正常.
    #[serde(rename = "NORMAL")]
    Normal,
    /// Everyday rules with stricter checks. 加强.
    #[serde(rename = "HEIGHTENED")]
    Heightened,
    /// No entry but rescue; exits free. 应急.
    #[serde(rename = "EMERGENCY")]
    Emergency,
    /// No entry but rescue; all exits open. 疏散.
    #[serde(rename = "EVACUATION")]
    Evacuation,
    /// Gate out of service for work on it. 检修.
    #[serde(rename = "MAINTENANCE")]
    Maintenance,
}

impl OperatingMode {
    /// All values, in the order of the schema.
    pub const ALL: &'static [Self] = &[
        Self::Normal,
        Self::Heightened,
        Self::Emergency,
        Self::Evacuation,
        Self::Maintenance,
    ];

    /// The canonical code.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Normal => "NORMAL",
            Self::Heightened => "HEIGHTENED",
            Self::Emergency => "EMERGENCY",
            Self::Evacuation => "EVACUATION",
            Self::Maintenance => "MAINTENANCE",
        }
    }

    /// The Chinese term.
    pub fn as_chinese(self) -> &'static str {
        match self {
            Self::Normal => "正常",
            Self::Heightened => "加强",
            Self::Emergency => "应急",
            Self::Evacuation => "疏散",
            Self::Maintenance => "检修",
        }
    }
}

impl FromStr for OperatingMode {
    type Err = FacetError;
    fn from_str(code: &str) -> Result<Self, FacetError> {
        Ok(match code {
            "NORMAL" => Self::Normal,
            "HEIGHTENED" => Self::Heightened,
            "EMERGENCY" => Self::Emergency,
            "EVACUATION" => Self::Evacuation,
            "MAINTENANCE" => Self::Maintenance,
            _ => return Err(FacetError::enumeration("OperatingMode", code)),
        })
    }
}

impl fmt::Display for OperatingMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Kind of a device (code table 4.7; R094). 设备类别.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
pub enum DeviceKind {
    /// Barrier with its controller. 电动栏杆机.
    #[serde(rename = "BARRIER")]
    Barrier,
    /// Lane computer. 车道计算机.
    #[serde(rename = "LANE_COMPUTER")]
    LaneComputer,
    /// Loop or radar detector. 车辆检测器.
    #[serde(rename = "VEHICLE_DETECTOR")]
    VehicleDetector,
    /// Lane signal. 通行信号灯.
    #[serde(rename = "SIGNAL_LIGHT")]
    SignalLight,
    /// Flash alarm. 闪光报警器.
    #[serde(rename = "FLASH_ALARM")]
    FlashAlarm,
    /// Camera that reads plates. 车牌识别摄像机.
    #[serde(rename = "PLATE_CAMERA")]
    PlateCamera,
    /// Surveillance camera. 视频监控摄像机.
    #[serde(rename = "CAMERA")]
    Camera,
    /// Electronic tag reader. 电子标签读写器.
    #[serde(rename = "ETAG_READER")]
    EtagReader,
    /// Card reader. 读卡器.
    #[serde(rename = "CARD_READER")]
    CardReader,
    /// Face terminal. 人脸识别终端.
    #[serde(rename = "FACE_TERMINAL")]
    FaceTerminal,
    /// Turnstile for persons. 人行通道闸.
    #[serde(rename = "PERSON_GATE")]
    PersonGate,
    /// Perimeter alarm host. 周界报警主机.
    #[serde(rename = "PERIMETER_HOST")]
    PerimeterHost,
    /// Buried sensor. 埋地式感应.
    #[serde(rename = "BURIED_SENSOR")]
    BuriedSensor,
    /// Electronic fence. 电子围栏.
    #[serde(rename = "ELECTRIC_FENCE")]
    ElectricFence,
    /// Vibration fibre. 振动光纤.
    #[serde(rename = "VIBRATION_FIBRE")]
    VibrationFibre,
    /// Gas detector. 气体探测器.
    #[serde(rename = "GAS_DETECTOR")]
    GasDetector,
    /// Any other sensor: pressure, temperature, level, flow. 传感器.
    #[serde(rename = "SENSOR")]
    Sensor,
    /// Locator of a vehicle or person. 定位设备.
    #[serde(rename = "LOCATOR")]
    Locator,
    /// Patrol handset. 巡检手持终端.
    #[serde(rename = "PATROL_HANDSET")]
    PatrolHandset,
    /// Radio intercom. 无线对讲.
    #[serde(rename = "RADIO")]
    Radio,
    /// Public address. 公共广播.
    #[serde(rename = "BROADCAST")]
    Broadcast,
    /// Help point. 求救报警点.
    #[serde(rename = "HELP_POINT")]
    HelpPoint,
    /// Variable sign. 可变信息标志.
    #[serde(rename = "VARIABLE_SIGN")]
    VariableSign,
    /// Weather station. 气象站.
    #[serde(rename = "WEATHER")]
    Weather,
    /// Uninterruptible power supply. 不间断电源.
    #[serde(rename = "UPS")]
    Ups,
    /// Programmable controller. 可编程控制器.
    #[serde(rename = "PLC")]
    Plc,
    /// Protocol gateway. 网关.
    #[serde(rename = "GATEWAY")]
    Gateway,
    /// Anything else. 其他.
    #[serde(rename = "OTHER")]
    Other,
}

impl DeviceKind {
    /// All values, in the order of the schema.
    pub const ALL: &'static [Self] = &[
        Self::Barrier,
        Self::LaneComputer,
        Self::VehicleDetector,
        Self::SignalLight,
        Self::FlashAlarm,
        Self::PlateCamera,
        Self::Camera,
        Self::EtagReader,
        Self::CardReader,
        Self::FaceTerminal,
        Self::PersonGate,
        Self::PerimeterHost,
        Self::BuriedSensor,
        Self::ElectricFence,
        Self::VibrationFibre,
        Self::GasDetector,
        Self::Sensor,
        Self::Locator,
        Self::PatrolHandset,
        Self::Radio,
        Self::Broadcast,
        Self::HelpPoint,
        Self::VariableSign,
        Self::Weather,
        Self::Ups,
        Self::Plc,
        Self::Gateway,
        Self::Other,
    ];

    /// The canonical code.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Barrier => "BARRIER",
            Self::LaneComputer => "LANE_COMPUTER",
            Self::VehicleDetector => "VEHICLE_DETECTOR",
            Self::SignalLight => "SIGNAL_LIGHT",
            Self::FlashAlarm => "FLASH_ALARM",
            Self::PlateCamera => "PLATE_CAMERA",
            Self::Camera => "CAMERA",
            Self::EtagReader => "ETAG_READER",
            Self::CardReader => "CARD_READER",
            Self::FaceTerminal => "FACE_TERMINAL",
            Self::PersonGate => "PERSON_GATE",
            Self::PerimeterHost => "PERIMETER_HOST",
            Self::BuriedSensor => "BURIED_SENSOR",
            Self::ElectricFence => "ELECTRIC_FENCE",
            Self::VibrationFibre => "VIBRATION_FIBRE",
            Self::GasDetector => "GAS_DETECTOR",
            Self::Sensor => "SENSOR",
            Self::Locator => "LOCATOR",
            Self::PatrolHandset => "PATROL_HANDSET",
            Self::Radio => "RADIO",
            Self::Broadcast => "BROADCAST",
            Self::HelpPoint => "HELP_POINT",
            Self::VariableSign => "VARIABLE_SIGN",
            Self::Weather => "WEATHER",
            Self::Ups => "UPS",
            Self::Plc => "PLC",
            Self::Gateway => "GATEWAY",
            Self::Other => "OTHER",
        }
    }

    /// The Chinese term.
    pub fn as_chinese(self) -> &'static str {
        match self {
            Self::Barrier => "电动栏杆机",
            Self::LaneComputer => "车道计算机",
            Self::VehicleDetector => "车辆检测器",
            Self::SignalLight => "通行信号灯",
            Self::FlashAlarm => "闪光报警器",
            Self::PlateCamera => "车牌识别摄像机",
            Self::Camera => "视频监控摄像机",
            Self::EtagReader => "电子标签读写器",
            Self::CardReader => "读卡器",
            Self::FaceTerminal => "人脸识别终端",
            Self::PersonGate => "人行通道闸",
            Self::PerimeterHost => "周界报警主机",
            Self::BuriedSensor => "埋地式感应",
            Self::ElectricFence => "电子围栏",
            Self::VibrationFibre => "振动光纤",
            Self::GasDetector => "气体探测器",
            Self::Sensor => "传感器",
            Self::Locator => "定位设备",
            Self::PatrolHandset => "巡检手持终端",
            Self::Radio => "无线对讲",
            Self::Broadcast => "公共广播",
            Self::HelpPoint => "求救报警点",
            Self::VariableSign => "可变信息标志",
            Self::Weather => "气象站",
            Self::Ups => "不间断电源",
            Self::Plc => "可编程控制器",
            Self::Gateway => "网关",
            Self::Other => "其他",
        }
    }
}

impl FromStr for DeviceKind {
    type Err = FacetError;
    fn from_str(code: &str) -> Result<Self, FacetError> {
        Ok(match code {
            "BARRIER" => Self::Barrier,
            "LANE_COMPUTER" => Self::LaneComputer,
            "VEHICLE_DETECTOR" => Self::VehicleDetector,
            "SIGNAL_LIGHT" => Self::SignalLight,
            "FLASH_ALARM" => Self::FlashAlarm,
            "PLATE_CAMERA" => Self::PlateCamera,
            "CAMERA" => Self::Camera,
            "ETAG_READER" => Self::EtagReader,
            "CARD_READER" => Self::CardReader,
            "FACE_TERMINAL" => Self::FaceTerminal,
            "PERSON_GATE" => Self::PersonGate,
            "PERIMETER_HOST" => Self::PerimeterHost,
            "BURIED_SENSOR" => Self::BuriedSensor,
            "ELECTRIC_FENCE" => Self::ElectricFence,
            "VIBRATION_FIBRE" => Self::VibrationFibre,
            "GAS_DETECTOR" => Self::GasDetector,
            "SENSOR" => Self::Sensor,
            "LOCATOR" => Self::Locator,
            "PATROL_HANDSET" => Self::PatrolHandset,
            "RADIO" => Self::Radio,
            "BROADCAST" => Self::Broadcast,
            "HELP_POINT" => Self::HelpPoint,
            "VARIABLE_SIGN" => Self::VariableSign,
            "WEATHER" => Self::Weather,
            "UPS" => Self::Ups,
            "PLC" => Self::Plc,
            "GATEWAY" => Self::Gateway,
            "OTHER" => Self::Other,
            _ => return Err(FacetError::enumeration("DeviceKind", code)),
        })
    }
}

impl fmt::Display for DeviceKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// State of a registration, grant or list entry. 有效状态.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
pub enum LifeState {
    /// In force inside its window. 生效.
    #[serde(rename = "ACTIVE")]
    Active,
    /// Out of force for now. 暂停.
    #[serde(rename = "SUSPENDED")]
    Suspended,
    /// Out of force for good. 撤销.
    #[serde(rename = "WITHDRAWN")]
    Withdrawn,
}

impl LifeState {
    /// All values, in the order of the schema.
    pub const ALL: &'static [Self] = &[Self::Active, Self::Suspended, Self::Withdrawn];

    /// The canonical code.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "ACTIVE",
            Self::Suspended => "SUSPENDED",
            Self::Withdrawn => "WITHDRAWN",
        }
    }

    /// The Chinese term.
    pub fn as_chinese(self) -> &'static str {
        match self {
            Self::Active => "生效",
            Self::Suspended => "暂停",
            Self::Withdrawn => "撤销",
        }
    }
}

impl FromStr for LifeState {
    type Err = FacetError;
    fn from_str(code: &str) -> Result<Self, FacetError> {
        Ok(match code {
            "ACTIVE" => Self::Active,
            "SUSPENDED" => Self::Suspended,
            "WITHDRAWN" => Self::Withdrawn,
            _ => return Err(FacetError::enumeration("LifeState", code)),
        })
    }
}

impl fmt::Display for LifeState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How an application came in (R067). 申请渠道.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
pub enum ApplyChannel {
    /// Web page. 网页.
    #[serde(rename = "WEB")]
    Web,
    /// Mobile application. 移动应用.
    #[serde(rename = "APP")]
    App,
    /// Telephone; an operator typed it in. 电话.
    #[serde(rename = "PHONE")]
    Phone,
    /// At the gate. 现场.
    #[serde(rename = "ON_SITE")]
    OnSite,
    /// The enterprise's own system. 企业系统.
    #[serde(rename = "ENTERPRISE_SYSTEM")]
    EnterpriseSystem,
}

impl ApplyChannel {
    /// All values, in the order of the schema.
    pub const ALL: &'static [Self] = &[
        Self::Web,
        Self::App,
        Self::Phone,
        Self::OnSite,
        Self::EnterpriseSystem,
    ];

    /// The canonical code.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Web => "WEB",
            Self::App => "APP",
            Self::Phone => "PHONE",
            Self::OnSite => "ON_SITE",
            Self::EnterpriseSystem => "ENTERPRISE_SYSTEM",
        }
    }

    /// The Chinese term.
    pub fn as_chinese(self) -> &'static str {
        match self {
            Self::Web => "网页",
            Self::App => "移动应用",
            Self::Phone => "电话",
            Self::OnSite => "现场",
            Self::EnterpriseSystem => "企业系统",
        }
    }
}

impl FromStr for ApplyChannel {
    type Err = FacetError;
    fn from_str(code: &str) -> Result<Self, FacetError> {
        Ok(match code {
            "WEB" => Self::Web,
            "APP" => Self::App,
            "PHONE" => Self::Phone,
            "ON_SITE" => Self::OnSite,
            "ENTERPRISE_SYSTEM" => Self::EnterpriseSystem,
            _ => return Err(FacetError::enumeration("ApplyChannel", code)),
        })
    }
}

impl fmt::Display for ApplyChannel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Kind of an id document (code table 4.16). 证件类型.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
pub enum IdDocumentKind {
    /// Resident identity card, GB 11643. 居民身份证.
    #[serde(rename = "RESIDENT_ID")]
    ResidentId,
    /// Passport. 护照.
    #[serde(rename = "PASSPORT")]
    Passport,
    /// Permit of Hong Kong or Macau residents. 港澳居民来往内地通行证.
    #[serde(rename = "HK_MACAU_PERMIT")]
    HkMacauPermit,
    /// Permit of Taiwan residents. 台湾居民来往大陆通行证.
    #[serde(rename = "TAIWAN_PERMIT")]
    TaiwanPermit,
    /// Permanent residence card of a foreigner. 外国人永久居留证.
    #[serde(rename = "FOREIGN_PR")]
    ForeignPr,
    /// Driver licence. 驾驶证.
    #[serde(rename = "DRIVER_LICENCE")]
    DriverLicence,
    /// Work qualification. 从业资格证.
    #[serde(rename = "WORK_QUALIFICATION")]
    WorkQualification,
    /// Any other document. 其他.
    #[serde(rename = "OTHER")]
    Other,
}

impl IdDocumentKind {
    /// All values, in the order of the schema.
    pub const ALL: &'static [Self] = &[
        Self::ResidentId,
        Self::Passport,
        Self::HkMacauPermit,
        Self::TaiwanPermit,
        Self::ForeignPr,
        Self::DriverLicence,
        Self::WorkQualification,
        Self::Other,
    ];

    /// The canonical code.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ResidentId => "RESIDENT_ID",
            Self::Passport => "PASSPORT",
            Self::HkMacauPermit => "HK_MACAU_PERMIT",
            Self::TaiwanPermit => "TAIWAN_PERMIT",
            Self::ForeignPr => "FOREIGN_PR",
            Self::DriverLicence => "DRIVER_LICENCE",
            Self::WorkQualification => "WORK_QUALIFICATION",
            Self::Other => "OTHER",
        }
    }

    /// The Chinese term.
    pub fn as_chinese(self) -> &'static str {
        match self {
            Self::ResidentId => "居民身份证",
            Self::Passport => "护照",
            Self::HkMacauPermit => "港澳居民来往内地通行证",
            Self::TaiwanPermit => "台湾居民来往大陆通行证",
            Self::ForeignPr => "外国人永久居留证",
            Self::DriverLicence => "驾驶证",
            Self::WorkQualification => "从业资格证",
            Self::Other => "其他",
        }
    }
}

impl FromStr for IdDocumentKind {
    type Err = FacetError;
    fn from_str(code: &str) -> Result<Self, FacetError> {
        Ok(match code {
            "RESIDENT_ID" => Self::ResidentId,
            "PASSPORT" => Self::Passport,
            "HK_MACAU_PERMIT" => Self::HkMacauPermit,
            "TAIWAN_PERMIT" => Self::TaiwanPermit,
            "FOREIGN_PR" => Self::ForeignPr,
            "DRIVER_LICENCE" => Self::DriverLicence,
            "WORK_QUALIFICATION" => Self::WorkQualification,
            "OTHER" => Self::Other,
            _ => return Err(FacetError::enumeration("IdDocumentKind", code)),
        })
    }
}

impl fmt::Display for IdDocumentKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Kind of a piece of evidence. 证据类型.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
pub enum EvidenceKind {
    /// A still picture. 图片.
    #[serde(rename = "IMAGE")]
    Image,
    /// A video clip or time range. 视频.
    #[serde(rename = "VIDEO")]
    Video,
    /// A sound recording. 音频.
    #[serde(rename = "AUDIO")]
    Audio,
    /// A canonical message, by its id. 报文.
    #[serde(rename = "MESSAGE")]
    Message,
    /// A document. 文件.
    #[serde(rename = "DOCUMENT")]
    Document,
}

impl EvidenceKind {
    /// All values, in the order of the schema.
    pub const ALL: &'static [Self] = &[
        Self::Image,
        Self::Video,
        Self::Audio,
        Self::Message,
        Self::Document,
    ];

    /// The canonical code.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Image => "IMAGE",
            Self::Video => "VIDEO",
            Self::Audio => "AUDIO",
            Self::Message => "MESSAGE",
            Self::Document => "DOCUMENT",
        }
    }

    /// The Chinese term.
    pub fn as_chinese(self) -> &'static str {
        match self {
            Self::Image => "图片",
            Self::Video => "视频",
            Self::Audio => "音频",
            Self::Message => "报文",
            Self::Document => "文件",
        }
    }
}

impl FromStr for EvidenceKind {
    type Err = FacetError;
    fn from_str(code: &str) -> Result<Self, FacetError> {
        Ok(match code {
            "IMAGE" => Self::Image,
            "VIDEO" => Self::Video,
            "AUDIO" => Self::Audio,
            "MESSAGE" => Self::Message,
            "DOCUMENT" => Self::Document,
            _ => return Err(FacetError::enumeration("EvidenceKind", code)),
        })
    }
}

impl fmt::Display for EvidenceKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Key of a vehicle: number and colour (R027). 号牌.
#[derive(Clone, Debug, Deserialize, Eq, Hash, PartialEq, Ord, PartialOrd, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Plate {
    /// The number in normal form. 号牌号码.
    pub number: PlateNumber,
    /// The colour. 号牌颜色.
    pub colour: PlateColour,
}

/// A position on the map (R086). 位置.
#[derive(Clone, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Position {
    /// Degrees east. 经度.
    pub longitude: Decimal,
    /// Degrees north. 纬度.
    pub latitude: Decimal,
    /// Reference system of both. 坐标系.
    pub crs: CoordinateSystem,
    /// Metres above the ellipsoid. 高程（米）.
    pub altitude: Option<Decimal>,
}

/// An id document; personal data, masked in reports and pages (standards 10.4). 身份证件.
#[derive(Clone, Debug, Deserialize, Eq, Hash, PartialEq, Ord, PartialOrd, Serialize)]
#[serde(deny_unknown_fields)]
pub struct IdDocument {
    /// Which document. 证件类型.
    pub kind: IdDocumentKind,
    /// Its number. 证件号码.
    pub number: String,
}

/// A pointer to evidence that stays where it is, with its digest (R045, R112). 证据引用.
#[derive(Clone, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct EvidenceReference {
    /// What it is. 证据类型.
    pub kind: EvidenceKind,
    /// Where it is; for MESSAGE urn:uuid: and the message id. 地址.
    pub uri: String,
    /// SHA-256 of the file. 文件摘要.
    pub digest: Option<Digest>,
    /// Start of the time range in a recording. 起始时间.
    pub from: Option<Timestamp>,
    /// End of the time range in a recording. 结束时间.
    pub to: Option<Timestamp>,
}
