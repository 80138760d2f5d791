//! Persons and vehicles that are registered with the park (R020, R026). 人员与车辆登记.
//!
//! Made by `cargo xtask codegen` from `schemas/xsd/party.xsd`; change the schema, not this file.

#[allow(unused_imports, reason = "one list for all generated files")]
use crate::imports::*;

/// Kind of a person. 人员类别.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
pub enum PersonKind {
    /// Employee of an enterprise. 企业员工.
    #[serde(rename = "STAFF")]
    Staff,
    /// Visitor. 访客.
    #[serde(rename = "VISITOR")]
    Visitor,
    /// Employee of a contractor. 承包商人员.
    #[serde(rename = "CONTRACTOR")]
    Contractor,
    /// Driver. 驾驶员.
    #[serde(rename = "DRIVER")]
    Driver,
    /// Escort of dangerous goods. 押运员.
    #[serde(rename = "ESCORT")]
    Escort,
    /// Official of the park or an authority. 园区或主管部门人员.
    #[serde(rename = "OFFICIAL")]
    Official,
}

impl PersonKind {
    /// All values, in the order of the schema.
    pub const ALL: &'static [Self] = &[
        Self::Staff,
        Self::Visitor,
        Self::Contractor,
        Self::Driver,
        Self::Escort,
        Self::Official,
    ];

    /// The canonical code.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Staff => "STAFF",
            Self::Visitor => "VISITOR",
            Self::Contractor => "CONTRACTOR",
            Self::Driver => "DRIVER",
            Self::Escort => "ESCORT",
            Self::Official => "OFFICIAL",
        }
    }

    /// The Chinese term.
    pub fn as_chinese(self) -> &'static str {
        match self {
            Self::Staff => "企业员工",
            Self::Visitor => "访客",
            Self::Contractor => "承包商人员",
            Self::Driver => "驾驶员",
            Self::Escort => "押运员",
            Self::Official => "园区或主管部门人员",
        }
    }
}

impl FromStr for PersonKind {
    type Err = FacetError;
    fn from_str(code: &str) -> Result<Self, FacetError> {
        Ok(match code {
            "STAFF" => Self::Staff,
            "VISITOR" => Self::Visitor,
            "CONTRACTOR" => Self::Contractor,
            "DRIVER" => Self::Driver,
            "ESCORT" => Self::Escort,
            "OFFICIAL" => Self::Official,
            _ => return Err(FacetError::enumeration("PersonKind", code)),
        })
    }
}

impl fmt::Display for PersonKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Sex (GB/T 2261.1). 性别.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
pub enum Sex {
    /// Not known. 未知.
    #[serde(rename = "UNKNOWN")]
    Unknown,
    /// Male. 男.
    #[serde(rename = "MALE")]
    Male,
    /// Female. 女.
    #[serde(rename = "FEMALE")]
    Female,
    /// Not stated. 未说明.
    #[serde(rename = "UNSTATED")]
    Unstated,
}

impl Sex {
    /// All values, in the order of the schema.
    pub const ALL: &'static [Self] = &[Self::Unknown, Self::Male, Self::Female, Self::Unstated];

    /// The canonical code.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "UNKNOWN",
            Self::Male => "MALE",
            Self::Female => "FEMALE",
            Self::Unstated => "UNSTATED",
        }
    }

    /// The Chinese term.
    pub fn as_chinese(self) -> &'static str {
        match self {
            Self::Unknown => "未知",
            Self::Male => "男",
            Self::Female => "女",
            Self::Unstated => "未说明",
        }
    }
}

impl FromStr for Sex {
    type Err = FacetError;
    fn from_str(code: &str) -> Result<Self, FacetError> {
        Ok(match code {
            "UNKNOWN" => Self::Unknown,
            "MALE" => Self::Male,
            "FEMALE" => Self::Female,
            "UNSTATED" => Self::Unstated,
            _ => return Err(FacetError::enumeration("Sex", code)),
        })
    }
}

impl fmt::Display for Sex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A certificate of qualification (R061). 资格证书.
#[derive(Clone, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Qualification {
    /// What it is for. 证书名称.
    pub name: String,
    /// Its number. 证书编号.
    pub number: String,
    /// Until when it is valid. 有效期至.
    pub valid_to: Option<Timestamp>,
}

/// Long-term registration of a person, applied for by the enterprise, reviewed by the park (R020). 人员登记.
#[derive(Clone, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct PersonRegistration {
    /// Identity of the registration; the same id replaces it. 登记编号.
    pub registration_id: String,
    /// The person. 人员标识.
    pub person_id: String,
    /// Kind of person. 人员类别.
    pub person_kind: PersonKind,
    /// Name; personal data. 姓名.
    pub name: String,
    /// Sex. 性别.
    pub sex: Option<Sex>,
    /// Id document; personal data. 身份证件.
    pub id_document: IdDocument,
    /// Mobile phone; personal data. 手机号码.
    pub phone: Option<String>,
    /// The enterprise that answers for the person. 所属企业.
    pub enterprise_id: PartyId,
    /// Its unified social credit code. 统一社会信用代码.
    pub uscc: Option<String>,
    /// Post in the enterprise. 岗位.
    pub position: Option<String>,
    /// Certificates of qualification. 资格证书.
    /// From 0 to 20.
    pub qualifications: Vec<Qualification>,
    /// Gates the person may use; empty means by rule (R023). 授权卡口.
    /// From 0 to 200.
    pub gates: Vec<GateId>,
    /// Control areas the person may enter (R003). 授权区域.
    /// From 0 to 200.
    pub areas: Vec<String>,
    /// Vehicles the person drives. 关联车辆.
    /// From 0 to 10.
    pub plates: Vec<Plate>,
    /// How the application came in (R067). 申请渠道.
    pub apply_channel: Option<ApplyChannel>,
    /// Start of validity. 有效期起.
    pub valid_from: Timestamp,
    /// End of validity, at most one year by default. 有效期止.
    pub valid_to: Timestamp,
    /// Whether it is in force; withdrawn takes effect at once at all gates. 状态.
    pub state: LifeState,
}

/// Driver or escort of a vehicle; personal data (R051). 随车人员.
#[derive(Clone, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct CrewMember {
    /// Driver or escort. 人员类别.
    pub person_kind: PersonKind,
    /// Name. 姓名.
    pub name: String,
    /// Id document. 身份证件.
    pub id_document: Option<IdDocument>,
    /// Mobile phone. 手机号码.
    pub phone: Option<String>,
    /// Number of the work qualification. 从业资格证号.
    pub qualification: Option<String>,
}

/// Registration of a vehicle (R020, R026, table whpclxx). 车辆登记.
#[derive(Clone, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct VehicleRegistration {
    /// Identity of the registration; the same id replaces it. 登记编号.
    pub registration_id: String,
    /// Number and colour. 号牌.
    pub plate: Plate,
    /// Plate class. 号牌种类.
    pub plate_class: Option<String>,
    /// Usual trailer. 挂车号牌.
    pub trailer_plate: Option<PlateNumber>,
    /// Kind of vehicle. 车辆类别.
    pub subject_kind: SubjectKind,
    /// Vehicle identification number. 车辆识别代号.
    pub vin: Option<String>,
    /// Electronic tag. 电子标签.
    pub etag_epc: Option<String>,
    /// The enterprise that answers for the vehicle. 申报企业.
    pub enterprise_id: PartyId,
    /// Unified social credit code of the carrier. 承运人统一社会信用代码.
    pub uscc: Option<String>,
    /// Name of the carrier. 承运人.
    pub carrier_name: Option<String>,
    /// Road transport certificate; needed for dangerous goods. 道路运输证号.
    pub road_transport_certificate: Option<String>,
    /// Permitted laden mass in kilograms. 满载总质量（千克）.
    pub laden_mass_kg: Option<u32>,
    /// Usual driver and escort. 随车人员.
    /// From 0 to 6.
    pub crew: Vec<CrewMember>,
    /// Gates the vehicle may use; empty means by rule (R023). 授权卡口.
    /// From 0 to 200.
    pub gates: Vec<GateId>,
    /// How the application came in (R067). 申请渠道.
    pub apply_channel: Option<ApplyChannel>,
    /// Start of validity. 有效期起.
    pub valid_from: Timestamp,
    /// End of validity. 有效期止.
    pub valid_to: Timestamp,
    /// Whether it is in force. 状态.
    pub state: LifeState,
}
