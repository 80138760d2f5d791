//! Readers and writers, made by `cargo xtask codegen` from `schemas/xsd/report.xsd`; change the schema, not this file.

#[allow(unused_imports, reason = "one list for all generated files")]
use crate::imports::*;

pub(crate) fn read_period(node: Node<'_>) -> Result<Period, WireFault> {
    const NAMES: Names = &[(C, "From"), (C, "To"), (C, "Granularity")];
    let mut children = Children::open(node, NAMES)?;
    let made = Period {
        from: children.one(0, value)?,
        to: children.one(1, value)?,
        granularity: children.one(2, value)?,
    };
    children.finish()?;
    Ok(made)
}

pub(crate) fn write_period(
    out: &mut Out,
    prefix: &'static str,
    name: &'static str,
    of: &Period,
) -> Result<(), WireFault> {
    out.start(prefix, name);
    {
        let value = &of.from;
        out.time(C_PREFIX, "From", *value)?;
    }
    {
        let value = &of.to;
        out.time(C_PREFIX, "To", *value)?;
    }
    {
        let value = &of.granularity;
        out.display(C_PREFIX, "Granularity", value)?;
    }
    out.end();
    Ok(())
}

pub(crate) fn read_report_request(node: Node<'_>) -> Result<ReportRequest, WireFault> {
    const NAMES: Names = &[
        (C, "RequestId"),
        (C, "ReportType"),
        (C, "Period"),
        (C, "RegionCode"),
        (C, "LegalBasis"),
    ];
    let mut children = Children::open(node, NAMES)?;
    let made = ReportRequest {
        request_id: children.one(0, |node| text(node, &facets::REFERENCE))?,
        report_type: children.one(1, value)?,
        period: children.one(2, read_period)?,
        region_code: children.optional(3, |node| text(node, &facets::REGION_CODE))?,
        legal_basis: children.optional(4, |node| text(node, &facets::SHORT_TEXT))?,
    };
    children.finish()?;
    Ok(made)
}

pub(crate) fn write_report_request(
    out: &mut Out,
    prefix: &'static str,
    name: &'static str,
    of: &ReportRequest,
) -> Result<(), WireFault> {
    out.start(prefix, name);
    {
        let value = &of.request_id;
        out.text(C_PREFIX, "RequestId", value, &facets::REFERENCE)?;
    }
    {
        let value = &of.report_type;
        out.display(C_PREFIX, "ReportType", value)?;
    }
    {
        let value = &of.period;
        write_period(out, C_PREFIX, "Period", value)?;
    }
    if let Some(value) = &of.region_code {
        out.text(C_PREFIX, "RegionCode", value, &facets::REGION_CODE)?;
    }
    if let Some(value) = &of.legal_basis {
        out.text(C_PREFIX, "LegalBasis", value, &facets::SHORT_TEXT)?;
    }
    out.end();
    Ok(())
}

pub(crate) fn read_journal_position(node: Node<'_>) -> Result<JournalPosition, WireFault> {
    const NAMES: Names = &[(C, "EntryNumber"), (C, "ChainHash")];
    let mut children = Children::open(node, NAMES)?;
    let made = JournalPosition {
        entry_number: children.one(0, |node| count(node, &facets::ENTRY_NUMBER))?,
        chain_hash: children.one(1, value)?,
    };
    children.finish()?;
    Ok(made)
}

pub(crate) fn write_journal_position(
    out: &mut Out,
    prefix: &'static str,
    name: &'static str,
    of: &JournalPosition,
) -> Result<(), WireFault> {
    out.start(prefix, name);
    {
        let value = &of.entry_number;
        out.count(C_PREFIX, "EntryNumber", *value, &facets::ENTRY_NUMBER)?;
    }
    {
        let value = &of.chain_hash;
        out.display(C_PREFIX, "ChainHash", value)?;
    }
    out.end();
    Ok(())
}

pub(crate) fn read_completeness(node: Node<'_>) -> Result<Completeness, WireFault> {
    const NAMES: Names = &[
        (C, "Source"),
        (C, "Kind"),
        (C, "Expected"),
        (C, "Received"),
        (C, "LastAt"),
    ];
    let mut children = Children::open(node, NAMES)?;
    let made = Completeness {
        source: children.one(0, |node| text(node, &facets::NAME))?,
        kind: children.one(1, |node| text(node, &facets::NAME))?,
        expected: children.one(2, |node| count(node, &facets::ENTRY_NUMBER))?,
        received: children.one(3, |node| count(node, &facets::ENTRY_NUMBER))?,
        last_at: children.optional(4, value)?,
    };
    children.finish()?;
    Ok(made)
}

pub(crate) fn write_completeness(
    out: &mut Out,
    prefix: &'static str,
    name: &'static str,
    of: &Completeness,
) -> Result<(), WireFault> {
    out.start(prefix, name);
    {
        let value = &of.source;
        out.text(C_PREFIX, "Source", value, &facets::NAME)?;
    }
    {
        let value = &of.kind;
        out.text(C_PREFIX, "Kind", value, &facets::NAME)?;
    }
    {
        let value = &of.expected;
        out.count(C_PREFIX, "Expected", *value, &facets::ENTRY_NUMBER)?;
    }
    {
        let value = &of.received;
        out.count(C_PREFIX, "Received", *value, &facets::ENTRY_NUMBER)?;
    }
    if let Some(value) = &of.last_at {
        out.time(C_PREFIX, "LastAt", *value)?;
    }
    out.end();
    Ok(())
}

pub(crate) fn read_column(node: Node<'_>) -> Result<Column, WireFault> {
    const NAMES: Names = &[
        (C, "Name"),
        (C, "Title"),
        (C, "TitleZh"),
        (C, "Kind"),
        (C, "Unit"),
    ];
    let mut children = Children::open(node, NAMES)?;
    let made = Column {
        name: children.one(0, |node| text(node, &facets::SECTION_NAME))?,
        title: children.one(1, |node| text(node, &facets::NAME))?,
        title_zh: children.one(2, |node| text(node, &facets::NAME))?,
        kind: children.one(3, value)?,
        unit: children.optional(4, |node| text(node, &facets::UNIT))?,
    };
    children.finish()?;
    Ok(made)
}

pub(crate) fn write_column(
    out: &mut Out,
    prefix: &'static str,
    name: &'static str,
    of: &Column,
) -> Result<(), WireFault> {
    out.start(prefix, name);
    {
        let value = &of.name;
        out.text(C_PREFIX, "Name", value, &facets::SECTION_NAME)?;
    }
    {
        let value = &of.title;
        out.text(C_PREFIX, "Title", value, &facets::NAME)?;
    }
    {
        let value = &of.title_zh;
        out.text(C_PREFIX, "TitleZh", value, &facets::NAME)?;
    }
    {
        let value = &of.kind;
        out.display(C_PREFIX, "Kind", value)?;
    }
    if let Some(value) = &of.unit {
        out.text(C_PREFIX, "Unit", value, &facets::UNIT)?;
    }
    out.end();
    Ok(())
}

pub(crate) fn read_cell(node: Node<'_>) -> Result<Cell, WireFault> {
    const NAMES: Names = &[
        (C, "Text"),
        (C, "Integer"),
        (C, "Number"),
        (C, "Time"),
        (C, "Code"),
        (C, "Absent"),
    ];
    let (place, node) = only_child(node, NAMES)?;
    Ok(match place {
        0 => Cell::Text(text(node, &facets::OPTIONAL_TEXT)?),
        1 => Cell::Integer(count(node, &facets::MILLISECONDS)?),
        2 => Cell::Number(decimal(node, &facets::MEASURE)?),
        3 => Cell::Time(value(node)?),
        4 => Cell::Code(text(node, &facets::RULE_CODE)?),
        5 => Cell::Absent(value(node)?),
        _ => return Err(unknown_element(node, NAMES)),
    })
}

pub(crate) fn write_cell(
    out: &mut Out,
    prefix: &'static str,
    name: &'static str,
    of: &Cell,
) -> Result<(), WireFault> {
    out.start(prefix, name);
    match of {
        Cell::Text(value) => {
            out.text(C_PREFIX, "Text", value, &facets::OPTIONAL_TEXT)?;
        }
        Cell::Integer(value) => {
            out.count(C_PREFIX, "Integer", *value, &facets::MILLISECONDS)?;
        }
        Cell::Number(value) => {
            out.decimal(C_PREFIX, "Number", value, &facets::MEASURE)?;
        }
        Cell::Time(value) => {
            out.time(C_PREFIX, "Time", *value)?;
        }
        Cell::Code(value) => {
            out.text(C_PREFIX, "Code", value, &facets::RULE_CODE)?;
        }
        Cell::Absent(value) => {
            out.display(C_PREFIX, "Absent", value)?;
        }
    }
    out.end();
    Ok(())
}

pub(crate) fn read_row(node: Node<'_>) -> Result<Row, WireFault> {
    const NAMES: Names = &[(C, "Cells")];
    let mut children = Children::open(node, NAMES)?;
    let made = Row {
        cells: children.many(0, 1, 64, read_cell)?,
    };
    children.finish()?;
    Ok(made)
}

pub(crate) fn write_row(
    out: &mut Out,
    prefix: &'static str,
    name: &'static str,
    of: &Row,
) -> Result<(), WireFault> {
    out.start(prefix, name);
    out.occurrence(C_PREFIX, "Cells", of.cells.len(), 1, 64)?;
    for value in &of.cells {
        write_cell(out, C_PREFIX, "Cells", value)?;
    }
    out.end();
    Ok(())
}

pub(crate) fn read_section(node: Node<'_>) -> Result<Section, WireFault> {
    const NAMES: Names = &[
        (C, "Name"),
        (C, "Title"),
        (C, "TitleZh"),
        (C, "Columns"),
        (C, "Rows"),
    ];
    let mut children = Children::open(node, NAMES)?;
    let made = Section {
        name: children.one(0, |node| text(node, &facets::SECTION_NAME))?,
        title: children.one(1, |node| text(node, &facets::NAME))?,
        title_zh: children.one(2, |node| text(node, &facets::NAME))?,
        columns: children.many(3, 1, 64, read_column)?,
        rows: children.many(4, 0, 100000, read_row)?,
    };
    children.finish()?;
    Ok(made)
}

pub(crate) fn write_section(
    out: &mut Out,
    prefix: &'static str,
    name: &'static str,
    of: &Section,
) -> Result<(), WireFault> {
    out.start(prefix, name);
    {
        let value = &of.name;
        out.text(C_PREFIX, "Name", value, &facets::SECTION_NAME)?;
    }
    {
        let value = &of.title;
        out.text(C_PREFIX, "Title", value, &facets::NAME)?;
    }
    {
        let value = &of.title_zh;
        out.text(C_PREFIX, "TitleZh", value, &facets::NAME)?;
    }
    out.occurrence(C_PREFIX, "Columns", of.columns.len(), 1, 64)?;
    for value in &of.columns {
        write_column(out, C_PREFIX, "Columns", value)?;
    }
    out.occurrence(C_PREFIX, "Rows", of.rows.len(), 0, 100000)?;
    for value in &of.rows {
        write_row(out, C_PREFIX, "Rows", value)?;
    }
    out.end();
    Ok(())
}

pub(crate) fn read_supersedes(node: Node<'_>) -> Result<Supersedes, WireFault> {
    const NAMES: Names = &[(C, "ReportId"), (C, "Version"), (C, "Digest")];
    let mut children = Children::open(node, NAMES)?;
    let made = Supersedes {
        report_id: children.one(0, |node| text(node, &facets::REFERENCE))?,
        version: children.one(1, |node| count(node, &facets::COUNT))?,
        digest: children.one(2, value)?,
    };
    children.finish()?;
    Ok(made)
}

pub(crate) fn write_supersedes(
    out: &mut Out,
    prefix: &'static str,
    name: &'static str,
    of: &Supersedes,
) -> Result<(), WireFault> {
    out.start(prefix, name);
    {
        let value = &of.report_id;
        out.text(C_PREFIX, "ReportId", value, &facets::REFERENCE)?;
    }
    {
        let value = &of.version;
        out.count(C_PREFIX, "Version", *value, &facets::COUNT)?;
    }
    {
        let value = &of.digest;
        out.display(C_PREFIX, "Digest", value)?;
    }
    out.end();
    Ok(())
}

pub(crate) fn read_report_document(node: Node<'_>) -> Result<ReportDocument, WireFault> {
    const NAMES: Names = &[
        (C, "ReportId"),
        (C, "ReportType"),
        (C, "Version"),
        (C, "SchemaVersion"),
        (C, "ParkCode"),
        (C, "ParkName"),
        (C, "Period"),
        (C, "GeneratedAt"),
        (C, "GeneratedBy"),
        (C, "JournalPosition"),
        (C, "Supersedes"),
        (C, "Masked"),
        (C, "Completeness"),
        (C, "Sections"),
    ];
    let mut children = Children::open(node, NAMES)?;
    let made = ReportDocument {
        report_id: children.one(0, |node| text(node, &facets::REFERENCE))?,
        report_type: children.one(1, value)?,
        version: children.one(2, |node| count(node, &facets::COUNT))?,
        schema_version: children.one(3, |node| text(node, &facets::SCHEMA_VERSION))?,
        park_code: children.one(4, value)?,
        park_name: children.one(5, |node| text(node, &facets::NAME))?,
        period: children.one(6, read_period)?,
        generated_at: children.one(7, value)?,
        generated_by: children.one(8, value)?,
        journal_position: children.one(9, read_journal_position)?,
        supersedes: children.optional(10, read_supersedes)?,
        masked: children.one(11, boolean)?,
        completeness: children.many(12, 0, 10000, read_completeness)?,
        sections: children.many(13, 1, 50, read_section)?,
    };
    children.skip_foreign("http://www.w3.org/2000/09/xmldsig#");
    children.finish()?;
    Ok(made)
}

pub(crate) fn write_report_document(
    out: &mut Out,
    prefix: &'static str,
    name: &'static str,
    of: &ReportDocument,
) -> Result<(), WireFault> {
    out.start(prefix, name);
    {
        let value = &of.report_id;
        out.text(C_PREFIX, "ReportId", value, &facets::REFERENCE)?;
    }
    {
        let value = &of.report_type;
        out.display(C_PREFIX, "ReportType", value)?;
    }
    {
        let value = &of.version;
        out.count(C_PREFIX, "Version", *value, &facets::COUNT)?;
    }
    {
        let value = &of.schema_version;
        out.text(C_PREFIX, "SchemaVersion", value, &facets::SCHEMA_VERSION)?;
    }
    {
        let value = &of.park_code;
        out.display(C_PREFIX, "ParkCode", value)?;
    }
    {
        let value = &of.park_name;
        out.text(C_PREFIX, "ParkName", value, &facets::NAME)?;
    }
    {
        let value = &of.period;
        write_period(out, C_PREFIX, "Period", value)?;
    }
    {
        let value = &of.generated_at;
        out.time(C_PREFIX, "GeneratedAt", *value)?;
    }
    {
        let value = &of.generated_by;
        out.display(C_PREFIX, "GeneratedBy", value)?;
    }
    {
        let value = &of.journal_position;
        write_journal_position(out, C_PREFIX, "JournalPosition", value)?;
    }
    if let Some(value) = &of.supersedes {
        write_supersedes(out, C_PREFIX, "Supersedes", value)?;
    }
    {
        let value = &of.masked;
        out.display(C_PREFIX, "Masked", value)?;
    }
    out.occurrence(C_PREFIX, "Completeness", of.completeness.len(), 0, 10000)?;
    for value in &of.completeness {
        write_completeness(out, C_PREFIX, "Completeness", value)?;
    }
    out.occurrence(C_PREFIX, "Sections", of.sections.len(), 1, 50)?;
    for value in &of.sections {
        write_section(out, C_PREFIX, "Sections", value)?;
    }
    out.end();
    Ok(())
}
