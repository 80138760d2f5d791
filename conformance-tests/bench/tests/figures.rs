//! Every measurement computes its figures; how large they are is no matter of a test.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs, reason = "test code")]

use cordon_bench::{Machine, Measure, Size, json, markdown, run};

#[test]
fn every_measurement_computes_figures_for_page_and_json() {
    let data = tempfile::tempdir().unwrap();
    let machine = Machine::look(data.path(), "today".to_owned());
    let sections: Vec<_> = Measure::ALL
        .into_iter()
        .map(|measure| run(measure, data.path(), &Size::TINY).unwrap())
        .collect();
    for row in sections.iter().flat_map(|section| &section.rows) {
        let figures = [Some(row.measured), row.bound.map(|(_, bound)| bound)];
        for figure in figures.into_iter().flatten() {
            assert!(figure.value.is_finite() && figure.value > 0.0, "{row:?}");
        }
        if let Some(ratio) = row.ratio {
            let spread = ratio.spread();
            assert!(spread.min > 0.0 && spread.max.is_finite(), "{row:?}");
            assert!(spread.min <= spread.median && spread.median <= spread.max);
        }
        assert_eq!(row.verdict().is_some(), row.goal.is_some());
    }
    let page = markdown(&machine, &sections, "a test", "0.00");
    let rows = json(&machine, &sections);
    for (section, told) in sections.iter().zip(rows["sections"].as_array().unwrap()) {
        assert!(page.contains(&format!("\n## {}\n", section.title)));
        assert_eq!(told["rows"].as_array().unwrap().len(), section.rows.len());
    }
    let goals = sections
        .iter()
        .flat_map(|section| &section.rows)
        .filter(|row| row.goal.is_some())
        .count();
    assert_eq!(
        goals, 30,
        "a goal came or went; say so in docs/design/benchmarks.md"
    );
    assert!(std::fs::read_dir(data.path()).unwrap().next().is_none());
}
