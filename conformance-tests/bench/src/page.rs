//! The page `docs/benchmarks.md`, and the same as JSON.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::{Amount, Goal, Machine, Ratio, Row, Section, Verdict};

/// The page. `how` says with which command it was made, `load_after` how busy the machine was at
/// the end.
pub fn markdown(machine: &Machine, sections: &[Section], how: &str, load_after: &str) -> String {
    let mut out = format!(
        "# Benchmarks\n\n\
         Written by `{how}`; do not edit. Every figure stands beside a bound measured in the same run; compare \
         ratios, not rates. What is compared with what, and why: `docs/design/benchmarks.md`.\n\n\
         | machine | |\n|---|---|\n\
         | date (UTC) | {} |\n| commit | {} |\n| processor | {}, {} threads |\n| memory | {} MiB |\n\
         | kernel | {} |\n| data folder | {} |\n| compiler | {} |\n\
         | load average before, after | {}, {load_after} |\n",
        machine.date,
        machine.commit,
        machine.cpu,
        machine.cores,
        machine.memory_mib,
        machine.kernel,
        machine.disk,
        machine.rustc,
        machine.load_before,
    );
    for section in sections {
        // Writing to a String cannot fail.
        let _ = write!(out, "\n## {}\n\n{}\n\n", section.title, section.about);
        out.push_str("| what | figure | bound | ratio, median (least to most) | goal | met |\n");
        out.push_str("|---|---:|---|---:|---|---|\n");
        for row in &section.rows {
            out.push_str(&line(row));
        }
    }
    out
}

fn line(row: &Row) -> String {
    let bound = row.bound.map_or_else(String::new, |(name, amount)| {
        format!("{name}: {}", figure(amount))
    });
    let ratio = row.ratio.as_ref().map_or_else(String::new, |ratio| {
        let (spread, show): (_, fn(f64) -> String) = match ratio {
            Ratio::Share(spread) => (spread, percent),
            Ratio::Times(spread) => (spread, times),
        };
        let median = show(spread.median);
        if spread.min == spread.max {
            median
        } else {
            format!("{median} ({} to {})", show(spread.min), show(spread.max))
        }
    });
    let goal = row.goal.map_or_else(String::new, |goal| match goal {
        Goal::RatioAtLeast(least) => format!("≥ {}", percent(least)),
        Goal::RatioAtMost(most) => format!("≤ {}", times(most)),
        Goal::AtMost(value) => {
            let unit = row.measured.unit;
            format!("≤ {}", figure(Amount { value, unit }))
        }
        Goal::AtLeast(value) => {
            let unit = row.measured.unit;
            format!("≥ {}", figure(Amount { value, unit }))
        }
    });
    let met = match row.verdict() {
        None => String::new(),
        Some(Verdict::Met) => "yes".to_owned(),
        Some(Verdict::MissedBy(factor)) => format!("no, off by a factor of {factor:.2}"),
    };
    let measured = figure(row.measured);
    format!(
        "| {} | {measured} | {bound} | {ratio} | {goal} | {met} |\n",
        row.what
    )
}

fn percent(share: f64) -> String {
    format!("{:.0} %", share * 100.0)
}

fn times(factor: f64) -> String {
    format!("{factor:.3} ×")
}

/// Three digits or whole numbers; more would pretend.
fn figure(amount: Amount) -> String {
    let Amount { value, unit } = amount;
    if value >= 100.0 {
        format!("{value:.0} {unit}")
    } else if value >= 1.0 {
        format!("{value:.2} {unit}")
    } else {
        format!("{value:.3} {unit}")
    }
}

/// The same for programs.
pub fn json(machine: &Machine, sections: &[Section]) -> Value {
    let sections: Vec<Value> = sections
        .iter()
        .map(|section| {
            let rows: Vec<Value> = section.rows.iter().map(row_json).collect();
            json!({ "title": section.title, "rows": rows })
        })
        .collect();
    json!({
        "machine": {
            "cpu": machine.cpu, "cores": machine.cores, "memory_mib": machine.memory_mib,
            "kernel": machine.kernel, "rustc": machine.rustc, "disk": machine.disk,
            "commit": machine.commit, "date": machine.date, "load_before": machine.load_before,
        },
        "sections": sections,
    })
}

fn row_json(row: &Row) -> Value {
    let spread = row.ratio.map(|ratio| ratio.spread());
    json!({
        "what": row.what,
        "value": row.measured.value,
        "unit": row.measured.unit,
        "bound": row.bound.map(|(name, amount)| {
            json!({ "what": name, "value": amount.value, "unit": amount.unit })
        }),
        "ratio": spread.map(|spread| {
            json!({ "median": spread.median, "min": spread.min, "max": spread.max })
        }),
        "goal": row.goal.map(|goal| match goal {
            Goal::RatioAtLeast(least) => json!({ "ratio_at_least": least }),
            Goal::RatioAtMost(most) => json!({ "ratio_at_most": most }),
            Goal::AtMost(most) => json!({ "at_most": most }),
            Goal::AtLeast(least) => json!({ "at_least": least }),
        }),
        "met": row.verdict().map(|verdict| verdict == Verdict::Met),
    })
}
