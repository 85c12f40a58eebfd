//! What became of each crash on the server, and whether that is what was expected.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use wer_testkit::{Watson, wait_for};

use crate::programs::{Crash, Program};

/// From the store to the analysed report on the server.
const ANALYSIS_LIMIT: Duration = Duration::from_secs(60);

/// One program's line of the table.
#[derive(Debug)]
pub(crate) struct Arrival<'p> {
    /// The program.
    pub(crate) program: &'p Program,
    /// What its parent saw.
    pub(crate) signal: Option<i32>,
    /// Event type on the server.
    pub(crate) event: String,
    /// The exception code, or the module's pairs.
    pub(crate) what: String,
    /// The function that the crash is blamed on.
    pub(crate) top_function: String,
    /// Its bucket.
    pub(crate) bucket: Option<i64>,
    /// Crashes in that bucket.
    pub(crate) hits: Option<i64>,
    /// What is not as expected.
    pub(crate) problems: Vec<String>,
}

impl<'p> Arrival<'p> {
    /// Waits until the crash's report is analysed.
    ///
    /// # Errors
    /// None: what is wrong becomes a line of the table. The server that cannot be asked at all is an error.
    pub(crate) fn wait(watson: &Watson, program: &'p Program, crash: &Result<Crash>) -> Result<Self> {
        let mut arrival = Self {
            program,
            signal: None,
            event: String::new(),
            what: String::new(),
            top_function: String::new(),
            bucket: None,
            hits: None,
            problems: Vec::new(),
        };
        match crash {
            Err(error) => arrival.problems.push(format!("{error:#}")),
            Ok(crash) => {
                arrival.signal = crash.signal;
                match analysed(watson, &crash.report_id) {
                    Ok((bucket, report)) => arrival.fill(&bucket, &report),
                    Err(error) => arrival.problems.push(format!("{error:#}")),
                }
            }
        }
        Ok(arrival)
    }

    fn fill(&mut self, bucket: &Value, report: &Value) {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        self.event = text(&report["event_type"]);
        self.top_function = text(&report["top_function"]);
        self.bucket = bucket["id"].as_i64();
        self.hits = bucket["hits"].as_i64();
        let parameters = report["parameters"].as_array().map(Vec::as_slice).unwrap_or_default();
        let value_of =
            |name: &str| parameters.iter().find(|pair| pair["name"] == name).map(|pair| text(&pair["value"]));
        self.what = match value_of("Exception Code") {
            Some(code) => code,
            None => {
                let pairs =
                    parameters.iter().map(|pair| format!("{}={}", text(&pair["name"]), text(&pair["value"])));
                pairs.collect::<Vec<_>>().join(", ")
            }
        };
        self.judge(report);
    }

    fn judge(&mut self, report: &Value) {
        let program = self.program;
        let mut expect = |is: bool, problem: String| {
            if !is {
                self.problems.push(problem);
            }
        };
        expect(
            self.signal == Some(program.signal),
            format!("ended by {:?}, not {}", self.signal, program.signal),
        );
        expect(self.event == program.event, format!("event {:?}, not {:?}", self.event, program.event));
        if let Some(code) = program.exception {
            let code = format!("{code:08x}");
            expect(self.what == code, format!("exception {}, not {code}", self.what));
        }
        if let Some(function) = program.function {
            let stack = crashed_functions(report);
            let is_there = stack.iter().any(|name| name.contains(function));
            expect(is_there, format!("{function} is not on the crashed thread's stack {stack:?}"));
        }
    }
}

fn crashed_functions(report: &Value) -> Vec<String> {
    let analysis = &report["analysis"];
    let threads = analysis["threads"].as_array().map(Vec::as_slice).unwrap_or_default();
    let crashed = threads.iter().find(|thread| thread["id"] == analysis["crashing_thread"]);
    let frames =
        crashed.and_then(|thread| thread["frames"].as_array()).map(Vec::as_slice).unwrap_or_default();
    frames.iter().filter_map(|frame| frame["function"].as_str().map(str::to_owned)).collect()
}

/// The bucket and the analysed report of this id.
fn analysed(watson: &Watson, report_id: &str) -> Result<(Value, Value)> {
    wait_for(&format!("the analysis of report {report_id}"), ANALYSIS_LIMIT, || find(watson, report_id))
}

fn find(watson: &Watson, report_id: &str) -> Result<Option<(Value, Value)>> {
    let answer = ask(watson, "/api/buckets")?;
    for bucket in answer["buckets"].as_array().context("a list of buckets")? {
        for id in bucket["reports"].as_array().context("a list of reports")? {
            let report = ask(watson, &format!("/api/reports/{}", id.as_str().context("a report's id")?))?;
            if report["report_guid"] == report_id && report["state"] != "open" {
                ensure!(report["state"] == "done", "the analysis of {report_id} failed: {}", report["error"]);
                return Ok(Some((bucket.clone(), report)));
            }
        }
    }
    Ok(None)
}

/// Asks with the token of the link.
fn ask(watson: &Watson, path: &str) -> Result<Value> {
    let token = watson.link.split_once("token=").map_or("", |(_, token)| token);
    watson.get_json(&format!("{path}?token={token}"))
}
