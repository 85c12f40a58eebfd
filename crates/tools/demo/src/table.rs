//! The table of what arrived.

use std::fmt::Write as _;

use crate::arrivals::Arrival;

/// One line per program, and below it what is not as expected.
pub(crate) fn render(arrivals: &[Arrival<'_>]) -> String {
    let head =
        ["program", "way", "signal", "event", "what", "top function", "bucket", "crashes"].map(String::from);
    let rows: Vec<[String; 8]> = arrivals.iter().map(cells).collect();
    let widths: Vec<usize> = (0..head.len())
        .map(|column| rows.iter().chain([&head]).map(|row| row[column].chars().count()).max().unwrap_or(0))
        .collect();
    let mut text = line(&head, &widths);
    text.push_str(&widths.iter().map(|width| "-".repeat(*width)).collect::<Vec<_>>().join("  "));
    text.push('\n');
    for (row, arrival) in rows.iter().zip(arrivals) {
        text.push_str(&line(row, &widths));
        for problem in &arrival.problems {
            let _ = writeln!(text, "    NOT AS EXPECTED: {problem}");
        }
    }
    text
}

fn cells(arrival: &Arrival<'_>) -> [String; 8] {
    let number = |value: Option<i64>| value.map_or_else(|| "-".into(), |value| value.to_string());
    [
        arrival.program.title.clone(),
        arrival.program.way.name().into(),
        arrival.signal.map_or_else(|| "-".into(), |signal| signal.to_string()),
        arrival.event.clone(),
        arrival.what.clone(),
        arrival.top_function.clone(),
        number(arrival.bucket),
        number(arrival.hits),
    ]
}

fn line(cells: &[String; 8], widths: &[usize]) -> String {
    let padded = cells.iter().zip(widths).map(|(cell, &width)| format!("{cell:<width$}"));
    format!("{}\n", padded.collect::<Vec<_>>().join("  ").trim_end())
}
