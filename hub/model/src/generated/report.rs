//! Reports for regulators (standards 8; R027, R044, R050). 监管报表.
//!
//! Made by `cargo xtask codegen` from `schemas/xsd/report.xsd`; change the schema, not this file.

#[allow(unused_imports, reason = "one list for all generated files")]
use crate::imports::*;

/// The standard reports. 报表类型.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
pub enum ReportType {
    /// Vehicle passage daily. 车辆通行日报.
    #[serde(rename = "RPT-01")]
    Rpt01,
    /// Person passage daily. 人员通行日报.
    #[serde(rename = "RPT-02")]
    Rpt02,
    /// Dangerous goods and hazardous waste trip register. 危险物品车辆行程登记.
    #[serde(rename = "RPT-03")]
    Rpt03,
    /// Dangerous goods flow. 危险物品流量.
    #[serde(rename = "RPT-04")]
    Rpt04,
    /// Driving violations. 行车违规.
    #[serde(rename = "RPT-05")]
    Rpt05,
    /// Alarm and disposal. 报警与处置.
    #[serde(rename = "RPT-06")]
    Rpt06,
    /// Device online rate. 设备在线率.
    #[serde(rename = "RPT-07")]
    Rpt07,
    /// Appointment and approval statistics. 预约审批统计.
    #[serde(rename = "RPT-08")]
    Rpt08,
    /// Staff on post and distribution. 在岗与人员分布.
    #[serde(rename = "RPT-09")]
    Rpt09,
    /// Dangerous goods parking lot. 危险物品停车场.
    #[serde(rename = "RPT-10")]
    Rpt10,
    /// Perimeter intrusion. 周界入侵.
    #[serde(rename = "RPT-11")]
    Rpt11,
    /// Patrol. 巡检.
    #[serde(rename = "RPT-12")]
    Rpt12,
    /// Emergency use. 应急使用.
    #[serde(rename = "RPT-13")]
    Rpt13,
    /// Operation and maintenance. 运行维护.
    #[serde(rename = "RPT-14")]
    Rpt14,
    /// Closure and access status. 封闭与接入状态.
    #[serde(rename = "RPT-15")]
    Rpt15,
    /// Black list and list changes. 名单变更.
    #[serde(rename = "RPT-16")]
    Rpt16,
    /// Security audit. 安全审计.
    #[serde(rename = "RPT-17")]
    Rpt17,
}

impl ReportType {
    /// All values, in the order of the schema.
    pub const ALL: &'static [Self] = &[
        Self::Rpt01,
        Self::Rpt02,
        Self::Rpt03,
        Self::Rpt04,
        Self::Rpt05,
        Self::Rpt06,
        Self::Rpt07,
        Self::Rpt08,
        Self::Rpt09,
        Self::Rpt10,
        Self::Rpt11,
        Self::Rpt12,
        Self::Rpt13,
        Self::Rpt14,
        Self::Rpt15,
        Self::Rpt16,
        Self::Rpt17,
    ];

    /// The canonical code.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Rpt01 => "RPT-01",
            Self::Rpt02 => "RPT-02",
            Self::Rpt03 => "RPT-03",
            Self::Rpt04 => "RPT-04",
            Self::Rpt05 => "RPT-05",
            Self::Rpt06 => "RPT-06",
            Self::Rpt07 => "RPT-07",
            Self::Rpt08 => "RPT-08",
            Self::Rpt09 => "RPT-09",
            Self::Rpt10 => "RPT-10",
            Self::Rpt11 => "RPT-11",
            Self::Rpt12 => "RPT-12",
            Self::Rpt13 => "RPT-13",
            Self::Rpt14 => "RPT-14",
            Self::Rpt15 => "RPT-15",
            Self::Rpt16 => "RPT-16",
            Self::Rpt17 => "RPT-17",
        }
    }

    /// The Chinese term.
    pub fn as_chinese(self) -> &'static str {
        match self {
            Self::Rpt01 => "车辆通行日报",
            Self::Rpt02 => "人员通行日报",
            Self::Rpt03 => "危险物品车辆行程登记",
            Self::Rpt04 => "危险物品流量",
            Self::Rpt05 => "行车违规",
            Self::Rpt06 => "报警与处置",
            Self::Rpt07 => "设备在线率",
            Self::Rpt08 => "预约审批统计",
            Self::Rpt09 => "在岗与人员分布",
            Self::Rpt10 => "危险物品停车场",
            Self::Rpt11 => "周界入侵",
            Self::Rpt12 => "巡检",
            Self::Rpt13 => "应急使用",
            Self::Rpt14 => "运行维护",
            Self::Rpt15 => "封闭与接入状态",
            Self::Rpt16 => "名单变更",
            Self::Rpt17 => "安全审计",
        }
    }
}

impl FromStr for ReportType {
    type Err = FacetError;
    fn from_str(code: &str) -> Result<Self, FacetError> {
        Ok(match code {
            "RPT-01" => Self::Rpt01,
            "RPT-02" => Self::Rpt02,
            "RPT-03" => Self::Rpt03,
            "RPT-04" => Self::Rpt04,
            "RPT-05" => Self::Rpt05,
            "RPT-06" => Self::Rpt06,
            "RPT-07" => Self::Rpt07,
            "RPT-08" => Self::Rpt08,
            "RPT-09" => Self::Rpt09,
            "RPT-10" => Self::Rpt10,
            "RPT-11" => Self::Rpt11,
            "RPT-12" => Self::Rpt12,
            "RPT-13" => Self::Rpt13,
            "RPT-14" => Self::Rpt14,
            "RPT-15" => Self::Rpt15,
            "RPT-16" => Self::Rpt16,
            "RPT-17" => Self::Rpt17,
            _ => return Err(FacetError::enumeration("ReportType", code)),
        })
    }
}

impl fmt::Display for ReportType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Length of a report's period. 统计粒度.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
pub enum Granularity {
    /// One day. 日.
    #[serde(rename = "DAY")]
    Day,
    /// One week. 周.
    #[serde(rename = "WEEK")]
    Week,
    /// One month. 月.
    #[serde(rename = "MONTH")]
    Month,
    /// Any span. 按需.
    #[serde(rename = "ON_DEMAND")]
    OnDemand,
}

impl Granularity {
    /// All values, in the order of the schema.
    pub const ALL: &'static [Self] = &[Self::Day, Self::Week, Self::Month, Self::OnDemand];

    /// The canonical code.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Day => "DAY",
            Self::Week => "WEEK",
            Self::Month => "MONTH",
            Self::OnDemand => "ON_DEMAND",
        }
    }

    /// The Chinese term.
    pub fn as_chinese(self) -> &'static str {
        match self {
            Self::Day => "日",
            Self::Week => "周",
            Self::Month => "月",
            Self::OnDemand => "按需",
        }
    }
}

impl FromStr for Granularity {
    type Err = FacetError;
    fn from_str(code: &str) -> Result<Self, FacetError> {
        Ok(match code {
            "DAY" => Self::Day,
            "WEEK" => Self::Week,
            "MONTH" => Self::Month,
            "ON_DEMAND" => Self::OnDemand,
            _ => return Err(FacetError::enumeration("Granularity", code)),
        })
    }
}

impl fmt::Display for Granularity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The span a report covers: from inclusive, to exclusive. 统计周期.
#[derive(Clone, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Period {
    /// Start, inclusive. 起.
    pub from: Timestamp,
    /// End, exclusive. 止.
    pub to: Timestamp,
    /// Which span. 统计粒度.
    pub granularity: Granularity,
}

/// Request for a report. 报表请求.
#[derive(Clone, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ReportRequest {
    /// Identity of the request. 请求编号.
    pub request_id: String,
    /// Which report. 报表类型.
    pub report_type: ReportType,
    /// For which span. 统计周期.
    pub period: Period,
    /// For which region; absent for the park of the header. 行政区划.
    pub region_code: Option<String>,
    /// Legal basis for unmasked personal data; recorded. 法律依据.
    pub legal_basis: Option<String>,
}

/// How far into the journal a report looked. 日志位置.
#[derive(Clone, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct JournalPosition {
    /// Number of the last entry it saw. 日志序号.
    pub entry_number: u64,
    /// Chain hash at that entry. 链摘要.
    pub chain_hash: Digest,
}

/// Messages expected and received from one source (standards 8). 数据完整性.
#[derive(Clone, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Completeness {
    /// The source: a sender or device. 数据源.
    pub source: String,
    /// What it is, such as enterprise or PLATE_CAMERA. 类别.
    pub kind: String,
    /// Messages expected in the period. 应收.
    pub expected: u64,
    /// Messages received in the period. 实收.
    pub received: u64,
    /// When the last came. 最后时间.
    pub last_at: Option<Timestamp>,
}

/// Kind of a column's values. 列类型.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
pub enum ColumnKind {
    /// Text. 文本.
    #[serde(rename = "TEXT")]
    Text,
    /// Whole number. 整数.
    #[serde(rename = "INTEGER")]
    Integer,
    /// Fixed-point number. 小数.
    #[serde(rename = "NUMBER")]
    Number,
    /// Time with offset. 时间.
    #[serde(rename = "TIME")]
    Time,
    /// Code of a code table. 代码.
    #[serde(rename = "CODE")]
    Code,
}

impl ColumnKind {
    /// All values, in the order of the schema.
    pub const ALL: &'static [Self] = &[
        Self::Text,
        Self::Integer,
        Self::Number,
        Self::Time,
        Self::Code,
    ];

    /// The canonical code.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Text => "TEXT",
            Self::Integer => "INTEGER",
            Self::Number => "NUMBER",
            Self::Time => "TIME",
            Self::Code => "CODE",
        }
    }

    /// The Chinese term.
    pub fn as_chinese(self) -> &'static str {
        match self {
            Self::Text => "文本",
            Self::Integer => "整数",
            Self::Number => "小数",
            Self::Time => "时间",
            Self::Code => "代码",
        }
    }
}

impl FromStr for ColumnKind {
    type Err = FacetError;
    fn from_str(code: &str) -> Result<Self, FacetError> {
        Ok(match code {
            "TEXT" => Self::Text,
            "INTEGER" => Self::Integer,
            "NUMBER" => Self::Number,
            "TIME" => Self::Time,
            "CODE" => Self::Code,
            _ => return Err(FacetError::enumeration("ColumnKind", code)),
        })
    }
}

impl fmt::Display for ColumnKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A column of a section. 列.
#[derive(Clone, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Column {
    /// Machine name. 列名.
    pub name: String,
    /// English title. 英文标题.
    pub title: String,
    /// Chinese title. 中文标题.
    pub title_zh: String,
    /// Kind of values. 列类型.
    pub kind: ColumnKind,
    /// Unit of the values. 单位.
    pub unit: Option<String>,
}

/// Why a cell holds no value. 缺值原因.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
pub enum Absence {
    /// Nothing was received. 无数据.
    #[serde(rename = "NO_DATA")]
    NoData,
    /// Personal data, not shown. 已脱敏.
    #[serde(rename = "MASKED")]
    Masked,
    /// Makes no sense here. 不适用.
    #[serde(rename = "NOT_APPLICABLE")]
    NotApplicable,
}

impl Absence {
    /// All values, in the order of the schema.
    pub const ALL: &'static [Self] = &[Self::NoData, Self::Masked, Self::NotApplicable];

    /// The canonical code.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NoData => "NO_DATA",
            Self::Masked => "MASKED",
            Self::NotApplicable => "NOT_APPLICABLE",
        }
    }

    /// The Chinese term.
    pub fn as_chinese(self) -> &'static str {
        match self {
            Self::NoData => "无数据",
            Self::Masked => "已脱敏",
            Self::NotApplicable => "不适用",
        }
    }
}

impl FromStr for Absence {
    type Err = FacetError;
    fn from_str(code: &str) -> Result<Self, FacetError> {
        Ok(match code {
            "NO_DATA" => Self::NoData,
            "MASKED" => Self::Masked,
            "NOT_APPLICABLE" => Self::NotApplicable,
            _ => return Err(FacetError::enumeration("Absence", code)),
        })
    }
}

impl fmt::Display for Absence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One value of a row. 单元格.
#[derive(Clone, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[allow(clippy::large_enum_variant, reason = "as the schema has it")]
pub enum Cell {
    /// Text. 文本.
    Text(String),
    /// Whole number. 整数.
    Integer(i64),
    /// Fixed-point number. 小数.
    Number(Decimal),
    /// Time. 时间.
    Time(Timestamp),
    /// Code of a code table. 代码.
    Code(String),
    /// No value, and why. 缺值.
    Absent(Absence),
}

/// A row: one cell for each column, in their order. 行.
#[derive(Clone, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Row {
    /// The values. 单元格.
    /// From 1 to 64.
    pub cells: Vec<Cell>,
}

/// A table of a report. 报表分节.
#[derive(Clone, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Section {
    /// Machine name. 分节名.
    pub name: String,
    /// English title. 英文标题.
    pub title: String,
    /// Chinese title. 中文标题.
    pub title_zh: String,
    /// Columns. 列.
    /// From 1 to 64.
    pub columns: Vec<Column>,
    /// Rows, 100,000 at most. 行.
    /// From 0 to 100000.
    pub rows: Vec<Row>,
}

/// The version a correction replaces (corrections are new versions, never edits). 被替代版本.
#[derive(Clone, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Supersedes {
    /// The report. 报表编号.
    pub report_id: String,
    /// The version replaced. 版本.
    pub version: u32,
    /// Digest of the file replaced. 摘要.
    pub digest: Digest,
}

/// A report built up to one journal position; the same position gives the same bytes. When it stands alone as a file it carries an enveloped XML signature as last child. 监管报表.
#[derive(Clone, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ReportDocument {
    /// Identity of the report; versions share it. 报表编号.
    pub report_id: String,
    /// Which report. 报表类型.
    pub report_type: ReportType,
    /// Version, from 1. 版本.
    pub version: u32,
    /// Version of this language. 模式版本.
    pub schema_version: String,
    /// Park. 园区代码.
    pub park_code: ParkCode,
    /// Name of the park. 园区名称.
    pub park_name: String,
    /// Span covered. 统计周期.
    pub period: Period,
    /// When it was built. 生成时间.
    pub generated_at: Timestamp,
    /// Who built it. 生成方.
    pub generated_by: PartyId,
    /// How far it looked. 日志位置.
    pub journal_position: JournalPosition,
    /// What it corrects. 被替代版本.
    pub supersedes: Option<Supersedes>,
    /// Whether personal data are masked. 是否脱敏.
    pub masked: bool,
    /// Data completeness by source, 10,000 at most. 数据完整性.
    /// From 0 to 10000.
    pub completeness: Vec<Completeness>,
    /// Tables. 报表分节.
    /// From 1 to 50.
    pub sections: Vec<Section>,
}
