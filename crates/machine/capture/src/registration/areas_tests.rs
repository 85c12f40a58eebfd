//! The areas of the header: what is whole comes back, what was overwritten is named.

use proptest::prelude::*;
use wer_abi::registration::{AppLocalDumpArea, RecoveryArea, RestartArea, check_word, restart_state};
use wer_snapshot::{RecoveryRegistration, RestartRegistration};

use super::tests::Block;
use super::*;

const DUMP: usize = offset_of!(Header, app_local_dump);
const RECOVERY: usize = offset_of!(Header, recovery);
const RESTART: usize = offset_of!(Header, restart);

fn with_dump(path: &str) -> Block {
    let mut block = Block::new();
    block.put(DUMP + offset_of!(AppLocalDumpArea, check), &check_word(&[], path.as_bytes()).to_le_bytes());
    block.put(DUMP + offset_of!(AppLocalDumpArea, path_bytes), &(path.len() as u32).to_le_bytes());
    block.put(DUMP + offset_of!(AppLocalDumpArea, path), path.as_bytes());
    block
}

fn with_restart(block: &mut Block, state: u32, command: &[u16]) {
    let bytes: Vec<u8> = command.iter().flat_map(|unit| unit.to_le_bytes()).collect();
    let check = check_word(&[u64::from(state), 1, 77], &bytes);
    for (offset, number) in [
        (offset_of!(RestartArea, check), check),
        (offset_of!(RestartArea, state), state),
        (offset_of!(RestartArea, flags), 1),
        (offset_of!(RestartArea, registered_ms), 77),
        (offset_of!(RestartArea, command_units), command.len() as u32),
    ] {
        block.put(RESTART + offset, &number.to_le_bytes());
    }
    block.put(RESTART + offset_of!(RestartArea, command), &bytes);
}

fn with_recovery(block: &mut Block, callback: u64, interval: u32) {
    block.put(RECOVERY + offset_of!(RecoveryArea, callback), &callback.to_le_bytes());
    block.put(RECOVERY + offset_of!(RecoveryArea, parameter), &5_u64.to_le_bytes());
    let check = check_word(&[callback, 5, u64::from(interval), 0], &[]);
    for (offset, number) in [
        (offset_of!(RecoveryArea, check), check),
        (offset_of!(RecoveryArea, ping_interval_ms), interval),
        (offset_of!(RecoveryArea, phase), 2),
        (offset_of!(RecoveryArea, progress_count), 3),
    ] {
        block.put(RECOVERY + offset, &number.to_le_bytes());
    }
}

fn units(text: &str) -> Vec<u16> {
    text.encode_utf16().collect()
}

fn full() -> Block {
    let mut block = with_dump("dumps/größe");
    with_restart(&mut block, restart_state::COMMAND, &units("--open \"ä b\""));
    with_recovery(&mut block, 0x4000, 5000);
    block
}

#[test]
fn what_an_older_writer_left_zero_is_not_registered() {
    let contents = Block::new().read();
    let found = contents.registrations;
    assert_eq!((found.app_local_dump, found.restart, found.recovery), (None, None, None));
    assert!(contents.soft_errors.is_empty());
}

#[test]
fn whole_areas_come_back() {
    let contents = full().read();
    assert!(contents.soft_errors.is_empty(), "{:?}", contents.soft_errors);
    let found = contents.registrations;
    assert_eq!(found.app_local_dump.as_deref(), Some("dumps/größe"));
    let command_line = Some("--open \"ä b\"".to_owned());
    assert_eq!(found.restart, Some(RestartRegistration { command_line, flags: 1, registered_ms: 77 }));
    let recovery = RecoveryRegistration {
        callback: 0x4000,
        parameter: 5,
        ping_interval_ms: 5000,
        flags: 0,
        phase: 2,
        progress_count: 3,
    };
    assert_eq!(found.recovery, Some(recovery));
    let mut own = Block::new();
    with_restart(&mut own, restart_state::OWN_ARGUMENTS, &[]);
    let restart = own.read().registrations.restart.expect("a restart");
    assert_eq!(restart.command_line, None);
}

/// Rightly checked, and still nothing that the functions let in.
#[test]
fn what_no_function_lets_in_is_left_out() {
    for path in ["", "/etc", "a/../../b", "a//b", ".", "a/", "nul\0", &"x".repeat(64)] {
        let contents = with_dump(path).read();
        assert_eq!(
            (contents.registrations.app_local_dump, contents.soft_errors.len()),
            (None, 1),
            "{path:?}"
        );
    }
    let mut block = Block::new();
    with_restart(&mut block, 3, &[]);
    with_recovery(&mut block, 0, 5000);
    assert_eq!(block.read().soft_errors.len(), 2);
    with_restart(&mut block, restart_state::COMMAND, &[0xD800]);
    with_recovery(&mut block, 0x4000, 300_001);
    let contents = block.read();
    assert_eq!((contents.registrations.restart, contents.registrations.recovery), (None, None));
    assert_eq!(contents.soft_errors.len(), 2);
    with_restart(&mut block, restart_state::COMMAND, &[u16::from(b'a'); 1023]);
    assert!(block.read().registrations.restart.is_some());
}

#[test]
fn an_area_that_is_being_written_is_left_out() {
    let mut block = full();
    for area in [DUMP, RECOVERY, RESTART] {
        block.put(area, &[1]);
    }
    let contents = block.read();
    let found = contents.registrations;
    assert_eq!((found.app_local_dump, found.restart, found.recovery), (None, None, None));
    assert!(contents.soft_errors.iter().all(|error| error.message.contains("was being written")));
    assert_eq!(contents.soft_errors.len(), 3);
}

proptest! {
    /// A changed byte loses the area that it is in, with a word about it, and no other one.
    #[test]
    fn one_changed_byte_loses_one_area(at in 0_usize..1200, bits in 1_u8..=255) {
        let at = DUMP + at;
        let (good, mut block) = (full().read().registrations, full());
        block.0[at] ^= bits;
        let contents = block.read();
        let found = contents.registrations;
        let same = [
            found.app_local_dump == good.app_local_dump,
            found.recovery == good.recovery,
            found.restart == good.restart,
        ];
        let hit = [DUMP..RECOVERY, RECOVERY..RESTART, RESTART..4096].map(|area| area.contains(&at));
        for (same, hit) in same.into_iter().zip(hit) {
            prop_assert!(same || hit);
        }
        let lost = [found.app_local_dump.is_none(), found.recovery.is_none(), found.restart.is_none()];
        prop_assert!(!lost.contains(&true) || !contents.soft_errors.is_empty());
    }
}
