//! The safe API, looked at from outside: what a reader of this process's block finds.

mod reports;

use std::fs::File;
use std::mem::offset_of;
use std::os::unix::fs::FileExt;
use std::panic::catch_unwind;

use wer::{Error, FileType, Hresult};
use wer_abi::registration::{Header, RegistrationBlock};

fn read(offset: usize, out: &mut [u8]) {
    let block = wer_client::registration::block_address().unwrap() as u64;
    File::open("/proc/self/mem").unwrap().read_exact_at(out, block + offset as u64).unwrap();
}

fn word(offset: usize) -> u32 {
    let mut bytes = [0; 4];
    read(offset, &mut bytes);
    u32::from_le_bytes(bytes)
}

fn entries() -> u32 {
    word(offset_of!(Header, entry_count))
}

fn last_words() -> String {
    let area = offset_of!(RegistrationBlock, last_words);
    let mut text = vec![0; word(area + 4) as usize];
    read(area + 8, &mut text);
    String::from_utf8(text).unwrap()
}

/// One test: everything here shares the process's block.
#[test]
fn what_is_said_is_found() {
    static STATUS: [u8; 64] = [0; 64];
    wer::attach().unwrap();
    wer::attach().unwrap();
    wer::thread_attach().unwrap();

    wer::register_memory_block(&STATUS).unwrap();
    let local = vec![1_u8; 100];
    let guard = wer::register_scoped_memory(&local).unwrap();
    assert_eq!(entries(), 2);
    drop(guard);
    assert_eq!(entries(), 1);
    wer::unregister_memory_block(&STATUS).unwrap();
    assert_eq!(wer::unregister_memory_block(&STATUS), Err(Error(Hresult::WER_E_NOT_FOUND)));
    assert_eq!(wer::register_memory_range(std::ptr::null::<u8>(), 4), Err(Error(Hresult::E_INVALIDARG)));

    wer::register_file("/tmp/app.log", FileType::Other, wer::flags::WER_FILE_ANONYMOUS_DATA).unwrap();
    wer::register_custom_metadata("Channel", "beta").unwrap();
    assert_eq!(entries(), 2);
    wer::register_runtime_exception_module("/opt/handler.so", STATUS.as_ptr()).unwrap();
    wer::register_runtime_exception_module("/opt/handler.so", 7_u64).unwrap();
    assert_eq!(word(offset_of!(Header, module_count)), 2);
    wer::unregister_runtime_exception_module("/opt/handler.so", STATUS.as_ptr()).unwrap();

    wer::set_flags(wer::flags::WER_FAULT_REPORTING_FLAG_NOHEAP).unwrap();
    assert_eq!(wer::get_flags(), Ok(1));
    wer::set_max_process_hold_ms(1000).unwrap();
    assert_eq!(word(offset_of!(Header, max_hold_ms)), 1000);

    wer::set_last_words("all is well").unwrap();
    assert_eq!(last_words(), "all is well");
    let line = line!() + 1;
    let caught = catch_unwind(|| panic!("no more {}", "apples"));
    assert!(caught.is_err());
    let words = last_words();
    assert!(words.starts_with("\x01thread 'what_is_said_is_found' panicked at "), "{words:?}");
    assert!(words.contains(&format!("main.rs:{line}:")), "{words:?}");
    assert!(words.ends_with(": no more apples"), "{words:?}");
    assert_eq!(
        wer::register_file("relative", FileType::Other, 0).unwrap_err().to_string(),
        "the error-reporting call failed: E_INVALIDARG (0x80070057)"
    );
}

#[test]
fn everything_else_is_registered_and_taken_back() {
    static TEXTURE: [u8; 4096] = [0; 4096];
    let not_found = Err(Error(Hresult::WER_E_NOT_FOUND));
    wer::register_excluded_memory_range(TEXTURE.as_ptr(), TEXTURE.len()).unwrap();
    assert_eq!(wer::unregister_excluded_memory_range(TEXTURE.as_ptr()), Ok(()));
    assert_eq!(wer::unregister_excluded_memory_range(TEXTURE.as_ptr()), not_found);
    wer::register_additional_process(4711, 0).unwrap();
    assert_eq!(wer::unregister_additional_process(4711), Ok(()));
    assert_eq!(wer::unregister_additional_process(4711), not_found);
    assert_eq!(wer::register_additional_process(0, 0), Err(Error(Hresult::E_INVALIDARG)));
    wer::register_app_local_dump("dumps").unwrap();
    assert_eq!(wer::register_app_local_dump("/dumps"), Err(Error(Hresult::E_INVALIDARG)));
    wer::unregister_app_local_dump().unwrap();
}

#[test]
fn restart_and_recovery_are_registered_and_taken_back() {
    use std::time::Duration;
    use wer_client::registration::{application_recovery_callback, application_restart_settings};
    wer::register_restart(Some("--again"), wer::flags::RESTART_NO_HANG).unwrap();
    let settings = application_restart_settings().unwrap().unwrap();
    assert_eq!((settings.command_line.as_deref(), settings.flags), (Some("--again"), 2));
    wer::unregister_restart().unwrap();
    assert_eq!(application_restart_settings(), Ok(None));
    let too_long = wer::register_recovery(|| true, Duration::from_secs(301));
    assert_eq!(too_long, Err(Error(Hresult::E_INVALIDARG)));
    wer::register_recovery(|| true, Duration::from_secs(2)).unwrap();
    let callback = application_recovery_callback().unwrap().unwrap();
    assert!(callback.callback != 0 && callback.ping_interval_ms == 2000);
    assert_eq!(wer::recovery_in_progress(), Err(Error(Hresult::E_FAIL)));
    wer::unregister_recovery().unwrap();
    assert_eq!(application_recovery_callback(), Ok(None));
}
