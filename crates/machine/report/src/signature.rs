//! What a crash is filed under: APPCRASH with P1..P8 or BEX64 with P1..P9, a hang: AppHangB1 with P1..P5 or
//! AppHangXProcB1 with P1..P7, unless a module claimed it.
//!
//! The fault module is the one that holds the instruction, as on Windows: for an `abort()` that is the C library.
//! Looking further up the stack is the server's work. How versions, timestamps and offsets are made on Linux is
//! described in `docs/formats/report-wer.md`.

use sha1::{Digest, Sha1};
use wer_abi::NtStatus;
use wer_abi::exception::AccessKind;
use wer_abi::limits::{
    WER_MAX_EVENT_NAME_LENGTH, WER_MAX_PARAM_COUNT, WER_MAX_PARAM_LENGTH, WER_MAX_SIGNATURE_NAME_LENGTH,
};
use wer_model::{ModuleOutcome, ModuleVerdict, Parameter, Signature};
use wer_snapshot::{ExceptionSnapshot, ModuleSnapshot, ProcessSnapshot, RegionKind};

use crate::hang::HangFacts;

/// The code with which `__fastfail` reports a smashed stack, P9 of such a BEX64.
pub const FAST_FAIL_STACK_COOKIE_CHECK_FAILURE: u64 = 2;
/// Exception data of an instruction fetch that DEP forbids.
const DEP_VIOLATION: u64 = 8;
/// Instructions below this address are calls through a null pointer: their address is the same in every process.
const NULL_CALL_LIMIT: u64 = 0x1_0000;
/// Bits of an address that address space randomization leaves alone.
const PAGE_OFFSET_MASK: u64 = 0xFFF;

/// Version where none is known.
pub(crate) const NO_VERSION: &str = "0.0.0.0";
/// Timestamp where there is no build id.
const NO_TIMESTAMP: &str = "00000000";
/// Before the four hex digits that stand for the fault module where none holds the instruction.
const STACK_HASH: &str = "StackHash_";
/// Before the offset where no module holds the instruction.
const NO_MODULE_OFFSET: &str = "PCH_";

/// The signature of a report: the first claim's own, else the system's.
pub(crate) fn signature(snapshot: &ProcessSnapshot, outcomes: &[ModuleOutcome]) -> Signature {
    claimed(outcomes).unwrap_or_else(|| system(snapshot))
}

/// The event of the module that claimed. A claim without an event name leaves naming to the system.
fn claimed(outcomes: &[ModuleOutcome]) -> Option<Signature> {
    outcomes.iter().find_map(|outcome| match &outcome.verdict {
        ModuleVerdict::Claimed { event_name, parameters, .. } if !event_name.is_empty() => Some(Signature {
            event_type: cut_utf16(event_name, WER_MAX_EVENT_NAME_LENGTH),
            parameters: parameters
                .iter()
                .take(WER_MAX_PARAM_COUNT)
                .map(|pair| parameter(&pair.name, &pair.value))
                .collect(),
        }),
        _ => None,
    })
}

/// The signature of a hang: the first claim's own, else AppHangB1, or AppHangXProcB1 where another program is in its way.
/// P7 is not looked for: `0.0.0.0`.
pub(crate) fn hang_signature(
    snapshot: &ProcessSnapshot,
    outcomes: &[ModuleOutcome],
    facts: &HangFacts,
) -> Signature {
    if let Some(claimed) = claimed(outcomes) {
        return claimed;
    }
    let mut parameters = application(snapshot);
    parameters.extend([
        parameter("Hang Signature", &facts.signature),
        parameter("Hang Type", &facts.hang_type.to_string()),
    ]);
    let Some(other) = &facts.waiting_on else {
        return Signature { event_type: "AppHangB1".into(), parameters };
    };
    parameters.extend([
        parameter("Waiting on Application Name", other),
        parameter("Waiting on Application Version", NO_VERSION),
    ]);
    Signature { event_type: "AppHangXProcB1".into(), parameters }
}

fn system(snapshot: &ProcessSnapshot) -> Signature {
    let mut parameters = application(snapshot);
    let Some(exception) = &snapshot.exception else {
        return Signature { event_type: "LiveSnapshot".into(), parameters };
    };
    let place = fault_place(snapshot, exception);
    parameters.extend([
        parameter("Fault Module Name", &place.module),
        parameter("Fault Module Version", &place.version),
        parameter("Fault Module Timestamp", &place.timestamp),
    ]);
    let code = parameter("Exception Code", &exception.status.to_string());
    let offset = parameter("Exception Offset", &place.offset);
    match exception_data(exception) {
        Some(data) => {
            parameters.extend([offset, code, parameter("Exception Data", &format!("{data:016x}"))]);
            Signature { event_type: "BEX64".into(), parameters }
        }
        None => {
            parameters.extend([code, offset]);
            Signature { event_type: "APPCRASH".into(), parameters }
        }
    }
}

/// P9 of BEX64; `None` for what is an APPCRASH.
fn exception_data(exception: &ExceptionSnapshot) -> Option<u64> {
    match (exception.status, exception.access) {
        (NtStatus::ACCESS_VIOLATION, Some(AccessKind::Execute)) => Some(DEP_VIOLATION),
        (NtStatus::STACK_BUFFER_OVERRUN, _) => Some(FAST_FAIL_STACK_COOKIE_CHECK_FAILURE),
        _ => None,
    }
}

/// P1..P3.
fn application(snapshot: &ProcessSnapshot) -> Vec<Parameter> {
    let executable = executable(snapshot);
    vec![
        parameter("Application Name", &application_name(snapshot)),
        parameter("Application Version", &executable.map_or_else(|| NO_VERSION.into(), version)),
        parameter("Application Timestamp", &executable.map_or_else(|| NO_TIMESTAMP.into(), timestamp)),
    ]
}

/// The executable's module.
pub(crate) fn executable(snapshot: &ProcessSnapshot) -> Option<&ModuleSnapshot> {
    snapshot.modules.iter().find(|module| module.kind == wer_snapshot::ModuleKind::Executable)
}

/// File name of the executable, else the process's name.
pub(crate) fn application_name(snapshot: &ProcessSnapshot) -> String {
    let file_name = snapshot.process.executable.rsplit('/').next().unwrap_or_default();
    if file_name.is_empty() { snapshot.process.name.clone() } else { file_name.to_owned() }
}

/// Four numbers with dots.
pub(crate) fn version(module: &ModuleSnapshot) -> String {
    match module.version {
        Some([major, minor, build, revision]) => format!("{major}.{minor}.{build}.{revision}"),
        None => NO_VERSION.into(),
    }
}

/// The first 8 hex digits of the build id.
fn timestamp(module: &ModuleSnapshot) -> String {
    match module.build_id.first_chunk::<4>() {
        Some(bytes) => format!("{:08x}", u32::from_be_bytes(*bytes)),
        None => NO_TIMESTAMP.into(),
    }
}

/// P4..P6 and the offset.
struct Place {
    module: String,
    version: String,
    timestamp: String,
    /// 16 hex digits; behind `PCH_` and where they count from, where no module holds the instruction.
    offset: String,
}

fn fault_place(snapshot: &ProcessSnapshot, exception: &ExceptionSnapshot) -> Place {
    let instruction = exception.instruction;
    if let Some(module) = snapshot.module_at(instruction) {
        return Place {
            module: module.file_name().to_owned(),
            version: version(module),
            timestamp: timestamp(module),
            offset: format!("{:016x}", instruction - module.base),
        };
    }
    let (module, offset) = outside_modules(snapshot, exception);
    Place { module, version: NO_VERSION.into(), timestamp: NO_TIMESTAMP.into(), offset }
}

/// A name and an offset that are the same in every process, in spite of address space randomization.
fn outside_modules(snapshot: &ProcessSnapshot, exception: &ExceptionSnapshot) -> (String, String) {
    let instruction = exception.instruction;
    if instruction < NULL_CALL_LIMIT {
        return stack_hash(exception, "NULL", instruction);
    }
    match snapshot.region_at(instruction).map(|region| (region, &region.kind)) {
        Some((region, RegionKind::File { path, .. })) => {
            let name = path.rsplit('/').next().unwrap_or(path).to_owned();
            (name, format!("{:016x}", (instruction - region.start).saturating_add(region.offset)))
        }
        Some(_) => stack_hash(exception, "MEMORY", instruction & PAGE_OFFSET_MASK),
        None => stack_hash(exception, "UNMAPPED", instruction & PAGE_OFFSET_MASK),
    }
}

/// `StackHash_xxxx` and `PCH_<place>+<offset>`: the digits are the first of the SHA-1 of code, place and offset, so that
/// they are the same wherever this crash happens again. Windows hashes the stack; its rule is not documented.
fn stack_hash(exception: &ExceptionSnapshot, place: &str, offset: u64) -> (String, String) {
    let offset = format!("{NO_MODULE_OFFSET}{place}+{offset:016x}");
    let digest = Sha1::digest(format!("{}|{offset}", exception.status));
    let digits: String = digest.iter().take(2).map(|byte| format!("{byte:02x}")).collect();
    (format!("{STACK_HASH}{digits}"), offset)
}

/// A parameter within Windows' lengths.
fn parameter(name: &str, value: &str) -> Parameter {
    Parameter::new(cut_utf16(name, WER_MAX_SIGNATURE_NAME_LENGTH), cut_utf16(value, WER_MAX_PARAM_LENGTH - 1))
}

/// The text's first characters that fit into this many UTF-16 units.
pub(crate) fn cut_utf16(text: &str, limit_units: usize) -> String {
    let mut left = limit_units;
    text.chars()
        .take_while(|c| {
            let fits = c.len_utf16() <= left;
            left = left.saturating_sub(c.len_utf16());
            fits
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_cut_between_characters() {
        assert_eq!(cut_utf16("abc", 2), "ab");
        assert_eq!(cut_utf16("a\u{1f600}b", 2), "a");
        assert_eq!(cut_utf16("a\u{1f600}b", 3), "a\u{1f600}");
    }
}
