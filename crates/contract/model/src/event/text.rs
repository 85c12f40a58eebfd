//! Events as text, in the form that Windows' event viewer has made known: one field per line, by its name there.

use core::fmt::Write as _;

use super::{CrashRecord, EventRecord, HangRecord};
use crate::report::ReportId;

/// P1 to P10 are always there.
const PARAMETERS: usize = 10;

/// A value with a line break must not look like a field of its own.
fn one_line(value: &str) -> String {
    value.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

fn line(text: &mut String, name: &str, value: impl core::fmt::Display) {
    let _ = writeln!(text, "{name}: {}", one_line(&value.to_string()));
}

fn id(report_id: Option<ReportId>) -> String {
    report_id.map(|id| id.to_string()).unwrap_or_default()
}

impl EventRecord {
    /// The event's text, several lines.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = String::new();
        let bucket = one_line(&self.fault_bucket);
        let _ = writeln!(text, "Fault bucket {bucket}, type {}", self.bucket_type);
        line(&mut text, "Event Name", &self.event_name);
        line(&mut text, "Response", &self.response);
        line(&mut text, "Cab Id", &self.cab_id);
        text.push_str("\nProblem signature:\n");
        for number in 0..PARAMETERS {
            let value = self.parameters.get(number).map_or("", |parameter| parameter.value.as_str());
            line(&mut text, &format!("P{}", number + 1), value);
        }
        text.push_str("\nAttached files:\n");
        for file in &self.attached_files {
            let _ = writeln!(text, "{}", one_line(file));
        }
        let _ = write!(text, "\nFolder:\n{}\n\n", one_line(&self.folder));
        line(&mut text, "Analysis symbol", &self.analysis_symbol);
        line(&mut text, "Rechecking for solution", self.rechecking);
        line(&mut text, "Report Id", self.report_id);
        line(&mut text, "Report Status", self.report_status);
        line(&mut text, "Hashed bucket", &self.hashed_bucket);
        line(&mut text, "Cab Guid", &self.cab_guid);
        text
    }
}

impl CrashRecord {
    /// The event's text, several lines.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = String::new();
        let named = |name: &str, version: &str, timestamp: &str| {
            format!("{name}, version: {version}, time stamp: {timestamp}")
        };
        let application =
            named(&self.application_name, &self.application_version, &self.application_timestamp);
        line(&mut text, "Faulting application name", application);
        line(
            &mut text,
            "Faulting module name",
            named(&self.module_name, &self.module_version, &self.module_timestamp),
        );
        line(&mut text, "Exception code", &self.exception_code);
        line(&mut text, "Fault offset", &self.fault_offset);
        line(&mut text, "Faulting process id", &self.process_id);
        line(&mut text, "Faulting application start time", &self.start_time);
        line(&mut text, "Faulting application path", &self.application_path);
        line(&mut text, "Faulting module path", &self.module_path);
        line(&mut text, "Report Id", id(self.report_id));
        line(&mut text, "Faulting package full name", &self.package_full_name);
        line(&mut text, "Faulting package-relative application ID", &self.package_application_id);
        text
    }
}

impl HangRecord {
    /// The event's text, several lines.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = format!(
            "The program {} version {} no longer answered.\n",
            one_line(&self.application_name),
            one_line(&self.application_version)
        );
        line(&mut text, "Process ID", &self.process_id);
        line(&mut text, "Start Time", &self.start_time);
        line(&mut text, "Termination Time", self.termination_time_ms);
        line(&mut text, "Application Path", &self.application_path);
        line(&mut text, "Report Id", id(self.report_id));
        line(&mut text, "Faulting package full name", &self.package_full_name);
        line(&mut text, "Faulting package-relative application ID", &self.package_application_id);
        line(&mut text, "Hang type", &self.hang_type);
        text
    }
}
