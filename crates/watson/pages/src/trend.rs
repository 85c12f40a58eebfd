//! A trend as the geometry of a small SVG. Pure.

/// Pixels between the starts of two bars.
const STEP: usize = 5;
/// Pixels of a bar's width.
const BAR_WIDTH: usize = 4;

/// Bars, today's last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Trend {
    pub(crate) width: usize,
    pub(crate) height: usize,
    pub(crate) bars: Vec<Bar>,
    /// For those who do not see it.
    pub(crate) summary: String,
}

/// One day with hits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Bar {
    pub(crate) x: usize,
    pub(crate) y: usize,
    pub(crate) width: usize,
    pub(crate) height: usize,
    pub(crate) label: String,
}

impl Trend {
    /// `counts` per day, today last; `scale` enlarges both directions.
    pub(crate) fn new(counts: &[i64], scale: usize) -> Self {
        let height = 24 * scale;
        let largest = counts.iter().copied().max().unwrap_or(0).max(1);
        let bar = |(day, count): (usize, &i64)| {
            // At least two pixels, so that one crash among thousands is still seen.
            let share = u64::try_from(*count).ok()? as f64 / largest as f64;
            let bar_height = ((share * height as f64).round() as usize).clamp(2, height);
            (*count > 0).then(|| Bar {
                x: day * STEP * scale,
                y: height - bar_height,
                width: BAR_WIDTH * scale,
                height: bar_height,
                label: label(*count, counts.len() - 1 - day),
            })
        };
        let bars = counts.iter().enumerate().filter_map(bar).collect();
        Self { width: counts.len() * STEP * scale, height, bars, summary: summary(counts) }
    }
}

fn label(count: i64, days_ago: usize) -> String {
    match days_ago {
        0 => format!("{count} today"),
        1 => format!("{count} yesterday"),
        _ => format!("{count} on the day {days_ago} days ago"),
    }
}

fn summary(counts: &[i64]) -> String {
    let total: i64 = counts.iter().sum();
    let most = counts.iter().copied().max().unwrap_or(0);
    let crashes = if total == 1 { "crash" } else { "crashes" };
    format!("{total} {crashes} in the last {} days, at most {most} on one day", counts.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_stand_where_their_days_are() {
        let trend = Trend::new(&[0, 10, 0, 1], 1);
        assert_eq!((trend.width, trend.height), (20, 24));
        assert_eq!(trend.summary, "11 crashes in the last 4 days, at most 10 on one day");
        let bar = |x, height, label: &str| Bar { x, y: 24 - height, width: 4, height, label: label.into() };
        assert_eq!(trend.bars, [bar(5, 24, "10 on the day 2 days ago"), bar(15, 2, "1 today")]);
        assert!(Trend::new(&[], 1).bars.is_empty());
    }
}
