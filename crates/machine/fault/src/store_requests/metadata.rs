//! The facts of a stored report as `WER_REPORT_METADATA_V3` has them.

use wer_abi::Hresult;
use wer_abi::store_requests::{Guid, WerReportMetadata};
use wer_model::Report;
use wer_report::report_wer;
use wer_store::StoredReport;

use super::Answer;
use super::stores::answer_of;

/// The structure and the names of the report's files, as an answer has them.
pub(super) fn of(stored: &StoredReport) -> Answer {
    let bytes = stored.report_wer().map_err(|error| answer_of(&error))?;
    let report = report_wer::parse(&bytes).map_err(|error| {
        tracing::warn!(report = %stored.id, %error, "a report cannot be read");
        Hresult::INVALID_DATA
    })?;
    let files = stored.files().map_err(|error| answer_of(&error))?;
    let mut metadata = facts(&report);
    metadata.report_id = Guid::from_printed(stored.id.0);
    metadata.report_integrator_id = metadata.report_id;
    metadata.size_in_bytes = files.iter().map(|file| file.size_bytes).sum();
    metadata.number_of_files = files.len() as u32;
    let mut names: Vec<u8> = Vec::new();
    for file in &files {
        names.extend(file.name.encode_utf16().chain([0]).flat_map(u16::to_le_bytes));
    }
    names.extend([0, 0]);
    metadata.size_of_file_names = names.len() as u32;
    Ok([&metadata.to_bytes()[..], &names].concat())
}

/// What stands in `Report.wer`.
fn facts(report: &Report) -> WerReportMetadata {
    let mut metadata = WerReportMetadata::EMPTY;
    put(&mut metadata.signature.event_name, &report.signature.event_type);
    for (place, parameter) in metadata.signature.parameters.iter_mut().zip(&report.signature.parameters) {
        put(&mut place.name, &parameter.name);
        put(&mut place.value, &parameter.value);
    }
    let hash = wer_report::signature_hash(report);
    metadata.bucket_id = Guid::from_printed(first_bytes(&hash));
    put(&mut metadata.bucket_id_string, &hash);
    metadata.creation_time = [report.event_time_filetime as u32, (report.event_time_filetime >> 32) as u32];
    metadata.report_status = wer_report::report_status(report);
    put(&mut metadata.friendly_event_name, &report.friendly_event_name);
    put(&mut metadata.application_name, &report.application_name);
    put(&mut metadata.application_path, &report.application_path);
    put(&mut metadata.description, &report.statement.description);
    metadata.legacy_bucket_id = report.reply.as_ref().and_then(|reply| reply.bucket).unwrap_or(0);
    metadata
}

/// The text, cut between characters so that its terminator fits.
fn put(place: &mut [u16], text: &str) {
    let mut left = place.len().saturating_sub(1);
    let mut units = Vec::new();
    for character in text.chars().take_while(|character| *character != '\0') {
        let Some(rest) = left.checked_sub(character.len_utf16()) else { break };
        left = rest;
        units.extend_from_slice(character.encode_utf16(&mut [0; 2]));
    }
    for (place, unit) in place.iter_mut().zip(units) {
        *place = unit;
    }
}

/// The bytes that hex digits begin with.
fn first_bytes(hex: &str) -> [u8; 16] {
    let mut bytes = [0; 16];
    for (place, pair) in bytes.iter_mut().zip(hex.as_bytes().as_chunks::<2>().0) {
        let text = core::str::from_utf8(pair).unwrap_or_default();
        *place = u8::from_str_radix(text, 16).unwrap_or(0);
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_cut_between_characters() {
        let mut place = [9; 5];
        place.fill(0);
        put(&mut place, "abc\u{1F980}");
        assert_eq!(place, ['a' as u16, 'b' as u16, 'c' as u16, 0, 0]);
        let mut place = [0; 5];
        put(&mut place, "ab\u{1F980}c");
        assert_eq!(place, ['a' as u16, 'b' as u16, 0xD83E, 0xDD80, 0]);
        assert_eq!(first_bytes("00ff10")[..4], [0, 255, 16, 0]);
    }
}
