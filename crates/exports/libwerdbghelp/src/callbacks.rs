//! A C callback routine as [`Callbacks`]: each call is put into the packed structures, and the answer taken out.
#![expect(unsafe_code, reason = "calls a routine of the caller's")]

mod structures;

use core::ffi::c_void;

use wer_abi::Handle;
use wer_dbghelp::callbacks::{CallbackInput, CallbackOutput, Callbacks};

use self::structures::{INPUT_BYTES, OUTPUT_BYTES, put_input, put_output, take_output};

/// `MINIDUMP_CALLBACK_ROUTINE`.
pub(crate) type Routine = unsafe extern "C" fn(*mut c_void, *mut c_void, *mut c_void) -> i32;

/// UTF-16 units of a path that need no allocation while threads stand still: Linux' own limit, and the terminator.
const PATH_UNITS: usize = 4096;
/// Before the input, so that the `CONTEXT` in it, 28 bytes on, lies at a multiple of 16, as code for it expects.
const INPUT_PADDING: usize = 4;

/// Where input and output lie.
#[repr(C, align(16))]
struct Area {
    _padding: [u8; INPUT_PADDING],
    input: [u8; INPUT_BYTES],
    output: [u8; OUTPUT_BYTES],
}

const _: () = {
    assert!((core::mem::offset_of!(Area, input) + 28) % 16 == 0);
    assert!(core::mem::offset_of!(Area, output) % 4 == 0);
};

/// A caller's routine.
pub(crate) struct CallbackRoutine {
    routine: Routine,
    parameter: *mut c_void,
    process_id: u32,
    process: Handle,
    area: Box<Area>,
    path: Vec<u16>,
}

impl CallbackRoutine {
    /// # Safety
    /// `routine` is a `MINIDUMP_CALLBACK_ROUTINE` that may be called with `parameter` for as long as this exists.
    pub(crate) unsafe fn new(
        routine: Routine,
        parameter: *mut c_void,
        process_id: u32,
        process: Handle,
    ) -> Self {
        let area = Area { _padding: [0; 4], input: [0; INPUT_BYTES], output: [0; OUTPUT_BYTES] };
        let path = Vec::with_capacity(PATH_UNITS);
        Self { routine, parameter, process_id, process, area: Box::new(area), path }
    }
}

impl Callbacks for CallbackRoutine {
    fn call(&mut self, mut input: CallbackInput<'_>, preset: CallbackOutput) -> CallbackOutput {
        self.path.clear();
        if let CallbackInput::Module(module) = &input {
            let units = module.path.encode_utf16().filter(|unit| *unit != 0);
            self.path.extend(units.take(PATH_UNITS - 1).chain([0]));
        }
        put_output(&mut self.area.output, &input, preset);
        put_input(&mut self.area.input, &mut input, &self.path, self.process_id, self.process);
        let area = &raw mut *self.area;
        // SAFETY: a field of our own area.
        let input_place = unsafe { &raw mut (*area).input };
        // SAFETY: as above.
        let output_place = unsafe { &raw mut (*area).output };
        // SAFETY: the routine is the caller's, with its parameter; both structures are ours, laid out as it expects, and
        // what they lead to (path, records, buffers) lives until it returns.
        let accepted =
            unsafe { (self.routine)(self.parameter, input_place.cast(), output_place.cast()) } != 0;
        take_output(&self.area.output, input.number(), preset.value, accepted)
    }
}
