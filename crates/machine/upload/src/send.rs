//! One attempt to send one report: level 1, and level 2 if the answer asks for it and consent allows it.

use std::io;
use std::path::Path;
use std::time::Duration;

use wer_model::{AttachedFile, BucketReply, Report, SubmitOutcome, SubmitResult};
use wer_wire::Level1Response;
use wer_wire::limits::MAX_RESPONSE_BYTES;

use crate::cabinet::{self, Cab, Member, Source};
use crate::contents::{self, SentBefore};
use crate::folder::{Folder, without_last_words};
use crate::http::{Answer, Client, HttpError};
use crate::limits::PIECES_FROM_BYTES;
use crate::pieces::{self, PiecesError};
use crate::printable::printable;
use crate::{DataScope, Server, Timeouts, asks, level1};

/// Path of level 1 (MS-CER2 calls it stage 2).
const LEVEL1_PATH: &str = "/stage2.htm";

/// What is sent.
#[derive(Clone, Copy, Debug)]
pub struct UploadInput<'a> {
    /// The report.
    pub report: &'a Report,
    /// Its folder; only read.
    pub folder: &'a Path,
    /// What may leave the machine.
    pub data: DataScope,
    /// What the last cab of the same signature held; `None` = none was sent.
    pub sent_before: Option<SentBefore>,
    /// `BypassDataThrottling`.
    pub bypass_throttling: bool,
    /// The server is told this machine's name.
    pub names_machine: bool,
}

/// Sends a report as far as `data` allows. Nothing is written; the outcome says what to record.
#[must_use]
pub fn send(input: &UploadInput<'_>, server: &Server) -> SubmitOutcome {
    send_within(input, server, Timeouts::default())
}

/// The same with other time limits.
#[must_use]
pub fn send_within(input: &UploadInput<'_>, server: &Server, timeouts: Timeouts) -> SubmitOutcome {
    send_asking(input, server, timeouts, &mut || None)
}

/// The same for a report whose files can still be collected, of a process that lives: `collect` is called when the server
/// has asked for a cab that may be sent, puts them into the report's folder and its `Report.wer`, and gives the report's
/// files then; `None` where nothing changed.
#[must_use]
pub fn send_asking(
    input: &UploadInput<'_>,
    server: &Server,
    timeouts: Timeouts,
    collect: &mut dyn FnMut() -> Option<Vec<AttachedFile>>,
) -> SubmitOutcome {
    let Some(client) = Client::new(server, timeouts) else {
        return queued(format!(
            "The server's name \"{}\" is no host name: correct CorporateWERServer.",
            printable(&server.host)
        ));
    };
    let (response, pieces) = match level1_exchange(input, server, &client) {
        Ok(answered) => answered,
        Err(outcome) => return *outcome,
    };
    let files = input.report.files.clone();
    let attempt = Attempt { input, server, timeouts, files, reply: asks::reply(&response), response, pieces };
    attempt.level2(collect)
}

/// Parameters to the server; its answer with the path that takes pieces, or the end of the attempt.
fn level1_exchange(
    input: &UploadInput<'_>,
    server: &Server,
    client: &Client<'_>,
) -> Result<(Level1Response, Option<String>), Box<SubmitOutcome>> {
    let name = format!("{}:{}", printable(&server.host), server.port);
    let machine = if input.names_machine { level1::machine_name() } else { String::new() };
    let body = level1::request(input.report, input.data, &machine).to_xml_utf16();
    let report = input.report.id.to_string();
    let answer = match client.level1(LEVEL1_PATH, &report, &body, MAX_RESPONSE_BYTES) {
        Ok(answer) => answer,
        Err(HttpError::TooLarge(_)) => return Err(Box::new(queued(no_server(&name, "it says too much")))),
        Err(HttpError::Exchange(reason)) => {
            let text = format!("The server {name} cannot be reached ({reason}); the report is sent later.");
            return Err(Box::new(queued(text)));
        }
    };
    match answer.status {
        200..=299 => Level1Response::parse(&answer.body)
            .map(|response| (response, answer.pieces.as_deref().and_then(asks::dump_path)))
            .map_err(|error| Box::new(queued(no_server(&name, &error.to_string())))),
        400 | 413 | 422 => {
            let text = format!(
                "The server {name} refused the report for good (status {}){}.",
                answer.status,
                reason_of(&answer)
            );
            Err(Box::new(ended(SubmitResult::ReportFailed, text)))
        }
        status => {
            let text = format!("The server {name} answered with status {status}; the report is sent later.");
            Err(Box::new(later_than(queued(text), answer.wait())))
        }
    }
}

/// The first line of a refusal's body, for a person.
fn reason_of(answer: &Answer) -> String {
    let text = String::from_utf8_lossy(&answer.body);
    let line = printable(text.lines().next().unwrap_or_default());
    if line.is_empty() { line } else { format!(": {line}") }
}

fn no_server(name: &str, reason: &str) -> String {
    format!(
        "What answers at {name} is no error reporting server ({}); the report is kept. Check CorporateWERServer and \
         CorporateWERPortNumber.",
        printable(reason)
    )
}

/// A refusal of a cab that another attempt would meet again.
const fn is_final(status: u16) -> bool {
    matches!(status, 400..=499) && !matches!(status, 401 | 407 | 408 | 429)
}

fn ended(result: SubmitResult, explanation: String) -> SubmitOutcome {
    SubmitOutcome { result, reply: None, sent_files: Vec::new(), explanation, retry_after_s: None }
}

/// An outcome with the time for which the server wants to be left alone.
fn later_than(outcome: SubmitOutcome, wait: Option<Duration>) -> SubmitOutcome {
    let retry_after_s = wait.map(|wait| u32::try_from(wait.as_secs()).unwrap_or(u32::MAX));
    SubmitOutcome { retry_after_s, ..outcome }
}

fn queued(explanation: String) -> SubmitOutcome {
    ended(SubmitResult::ReportQueued, explanation)
}

/// After level 1.
struct Attempt<'a> {
    input: &'a UploadInput<'a>,
    server: &'a Server,
    timeouts: Timeouts,
    files: Vec<AttachedFile>,
    reply: BucketReply,
    response: Level1Response,
    /// Where the server takes files in pieces, if it does.
    pieces: Option<String>,
}

impl Attempt<'_> {
    fn level2(mut self, collect: &mut dyn FnMut() -> Option<Vec<AttachedFile>>) -> SubmitOutcome {
        let accepted = self.accepted();
        if !self.response.wants_cab {
            return self.end(SubmitResult::ReportUploaded, accepted);
        }
        match self.input.data {
            DataScope::ParametersOnly => {
                let text = "It asks for a dump; DontSendAdditionalData keeps it here.";
                return self.end(SubmitResult::ReportUploaded, format!("{accepted} {text}"));
            }
            DataScope::Parameters => {
                let text = "It asks for a dump: allow it with `wer submit ID --approve`.";
                return self.end(SubmitResult::ReportQueued, format!("{accepted} {text}"));
            }
            DataScope::SafeData | DataScope::AllData => {}
        }
        let is_throttled =
            !self.input.bypass_throttling && contents::is_throttled(self.input.sent_before, &self.response);
        if !is_throttled && let Some(files) = collect() {
            self.files = files;
        }
        if contents::has_unwanted_memory_only(self.files(), self.input.data, &self.response) {
            let text = "It asks for a mini dump; what the report has is larger, so nothing more was sent.";
            return self.end(SubmitResult::ReportUploaded, format!("{accepted} {text}"));
        }
        if is_throttled {
            let text =
                "A cab of the same signature was sent before, so none is sent (BypassDataThrottling is 0).";
            return self.end(SubmitResult::Throttled, format!("{accepted} {text}"));
        }
        let (target, path) = match self.target() {
            Ok(target) => target,
            Err(text) => return self.end(SubmitResult::ReportUploaded, format!("{accepted} {text}")),
        };
        match self.deliver(&target, &path) {
            Ok(outcome) => outcome,
            Err(error) => {
                let text = format!("The cab could not be made: {}.", printable(&error.to_string()));
                self.end(SubmitResult::ReportQueued, format!("{accepted} {text}"))
            }
        }
    }

    fn end(&self, result: SubmitResult, explanation: String) -> SubmitOutcome {
        let reply = Some(self.reply.clone());
        SubmitOutcome { reply, ..ended(result, self.with_refusals(explanation)) }
    }

    fn files(&self) -> &[AttachedFile] {
        &self.files
    }

    fn accepted(&self) -> String {
        match self.reply.bucket {
            Some(bucket) => format!("The server took the parameters (bucket {bucket})."),
            None => "The server took the parameters.".into(),
        }
    }

    fn with_refusals(&self, explanation: String) -> String {
        if asks::asks_for_machine_data(&self.response) {
            format!(
                "{explanation} It also asked for files, keys or queries of this machine; they are not sent."
            )
        } else {
            explanation
        }
    }

    /// Where the cab goes, or why nowhere.
    fn target(&self) -> Result<(Server, String), String> {
        let named = self.response.dump_server.as_deref();
        let target = self.server.for_cab(named).ok_or_else(|| {
            format!(
                "It wants the cab on another server ({}), which CorporateWERDumpServer does not allow; no cab was sent.",
                printable(named.unwrap_or_default())
            )
        })?;
        let dump_file = self.response.dump_file.as_deref().unwrap_or_default();
        let path = asks::dump_path(dump_file).ok_or_else(|| {
            format!(
                "It names no acceptable path for the cab (\"{}\"); no cab was sent.",
                printable(dump_file)
            )
        })?;
        Ok((target, path))
    }

    /// In pieces where the server takes them and the files are large; as a cab else.
    fn deliver(&self, target: &Server, path: &str) -> io::Result<SubmitOutcome> {
        let (members, notes) = self.members()?;
        // Another server than the one that answered has not said that it takes pieces.
        let pieces = self.pieces.as_deref().filter(|_| target == self.server);
        if let Some(pieces) = pieces
            && cabinet::total_bytes(&members)? >= PIECES_FROM_BYTES
            && let Some(outcome) = self.send_pieces(target, pieces, members, &notes)
        {
            return Ok(outcome);
        }
        let (members, notes) = self.members()?;
        let cab = cabinet::write(members)?;
        Ok(self.put(target, path, &cab, notes))
    }

    /// What is sent, and sentences about files that cannot be.
    fn members(&self) -> io::Result<(Vec<Member>, Vec<String>)> {
        let folder = Folder::open(self.input.folder)?;
        let mut report_wer = folder.report_wer()?;
        if self.input.data < DataScope::AllData {
            report_wer = without_last_words(&report_wer);
        }
        let mut members = vec![Member { name: "Report.wer".into(), source: Source::Bytes(report_wer) }];
        let mut notes = Vec::new();
        if let Ok(file) = folder.file("WERInternalMetadata.xml") {
            members.push(Member { name: "WERInternalMetadata.xml".into(), source: Source::File(file) });
        }
        for attached in contents::choose(self.files(), self.input.data, &self.response) {
            match folder.file(&attached.name) {
                Ok(file) => members.push(Member { name: attached.name.clone(), source: Source::File(file) }),
                Err(error) => notes.push(format!("{} was not sent: {error}.", printable(&attached.name))),
            }
        }
        Ok((members, notes))
    }

    /// `None`: the server does not take these in pieces after all, so that a cab is tried.
    fn send_pieces(
        &self,
        target: &Server,
        path: &str,
        members: Vec<Member>,
        notes: &[String],
    ) -> Option<SubmitOutcome> {
        let name = format!("{}:{}", printable(&target.host), target.port);
        let client = Client::new(target, self.timeouts)?;
        match pieces::send(&client, path, members) {
            Ok(sent) => {
                let text = format!("{name} took {} files in {} new pieces.", sent.names.len(), sent.pieces);
                let mut sentences = vec![self.accepted(), text];
                sentences.extend_from_slice(notes);
                let outcome = self.end(SubmitResult::ReportUploadedCab, sentences.join(" "));
                Some(SubmitOutcome { sent_files: sent.names, ..outcome })
            }
            Err(PiecesError::Refused(answer)) if is_final(answer.status) => {
                tracing::info!(
                    status = answer.status,
                    reason = printable(&String::from_utf8_lossy(&answer.body)),
                    "the server does not take the files in pieces; a cab is tried"
                );
                None
            }
            Err(error) => {
                let wait = match &error {
                    PiecesError::Refused(answer) => answer.wait(),
                    _ => None,
                };
                let reason = printable(&error.to_string());
                let outcome = self.later(&format!("The files did not all reach {name} ({reason})"));
                Some(later_than(outcome, wait))
            }
        }
    }

    fn put(&self, target: &Server, path: &str, cab: &Cab, notes: Vec<String>) -> SubmitOutcome {
        let accepted = self.accepted();
        let name = format!("{}:{}", printable(&target.host), target.port);
        let Some(client) = Client::new(target, self.timeouts) else {
            return self.end(
                SubmitResult::ReportUploaded,
                format!("{accepted} No cab was sent: {name} is no host."),
            );
        };
        match client.put(path, &cab.file) {
            Ok(answer) if (200..300).contains(&answer.status) => {
                let left_out = cab.left_out.iter().map(|name| {
                    format!(
                        "{} was not sent: it does not fit into the cab, or its name is taken.",
                        printable(name)
                    )
                });
                let taken = format!("{name} took a cab with {} files.", cab.names.len());
                let sentences: Vec<String> =
                    [accepted, taken].into_iter().chain(notes).chain(left_out).collect();
                let outcome = self.end(SubmitResult::ReportUploadedCab, sentences.join(" "));
                SubmitOutcome { sent_files: cab.names.clone(), ..outcome }
            }
            Ok(answer) if is_final(answer.status) => {
                let text =
                    format!("{name} refused the cab (status {}){}.", answer.status, reason_of(&answer));
                self.end(SubmitResult::ReportUploaded, format!("{accepted} {text}"))
            }
            Ok(answer) => {
                let text = format!("{name} did not take the cab (status {})", answer.status);
                later_than(self.later(&text), answer.wait())
            }
            Err(error) => self.later(&format!("The cab did not reach {name} ({error})")),
        }
    }

    fn later(&self, reason: &str) -> SubmitOutcome {
        let text = format!("{} {reason}; the report is sent again later.", self.accepted());
        self.end(SubmitResult::ReportQueued, text)
    }
}
