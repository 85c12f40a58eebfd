//! The entries, called as a host calls them.

use wer_abi::{Context, ExceptionRecord, Handle};

use super::*;
use crate::module::DebuggerLaunch;

/// What the test's context number makes the module do.
const DECLINE: usize = 1;
const PANIC: usize = 2;
const NAME_NOTHING: usize = 3;

#[derive(Default)]
struct Sample {
    calls: u32,
}

impl RuntimeExceptionModule for Sample {
    fn event(&mut self, exception: &ExceptionInfo<'_>) -> Claim {
        self.calls += 1;
        match exception.context() as usize {
            DECLINE => Claim::Declined,
            PANIC => panic!("in a module"),
            NAME_NOTHING => Claim::unnamed(),
            _ => Claim::named(format!("Report {}", exception.report_id()), 2),
        }
    }

    fn signature(&mut self, _: &ExceptionInfo<'_>, index: u32) -> Option<(String, String)> {
        (index == 0).then(|| ("Calls".to_owned(), self.calls.to_string()))
    }

    fn debugger(&mut self, _: &ExceptionInfo<'_>) -> Option<DebuggerLaunch> {
        Some(DebuggerLaunch { command: "/usr/bin/gdb".to_owned(), autolaunch: true })
    }
}

const REPORT_ID: [u16; 3] = [b'i' as u16, b'd' as u16, 0];

fn information() -> Information {
    Information {
        size: size_of::<Information>() as u32,
        process: Handle::NULL,
        thread: Handle::NULL,
        exception_record: ExceptionRecord::default(),
        context: Context::zeroed(),
        report_id: REPORT_ID.as_ptr(),
        is_fatal: 1,
        reserved: 0,
    }
}

/// Result, claimed, name, size and count of an event call with a buffer of `capacity`.
fn call_event(state: &ModuleState<Sample>, context: usize, capacity: u32) -> (i32, i32, String, u32, u32) {
    let (mut claimed, mut size, mut count) = (0, capacity, 0);
    let mut name = vec![0_u16; capacity as usize];
    let out = WideOut::new(name.as_mut_ptr(), &raw mut size);
    let context = core::ptr::without_provenance_mut(context);
    // SAFETY: every pointer leads to a local that lives for the call; `size` is the buffer's length.
    let result = unsafe { event(state, context, &information(), &raw mut claimed, out, &raw mut count) };
    let text: Vec<u16> = name.into_iter().take_while(|unit| *unit != 0).collect();
    (result, claimed, String::from_utf16(&text).unwrap(), size, count)
}

#[test]
fn a_claim_is_written_with_its_terminator() {
    let state = ModuleState::new();
    assert_eq!(call_event(&state, 0, 260), (0, 1, "Report id".to_owned(), 10, 2));
    assert_eq!(call_event(&state, DECLINE, 260), (0, 0, String::new(), 260, 0));
    assert_eq!(call_event(&state, NAME_NOTHING, 260), (0, 1, String::new(), 260, 0));
}

#[test]
fn a_small_buffer_is_asked_to_grow() {
    let small = (Hresult::WER_E_INSUFFICIENT_BUFFER.0, 0, String::new(), 10, 0);
    assert_eq!(call_event(&ModuleState::new(), 0, 9), small);
    assert_eq!(call_event(&ModuleState::new(), 0, 10).0, 0);
}

#[test]
fn a_panic_is_a_failure_and_the_module_lives_on() {
    let state = ModuleState::new();
    assert_eq!(call_event(&state, PANIC, 260), (Hresult::E_FAIL.0, 0, String::new(), 260, 0));
    call_event(&state, 0, 260);
    let (mut name, mut value) = ([0_u16; 16], [0_u16; 16]);
    let (mut name_size, mut value_size) = (16, 16);
    let null = core::ptr::null_mut();
    let mut pair = |index| {
        let name = WideOut::new(name.as_mut_ptr(), &raw mut name_size);
        let value = WideOut::new(value.as_mut_ptr(), &raw mut value_size);
        // SAFETY: as in `call_event`.
        unsafe { signature(&state, null, &information(), index, name, value) }
    };
    assert_eq!((pair(0), pair(1)), (0, Hresult::E_UNEXPECTED.0));
    assert_eq!((value[0], value_size), (u16::from(b'2'), 2));
}

#[test]
fn a_debugger_is_written_and_null_pointers_are_refused() {
    let state = ModuleState::<Sample>::new();
    let (mut launch, mut size) = ([0_u16; 32], 32);
    let (mut is_custom, mut autolaunch) = (0, 0);
    let null = core::ptr::null_mut();
    let out = WideOut::new(launch.as_mut_ptr(), &raw mut size);
    let (custom, auto) = (&raw mut is_custom, &raw mut autolaunch);
    // SAFETY: as in `call_event`.
    assert_eq!(unsafe { debugger(&state, null, &information(), custom, out, auto) }, 0);
    assert_eq!((is_custom, autolaunch, size), (1, 1, 13));
    // SAFETY: null pointers are what is tested.
    let refused = unsafe { debugger(&state, null, core::ptr::null(), null.cast(), out, auto) };
    assert_eq!(refused, Hresult::E_INVALIDARG.0);
}
