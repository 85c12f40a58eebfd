//! `WerReport...`: `werapi.h`. Reports are built here in the caller's process; `werfault` stores and submits them.
#![expect(unsafe_code, reason = "C exports: pointers come from the caller")]

use core::ffi::c_void;

use wer_abi::limits::{
    MAX_PATH, WER_MAX_EVENT_NAME_LENGTH, WER_MAX_PARAM_LENGTH, WER_MAX_SIGNATURE_NAME_LENGTH,
};
use wer_abi::report::{BASE_SIZE, V3_SIZE, V4_SIZE, V5_SIZE, WerReportInformation};
use wer_abi::{Handle, Hresult};
use wer_client::report::{self, File, Information, MAX_UI_TEXT, Report};

use crate::answer;
use crate::registration::ask_process;
use crate::registration::text::Units;

/// A string of at most `max_units` units.
///
/// # Errors
/// `E_INVALIDARG` for null or unpaired surrogates; `WER_E_LENGTH_EXCEEDED`.
///
/// # Safety
/// As for [`Units::of`].
unsafe fn text(text: *const u16, max_units: usize) -> Result<String, Hresult> {
    if text.is_null() {
        return Err(Hresult::E_INVALIDARG);
    }
    // SAFETY: the caller's promise.
    let units = unsafe { Units::of(text, max_units) }.map_err(|_| Hresult::WER_E_LENGTH_EXCEEDED)?;
    char::decode_utf16(units).collect::<Result<_, _>>().map_err(|_| Hresult::E_INVALIDARG)
}

/// The text of a field, which has its terminator within it.
fn field(units: &[u16]) -> Result<String, Hresult> {
    let end = units.iter().position(|unit| *unit == 0).ok_or(Hresult::E_INVALIDARG)?;
    String::from_utf16(units.get(..end).unwrap_or_default()).map_err(|_| Hresult::E_INVALIDARG)
}

/// # Errors
/// `E_INVALIDARG` for a size of no version, a field without terminator, or unpaired surrogates.
///
/// # Safety
/// `from` leads to as many readable bytes as its first field says, if that is the size of a version.
unsafe fn information(from: *const WerReportInformation) -> Result<Information, Hresult> {
    // SAFETY: the caller's promise: the first field is there in any case.
    let size = unsafe { from.cast::<u32>().read_unaligned() };
    if ![BASE_SIZE, V3_SIZE, V4_SIZE, V5_SIZE].contains(&size) {
        return Err(Hresult::E_INVALIDARG);
    }
    let mut whole = core::mem::MaybeUninit::<WerReportInformation>::zeroed();
    // SAFETY: `size` bytes are readable by the caller's promise, and no version is larger than `whole`.
    unsafe { from.cast::<u8>().copy_to_nonoverlapping(whole.as_mut_ptr().cast(), size as usize) };
    // SAFETY: made of integers only, so that zeros and any bytes are values of it.
    let whole = unsafe { whole.assume_init_ref() };
    Ok(Information {
        process: whole.process,
        consent_key: field(&whole.consent_key)?,
        friendly_event_name: field(&whole.friendly_event_name)?,
        application_name: field(&whole.application_name)?,
        application_path: field(&whole.application_path)?,
        description: field(&whole.description)?,
        namespace_partner: field(&whole.namespace_partner)?,
        namespace_group: field(&whole.namespace_group)?,
        application_identity: whole.application_identity,
        submit_result_max: (size == V5_SIZE).then_some(whole.submit_result_max),
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn WerReportCreate(
    event_type: *const u16,
    report_type: i32,
    about: *const WerReportInformation,
    handle: *mut *mut c_void,
) -> i32 {
    answer(|| {
        if handle.is_null() {
            return Err(Hresult::E_INVALIDARG);
        }
        // SAFETY: a writable pointer, by the contract of the function.
        unsafe { handle.write_unaligned(core::ptr::null_mut()) };
        // SAFETY: a wide string, by the contract of the function.
        let event_type = unsafe { text(event_type, WER_MAX_EVENT_NAME_LENGTH) }?;
        let about = match about.is_null() {
            true => Information::default(),
            // SAFETY: a structure of the size that it says, by the contract of the function.
            false => unsafe { information(about) }?,
        };
        let opened = report::open(Report::new(&event_type, report_type, about)?)?;
        // SAFETY: as above.
        unsafe { handle.write_unaligned(core::ptr::without_provenance_mut(opened as usize)) };
        Ok(())
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn WerReportSetParameter(
    handle: *mut c_void,
    index: u32,
    name: *const u16,
    value: *const u16,
) -> i32 {
    answer(|| {
        report::with(handle.addr() as u64, |_| Ok(()))?;
        let name = match name.is_null() {
            true => None,
            // SAFETY: a wide string, by the contract of the function.
            false => Some(unsafe { text(name, WER_MAX_SIGNATURE_NAME_LENGTH) }?),
        };
        // SAFETY: as above.
        let value = unsafe { text(value, WER_MAX_PARAM_LENGTH - 1) }?;
        report::with(handle.addr() as u64, |report| report.set_parameter(index, name.as_deref(), &value))
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn WerReportAddFile(
    handle: *mut c_void,
    path: *const u16,
    file_type: u32,
    flags: u32,
) -> i32 {
    answer(|| {
        report::with(handle.addr() as u64, |_| Ok(()))?;
        // SAFETY: a wide string, by the contract of the function.
        let path = unsafe { text(path, MAX_PATH - 1) }?.replace('\\', "/");
        let file = File::checked(&path, file_type, flags)?;
        report::with(handle.addr() as u64, |report| report.add_file(file))
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn WerReportSetUIOption(handle: *mut c_void, which: u32, value: *const u16) -> i32 {
    answer(|| {
        report::with(handle.addr() as u64, |_| Ok(()))?;
        // SAFETY: a wide string, by the contract of the function.
        let value = unsafe { text(value, MAX_UI_TEXT) }?;
        report::with(handle.addr() as u64, |report| report.set_ui_text(which, &value))
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn WerReportSubmit(handle: *mut c_void, consent: i32, flags: u32, result: *mut i32) -> i32 {
    answer(|| {
        // A copy: the lock of the handles is not held over a submission.
        let report = report::with(handle.addr() as u64, |report| Ok(report.clone()))?;
        let process = match report.heading().2.process {
            0 => std::process::id(),
            other => ask_process(Handle(other as usize), || Ok(std::process::id()), |pid, _| Ok(pid))?,
        };
        let submitted = report::submit(&report, process, consent.cast_unsigned(), flags)?;
        if !result.is_null() {
            // SAFETY: not null, so writable by the contract of the function.
            unsafe { result.write_unaligned(submitted.cast_signed()) };
        }
        Ok(())
    })
}

#[unsafe(no_mangle)]
extern "C" fn WerReportCloseHandle(handle: *mut c_void) -> i32 {
    answer(|| report::close(handle.addr() as u64))
}
