//! An application that says what should be known about it after a crash, and then crashes.
//!
//! Usage: `crash-report-sample /full/path/of/libcrash_report_sample_module.so`
#![expect(unsafe_code, reason = "crashes by a real memory fault")]

use std::process::ExitCode;
use std::sync::OnceLock;

use crash_report_sample::Payload;

static PAYLOAD: OnceLock<Payload> = OnceLock::new();
static RECENT_LOG: &[u8] = b"12:00:00 started\n12:00:01 loaded 3 documents\n12:00:02 saving\n";

fn main() -> ExitCode {
    let Some(module) = std::env::args().nth(1) else {
        eprintln!("usage: crash-report-sample /full/path/of/libcrash_report_sample_module.so");
        return ExitCode::from(2);
    };
    if let Err(error) = prepare(&module) {
        eprintln!("crash-report-sample: {error}");
        return ExitCode::FAILURE;
    }
    // An address in the first page, as a field of a null pointer has.
    save_document(core::ptr::without_provenance_mut(16));
    ExitCode::SUCCESS
}

fn prepare(module: &str) -> wer::Result<()> {
    let payload: &'static Payload = PAYLOAD.get_or_init(|| Payload::new(5, "Hello world!"));
    wer::register_runtime_exception_module(module, payload)?;
    wer::register_memory_block(RECENT_LOG)?;
    wer::register_custom_metadata("Channel", "sample")?;
    wer::register_custom_metadata("Documents", "3")?;
    wer::attach()
}

#[inline(never)]
fn save_document(document: *mut i32) {
    // SAFETY: none; nothing is mapped at this address, so the write is the crash that this sample is about.
    unsafe { document.write_volatile(5) };
}
