//! Verdicts over whole conversations, and over what a hostile host could say.

use super::*;
use crate::protocol::Callback::{DebuggerLaunch, Event, Loading, Signature};

fn wide(text: &str) -> WideAnswer {
    let units: Vec<u16> = text.encode_utf16().collect();
    WideAnswer { capacity: 260, size: units.len() as u32 + 1, units }
}

fn entering(callback: Callback) -> HostMessage {
    HostMessage::Entering { callback }
}

fn event(result: Hresult, claimed: bool, name: &str, signature_count: u32) -> [HostMessage; 3] {
    let answer = HostMessage::Event { result: result.0, claimed, name: wide(name), signature_count };
    [entering(Loading), entering(Event), answer]
}

fn pair(index: u32, result: Hresult, name: &str, value: &str) -> [HostMessage; 2] {
    let answer = HostMessage::Signature { index, result: result.0, name: wide(name), value: wide(value) };
    [entering(Signature(index)), answer]
}

fn debugger(result: Hresult, is_custom: bool, command: &str) -> [HostMessage; 2] {
    let answer =
        HostMessage::DebuggerLaunch { result: result.0, is_custom, command: wide(command), autolaunch: true };
    [entering(DebuggerLaunch), answer]
}

fn verdict(may_claim: bool, messages: &[HostMessage]) -> ModuleVerdict {
    let packets: Vec<Vec<u8>> = messages.iter().map(|m| serde_json::to_vec(m).unwrap()).collect();
    let packets: Vec<&[u8]> = packets.iter().map(Vec::as_slice).collect();
    verdict_of_packets(may_claim, &packets)
}

fn claimed(event_name: &str, pairs: &[(&str, &str)]) -> ModuleVerdict {
    ModuleVerdict::Claimed {
        event_name: event_name.to_owned(),
        parameters: pairs.iter().map(|(name, value)| Parameter::new(*name, *value)).collect(),
        debugger: None,
        debugger_autolaunch: false,
    }
}

const OK: Hresult = Hresult::S_OK;
const FAIL: Hresult = Hresult::E_FAIL;

#[test]
fn a_claim_with_its_pairs() {
    let mut messages = event(OK, true, "My crash report", 2).to_vec();
    messages.extend(pair(0, OK, "Version", "5"));
    messages.extend(pair(1, OK, "Status", "Hello world!"));
    messages.extend(debugger(OK, false, "ignored"));
    let expected = claimed("My crash report", &[("Version", "5"), ("Status", "Hello world!")]);
    assert_eq!(verdict(true, &messages), expected);
}

#[test]
fn a_claim_is_honoured_in_spite_of_a_failure_code() {
    let mut messages = event(FAIL, true, "", 0).to_vec();
    messages.extend(debugger(FAIL, false, ""));
    assert_eq!(verdict(true, &messages), claimed("", &[]));
}

#[test]
fn a_debugger_is_taken_over_only_when_it_says_so() {
    let mut messages = event(OK, true, "E", 0).to_vec();
    messages.extend(debugger(OK, true, "/usr/bin/gdb -p %ld"));
    let ModuleVerdict::Claimed { debugger: found, debugger_autolaunch, .. } = verdict(true, &messages) else {
        panic!("not claimed");
    };
    assert_eq!(found.as_deref(), Some("/usr/bin/gdb -p %ld"));
    assert!(debugger_autolaunch);
    let mut failed = event(OK, true, "E", 0).to_vec();
    failed.extend(debugger(FAIL, true, "/usr/bin/gdb"));
    assert_eq!(verdict(true, &failed), claimed("E", &[]));
}

#[test]
fn a_failing_signature_callback_brings_back_the_systems_own_event() {
    let mut messages = event(OK, true, "Mine", 3).to_vec();
    messages.extend(pair(0, OK, "A", "1"));
    messages.extend(pair(1, Hresult::E_UNEXPECTED, "B", "2"));
    messages.extend(debugger(OK, false, ""));
    assert_eq!(verdict(true, &messages), claimed("", &[]));
}

#[test]
fn no_claim_and_no_right_to_claim() {
    assert_eq!(verdict(true, &event(OK, false, "E", 3)), ModuleVerdict::Declined);
    assert_eq!(verdict(true, &event(FAIL, false, "", 0)), ModuleVerdict::Declined);
    assert_eq!(verdict(false, &event(OK, true, "E", 3)), ModuleVerdict::ClaimRefused);
}

#[test]
fn answers_out_of_turn_void_the_claim() {
    let claim = event(OK, true, "E", 2);
    let skips = [&claim[..], &pair(1, OK, "B", "2")].concat();
    let early = [&claim[..], &debugger(OK, false, "")].concat();
    let twice = [&claim[..], &claim[..]].concat();
    let unloaded = [&claim[..], &[HostMessage::NotLoaded { reason: String::new() }]].concat();
    for messages in [skips, early, twice, unloaded, pair(0, OK, "A", "1").to_vec()] {
        assert!(matches!(verdict(true, &messages), ModuleVerdict::Invalid { .. }), "{messages:?}");
    }
}

#[test]
fn more_than_ten_pairs_are_the_first_ten() {
    let mut messages = event(OK, true, "E", u32::MAX).to_vec();
    for index in 0..10 {
        messages.extend(pair(index, OK, "N", "V"));
    }
    messages.extend(debugger(OK, false, ""));
    assert!(
        matches!(verdict(true, &messages), ModuleVerdict::Claimed { parameters, .. } if parameters.len() == 10)
    );
}

#[test]
fn an_end_without_a_verdict_names_the_callback() {
    let mut conversation = Conversation::new(true);
    conversation.accept(entering(Signature(1))).unwrap();
    let during = "OutOfProcessExceptionEventSignatureCallback 1".to_owned();
    let crashed = ModuleVerdict::Crashed { signal: 11, during: during.clone() };
    assert_eq!(conversation.ended(HostEnd::Signal(11)), crashed);
    assert_eq!(conversation.ended(HostEnd::Deadline), ModuleVerdict::TimedOut { during });
    let exited = ModuleVerdict::Exited { status: 3, during: "loading".to_owned() };
    assert_eq!(Conversation::new(true).ended(HostEnd::Status(3)), exited);
}

#[test]
fn rubbish_is_invalid_and_floods_end() {
    for packet in [&b"{}"[..], b"", b"\xff\xfe", b"{\"message\":\"claimed\"}", b"[1,2"] {
        let verdict = verdict_of_packets(true, &[packet]);
        assert!(matches!(verdict, ModuleVerdict::Invalid { .. }), "{packet:?} {verdict:?}");
    }
    let flood = vec![entering(Loading); MAX_PACKETS + 1];
    assert!(matches!(verdict(true, &flood), ModuleVerdict::Invalid { .. }));
}
