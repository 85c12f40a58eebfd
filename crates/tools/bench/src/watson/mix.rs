//! Who reports what: many machines, labels of which few make most of the hits, some new ones, some reports sent twice.

use std::time::{SystemTime, UNIX_EPOCH};

use watson_db::{Crash, IdempotencyKey, time};
use wer_model::{Parameter, Signature};
use wer_wire::Level1Request;
use wer_wire::level1::ApplicationInfo;

const MACHINES: u32 = 100_000;
const LABELS: usize = 50_000;
/// Of 100 reports.
const NEW_LABELS: u8 = 1;
/// Of 100 reports.
const REPEATS: u8 = 2;
/// Of the last reports, one of which is sent again.
const REMEMBERED: usize = 2048;
/// 1601 to 1970, in units of 100 ns.
const FILETIME_OF_1970: u64 = 116_444_736_000_000_000;
const EVENT_TYPE: &str = "APPCRASH";
const SYSTEM: &str = "10.0.19045.2.0.0.256.48";

/// A report, as few numbers from which its bytes follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Report {
    label: u64,
    machine: u32,
    /// No two reports have one.
    time_filetime: u64,
}

/// Chooses reports.
pub(super) struct Mix {
    /// Of the labels up to each, the share of all hits: Zipf's law with exponent 1.
    shares: Vec<f64>,
    chance: fastrand::Rng,
    next_new: u64,
    last_time: u64,
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
        Self {
            shares: sums.iter().map(|part| part / sum).collect(),
            chance: fastrand::Rng::with_seed(5),
            next_new: LABELS as u64,
            last_time: 0,
            sent: Vec::new(),
        }
    }

    /// The next report, and whether it was sent before.
    pub(super) fn next(&mut self) -> (Report, bool) {
        let chance = self.chance.u8(0..100);
        if chance < REPEATS && !self.sent.is_empty() {
            return (self.sent[self.chance.usize(0..self.sent.len())], true);
        }
        let label = if chance < REPEATS + NEW_LABELS {
            self.next_new += 1;
            self.next_new
        } else {
            let at = self.chance.f64();
            self.shares.partition_point(|share| *share < at) as u64
        };
        let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let now = FILETIME_OF_1970 + since_1970.as_nanos() as u64 / 100;
        self.last_time = now.max(self.last_time + 1);
        let report = Report { label, machine: self.chance.u32(0..MACHINES), time_filetime: self.last_time };
        if self.sent.len() < REMEMBERED {
            self.sent.push(report);
        } else {
            let index = self.chance.usize(0..REMEMBERED);
            self.sent[index] = report;
        }
        (report, false)
    }
}

impl Report {
    /// The body of a level 1 request, as Windows sends it.
    pub(super) fn body(&self) -> Vec<u8> {
        let request = Level1Request {
            user_name: "user".to_owned(),
            machine_name: self.machine(),
            os: SYSTEM.to_owned(),
            lcid: "1033".to_owned(),
            application: Some(ApplicationInfo {
                name: self.application(),
                path: self.application_path(),
                company: Some("A company".to_owned()),
            }),
            report_type: 2,
            event_type: EVENT_TYPE.to_owned(),
            event_time_filetime: self.time_filetime,
            parameters: (0..)
                .zip(self.parameters())
                .map(|(id, (name, value))| (id, name.to_owned(), value))
                .collect(),
            files: vec![("minidump.mdmp".to_owned(), 2), ("WERInternalMetadata.xml".to_owned(), 5)],
            ..Level1Request::default()
        };
        request.to_xml_utf16()
    }

    /// What the server makes of it, for rows that are there before.
    pub(super) fn crash(&self, body: Vec<u8>) -> Crash {
        let parameters: Vec<Parameter> =
            self.parameters().into_iter().map(|(name, value)| Parameter::new(name, value)).collect();
        Crash {
            key: IdempotencyKey::level1(&self.machine(), self.time_filetime, EVENT_TYPE, &parameters),
            event_ms: Some(time::filetime_to_ms(self.time_filetime)),
            signature: Signature { event_type: EVENT_TYPE.to_owned(), parameters },
            machine: self.machine(),
            os: SYSTEM.to_owned(),
            application: self.application(),
            application_version: "1.2.3.4".to_owned(),
            application_path: self.application_path(),
            body: body.into(),
            ..Crash::default()
        }
    }

    fn machine(&self) -> String {
        format!("DESKTOP-{:06}", self.machine)
    }

    fn application(&self) -> String {
        format!("app{}.exe", self.label % 500)
    }

    fn application_path(&self) -> String {
        format!("C:\\Program Files\\App {}\\{}", self.label % 500, self.application())
    }

    fn parameters(&self) -> [(&'static str, String); 8] {
        [
            ("Application Name", self.application()),
            ("Application Version", "1.2.3.4".to_owned()),
            ("Application Timestamp", "4ce7a144".to_owned()),
            ("Fault Module Name", format!("module{}.dll", self.label % 1000)),
            ("Fault Module Version", "6.1.7600.16385".to_owned()),
            ("Fault Module Timestamp", "4a5bdfe0".to_owned()),
            ("Exception Code", "c0000005".to_owned()),
            ("Exception Offset", format!("{:016x}", self.label)),
        ]
    }
}
