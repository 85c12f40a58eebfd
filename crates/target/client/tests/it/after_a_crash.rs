//! What a process registers for the time after its crash, and what it may do when it has not crashed.

use wer_abi::Hresult;
use wer_client::registration::*;

use crate::registration::alone;

const INVALID: Result<()> = Err(Hresult::E_INVALIDARG);

#[test]
fn excluded_memory_has_any_size_and_is_apart_from_included_memory() {
    let _alone = alone();
    assert_eq!(register_excluded_memory_block(0, 1), INVALID);
    assert_eq!(register_excluded_memory_block(0x1000, 0), INVALID);
    assert_eq!(register_excluded_memory_block(0x1000, 1 << 32), INVALID);
    assert_eq!(register_excluded_memory_block(usize::MAX, 2), INVALID);
    assert_eq!(unregister_excluded_memory_block(0), INVALID);
    assert_eq!(register_excluded_memory_block(0x1000, u32::MAX as usize), Ok(()));
    assert_eq!(register_memory_block(0x1000, 8), Ok(()));
    assert_eq!(unregister_excluded_memory_block(0x1000), Ok(()));
    assert_eq!(unregister_excluded_memory_block(0x1000), Err(Hresult::WER_E_NOT_FOUND));
    assert_eq!(unregister_memory_block(0x1000), Ok(()));
}

#[test]
fn four_other_processes_can_be_registered() {
    let _alone = alone();
    assert_eq!(register_additional_process(0, 0), INVALID);
    for pid in 1..=4 {
        assert_eq!(register_additional_process(pid, 0), Ok(()));
    }
    assert_eq!(register_additional_process(5, 0), Err(Hresult::WER_E_INSUFFICIENT_BUFFER));
    assert_eq!(register_additional_process(4, 44), Ok(()));
    for pid in 1..=4 {
        assert_eq!(unregister_additional_process(pid), Ok(()));
    }
    assert_eq!(unregister_additional_process(4), Err(Hresult::WER_E_NOT_FOUND));
    assert_eq!(unregister_additional_process(0), Err(Hresult::WER_E_NOT_FOUND));
}

#[test]
fn a_copy_of_the_dump_stays_in_the_applications_folder() {
    let _alone = alone();
    for bad in ["", "/abs", "a/../b", "..", "a//b", "./a", "a/", "\\a", "a\\..\\b", "a\0b", &"x".repeat(64)] {
        assert_eq!(register_app_local_dump(bad), INVALID, "{bad:?}");
    }
    assert_eq!(register_app_local_dump(&"\u{20AC}".repeat(63)), Ok(()));
    assert_eq!(register_app_local_dump("crash\\dumps"), Ok(()));
    assert_eq!(unregister_app_local_dump(), Ok(()));
    assert_eq!(unregister_app_local_dump(), Ok(()));
}

#[test]
fn restart_settings_come_back_as_they_were_registered() {
    let _alone = alone();
    let settings = |command_line: Option<&str>, flags| {
        Ok(Some(RestartSettings { command_line: command_line.map(str::to_owned), flags }))
    };
    assert_eq!(application_restart_settings(), Ok(None));
    assert_eq!(register_application_restart(Some("--x"), 0x10), INVALID);
    assert_eq!(register_application_restart(Some("a\0b"), 0), INVALID);
    assert_eq!(register_application_restart(Some(&"x".repeat(1024)), 0), INVALID);
    let longest = "\u{1F980}".repeat(511) + "x";
    assert_eq!(register_application_restart(Some(&longest), 0xF), Ok(()));
    assert_eq!(application_restart_settings(), settings(Some(&longest), 0xF));
    assert_eq!(register_application_restart(Some(""), 1), Ok(()));
    assert_eq!(application_restart_settings(), settings(Some(""), 1));
    assert_eq!(register_application_restart(None, 0), Ok(()));
    assert_eq!(application_restart_settings(), settings(None, 0));
    use std::os::fd::AsFd;
    let own = std::fs::File::open("/proc/self/mem").unwrap();
    assert_eq!(restart_settings_of_process(std::process::id(), own.as_fd()), settings(None, 0));
    assert_eq!(unregister_application_restart(), Ok(()));
    assert_eq!(unregister_application_restart(), Ok(()));
    assert_eq!(restart_settings_of_process(std::process::id(), own.as_fd()), Ok(None));
}

#[test]
fn nothing_recovers_in_a_process_that_has_not_crashed() {
    let _alone = alone();
    let wanted = RecoveryCallback { callback: 0x4000, parameter: 7, ping_interval_ms: 0, flags: 0 };
    assert_eq!(application_recovery_callback(), Ok(None));
    let register = register_application_recovery_callback;
    assert_eq!(register(RecoveryCallback { callback: 0, ..wanted }), INVALID);
    assert_eq!(register(RecoveryCallback { ping_interval_ms: 300_001, ..wanted }), INVALID);
    assert_eq!(register(RecoveryCallback { flags: 1, ..wanted }), INVALID);
    assert_eq!(register(wanted), Ok(()));
    let registered = Ok(Some(RecoveryCallback { ping_interval_ms: 5000, ..wanted }));
    assert_eq!(application_recovery_callback(), registered);
    use std::os::fd::AsFd;
    let own = std::fs::File::open("/proc/self/mem").unwrap();
    assert_eq!(recovery_callback_of_process(std::process::id(), own.as_fd()), registered);
    assert_eq!(register(RecoveryCallback { ping_interval_ms: 300_000, ..wanted }), Ok(()));
    assert_eq!(application_recovery_in_progress(), Err(Hresult::E_FAIL));
    application_recovery_finished(true);
    assert_eq!(register_memory_block(0x9000, 8), Ok(()));
    assert_eq!(unregister_memory_block(0x9000), Ok(()));
    assert_eq!(unregister_application_recovery_callback(), Ok(()));
    assert_eq!(application_recovery_callback(), Ok(None));
}
