//! Private stream 0x57450002: what the report knows about the crash, as JSON. Keys: `docs/formats/private-streams.md`.

use serde_json::{Value, json};
use wer_abi::exception::AccessKind;
use wer_model::SoftError;
use wer_snapshot::ProcessSnapshot;

use crate::flags::stream;
use crate::layout::Layout;
use crate::options::DumpOptions;

const VERSION: u32 = 1;

pub(crate) fn write(
    layout: &mut Layout,
    snapshot: &ProcessSnapshot,
    options: &DumpOptions,
    soft_errors: &[SoftError],
) {
    let exception = snapshot.exception.as_ref();
    let errors: Vec<&SoftError> = snapshot.soft_errors.iter().chain(soft_errors).collect();
    let info = json!({
        "version": VERSION,
        "report_id": options.report_id,
        "capture_source": snapshot.source.name(),
        "status": exception.map(|e| e.status.to_string()),
        "instruction": exception.map(|e| hex(e.instruction)),
        "fault_address": exception.map(|e| hex(e.signal.address)),
        "access": exception.and_then(|e| e.access).map(access_name),
        "last_words": snapshot.last_words.as_ref().filter(|_| !options.triage()),
        "metadata": if options.triage() { Vec::new() } else { metadata(snapshot) },
        "synthetic_modules": synthetic_modules(snapshot),
        "excluded_blocks": excluded_blocks(snapshot),
        "soft_errors": errors,
    });
    layout.stream(stream::WER_INFO, info.to_string().as_bytes());
}

fn hex(address: u64) -> String {
    format!("{address:#x}")
}

const fn access_name(access: AccessKind) -> &'static str {
    match access {
        AccessKind::Read => "read",
        AccessKind::Write => "write",
        AccessKind::Execute => "execute",
    }
}

fn metadata(snapshot: &ProcessSnapshot) -> Vec<Value> {
    let pairs = snapshot.registrations.metadata();
    pairs.map(|(key, value)| json!({"key": key, "value": value})).collect()
}

fn synthetic_modules(snapshot: &ProcessSnapshot) -> Vec<String> {
    let modules = snapshot.modules.iter().filter(|module| module.synthetic_id);
    modules.map(|module| hex(module.base)).collect()
}

fn excluded_blocks(snapshot: &ProcessSnapshot) -> Vec<Value> {
    let blocks = snapshot.registrations.excluded_blocks();
    blocks.map(|block| json!({"address": hex(block.address), "size": block.size})).collect()
}
