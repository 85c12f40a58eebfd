//! `WER_REPORT_METADATA_V3` as values. The bytes come from the system or from `werfault`; what is cut is refused, what has
//! no terminator ends with its field.

use core::mem::offset_of;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use wer_abi::store_requests::{METADATA_V3_BYTES, WerReportMetadata, WerReportParameter, WerReportSignature};

/// What a stored report says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReportMetadata {
    /// The key that it was asked for by.
    pub key: String,
    /// Event type.
    pub event_type: String,
    /// Names and values of P0 to the last one.
    pub parameters: Vec<(String, String)>,
    /// The report's GUID, as it is printed.
    pub report_id: String,
    /// When it happened.
    pub time: SystemTime,
    /// Of all its files.
    pub size_bytes: u64,
    /// `ReportStatus` of `Report.wer`.
    pub status: u32,
    /// Its files.
    pub file_names: Vec<String>,
    /// The event for people.
    pub friendly_event_name: String,
    /// The program.
    pub application_name: String,
    /// Its path.
    pub application_path: String,
    /// What its program said of it.
    pub description: String,
    /// Hash of event type and parameters.
    pub bucket_id: String,
    /// The server's bucket, 0 = none.
    pub server_bucket: u64,
}

impl ReportMetadata {
    /// `None` for bytes that are too few.
    pub(crate) fn read(key: &str, bytes: &[u8], file_names: &[u8]) -> Option<Self> {
        if bytes.len() < METADATA_V3_BYTES {
            return None;
        }
        let number = |offset: usize| Some(u64::from_le_bytes(*bytes.get(offset..)?.first_chunk()?));
        let text = |offset: usize, units: usize| text(bytes.get(offset..)?.get(..2 * units)?);
        let mut parameters = Vec::new();
        for index in 0..PARAMETERS {
            let start = offset_of!(WerReportSignature, parameters) + index * size_of::<WerReportParameter>();
            let value = start + offset_of!(WerReportParameter, value);
            parameters.push((text(start, NAME_UNITS)?, text(value, VALUE_UNITS)?));
        }
        let used = parameters.iter().rposition(|(name, value)| !name.is_empty() || !value.is_empty());
        parameters.truncate(used.map_or(0, |last| last + 1));
        let status = bytes.get(offset_of!(WerReportMetadata, report_status)..)?.first_chunk()?;
        let (units, _) = file_names.as_chunks::<2>();
        let units: Vec<u16> = units.iter().map(|unit| u16::from_le_bytes(*unit)).collect();
        Some(Self {
            key: key.to_owned(),
            event_type: text(0, offset_of!(WerReportSignature, parameters) / 2)?,
            parameters,
            report_id: guid(bytes.get(offset_of!(WerReportMetadata, report_id)..)?.first_chunk()?),
            time: time(number(offset_of!(WerReportMetadata, creation_time))?),
            size_bytes: number(offset_of!(WerReportMetadata, size_in_bytes))?,
            status: u32::from_le_bytes(*status),
            file_names: units
                .split(|unit| *unit == 0)
                .filter(|name| !name.is_empty())
                .map(String::from_utf16_lossy)
                .collect(),
            friendly_event_name: text(offset_of!(WerReportMetadata, friendly_event_name), 128)?,
            application_name: text(offset_of!(WerReportMetadata, application_name), 128)?,
            application_path: text(offset_of!(WerReportMetadata, application_path), 260)?,
            description: text(offset_of!(WerReportMetadata, description), 512)?,
            bucket_id: text(offset_of!(WerReportMetadata, bucket_id_string), 260)?,
            server_bucket: number(offset_of!(WerReportMetadata, legacy_bucket_id))?,
        })
    }
}

const PARAMETERS: usize = 10;
const NAME_UNITS: usize = offset_of!(WerReportParameter, value) / 2;
const VALUE_UNITS: usize = size_of::<WerReportParameter>() / 2 - NAME_UNITS;

/// UTF-16 up to its terminator.
#[expect(clippy::unnecessary_wraps, reason = "used among what can fail")]
fn text(bytes: &[u8]) -> Option<String> {
    let units = bytes.as_chunks::<2>().0.iter().map(|unit| u16::from_le_bytes(*unit));
    let units: Vec<u16> = units.take_while(|unit| *unit != 0).collect();
    Some(String::from_utf16_lossy(&units))
}

fn guid(bytes: &[u8; 16]) -> String {
    let [a, b, c, d, e, f, g, h, rest @ ..] = *bytes;
    let first = u32::from_le_bytes([a, b, c, d]);
    let (second, third) = (u16::from_le_bytes([e, f]), u16::from_le_bytes([g, h]));
    let rest = u64::from_be_bytes(rest);
    format!("{first:08x}-{second:04x}-{third:04x}-{:04x}-{:012x}", rest >> 48, rest & 0xFFFF_FFFF_FFFF)
}

/// From 100 ns since 1601; before 1970 is 1970.
fn time(filetime: u64) -> SystemTime {
    const TICKS_TO_1970: u64 = 116_444_736_000_000_000;
    const TICKS_PER_SECOND: u64 = 10_000_000;
    let ticks = filetime.saturating_sub(TICKS_TO_1970);
    let nanoseconds = (ticks % TICKS_PER_SECOND) as u32 * 100;
    UNIX_EPOCH.checked_add(Duration::new(ticks / TICKS_PER_SECOND, nanoseconds)).unwrap_or(UNIX_EPOCH)
}

#[cfg(test)]
mod tests {
    use wer_abi::store_requests::Guid;

    use super::*;

    fn put(place: &mut [u16], text: &str) {
        for (place, unit) in place.iter_mut().zip(text.encode_utf16()) {
            *place = unit;
        }
    }

    #[test]
    fn a_structure_comes_back_as_values_and_a_cut_one_does_not() {
        let mut metadata = WerReportMetadata::EMPTY;
        put(&mut metadata.signature.event_name, "Event");
        put(&mut metadata.signature.parameters[1].value, "two");
        put(&mut metadata.description, &"d".repeat(600));
        metadata.report_id =
            Guid::from_printed(*b"\x01\x23\x45\x67\x89\xab\xcd\xef\x01\x23\x45\x67\x89\xab\xcd\xef");
        metadata.creation_time = [0xD53E_8000, 0x019D_B1DE];
        metadata.size_in_bytes = 7;
        metadata.report_status = 4;
        let bytes = metadata.to_bytes();
        let names: Vec<u8> = "a\0b\0\0".encode_utf16().flat_map(u16::to_le_bytes).collect();
        let read = ReportMetadata::read("key", &bytes, &names).unwrap();
        assert_eq!((&*read.key, &*read.event_type), ("key", "Event"));
        assert_eq!(read.parameters, [(String::new(), String::new()), (String::new(), "two".into())]);
        assert_eq!(read.report_id, "01234567-89ab-cdef-0123-456789abcdef");
        assert_eq!((read.time, read.size_bytes, read.status), (UNIX_EPOCH, 7, 4));
        assert_eq!(read.file_names, ["a", "b"]);
        assert_eq!(read.description.len(), 512, "a field without terminator ends");
        assert_eq!(ReportMetadata::read("", &bytes[1..], &names), None);
    }
}
