//! What each callback's output holds on entry, from the dump's options alone.

use wer_abi::Hresult;

use crate::callbacks::{CallbackInput, CallbackOutput, OutputValue, VmRegion};
use crate::flags::{self, module_write, thread_write};
use crate::options::DumpOptions;

pub(super) fn of(input: &CallbackInput<'_>, options: &DumpOptions) -> CallbackOutput {
    let status = |status: Hresult| OutputValue::Status(status.0);
    let (accepted, value) = match input {
        CallbackInput::Module(module) => {
            (true, OutputValue::ModuleFlags(module_flags_of(options, module.path, module.referenced)))
        }
        CallbackInput::IncludeModule { .. } => (true, OutputValue::ModuleFlags(module_flags(options))),
        CallbackInput::Thread(thread) | CallbackInput::ThreadEx(thread) => {
            (true, OutputValue::ThreadFlags(thread_flags_of(options, thread.is_exception_thread)))
        }
        CallbackInput::IncludeThread { .. } => (true, OutputValue::ThreadFlags(thread_flags(options))),
        CallbackInput::Memory | CallbackInput::RemoveMemory => {
            (false, OutputValue::Memory { base: 0, size: 0 })
        }
        CallbackInput::Cancel => (true, OutputValue::Cancel { check: false, cancel: false }),
        CallbackInput::WriteKernelMinidump => (false, OutputValue::None),
        CallbackInput::KernelMinidumpStatus { .. } => (true, OutputValue::None),
        CallbackInput::IncludeVmRegion { region } => {
            (true, OutputValue::VmRegion { start: region.base, size: region.size, keep_going: true })
        }
        CallbackInput::IoStart | CallbackInput::IoWriteAll { .. } | CallbackInput::IoFinish => {
            (true, status(Hresult::E_NOTIMPL))
        }
        CallbackInput::ReadMemoryFailure { status, .. } => {
            let lenient = !options.has(flags::NO_IGNORE_INACCESSIBLE_MEMORY);
            (true, OutputValue::Status(if lenient { 0 } else { *status }))
        }
        CallbackInput::SecondaryFlags { flags } => (true, OutputValue::SecondaryFlags(*flags)),
        CallbackInput::IsProcessSnapshot | CallbackInput::VmStart => (true, status(Hresult::S_OK)),
        CallbackInput::VmQuery { .. } => {
            let region = VmRegion::default();
            (true, OutputValue::VmQuery { status: Hresult::E_NOTIMPL.0, region })
        }
        CallbackInput::VmPreRead { .. } => {
            (true, OutputValue::VmRead { status: Hresult::E_NOTIMPL.0, completed: 0 })
        }
        CallbackInput::VmPostRead { completed, status, .. } => {
            let completed = u32::try_from(*completed).unwrap_or(u32::MAX);
            (true, OutputValue::VmRead { status: *status, completed })
        }
    };
    CallbackOutput { accepted, value }
}

/// What the dump's flags allow of any module.
pub(crate) fn module_flags(options: &DumpOptions) -> u32 {
    let mut allowed = module_write::MODULE | module_write::MISC_RECORD | module_write::CV_RECORD;
    if options.data_segments() {
        allowed |= module_write::DATA_SEG;
    }
    if options.has(flags::WITH_CODE_SEGS) {
        allowed |= module_write::CODE_SEGS;
    }
    if options.module_headers() && options.thread_data() {
        allowed |= module_write::TLS_DATA;
    }
    allowed
}

/// What the dump's flags allow of any thread.
pub(crate) fn thread_flags(options: &DumpOptions) -> u32 {
    let mut allowed =
        thread_write::THREAD | thread_write::STACK | thread_write::CONTEXT | thread_write::INSTRUCTION_WINDOW;
    if options.thread_data() {
        allowed |= thread_write::THREAD_DATA;
    }
    if options.has(flags::WITH_THREAD_INFO) {
        allowed |= thread_write::THREAD_INFO;
    }
    allowed
}

/// The same for one module, with the caller's custom options.
pub(crate) fn module_flags_of(options: &DumpOptions, path: &str, referenced: bool) -> u32 {
    let mut allowed = module_flags(options);
    if options.has(flags::SCAN_MEMORY) {
        allowed |= if referenced { module_write::REFERENCED_BY_MEMORY } else { 0 };
    }
    let file_name = path.rsplit('/').next().unwrap_or(path);
    options.custom.as_ref().map_or(allowed, |custom| custom.module_flags(allowed, file_name))
}

/// The same for one thread, with the caller's custom options.
pub(crate) fn thread_flags_of(options: &DumpOptions, is_exception_thread: bool) -> u32 {
    let allowed = thread_flags(options);
    options.custom.as_ref().map_or(allowed, |custom| {
        custom.thread_flags(allowed, is_exception_thread, options.extended_thread_list)
    })
}
