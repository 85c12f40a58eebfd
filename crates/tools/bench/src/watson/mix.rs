//! Who reports what: many machines, labels of which few make most of the hits, some new ones, some reports sent twice.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use wer_wire::Level1Request;
use wer_wire::level1::ApplicationInfo;

const MACHINES: u64 = 100_000;
const LABELS: usize = 50_000;
/// Of 100 reports.
const NEW_LABELS: u8 = 1;
/// Of 100 reports.
const REPEATS: u8 = 2;
/// Of a client's last reports, one of which is sent again.
const REMEMBERED: usize = 64;
/// 1601 to 1970, in units of 100 ns.
const FILETIME_OF_1970: u64 = 116_444_736_000_000_000;

/// What all clients share.
#[derive(Clone, Debug)]
pub(super) struct Mix {
    /// Of the labels up to each, the share of all hits: Zipf's law with exponent 1.
    shares: Arc<Vec<f64>>,
    next_new: Arc<AtomicU64>,
}

/// A report.
#[derive(Clone, Debug)]
pub(super) struct Report {
    /// The body.
    pub(super) body: Vec<u8>,
    /// It was sent before.
    pub(super) is_repeat: bool,
}

/// One client's choices.
pub(super) struct Chooser {
    mix: Mix,
    chance: fastrand::Rng,
    sent: Vec<Report>,
}

impl Mix {
    pub(super) fn new() -> Self {
        let mut sum = 0.0;
        let sums: Vec<f64> = (1..=LABELS)
            .map(|rank| {
                sum += 1.0 / rank as f64;
                sum
            })
            .collect();
        let shares = sums.iter().map(|part| part / sum).collect();
        Self { shares: Arc::new(shares), next_new: Arc::new(AtomicU64::new(LABELS as u64)) }
    }

    pub(super) fn chooser(&self, seed: u64) -> Chooser {
        Chooser { mix: self.clone(), chance: fastrand::Rng::with_seed(seed), sent: Vec::new() }
    }
}

impl Chooser {
    pub(super) fn next(&mut self) -> Report {
        let chance = self.chance.u8(0..100);
        if chance < REPEATS && !self.sent.is_empty() {
            let index = self.chance.usize(0..self.sent.len());
            return self
                .sent
                .get(index)
                .cloned()
                .map(|report| Report { is_repeat: true, ..report })
                .unwrap_or_default();
        }
        let label = if chance < REPEATS + NEW_LABELS {
            self.mix.next_new.fetch_add(1, Ordering::Relaxed)
        } else {
            let at = self.chance.f64();
            self.mix.shares.partition_point(|share| *share < at) as u64
        };
        let report = Report { body: self.body(label), is_repeat: false };
        if self.sent.len() < REMEMBERED {
            self.sent.push(report.clone());
        } else {
            let index = self.chance.usize(0..REMEMBERED);
            self.sent[index] = report.clone();
        }
        report
    }

    fn body(&mut self, label: u64) -> Vec<u8> {
        let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let machine = self.chance.u64(0..MACHINES);
        let parameter = |id: u32, name: &str, value: String| (id, name.to_owned(), value);
        let request = Level1Request {
            user_name: "user".to_owned(),
            machine_name: format!("DESKTOP-{machine:06}"),
            os: "10.0.19045.2.0.0.256.48".to_owned(),
            lcid: "1033".to_owned(),
            application: Some(ApplicationInfo {
                name: format!("app{}.exe", label % 500),
                path: format!("C:\\Program Files\\App {}\\app{}.exe", label % 500, label % 500),
                company: Some("A company".to_owned()),
            }),
            report_type: 2,
            event_type: "APPCRASH".to_owned(),
            event_time_filetime: FILETIME_OF_1970 + since_1970.as_nanos() as u64 / 100,
            parameters: vec![
                parameter(0, "Application Name", format!("app{}.exe", label % 500)),
                parameter(1, "Application Version", "1.2.3.4".to_owned()),
                parameter(2, "Application Timestamp", "4ce7a144".to_owned()),
                parameter(3, "Fault Module Name", format!("module{}.dll", label % 1000)),
                parameter(4, "Fault Module Version", "6.1.7600.16385".to_owned()),
                parameter(5, "Fault Module Timestamp", "4a5bdfe0".to_owned()),
                parameter(6, "Exception Code", "c0000005".to_owned()),
                parameter(7, "Exception Offset", format!("{label:016x}")),
            ],
            files: vec![("minidump.mdmp".to_owned(), 2), ("WERInternalMetadata.xml".to_owned(), 5)],
            ..Level1Request::default()
        };
        request.to_xml_utf16()
    }
}

impl Default for Report {
    fn default() -> Self {
        Self { body: Vec::new(), is_repeat: true }
    }
}
