//! What the process itself counts and measures, as text for Prometheus: requests by class and duration, connections,
//! memory, descriptors. Counters of the intake are the intake's own, and those of the store are asked of it.

use std::fmt::Write;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::http::Method;

/// Upper ends of a histogram's buckets, in microseconds.
const ENDS_US: [u64; 14] = [
    500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000, 2_500_000,
    10_000_000, 60_000_000,
];

/// Whose request it was. Few, since each is a row of series.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RouteClass {
    /// A report's parameters.
    Level1,
    /// Cabs and dumps.
    Upload,
    /// Symbols.
    Symbols,
    /// Programs.
    Api,
    /// People.
    Pages,
    /// Health, readiness, metrics.
    Probe,
}

const CLASSES: [(RouteClass, &str); 6] = [
    (RouteClass::Level1, "level1"),
    (RouteClass::Upload, "upload"),
    (RouteClass::Symbols, "symbols"),
    (RouteClass::Api, "api"),
    (RouteClass::Pages, "pages"),
    (RouteClass::Probe, "probe"),
];

/// How long things took.
#[derive(Debug, Default)]
struct Histogram {
    /// One more than ends: what took longer.
    counts: [AtomicU64; ENDS_US.len() + 1],
    sum_us: AtomicU64,
}

impl Histogram {
    fn add(&self, took: Duration) {
        let us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        let at = ENDS_US.iter().position(|end| us <= *end).unwrap_or(ENDS_US.len());
        if let Some(count) = self.counts.get(at) {
            count.fetch_add(1, Ordering::Relaxed);
        }
        self.sum_us.fetch_add(us, Ordering::Relaxed);
    }

    fn render(&self, text: &mut String, name: &str, label: &str) {
        let mut sum = 0;
        let ends = ENDS_US.iter().map(|end| seconds(*end)).chain(["+Inf".to_owned()]);
        for (count, end) in self.counts.iter().zip(ends) {
            sum += count.load(Ordering::Relaxed);
            let _ = writeln!(text, "{name}_bucket{{{label},le=\"{end}\"}} {sum}");
        }
        let _ = writeln!(text, "{name}_sum{{{label}}} {}", seconds(self.sum_us.load(Ordering::Relaxed)));
        let _ = writeln!(text, "{name}_count{{{label}}} {sum}");
    }
}

fn seconds(us: u64) -> String {
    let text = format!("{}.{:06}", us / 1_000_000, us % 1_000_000);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// Counters of one process.
#[derive(Debug)]
pub struct ServerMetrics {
    requests: [Histogram; CLASSES.len()],
    started: SystemTime,
}

impl Default for ServerMetrics {
    fn default() -> Self {
        Self { requests: Default::default(), started: SystemTime::now() }
    }
}

impl ServerMetrics {
    /// A request was answered: its head, the body may follow.
    pub fn answered(&self, class: RouteClass, took: Duration) {
        let at = CLASSES.iter().position(|(known, _)| *known == class);
        if let Some(histogram) = at.and_then(|at| self.requests.get(at)) {
            histogram.add(took);
        }
    }

    /// Adds everything to `text`.
    pub fn render(&self, text: &mut String) {
        let name = "watson_http_request_duration_seconds";
        let _ = writeln!(
            text,
            "# HELP {name} From the head of a request to the head of its answer.\n# TYPE {name} histogram"
        );
        for (histogram, (_, class)) in self.requests.iter().zip(CLASSES) {
            histogram.render(text, name, &format!("class=\"{class}\""));
        }
        let load = |number: &AtomicU64| number.load(Ordering::Relaxed) as f64;
        write_one(text, "watson_connections", "gauge", "Connections that are open.", load(&OPEN));
        let help = "Connections that were accepted.";
        write_one(text, "watson_connections_total", "counter", help, load(&ACCEPTED));
        let version = env!("CARGO_PKG_VERSION");
        let _ = writeln!(
            text,
            "# HELP watson_build_info The program's version.\n# TYPE watson_build_info gauge\n\
             watson_build_info{{version=\"{version}\"}} 1"
        );
        let started = self.started.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64();
        let help = "When the process started, seconds since 1970.";
        write_one(text, "process_start_time_seconds", "gauge", help, started);
        process(text);
    }
}

/// Connections of the process that are open, and those that ever were.
static OPEN: AtomicU64 = AtomicU64::new(0);
static ACCEPTED: AtomicU64 = AtomicU64::new(0);

/// A connection that is open, until dropped.
#[derive(Debug)]
pub struct OpenConnection(());

impl OpenConnection {
    /// One was accepted.
    #[must_use]
    pub fn begin() -> Self {
        OPEN.fetch_add(1, Ordering::Relaxed);
        ACCEPTED.fetch_add(1, Ordering::Relaxed);
        Self(())
    }
}

impl Drop for OpenConnection {
    fn drop(&mut self) {
        OPEN.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Whose a request is, by method and path. Only for the figures: the router decides for itself.
#[must_use]
pub fn class_of(method: &Method, path: &str) -> RouteClass {
    let ends = |end: &str| {
        path.len() >= end.len()
            && path.get(path.len() - end.len()..).is_some_and(|tail| tail.eq_ignore_ascii_case(end))
    };
    let is_read = matches!(*method, Method::GET | Method::HEAD);
    if matches!(path, "/healthz" | "/readyz" | "/metrics") {
        RouteClass::Probe
    } else if ends("/stage2.htm") {
        RouteClass::Level1
    } else if ["symbol", "/v1/uploads", "chunk-upload", "difs", "debug-files"]
        .iter()
        .any(|word| path.contains(word))
    {
        RouteClass::Symbols
    } else if path.starts_with("/api/") {
        let is_crash = ["/minidump", "/minidump/", "/envelope", "/envelope/"].iter().any(|end| ends(end));
        if is_crash { RouteClass::Upload } else { RouteClass::Api }
    } else if is_read {
        RouteClass::Pages
    } else {
        RouteClass::Upload
    }
}

/// One value without labels.
pub fn write_one(text: &mut String, name: &str, kind: &str, help: &str, value: f64) {
    let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} {kind}\n{name} {value}");
}

/// Memory and descriptors of this process, as the kernel counts them.
fn process(text: &mut String) {
    if let Some(bytes) = resident_bytes() {
        write_one(text, "process_resident_memory_bytes", "gauge", "Memory in use.", bytes as f64);
    }
    if let Ok(open) = std::fs::read_dir("/proc/self/fd") {
        // Not the one that lists them.
        let open = open.count().saturating_sub(1);
        write_one(text, "process_open_fds", "gauge", "Open descriptors.", open as f64);
    }
    let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile).current;
    if let Some(limit) = limit {
        write_one(text, "process_max_fds", "gauge", "Descriptors that it may open.", limit as f64);
    }
}

/// Bytes of memory that this process has.
#[must_use]
pub fn resident_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.split_whitespace().next()?.parse::<u64>().ok().map(|kib| kib * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_histogram_counts_what_is_at_most_each_end() {
        let metrics = ServerMetrics::default();
        for ms in [1, 1, 30, 120_000] {
            metrics.answered(RouteClass::Level1, Duration::from_millis(ms));
        }
        let mut text = String::new();
        metrics.render(&mut text);
        for line in [
            "_bucket{class=\"level1\",le=\"0.0005\"} 0",
            "_bucket{class=\"level1\",le=\"0.001\"} 2",
            "_bucket{class=\"level1\",le=\"0.05\"} 3",
            "_bucket{class=\"level1\",le=\"60\"} 3",
            "_bucket{class=\"level1\",le=\"+Inf\"} 4",
            "_sum{class=\"level1\"} 120.032",
            "_count{class=\"level1\"} 4",
            "_count{class=\"api\"} 0",
        ] {
            let line = format!("watson_http_request_duration_seconds{line}");
            assert!(text.lines().any(|found| found == line), "{line} is missing in\n{text}");
        }
    }

    #[test]
    fn requests_are_told_apart_by_their_paths() {
        for (method, path, class) in [
            (Method::POST, "/watson/Stage2.htm", RouteClass::Level1),
            (Method::PUT, "/cabs/00112233.cab", RouteClass::Upload),
            (Method::POST, "/submit", RouteClass::Upload),
            (Method::POST, "/api/7/minidump/", RouteClass::Upload),
            (Method::POST, "/api/7/envelope/", RouteClass::Upload),
            (Method::POST, "/symbols/upload", RouteClass::Symbols),
            (Method::POST, "/v1/uploads:create", RouteClass::Symbols),
            (Method::GET, "/api/v1/buckets", RouteClass::Api),
            (Method::GET, "/buckets/1", RouteClass::Pages),
            (Method::GET, "/readyz", RouteClass::Probe),
            (Method::GET, "/\u{e9}", RouteClass::Pages),
        ] {
            assert_eq!(class_of(&method, path), class, "{path}");
        }
    }
}
