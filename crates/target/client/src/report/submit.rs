//! Gives a report to `werfault --request` (`docs/formats/requests.md`).

use std::time::Duration;

use wer_abi::Hresult;
use wer_abi::report_request::{Item, MAX_REQUEST_BYTES, ReportHead, Tag};
use wer_abi::store_requests::{ANSWER_BYTES, decode_answer};

use super::{Report, Result, dumps};
use crate::crash::{ask_werfault, ask_werfault_to_trace};

/// How long a submission may take; `werfault` itself gives up then too.
const DEADLINE: Duration = Duration::from_secs(600);
/// The greatest `WER_CONSENT` that can be given.
const LAST_CONSENT: u32 = 4;
/// The greatest `WER_SUBMIT_RESULT`.
const LAST_RESULT: u32 = 12;
/// Bytes of the answer beyond its head: a `WER_SUBMIT_RESULT`.
const RESULT_BYTES: usize = 4;

/// Submits a report about process `process_id`. The `WER_SUBMIT_RESULT`.
///
/// # Errors
/// `E_INVALIDARG` for an unknown consent or flag, and a parameter that is missing; those of [`ask_werfault`]; `E_FAIL` when
/// the report could not be stored.
pub fn submit(report: &Report, process_id: u32, consent: u32, flags: u32) -> Result<u32> {
    let is_known = (1..=LAST_CONSENT).contains(&consent) && flags & !wer_abi::flags::WER_SUBMIT_VALID == 0;
    if !is_known {
        return Err(Hresult::E_INVALIDARG);
    }
    let mut request = encode(report, process_id, consent, flags)?;
    let stops_us = dumps::encode(&report.dumps, &mut request);
    if request.len() > MAX_REQUEST_BYTES {
        return Err(Hresult::WER_E_LENGTH_EXCEEDED);
    }
    // What is registered lies in our memory.
    let may_read = stops_us || flags & wer_abi::flags::WER_SUBMIT_ADD_REGISTERED_DATA != 0;
    send(&request, may_read)
}

/// Reports the crash of the calling thread (`ReportFault`), by the `EXCEPTION_POINTERS` at this address. The
/// `WER_SUBMIT_RESULT`: `WerReportQueued` where it waits for consent or a server, `WerReportAsync` where it is sent when
/// this has returned, `WerDisabled`.
///
/// # Errors
/// `E_INVALIDARG` for pointers that cannot be read or make no sense; those of [`ask_werfault`]; `E_FAIL` when the report
/// could not be made.
pub fn report_fault(pointers: u64) -> Result<u32> {
    let head = ReportHead {
        report_type: REPORT_TYPE_CRASH,
        consent: CONSENT_NOT_ASKED,
        submit_flags: 0,
        result_max: 0,
        process_id: std::process::id(),
    };
    let mut request = head.encode().to_vec();
    dumps::encode_fault(pointers, &mut request)?;
    send(&request, true)
}

/// `WerReportApplicationCrash`.
const REPORT_TYPE_CRASH: u32 = 2;
/// `WerConsentNotAsked`.
const CONSENT_NOT_ASKED: u32 = 1;

fn send(request: &[u8], stops_us: bool) -> Result<u32> {
    let ask = if stops_us { ask_werfault_to_trace } else { ask_werfault };
    let answer = ask(c"--request", &[request], ANSWER_BYTES + RESULT_BYTES, DEADLINE)?;
    let (result, payload) = decode_answer(&answer).ok_or(Hresult::INVALID_DATA)?;
    if !result.is_success() {
        return Err(result);
    }
    let result = payload.try_into().map_or(0, u32::from_le_bytes);
    if (1..=LAST_RESULT).contains(&result) { Ok(result) } else { Err(Hresult::INVALID_DATA) }
}

fn encode(report: &Report, process_id: u32, consent: u32, submit_flags: u32) -> Result<Vec<u8>> {
    let (event_type, report_type, information) = report.heading();
    let result_max = information.submit_result_max.map_or(0, |max| u32::try_from(max).unwrap_or(0));
    let report_type = report_type.cast_unsigned();
    let mut bytes =
        ReportHead { report_type, consent, submit_flags, result_max, process_id }.encode().to_vec();
    let mut put = |tag, first: u32, second, text: &str| {
        bytes.extend_from_slice(&Item { tag, first, second, text, data: &[] }.head());
        bytes.extend_from_slice(text.as_bytes());
    };
    put(Tag::EventType, 0, 0, event_type);
    put(Tag::ConsentKey, 0, 0, &information.consent_key);
    put(Tag::FriendlyEventName, 0, 0, &information.friendly_event_name);
    put(Tag::ApplicationName, 0, 0, &information.application_name);
    put(Tag::ApplicationPath, 0, 0, &information.application_path);
    put(Tag::Description, 0, 0, &information.description);
    put(Tag::NamespacePartner, 0, 0, &information.namespace_partner);
    put(Tag::NamespaceGroup, 0, 0, &information.namespace_group);
    if information.application_identity != [0; 16] {
        let identity = u128::from_be_bytes(information.application_identity);
        put(Tag::ApplicationIdentity, 0, 0, &format!("{identity:032x}"));
    }
    for parameter in report.parameters()? {
        put(Tag::ParameterName, 0, 0, &parameter.name);
        put(Tag::ParameterValue, 0, 0, &parameter.value);
    }
    for file in report.files() {
        put(Tag::File, file.file_type, file.flags, &file.path);
    }
    for (which, text) in report.ui_texts() {
        put(Tag::UiText, which as u32, 0, text);
    }
    Ok(bytes)
}
