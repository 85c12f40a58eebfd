//! Values to lines. The order of the first part is the one that Windows 10 and 11 are seen to write.

use wer_model::{AttachedFile, Parameter, Report};

use super::escape::escape;
use super::{ICON_FILE_PATH, modules, names};
use crate::event::report_status;
use crate::utf16;

/// `IMAGE_FILE_MACHINE_AMD64`.
const WOW64_HOST_AMD64: u32 = 34_404;

/// The bytes of `Report.wer`.
#[must_use]
pub fn to_bytes(report: &Report) -> Vec<u8> {
    let mut lines = Lines(String::with_capacity(16 * 1024));
    lines.head(report);
    lines.reply(report);
    lines.signature(report);
    lines.lists(report);
    lines.tail(report);
    lines.ours(report);
    utf16::encode(&lines.0)
}

/// A file being written.
pub(super) struct Lines(String);

impl Lines {
    /// One line; the value is escaped.
    pub(super) fn line(&mut self, key: &str, value: &str) {
        self.0.push_str(key);
        self.0.push('=');
        self.0.push_str(&escape(value));
        self.0.push_str("\r\n");
    }

    pub(super) fn number(&mut self, key: &str, value: impl ToString) {
        self.line(key, &value.to_string());
    }

    pub(super) fn pair(&mut self, prefix: &str, name: &str, parameter: &Parameter) {
        self.line(&format!("{prefix}.{name}"), &parameter.name);
        self.line(&format!("{prefix}.Value"), &parameter.value);
    }

    fn head(&mut self, report: &Report) {
        self.number("Version", 1);
        self.line("EventType", &report.signature.event_type);
        self.number("EventTime", report.event_time_filetime);
        self.number("ReportType", names::report_type_number(report.report_type));
        self.number("Consent", names::consent_number(report.consent));
        if let Some(time) = report.upload_time_filetime {
            self.number("UploadTime", time);
        }
        self.number("ReportStatus", report_status(report));
        self.number("ReportIdentifier", report.id);
        self.number("IntegratorReportIdentifier", report.id);
        self.number("Wow64Host", WOW64_HOST_AMD64);
        self.line("NsAppName", &report.application_name);
    }

    fn reply(&mut self, report: &Report) {
        let Some(reply) = &report.reply else { return };
        if let Some(bucket) = reply.bucket {
            self.number("Response.BucketId", bucket);
        }
        if let Some(table) = reply.bucket_table {
            self.number("Response.BucketTable", table);
        }
        self.number("Response.type", 4);
    }

    fn signature(&mut self, report: &Report) {
        for (n, parameter) in report.signature.parameters.iter().enumerate() {
            self.pair(&format!("Sig[{n}]"), "Name", parameter);
        }
        for (n, parameter) in &report.dynamic_signature {
            self.pair(&format!("DynamicSig[{n}]"), "Name", parameter);
        }
        self.dialogs(report);
    }

    fn dialogs(&mut self, report: &Report) {
        let texts = &report.statement.ui_texts;
        let icon = (ICON_FILE_PATH, report.application_path.as_str());
        let is_set = texts.iter().any(|(number, _)| *number == ICON_FILE_PATH);
        let said = texts.iter().map(|(number, text)| (*number, text.as_str()));
        let mut all: Vec<(u32, &str)> = said.chain((!is_set).then_some(icon)).collect();
        all.sort_by_key(|(number, _)| *number);
        for (number, text) in all {
            self.line(&format!("UI[{number}]"), text);
        }
    }

    fn lists(&mut self, report: &Report) {
        for (n, path) in report.loaded_modules.iter().enumerate() {
            self.line(&format!("LoadedModule[{n}]"), path);
        }
        for (n, pair) in report.os_info.iter().enumerate() {
            self.pair(&format!("OsInfo[{n}]"), "Key", pair);
        }
        for (n, file) in report.files.iter().enumerate() {
            self.file(&format!("File[{n}]"), file);
        }
    }

    fn file(&mut self, prefix: &str, file: &AttachedFile) {
        self.line(&format!("{prefix}.CabName"), &file.name);
        self.line(&format!("{prefix}.Path"), &file.name);
        self.number(&format!("{prefix}.Flags"), file.flags);
        self.number(&format!("{prefix}.Type"), names::file_kind_number(file.kind));
        if let Some(path) = &file.original_path {
            self.line(&format!("{prefix}.Original.Path"), path);
        }
    }

    fn tail(&mut self, report: &Report) {
        self.line("FriendlyEventName", &report.friendly_event_name);
        self.line("ConsentKey", report.consent_key());
        self.line("AppName", &report.application_name);
        self.line("AppPath", &report.application_path);
        let statement = &report.statement;
        for (key, said) in [
            ("ReportDescription", &statement.description),
            ("NsPartner", &statement.namespace_partner),
            ("NsGroup", &statement.namespace_group),
            ("ApplicationIdentity", &statement.application_identity),
        ] {
            if !said.is_empty() {
                self.line(key, said);
            }
        }
    }

    /// What Windows has no lines for.
    fn ours(&mut self, report: &Report) {
        self.line("Linux.AppVersion", &report.application_version);
        self.number("Linux.Pid", report.pid);
        self.number("Linux.Uid", report.uid);
        self.line("Linux.CaptureSource", &report.capture_source);
        if report.submit_flags != 0 {
            self.number("Linux.SubmitFlags", report.submit_flags);
        }
        if report.reply.is_some() {
            self.line("Linux.HasReply", "1");
        }
        if let Some(reply) = &report.reply {
            for (key, said) in [
                ("Linux.SolutionUrl", &reply.solution_url),
                ("Linux.SolutionText", &reply.solution_text),
                ("Linux.SolutionFixedIn", &reply.solution_fixed_in),
            ] {
                if let Some(said) = said {
                    self.line(key, said);
                }
            }
        }
        if !report.waiting_reason.is_empty() {
            self.line("Linux.WaitingReason", &report.waiting_reason);
        }
        for (n, pair) in report.metadata.iter().enumerate() {
            self.pair(&format!("Metadata[{n}]"), "Key", pair);
        }
        if let Some(words) = &report.last_words {
            self.line("LastWords.Source", names::words_source_word(words.source));
            self.line("LastWords.Text", &words.text);
        }
        for (n, outcome) in report.modules.iter().enumerate() {
            modules::write(self, &format!("Module[{n}]"), outcome);
        }
        for (n, error) in report.soft_errors.iter().enumerate() {
            self.line(&format!("SoftError[{n}].Stage"), names::stage_word(error.stage));
            self.line(&format!("SoftError[{n}].Message"), &error.message);
        }
    }
}
