//! What a program says about a report of its own: `WER_REPORT_INFORMATION`, which grew by versions; `dw_size` tells
//! which one a caller has.

/// `WER_REPORT_INFORMATION_V5`; the older ones are its beginnings.
#[derive(Clone, Debug)]
#[repr(C)]
pub struct WerReportInformation {
    /// [`BASE_SIZE`], [`V3_SIZE`], [`V4_SIZE`] or [`V5_SIZE`].
    pub dw_size: u32,
    /// The process that the report is about; 0 is the caller.
    pub process: u64,
    /// Whose consent is asked for; empty means the event type's.
    pub consent_key: [u16; 64],
    /// Empty means the event type.
    pub friendly_event_name: [u16; 128],
    /// Empty means the name of the executable.
    pub application_name: [u16; 128],
    /// Empty means the path of the executable.
    pub application_path: [u16; 260],
    /// For the reader of the report.
    pub description: [u16; 512],
    /// The window that dialogs belong to.
    pub parent_window: u64,
    /// From V3 on.
    pub namespace_partner: [u16; 64],
    /// From V3 on.
    pub namespace_group: [u16; 64],
    /// From V4 on.
    pub application_identity: [u8; 16],
    /// From V4 on.
    pub snapshot: u64,
    /// From V4 on.
    pub delete_files_token: u64,
    /// From V5 on: the greatest result that the caller understands.
    pub submit_result_max: i32,
}

impl WerReportInformation {
    /// Nothing said.
    pub const EMPTY: Self = Self {
        dw_size: V5_SIZE,
        process: 0,
        consent_key: [0; 64],
        friendly_event_name: [0; 128],
        application_name: [0; 128],
        application_path: [0; 260],
        description: [0; 512],
        parent_window: 0,
        namespace_partner: [0; 64],
        namespace_group: [0; 64],
        application_identity: [0; 16],
        snapshot: 0,
        delete_files_token: 0,
        submit_result_max: 0,
    };
}

/// Bytes of the first version.
pub const BASE_SIZE: u32 = 2208;
/// Bytes of version 3.
pub const V3_SIZE: u32 = 2464;
/// Bytes of version 4.
pub const V4_SIZE: u32 = 2496;
/// Bytes of version 5.
pub const V5_SIZE: u32 = 2504;

const _: () = {
    use core::mem::offset_of;

    assert!(size_of::<WerReportInformation>() == V5_SIZE as usize);
    assert!(offset_of!(WerReportInformation, process) == 8);
    assert!(offset_of!(WerReportInformation, consent_key) == 16);
    assert!(offset_of!(WerReportInformation, friendly_event_name) == 144);
    assert!(offset_of!(WerReportInformation, application_name) == 400);
    assert!(offset_of!(WerReportInformation, application_path) == 656);
    assert!(offset_of!(WerReportInformation, description) == 1176);
    assert!(offset_of!(WerReportInformation, parent_window) == 2200);
    assert!(offset_of!(WerReportInformation, namespace_partner) == BASE_SIZE as usize);
    assert!(offset_of!(WerReportInformation, application_identity) == V3_SIZE as usize);
    assert!(offset_of!(WerReportInformation, submit_result_max) == V4_SIZE as usize);
};
