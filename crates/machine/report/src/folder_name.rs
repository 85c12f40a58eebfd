//! Names of report folders, in the form that Windows uses:
//! `AppCrash_<name, 16 characters>_<40 hex of the signature>_<8 hex of the path>_<report id>`.

use sha1::{Digest, Sha1};
use wer_model::{Report, ReportType, label};

use crate::limits::FOLDER_NAME_CHARS;

/// The folder's name: one path component of ASCII letters, digits, `.`, `-`, `+` and `_`, whatever the report says.
#[must_use]
pub fn folder_name(report: &Report) -> String {
    let class = match report.report_type {
        ReportType::ApplicationCrash => "AppCrash",
        ReportType::ApplicationHang | ReportType::Critical => "Critical",
        ReportType::NonCritical => "NonCritical",
        ReportType::Kernel => "Kernel",
    };
    let path_hash: String = hex_sha1(report.application_path.as_bytes()).chars().take(8).collect();
    let name = harmless(&report.application_name);
    format!("{class}_{name}_{}_{path_hash}_{}", signature_hash(report), report.id)
}

/// SHA-1 over the report's label, 40 hex digits: what "the same signature" means on this machine.
#[must_use]
pub fn signature_hash(report: &Report) -> String {
    hex_sha1(label(&report.signature).as_bytes())
}

fn hex_sha1(bytes: &[u8]) -> String {
    Sha1::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The first characters of a program's name, with `_` for all but harmless ones.
fn harmless(name: &str) -> String {
    name.chars()
        .take(FOLDER_NAME_CHARS)
        .map(|c| if c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '+') { c } else { '_' })
        .collect()
}
