//! Sections and their columns.

use cordon_model::{Absence, Cell, Column, ColumnKind, Row, Section, Timestamp};

/// A column: name, titles in English and Chinese, kind, unit.
pub type Head = (
    &'static str,
    &'static str,
    &'static str,
    ColumnKind,
    Option<&'static str>,
);

/// A section as it is documented: its name, its titles and its columns.
#[derive(Debug)]
pub struct Sheet {
    /// Its name in the document.
    pub name: &'static str,
    /// Its title in English.
    pub title: &'static str,
    /// Its title in Chinese.
    pub title_zh: &'static str,
    /// Its columns, in order.
    pub heads: &'static [Head],
}

/// What was left out, if anything was.
pub(crate) const LEFT_OUT: Sheet = Sheet {
    name: "left-out",
    title: "Left out, limits reached",
    title_zh: "超限未列出",
    heads: &[
        ("section", "Section", "分节", ColumnKind::Text, None),
        ("count", "Left out", "未列出数", ColumnKind::Integer, None),
    ],
};

/// A table being filled.
pub(crate) struct Table {
    section: Section,
    /// Rows that did not fit.
    left_out: u64,
}

impl Table {
    /// An empty table.
    pub(crate) fn of(sheet: &Sheet) -> Self {
        let columns = sheet
            .heads
            .iter()
            .map(|(name, title, title_zh, kind, unit)| Column {
                name: (*name).to_owned(),
                title: (*title).to_owned(),
                title_zh: (*title_zh).to_owned(),
                kind: *kind,
                unit: unit.map(str::to_owned),
            })
            .collect();
        Self {
            section: Section {
                name: sheet.name.to_owned(),
                title: sheet.title.to_owned(),
                title_zh: sheet.title_zh.to_owned(),
                columns,
                rows: Vec::new(),
            },
            left_out: 0,
        }
    }

    /// Adds a row; `cells` stand in the order of the columns.
    pub(crate) fn row(&mut self, cells: Vec<Cell>) {
        debug_assert_eq!(cells.len(), self.section.columns.len());
        self.section.rows.push(Row { cells });
    }

    /// Counts what was left out before it came here.
    pub(crate) fn left_out(&mut self, count: u64) {
        self.left_out += count;
    }
}

/// The sections of a document: at most `rows_max` rows in all, and a last section that says what
/// was left out, if anything was.
pub(crate) fn sections(tables: Vec<Table>, rows_max: u32) -> Vec<Section> {
    let mut room = usize::try_from(rows_max).unwrap_or(usize::MAX);
    let mut limits = Table::of(&LEFT_OUT);
    let mut sections = Vec::new();
    for mut table in tables {
        let rows = &mut table.section.rows;
        let over = rows.len().saturating_sub(room);
        rows.truncate(room);
        room -= rows.len().min(room);
        let left_out = table.left_out + u64::try_from(over).unwrap_or(u64::MAX);
        if left_out > 0 {
            limits.row(vec![text(&table.section.name), integer(left_out)]);
        }
        sections.push(table.section);
    }
    if !limits.section.rows.is_empty() {
        sections.push(limits.section);
    }
    sections
}

pub(crate) fn text(text: &str) -> Cell {
    Cell::Text(text.to_owned())
}

pub(crate) fn optional(value: Option<&str>) -> Cell {
    value.map_or(Cell::Absent(Absence::NotApplicable), text)
}

pub(crate) fn code(code: &str) -> Cell {
    Cell::Code(code.to_owned())
}

pub(crate) fn integer(count: u64) -> Cell {
    Cell::Integer(i64::try_from(count).unwrap_or(i64::MAX))
}

/// Microseconds as park time.
pub(crate) fn time(micros: i64) -> Cell {
    let at = Timestamp::from_micros(micros);
    Cell::Time(at.at_offset(Timestamp::PARK_OFFSET_MINUTES))
}
