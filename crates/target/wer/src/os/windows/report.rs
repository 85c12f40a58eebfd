//! Reports: each call is the function of the system (`wer.dll`).
#![expect(unsafe_code, reason = "calls the system's functions, which take pointers to text and structures")]

use core::ptr::{null, null_mut};

use wer_abi::Hresult;
use wer_abi::report::{BASE_SIZE, V4_SIZE, WerReportInformation};
use windows_sys::Win32::Foundation::{CloseHandle, HANDLE};
use windows_sys::Win32::System::ErrorReporting as system;
use windows_sys::Win32::System::Threading::{
    GetCurrentProcess, GetCurrentThread, OpenProcess, PROCESS_QUERY_INFORMATION, PROCESS_VM_READ,
};

use super::strings::wide;
use crate::report::ReportInformation;

/// `WerDumpTypeMicroDump`, which needs a thread.
const MICRO_DUMP: i32 = 1;

/// An open report, and the process that it is about where that is another one.
#[derive(Debug)]
pub(crate) struct Report {
    report: system::HREPORT,
    process: Option<Process>,
}

// SAFETY: the handle is a name, and the system's functions take it from any thread.
unsafe impl Send for Report {}

impl Report {
    pub(crate) fn new(
        event_type: &str,
        report_type: i32,
        about: &ReportInformation<'_>,
    ) -> Result<Self, Hresult> {
        let event_type = wide(event_type)?;
        let process = (about.process_id != 0).then(|| Process::open(about.process_id)).transpose()?;
        let information = information(about, process.as_ref());
        let mut report = null_mut();
        // SAFETY: the text and the structure live for the call, and the structure says its own size.
        let created = unsafe {
            system::WerReportCreate(
                event_type.as_ptr(),
                report_type,
                (&raw const information).cast(),
                &raw mut report,
            )
        };
        answer(created)?;
        Ok(Self { report, process })
    }

    pub(crate) fn set_parameter(&self, index: u32, name: Option<&str>, value: &str) -> Result<(), Hresult> {
        let name = name.map(wide).transpose()?;
        let value = wide(value)?;
        let name = name.as_ref().map_or(null(), |name| name.as_ptr());
        // SAFETY: the texts live for the call; a null name is the system's default.
        answer(unsafe { system::WerReportSetParameter(self.report, index, name, value.as_ptr()) })
    }

    pub(crate) fn add_file(&self, path: &str, file_type: u32, flags: u32) -> Result<(), Hresult> {
        let path = wide(path)?;
        let file_type = file_type.cast_signed();
        // SAFETY: the path lives for the call.
        answer(unsafe { system::WerReportAddFile(self.report, path.as_ptr(), file_type, flags) })
    }

    pub(crate) fn add_dump(&self, dump_type: i32, flags: u32) -> Result<(), Hresult> {
        let (process, thread) = match &self.process {
            Some(process) => (process.0, null_mut()),
            None => own(dump_type == MICRO_DUMP),
        };
        // SAFETY: handles that live, no exception and no options.
        answer(unsafe {
            system::WerReportAddDump(self.report, process, thread, dump_type, null(), null(), flags)
        })
    }

    pub(crate) fn set_ui_text(&self, which: u32, text: &str) -> Result<(), Hresult> {
        let text = wide(text)?;
        // SAFETY: the text lives for the call.
        answer(unsafe { system::WerReportSetUIOption(self.report, which.cast_signed(), text.as_ptr()) })
    }

    pub(crate) fn submit(&self, consent: i32, flags: u32) -> Result<u32, Hresult> {
        let mut result = 0;
        // SAFETY: the pointer leads to a live number.
        answer(unsafe { system::WerReportSubmit(self.report, consent, flags, &raw mut result) })?;
        Ok(result.cast_unsigned())
    }
}

impl Drop for Report {
    fn drop(&mut self) {
        // SAFETY: open, and closed once.
        unsafe { system::WerReportCloseHandle(self.report) };
    }
}

/// Another process.
#[derive(Debug)]
struct Process(HANDLE);

impl Process {
    fn open(process_id: u32) -> Result<Self, Hresult> {
        // SAFETY: takes numbers only.
        let handle = unsafe { OpenProcess(PROCESS_QUERY_INFORMATION | PROCESS_VM_READ, 0, process_id) };
        if handle.is_null() { Err(Hresult::E_INVALIDARG) } else { Ok(Self(handle)) }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // SAFETY: opened by `open`, and closed once.
        unsafe { CloseHandle(self.0) };
    }
}

/// Pseudo handles of this process and, where it is wanted, the calling thread.
fn own(with_thread: bool) -> (HANDLE, HANDLE) {
    // SAFETY: takes nothing and gives a pseudo handle.
    let process = unsafe { GetCurrentProcess() };
    // SAFETY: as above.
    let thread = if with_thread { unsafe { GetCurrentThread() } } else { null_mut() };
    (process, thread)
}

/// The first version, which every system knows, where nothing of a later one is said. The texts were checked to fit.
fn information(about: &ReportInformation<'_>, process: Option<&Process>) -> WerReportInformation {
    let is_later = !about.namespace_partner.is_empty()
        || !about.namespace_group.is_empty()
        || about.application_identity != [0; 16];
    let mut all = WerReportInformation {
        dw_size: if is_later { V4_SIZE } else { BASE_SIZE },
        process: process.map_or(0, |process| process.0.addr() as u64),
        application_identity: about.application_identity,
        ..WerReportInformation::EMPTY
    };
    put(&mut all.consent_key, about.consent_key);
    put(&mut all.friendly_event_name, about.friendly_event_name);
    put(&mut all.application_name, about.application_name);
    put(&mut all.application_path, about.application_path);
    put(&mut all.description, about.description);
    put(&mut all.namespace_partner, about.namespace_partner);
    put(&mut all.namespace_group, about.namespace_group);
    all
}

fn put(place: &mut [u16], text: &str) {
    for (place, unit) in place.iter_mut().zip(text.encode_utf16()) {
        *place = unit;
    }
}

pub(super) fn answer(result: i32) -> Result<(), Hresult> {
    if result == Hresult::S_OK.0 { Ok(()) } else { Err(Hresult(result)) }
}
