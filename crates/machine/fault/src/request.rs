//! `werfault --request`: stores and submits one report that a program made itself (`WerReportSubmit`). The bytes are in
//! `docs/formats/requests.md`.
//!
//! It has the rights of the program that asks, and reads the files that it names with these.

mod dumps;
mod fault;
mod files;

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result};
use wer_abi::Hresult;
use wer_abi::flags::{WER_SUBMIT_ADD_REGISTERED_DATA, WER_SUBMIT_OUTOFPROCESS_ASYNC, WER_SUBMIT_VALID};
use wer_abi::limits::WER_MAX_PARAM_COUNT;
use wer_abi::report_request::{Item, MAX_DUMPS, MAX_REQUEST_BYTES, ReportHead, Tag, decode};
use wer_abi::store_requests::answer_head;
use wer_model::{
    ConsentChoice, Parameter, ReportId, ReportState, ReportType, Signature, SoftError, Stage, Statement,
    SubmitResult,
};
use wer_report::{GenericFacts, ReportInputs, filetime};
use wer_store::Store;
use wer_sys::Process;

use self::dumps::Asked;
use self::files::Wanted;
use crate::fail_spot::{self, Spot};
use crate::{Context, Reported, Submission, events, submit_with};

/// A request as it was read.
#[derive(Debug, Default)]
struct Request {
    event_type: String,
    consent_key: String,
    friendly_event_name: String,
    application_name: String,
    application_path: String,
    statement: Statement,
    parameters: Vec<Parameter>,
    files: Vec<Wanted>,
    dumps: Vec<Asked>,
    /// It is the report of this crash, and nothing else.
    fault: Option<Asked>,
    is_broken: bool,
}

impl Request {
    fn take(&mut self, item: Item<'_>) {
        let text = item.text.to_owned();
        match item.tag {
            Tag::EventType => self.event_type = text,
            Tag::ConsentKey => self.consent_key = text,
            Tag::FriendlyEventName => self.friendly_event_name = text,
            Tag::ApplicationName => self.application_name = text,
            Tag::ApplicationPath => self.application_path = text,
            Tag::ParameterName => self.parameters.push(Parameter::new(text, "")),
            Tag::ParameterValue => {
                if let Some(last) = self.parameters.last_mut() {
                    last.value = text;
                }
            }
            Tag::File => self.files.push(Wanted {
                path: text,
                kind: files::kind(item.first),
                flags: item.second & 0xFFFF,
            }),
            Tag::Dump => match Asked::of(&item) {
                Some(dump) => self.dumps.push(dump),
                None => self.is_broken = true,
            },
            Tag::Fault => {
                self.fault = Asked::fault(&item);
                self.is_broken |= self.fault.is_none();
            }
            Tag::Description => self.statement.description = text,
            Tag::NamespacePartner => self.statement.namespace_partner = text,
            Tag::ApplicationIdentity => self.statement.application_identity = text,
            Tag::NamespaceGroup => self.statement.namespace_group = text,
            Tag::UiText => {
                self.statement.ui_texts.retain(|(which, _)| *which != item.first);
                self.statement.ui_texts.push((item.first, text));
            }
        }
    }
}

/// Reads a request from the program's socket, does it and answers. `context` gives `None` where nothing may be done.
///
/// # Errors
/// The answer could not be written, or a report whose program does not wait could not be stored.
pub fn serve(socket: OwnedFd, context: &dyn Fn() -> Option<Context>) -> Result<()> {
    let mut socket = File::from(socket);
    let mut bytes = Vec::new();
    Read::by_ref(&mut socket).take(MAX_REQUEST_BYTES as u64 + 1).read_to_end(&mut bytes)?;
    let mut request = Request::default();
    let head = decode(&bytes, |item| request.take(item));
    let plan = match (head.and_then(|head| Some((head, plan(&head, &request)?))), context()) {
        (None, _) => Err(Hresult::E_INVALIDARG),
        (_, None) => Err(Hresult::E_ACCESSDENIED),
        (Some((head, plan)), Some(context)) => Ok((head, plan, context)),
    };
    let (head, (report_type, choice), context) = match plan {
        Ok(plan) => plan,
        Err(refusal) => return Ok(answer(&mut socket, Err(refusal))?),
    };
    if let Some(fault) = &request.fault {
        return fault::serve(socket, &context, fault);
    }
    // Stored while the program waits, so that one that ends at once loses nothing.
    let outcome = match store(&context, &head, request, report_type) {
        Ok(Some(id)) if head.submit_flags & WER_SUBMIT_OUTOFPROCESS_ASYNC != 0 => {
            answer(&mut socket, Ok(SubmitResult::ReportAsync as u32))?;
            drop(socket);
            submit(&context, &head, id, choice).inspect_err(|error| {
                events::failure(&context, &events::sentence(error));
            })?;
            return Ok(());
        }
        Ok(Some(id)) => submit(&context, &head, id, choice),
        Ok(None) => Ok(SubmitResult::WerDisabled),
        Err(error) => Err(error),
    };
    let result = outcome.map_err(|error| {
        events::failure(&context, &events::sentence(&error));
        Hresult::E_FAIL
    });
    Ok(answer(&mut socket, result.map(|result| capped(result, head.result_max)))?)
}

fn answer(socket: &mut File, result: Result<u32, Hresult>) -> std::io::Result<()> {
    match result {
        Ok(result) => socket.write_all(&[&answer_head(Hresult::S_OK, 4)[..], &result.to_le_bytes()].concat()),
        Err(error) => socket.write_all(&answer_head(error, 0)),
    }
}

/// Report type and consent, where the request can be done.
fn plan(head: &ReportHead, request: &Request) -> Option<(ReportType, ConsentChoice)> {
    let choice = match head.consent {
        1 => ConsentChoice::NotAsked,
        2 => ConsentChoice::Approved,
        3 => ConsentChoice::Denied,
        4 => ConsentChoice::AlwaysPrompt,
        _ => return None,
    };
    // Windows takes any number; one that it does not know is no crash.
    let report_type = match head.report_type {
        1 => ReportType::Critical,
        2 => ReportType::ApplicationCrash,
        3 => ReportType::ApplicationHang,
        4 => ReportType::Kernel,
        _ => ReportType::NonCritical,
    };
    let is_whole = (!request.event_type.is_empty() || request.fault.is_some())
        && !request.is_broken
        && request.dumps.len() <= MAX_DUMPS
        && request.parameters.len() <= WER_MAX_PARAM_COUNT
        && head.submit_flags & !WER_SUBMIT_VALID == 0;
    is_whole.then_some((report_type, choice))
}

/// What a caller that knows results up to `max` only is told.
const fn capped(result: SubmitResult, max: u32) -> u32 {
    match result as u32 {
        number if max == 0 || number <= max => number,
        _ if matches!(result, SubmitResult::ReportUploadedCab) => SubmitResult::ReportUploaded as u32,
        _ => SubmitResult::ReportFailed as u32,
    }
}

/// Stores the report; `None` where the settings want none.
fn store(
    context: &Context,
    head: &ReportHead,
    request: Request,
    report_type: ReportType,
) -> Result<Option<ReportId>> {
    let pid = head.process_id;
    let process = Process::open(pid)
        .with_context(|| format!("the report {} about process {pid} was not made", request.event_type))?;
    let executable = process.executable().unwrap_or_default();
    let program = executable.rsplit('/').next().unwrap_or_default();
    if context.settings.disabled() || context.settings.is_excluded(program) {
        return Ok(None);
    }
    let mut soft_errors = context.warnings.clone();
    let seen = wer_capture::running(pid).inspect_err(|error| {
        let message = format!("Modules and registrations of process {pid} are missing: {error}.");
        soft_errors.push(SoftError::new(Stage::Capture, message));
    });
    let seen = seen.ok();
    let mut wanted = request.files;
    let with_registered = head.submit_flags & WER_SUBMIT_ADD_REGISTERED_DATA != 0;
    if with_registered {
        wanted.extend(seen.iter().flat_map(|seen| files::registered(&seen.registrations)));
    }
    let id = ReportId(*uuid::Uuid::new_v4().as_bytes());
    let store = Store::open(&context.locations.store_root)?;
    let staging = store.begin(id)?;
    let mut made = dumps::make(&request.dumps, with_registered, context, staging.folder(), id);
    soft_errors.append(&mut made.soft_errors);
    let mut copied = files::copy(&wanted, context, staging.folder());
    soft_errors.append(&mut copied.soft_errors);
    made.files.append(&mut copied.files);
    let now_ns = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |now| now.as_nanos());
    let facts = GenericFacts {
        report_type,
        signature: Signature { event_type: request.event_type, parameters: request.parameters },
        event_time_filetime: filetime::from_unix_ns(u64::try_from(now_ns).unwrap_or(u64::MAX)),
        consent_key: request.consent_key,
        friendly_event_name: request.friendly_event_name,
        application_name: request.application_name,
        application_path: request.application_path,
        statement: request.statement,
        pid,
        uid: rustix::process::getuid().as_raw(),
        executable,
    };
    let inputs = ReportInputs {
        id,
        files: made.files,
        soft_errors,
        waiting_reason: context.settings.waiting_reason(),
    };
    let report = wer_report::build_generic_report(seen.as_ref(), facts, inputs);
    if let Some(seen) = &seen {
        let metadata = wer_report::internal_metadata::to_bytes(&report, seen);
        staging.write_file("WERInternalMetadata.xml", &metadata)?;
    }
    fail_spot::reach(Spot::Copied);
    let bytes = wer_report::report_wer::to_bytes(&report);
    let stored = staging.commit(&wer_report::folder_name(&report), &bytes, ReportState::Queued)?;
    fail_spot::reach(Spot::Committed);
    if let Err(error) = store.enforce_quota(ReportState::Queued, context.settings.max_queue_count()) {
        let message = format!("The oldest reports could not be removed from the queue: {error}.");
        events::failure(context, &message);
    }
    events::record(context, &Reported { id, folder: stored.folder, report }, events::Change::Queued);
    copied.delete_done(context);
    Ok(Some(id))
}

fn submit(context: &Context, head: &ReportHead, id: ReportId, choice: ConsentChoice) -> Result<SubmitResult> {
    let submission = Submission::by_application(choice, head.submit_flags);
    Ok(submit_with(context, id, submission)?.result)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_caller_is_told_no_result_that_it_does_not_know() {
        assert_eq!(capped(SubmitResult::ReportUploadedCab, 0), 11);
        assert_eq!(capped(SubmitResult::ReportUploadedCab, 11), 11);
        assert_eq!(capped(SubmitResult::ReportUploadedCab, 9), 2);
        assert_eq!(capped(SubmitResult::Throttled, 9), 4);
        assert_eq!(capped(SubmitResult::ReportQueued, 9), 1);
    }
}
