//! `WER_REPORT_METADATA_V1` to `V3`: each is the beginning of the next.

use core::mem::offset_of;

use crate::limits::{
    MAX_PATH, WER_MAX_EVENT_NAME_LENGTH, WER_MAX_PARAM_COUNT, WER_MAX_PARAM_LENGTH,
    WER_MAX_SIGNATURE_NAME_LENGTH,
};

/// `GUID`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct Guid {
    /// The first four bytes as printed.
    pub data1: u32,
    /// The next two.
    pub data2: u16,
    /// The next two.
    pub data3: u16,
    /// The rest, in order.
    pub data4: [u8; 8],
}

impl Guid {
    /// From the bytes in the order in which they are printed.
    #[must_use]
    pub const fn from_printed(bytes: [u8; 16]) -> Self {
        let [a, b, c, d, e, f, g, h, data4 @ ..] = bytes;
        Self {
            data1: u32::from_be_bytes([a, b, c, d]),
            data2: u16::from_be_bytes([e, f]),
            data3: u16::from_be_bytes([g, h]),
            data4,
        }
    }

    fn to_bytes(self) -> [u8; 16] {
        let mut bytes = [0; 16];
        put(&mut bytes, 0, &self.data1.to_le_bytes());
        put(&mut bytes, 4, &self.data2.to_le_bytes());
        put(&mut bytes, 6, &self.data3.to_le_bytes());
        put(&mut bytes, 8, &self.data4);
        bytes
    }
}

/// `WER_REPORT_PARAMETER`.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct WerReportParameter {
    /// With its terminator.
    pub name: [u16; WER_MAX_SIGNATURE_NAME_LENGTH + 1],
    /// With its terminator.
    pub value: [u16; WER_MAX_PARAM_LENGTH],
}

/// `WER_REPORT_SIGNATURE`.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct WerReportSignature {
    /// With its terminator.
    pub event_name: [u16; WER_MAX_EVENT_NAME_LENGTH + 1],
    /// Those that a report lacks are empty.
    pub parameters: [WerReportParameter; WER_MAX_PARAM_COUNT],
}

/// `WER_REPORT_METADATA_V3`. Texts have their terminator; `GUID`s are as Windows lays them out.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct WerReportMetadata {
    /// What the report is filed under.
    pub signature: WerReportSignature,
    /// The same as a number: the first 16 bytes of the signature's hash.
    pub bucket_id: Guid,
    /// Its id.
    pub report_id: Guid,
    /// `FILETIME` of the event, low and high half.
    pub creation_time: [u32; 2],
    /// Bytes of its files.
    pub size_in_bytes: u64,
    /// From V2 on. Always empty: the server gives cabs no id.
    pub cab_id: [u16; MAX_PATH],
    /// From V2 on: `ReportStatus` of `Report.wer`.
    pub report_status: u32,
    /// From V2 on: the same as `report_id`.
    pub report_integrator_id: Guid,
    /// From V2 on.
    pub number_of_files: u32,
    /// From V2 on: BYTES of the names with their terminators.
    pub size_of_file_names: u32,
    /// From V2 on: a pointer of the caller's; 0 in an answer.
    pub file_names: u64,
    /// From V3 on.
    pub friendly_event_name: [u16; 128],
    /// From V3 on.
    pub application_name: [u16; 128],
    /// From V3 on.
    pub application_path: [u16; MAX_PATH],
    /// From V3 on.
    pub description: [u16; 512],
    /// From V3 on: the signature's hash.
    pub bucket_id_string: [u16; 260],
    /// From V3 on: the bucket's number at the server, 0 = not known.
    pub legacy_bucket_id: u64,
}

/// Bytes of `WER_REPORT_METADATA_V1`.
pub const METADATA_V1_BYTES: usize = 7960;
/// Bytes of `WER_REPORT_METADATA_V2`.
pub const METADATA_V2_BYTES: usize = 8520;
/// Bytes of `WER_REPORT_METADATA_V3`.
pub const METADATA_V3_BYTES: usize = 11104;

impl WerReportMetadata {
    /// Where `NumberOfFiles` is.
    pub const NUMBER_OF_FILES_OFFSET: usize = offset_of!(Self, number_of_files);
    /// Where `SizeOfFileNames` is.
    pub const SIZE_OF_FILE_NAMES_OFFSET: usize = offset_of!(Self, size_of_file_names);
    /// Where `FileNames` is.
    pub const FILE_NAMES_OFFSET: usize = offset_of!(Self, file_names);

    /// Nothing known.
    pub const EMPTY: Self = Self {
        signature: WerReportSignature {
            event_name: [0; WER_MAX_EVENT_NAME_LENGTH + 1],
            parameters: [WerReportParameter {
                name: [0; WER_MAX_SIGNATURE_NAME_LENGTH + 1],
                value: [0; WER_MAX_PARAM_LENGTH],
            }; WER_MAX_PARAM_COUNT],
        },
        bucket_id: Guid { data1: 0, data2: 0, data3: 0, data4: [0; 8] },
        report_id: Guid { data1: 0, data2: 0, data3: 0, data4: [0; 8] },
        creation_time: [0; 2],
        size_in_bytes: 0,
        cab_id: [0; MAX_PATH],
        report_status: 0,
        report_integrator_id: Guid { data1: 0, data2: 0, data3: 0, data4: [0; 8] },
        number_of_files: 0,
        size_of_file_names: 0,
        file_names: 0,
        friendly_event_name: [0; 128],
        application_name: [0; 128],
        application_path: [0; MAX_PATH],
        description: [0; 512],
        bucket_id_string: [0; 260],
        legacy_bucket_id: 0,
    };

    /// The bytes of the structure, padding as zeros.
    #[must_use]
    pub fn to_bytes(&self) -> [u8; METADATA_V3_BYTES] {
        let mut bytes = [0; METADATA_V3_BYTES];
        put_text(&mut bytes, 0, &self.signature.event_name);
        for (index, parameter) in self.signature.parameters.iter().enumerate() {
            let start = offset_of!(WerReportSignature, parameters) + index * size_of::<WerReportParameter>();
            put_text(&mut bytes, start, &parameter.name);
            put_text(&mut bytes, start + offset_of!(WerReportParameter, value), &parameter.value);
        }
        put(&mut bytes, offset_of!(Self, bucket_id), &self.bucket_id.to_bytes());
        put(&mut bytes, offset_of!(Self, report_id), &self.report_id.to_bytes());
        put(&mut bytes, offset_of!(Self, creation_time), &self.creation_time[0].to_le_bytes());
        put(&mut bytes, offset_of!(Self, creation_time) + 4, &self.creation_time[1].to_le_bytes());
        put(&mut bytes, offset_of!(Self, size_in_bytes), &self.size_in_bytes.to_le_bytes());
        put_text(&mut bytes, offset_of!(Self, cab_id), &self.cab_id);
        put(&mut bytes, offset_of!(Self, report_status), &self.report_status.to_le_bytes());
        put(&mut bytes, offset_of!(Self, report_integrator_id), &self.report_integrator_id.to_bytes());
        put(&mut bytes, Self::NUMBER_OF_FILES_OFFSET, &self.number_of_files.to_le_bytes());
        put(&mut bytes, Self::SIZE_OF_FILE_NAMES_OFFSET, &self.size_of_file_names.to_le_bytes());
        put(&mut bytes, Self::FILE_NAMES_OFFSET, &self.file_names.to_le_bytes());
        put_text(&mut bytes, offset_of!(Self, friendly_event_name), &self.friendly_event_name);
        put_text(&mut bytes, offset_of!(Self, application_name), &self.application_name);
        put_text(&mut bytes, offset_of!(Self, application_path), &self.application_path);
        put_text(&mut bytes, offset_of!(Self, description), &self.description);
        put_text(&mut bytes, offset_of!(Self, bucket_id_string), &self.bucket_id_string);
        put(&mut bytes, offset_of!(Self, legacy_bucket_id), &self.legacy_bucket_id.to_le_bytes());
        bytes
    }
}

fn put(bytes: &mut [u8], at: usize, value: &[u8]) {
    for (place, byte) in bytes.iter_mut().skip(at).zip(value) {
        *place = *byte;
    }
}

fn put_text(bytes: &mut [u8], at: usize, units: &[u16]) {
    for (place, unit) in bytes.iter_mut().skip(at).zip(units.iter().flat_map(|unit| unit.to_le_bytes())) {
        *place = unit;
    }
}

const _: () = {
    assert!(size_of::<WerReportParameter>() == 778);
    assert!(size_of::<WerReportSignature>() == 7910);
    assert!(size_of::<WerReportMetadata>() == METADATA_V3_BYTES);
    assert!(offset_of!(WerReportMetadata, bucket_id) == 7912);
    assert!(offset_of!(WerReportMetadata, cab_id) == METADATA_V1_BYTES);
    assert!(offset_of!(WerReportMetadata, report_status) == 8480);
    assert!(offset_of!(WerReportMetadata, report_integrator_id) == 8484);
    assert!(offset_of!(WerReportMetadata, file_names) == 8512);
    assert!(offset_of!(WerReportMetadata, friendly_event_name) == METADATA_V2_BYTES);
    assert!(offset_of!(WerReportMetadata, application_name) == 8776);
    assert!(offset_of!(WerReportMetadata, application_path) == 9032);
    assert!(offset_of!(WerReportMetadata, description) == 9552);
    assert!(offset_of!(WerReportMetadata, bucket_id_string) == 10576);
    assert!(offset_of!(WerReportMetadata, legacy_bucket_id) == 11096);
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bytes_are_those_of_the_structure() {
        let mut metadata = WerReportMetadata::EMPTY;
        metadata.signature.parameters[9].value[259] = 0x1122;
        metadata.report_id = Guid::from_printed(*b"0123456789abcdef");
        metadata.creation_time = [1, 2];
        metadata.legacy_bucket_id = 7;
        let bytes = metadata.to_bytes();
        assert_eq!(bytes[7908..7912], [0x22, 0x11, 0, 0]);
        assert_eq!(&bytes[7928..7944], b"3210547689abcdef");
        assert_eq!(bytes[7944..7952], [1, 0, 0, 0, 2, 0, 0, 0]);
        assert_eq!(bytes[11096..], [7, 0, 0, 0, 0, 0, 0, 0]);
        assert_eq!(bytes.iter().filter(|byte| **byte != 0).count(), 2 + 16 + 2 + 1);
    }
}
