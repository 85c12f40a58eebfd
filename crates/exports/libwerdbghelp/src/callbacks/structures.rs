//! `MINIDUMP_CALLBACK_INPUT` and `MINIDUMP_CALLBACK_OUTPUT`, field by field, as `include/minidumpapiset.h` lays them out.
//! Pointers are numbers here; nothing is followed.

use wer_abi::Handle;
use wer_dbghelp::callbacks::{
    CallbackInput, CallbackOutput, ModuleInput, OutputValue, ThreadInput, VmRegion,
};

/// `sizeof(MINIDUMP_CALLBACK_INPUT)`.
pub(super) const INPUT_BYTES: usize = 1296;
/// `sizeof(MINIDUMP_CALLBACK_OUTPUT)`.
pub(super) const OUTPUT_BYTES: usize = 56;

/// Where the union of an input begins.
const UNION: usize = 16;
/// Bytes of a `CONTEXT`.
const CONTEXT_BYTES: usize = 1232;

/// Fields at offsets; what would lie outside is left out.
struct Fields<'a>(&'a mut [u8]);

impl Fields<'_> {
    fn bytes(&mut self, at: usize, bytes: &[u8]) {
        if let Some(place) = self.0.get_mut(at..).and_then(|rest| rest.get_mut(..bytes.len())) {
            place.copy_from_slice(bytes);
        }
    }

    fn u32(&mut self, at: usize, value: u32) {
        self.bytes(at, &value.to_le_bytes());
    }

    fn u64(&mut self, at: usize, value: u64) {
        self.bytes(at, &value.to_le_bytes());
    }

    fn pointer<T>(&mut self, at: usize, pointer: *const T) {
        // The callback gets it back as the pointer that it is.
        self.u64(at, pointer.expose_provenance() as u64);
    }
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    bytes.get(at..).and_then(|rest| rest.first_chunk()).map_or(0, |bytes| u32::from_le_bytes(*bytes))
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    bytes.get(at..).and_then(|rest| rest.first_chunk()).map_or(0, |bytes| u64::from_le_bytes(*bytes))
}

fn i32_at(bytes: &[u8], at: usize) -> i32 {
    u32_at(bytes, at).cast_signed()
}

/// Sizes are 32 bits wide here.
fn clamp(size: u64) -> u32 {
    u32::try_from(size).unwrap_or(u32::MAX)
}

/// Fills an input. `path` holds a module's path, ended by a NUL.
pub(super) fn put_input(
    place: &mut [u8; INPUT_BYTES],
    input: &mut CallbackInput<'_>,
    path: &[u16],
    process_id: u32,
    process: Handle,
) {
    place.fill(0);
    let mut fields = Fields(place);
    let number = input.number();
    // As on Windows, where these two say nothing of the process.
    let is_anonymous = matches!(
        input,
        CallbackInput::IoStart
            | CallbackInput::IoWriteAll { .. }
            | CallbackInput::IoFinish
            | CallbackInput::IsProcessSnapshot
            | CallbackInput::VmStart
    );
    if !is_anonymous {
        fields.u32(0, process_id);
        fields.u64(4, process.0 as u64);
    }
    fields.u32(12, number);
    match input {
        CallbackInput::Module(module) => put_module(&mut fields, module, path),
        CallbackInput::Thread(thread) | CallbackInput::ThreadEx(thread) => put_thread(&mut fields, thread),
        CallbackInput::IncludeThread { thread_id } => fields.u32(UNION, *thread_id),
        CallbackInput::IncludeModule { base } => fields.u64(UNION, *base),
        CallbackInput::KernelMinidumpStatus { status } => fields.u32(UNION, status.cast_unsigned()),
        CallbackInput::IoWriteAll { offset, bytes } => {
            fields.u64(UNION + 8, *offset);
            fields.pointer(UNION + 16, bytes.as_ptr());
            fields.u32(UNION + 24, clamp(bytes.len() as u64));
        }
        CallbackInput::ReadMemoryFailure { offset, bytes, status } => {
            fields.u64(UNION, *offset);
            fields.u32(UNION + 8, *bytes);
            fields.u32(UNION + 12, status.cast_unsigned());
        }
        CallbackInput::SecondaryFlags { flags } => fields.u32(UNION, *flags),
        CallbackInput::VmQuery { address } => fields.u64(UNION, *address),
        CallbackInput::VmPreRead { address, buffer } => {
            fields.u64(UNION, *address);
            fields.pointer(UNION + 8, buffer.as_mut_ptr());
            fields.u32(UNION + 16, clamp(buffer.len() as u64));
        }
        CallbackInput::VmPostRead { address, buffer, completed, status } => {
            fields.u64(UNION, *address);
            fields.pointer(UNION + 8, buffer.as_mut_ptr());
            fields.u32(UNION + 16, clamp(buffer.len() as u64));
            fields.u32(UNION + 20, clamp(*completed as u64));
            fields.u32(UNION + 24, status.cast_unsigned());
        }
        CallbackInput::Memory
        | CallbackInput::Cancel
        | CallbackInput::WriteKernelMinidump
        | CallbackInput::RemoveMemory
        | CallbackInput::IncludeVmRegion { .. }
        | CallbackInput::IoStart
        | CallbackInput::IoFinish
        | CallbackInput::IsProcessSnapshot
        | CallbackInput::VmStart => {}
    }
}

fn put_module(fields: &mut Fields<'_>, module: &ModuleInput<'_>, path: &[u16]) {
    fields.pointer(UNION, path.as_ptr());
    fields.u64(UNION + 8, module.base);
    fields.u32(UNION + 16, clamp(module.size));
    fields.u32(UNION + 20, module.checksum);
    fields.u32(UNION + 24, module.time_date_stamp);
    if let Some([a, b, c, d]) = module.version {
        let pair = |high: u16, low: u16| u32::from(high) << 16 | u32::from(low);
        // VS_FIXEDFILEINFO: signature, its own version, and the file's.
        for (i, word) in [0xFEEF_04BD, 0x0001_0000, pair(a, b), pair(c, d)].into_iter().enumerate() {
            fields.u32(UNION + 28 + 4 * i, word);
        }
    }
    if !module.cv_record.is_empty() {
        fields.pointer(UNION + 80, module.cv_record.as_ptr());
        fields.u32(UNION + 88, clamp(module.cv_record.len() as u64));
    }
}

fn put_thread(fields: &mut Fields<'_>, thread: &ThreadInput<'_>) {
    fields.u32(UNION, thread.thread_id);
    fields.u64(UNION + 4, Handle::thread(thread.thread_id).0 as u64);
    let context = thread.context.get(..CONTEXT_BYTES).unwrap_or(thread.context);
    fields.bytes(UNION + 12, context);
    let after = UNION + 12 + CONTEXT_BYTES;
    fields.u32(after, clamp(thread.context.len() as u64));
    fields.u64(after + 4, thread.stack_base);
    fields.u64(after + 12, thread.stack_end);
}

/// Fills an output with what it holds on entry.
pub(super) fn put_output(place: &mut [u8; OUTPUT_BYTES], input: &CallbackInput<'_>, preset: CallbackOutput) {
    place.fill(0);
    let mut fields = Fields(place);
    match preset.value {
        OutputValue::None => {}
        OutputValue::ModuleFlags(flags)
        | OutputValue::ThreadFlags(flags)
        | OutputValue::SecondaryFlags(flags) => fields.u32(0, flags),
        OutputValue::Memory { base, size } => {
            fields.u64(0, base);
            fields.u32(8, clamp(size));
        }
        OutputValue::Cancel { check, cancel } => {
            fields.u32(0, check.into());
            fields.u32(4, cancel.into());
        }
        OutputValue::VmRegion { start, size, keep_going } => {
            let region = match input {
                CallbackInput::IncludeVmRegion { region } => *region,
                _ => VmRegion::default(),
            };
            put_region(&mut fields, 0, &VmRegion { base: start, size, ..region });
            fields.u32(48, keep_going.into());
        }
        OutputValue::Status(status) => fields.u32(0, status.cast_unsigned()),
        OutputValue::VmRead { status, completed } => {
            fields.u32(0, status.cast_unsigned());
            fields.u32(4, completed);
        }
        OutputValue::VmQuery { status, region } => {
            fields.u32(0, status.cast_unsigned());
            put_region(&mut fields, 4, &region);
        }
    }
}

/// `MINIDUMP_MEMORY_INFO`.
fn put_region(fields: &mut Fields<'_>, at: usize, region: &VmRegion) {
    fields.u64(at, region.base);
    fields.u64(at + 8, region.allocation_base);
    fields.u32(at + 16, region.allocation_protect);
    fields.u64(at + 24, region.size);
    fields.u32(at + 32, region.state);
    fields.u32(at + 36, region.protect);
    fields.u32(at + 40, region.memory_type);
}

fn region_at(bytes: &[u8], at: usize) -> VmRegion {
    VmRegion {
        base: u64_at(bytes, at),
        allocation_base: u64_at(bytes, at + 8),
        allocation_protect: u32_at(bytes, at + 16),
        size: u64_at(bytes, at + 24),
        state: u32_at(bytes, at + 32),
        protect: u32_at(bytes, at + 36),
        memory_type: u32_at(bytes, at + 40),
    }
}

/// What the callback left in the output, and its BOOL. A kernel minidump is wanted only with a handle to write it to.
pub(super) fn take_output(
    bytes: &[u8; OUTPUT_BYTES],
    number: u32,
    preset: OutputValue,
    accepted: bool,
) -> CallbackOutput {
    /// `WriteKernelMinidumpCallback`.
    const WRITE_KERNEL_MINIDUMP: u32 = 7;
    let value = match preset {
        OutputValue::None => OutputValue::None,
        OutputValue::ModuleFlags(_) => OutputValue::ModuleFlags(u32_at(bytes, 0)),
        OutputValue::ThreadFlags(_) => OutputValue::ThreadFlags(u32_at(bytes, 0)),
        OutputValue::SecondaryFlags(_) => OutputValue::SecondaryFlags(u32_at(bytes, 0)),
        OutputValue::Memory { .. } => {
            OutputValue::Memory { base: u64_at(bytes, 0), size: u32_at(bytes, 8).into() }
        }
        OutputValue::Cancel { .. } => {
            OutputValue::Cancel { check: u32_at(bytes, 0) != 0, cancel: u32_at(bytes, 4) != 0 }
        }
        OutputValue::VmRegion { .. } => {
            let region = region_at(bytes, 0);
            OutputValue::VmRegion {
                start: region.base,
                size: region.size,
                keep_going: u32_at(bytes, 48) != 0,
            }
        }
        OutputValue::Status(_) => OutputValue::Status(i32_at(bytes, 0)),
        OutputValue::VmRead { .. } => {
            OutputValue::VmRead { status: i32_at(bytes, 0), completed: u32_at(bytes, 4) }
        }
        OutputValue::VmQuery { .. } => {
            OutputValue::VmQuery { status: i32_at(bytes, 0), region: region_at(bytes, 4) }
        }
    };
    let has_file = number != WRITE_KERNEL_MINIDUMP || u64_at(bytes, 0) != 0;
    CallbackOutput { accepted: accepted && has_file, value }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outputs_come_back_as_they_were_preset() {
        let region = VmRegion {
            base: 0x1000,
            allocation_base: 0x1000,
            allocation_protect: 2,
            size: 0x3000,
            state: 0x1000,
            protect: 4,
            memory_type: 0x2_0000,
        };
        for value in [
            OutputValue::ModuleFlags(0xD),
            OutputValue::Memory { base: u64::MAX, size: 7 },
            OutputValue::Cancel { check: true, cancel: false },
            OutputValue::VmRegion { start: 0x1000, size: 0x3000, keep_going: true },
            OutputValue::Status(-5),
            OutputValue::VmRead { status: -5, completed: 9 },
            OutputValue::VmQuery { status: 0, region },
        ] {
            let preset = CallbackOutput { accepted: true, value };
            let mut bytes = [0xFF; OUTPUT_BYTES];
            put_output(&mut bytes, &CallbackInput::IncludeVmRegion { region }, preset);
            assert_eq!(take_output(&bytes, 10, value, true), preset);
        }
        assert!(!take_output(&[0; OUTPUT_BYTES], 7, OutputValue::None, true).accepted, "no handle");
    }

    #[test]
    fn io_says_nothing_of_the_process() {
        let mut bytes = [0xFF; INPUT_BYTES];
        put_input(&mut bytes, &mut CallbackInput::IoStart, &[], 7, Handle::CURRENT_PROCESS);
        assert_eq!((u64_at(&bytes, 0), u64_at(&bytes, 4), u32_at(&bytes, 12)), (0, 0, 11));
        put_input(&mut bytes, &mut CallbackInput::Cancel, &[], 7, Handle::CURRENT_PROCESS);
        assert_eq!((u32_at(&bytes, 0), u64_at(&bytes, 4), u32_at(&bytes, 12)), (7, u64::MAX, 6));
    }
}
