//! `WERInternalMetadata.xml`: UTF-16LE with a byte order mark, indented with tabs, elements by Windows' names. Custom
//! metadata is one element per key, or `<Metadata Key="...">` where the key is no XML name.

use quick_xml::events::{BytesDecl, BytesEnd, BytesStart, BytesText, Event};
use quick_xml::writer::Writer;
use wer_model::{Parameter, Report};
use wer_snapshot::ProcessSnapshot;

use crate::report_wer::escape;
use crate::utf16;

/// The bytes of `WERInternalMetadata.xml`.
#[must_use]
pub fn to_bytes(report: &Report, snapshot: &ProcessSnapshot) -> Vec<u8> {
    let mut xml = Xml(Writer::new_with_indent(Vec::new(), b'\t', 1));
    xml.event(Event::Decl(BytesDecl::new("1.0", Some("UTF-16"), None)));
    xml.within("WERReportMetadata", |xml| {
        xml.within("OSVersionInformation", |xml| xml.system(snapshot));
        xml.within("ProcessInformation", |xml| xml.process(report, snapshot));
        xml.within("ProblemSignatures", |xml| xml.signature(report));
        xml.within("DynamicSignatures", |xml| {
            for (n, parameter) in &report.dynamic_signature {
                xml.text(&format!("Parameter{n}"), &parameter.value);
            }
        });
        xml.within("ReportInformation", |xml| {
            xml.text("Guid", &report.id.to_string());
            xml.text("CreationTime", &report.event_time_filetime.to_string());
        });
        if !report.metadata.is_empty() {
            xml.within("CustomMetadata", |xml| report.metadata.iter().for_each(|pair| xml.custom(pair)));
        }
    });
    utf16::encode(&String::from_utf8_lossy(&xml.0.into_inner()))
}

/// Writes into memory, which cannot fail.
struct Xml(Writer<Vec<u8>>);

impl Xml {
    fn event(&mut self, event: Event<'_>) {
        let written = self.0.write_event(event);
        debug_assert!(written.is_ok(), "memory takes every byte");
    }

    fn within(&mut self, name: &str, children: impl FnOnce(&mut Self)) {
        self.event(Event::Start(BytesStart::new(name)));
        children(self);
        self.event(Event::End(BytesEnd::new(name)));
    }

    fn text(&mut self, name: &str, value: &str) {
        self.element(BytesStart::new(name), name, value);
    }

    fn element(&mut self, start: BytesStart<'_>, name: &str, value: &str) {
        self.event(Event::Start(start));
        self.event(Event::Text(BytesText::new(&escape(value))));
        self.event(Event::End(BytesEnd::new(name)));
    }

    fn system(&mut self, snapshot: &ProcessSnapshot) {
        let system = &snapshot.system;
        self.text("Product", &system.distribution);
        self.text("Build", &system.kernel_release);
        self.text("BuildString", &system.uname);
        self.text("Architecture", "X64");
    }

    fn process(&mut self, report: &Report, snapshot: &ProcessSnapshot) {
        let process = &snapshot.process;
        self.text("Pid", &process.pid.to_string());
        self.text("ImageName", &report.application_name);
        let uptime_ns = process.capture_time_unix_ns.saturating_sub(process.start_time_unix_ns);
        self.text("Uptime", &(uptime_ns / 1_000_000).to_string());
        self.within("ParentProcess", |xml| {
            xml.within("ProcessInformation", |xml| xml.text("Pid", &process.parent_pid.to_string()));
        });
    }

    fn signature(&mut self, report: &Report) {
        self.text("EventType", &report.signature.event_type);
        for (n, parameter) in report.signature.parameters.iter().enumerate() {
            self.text(&format!("Parameter{n}"), &parameter.value);
        }
    }

    fn custom(&mut self, pair: &Parameter) {
        if is_xml_name(&pair.name) {
            return self.text(&pair.name, &pair.value);
        }
        let name = "Metadata";
        let key = escape(&pair.name);
        self.element(BytesStart::new(name).with_attributes([("Key", key.as_str())]), name, &pair.value);
    }
}

/// A name of ASCII letters, digits, `_`, `-` and `.` that XML allows and does not reserve.
fn is_xml_name(name: &str) -> bool {
    let starts_well = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    let reserved = name.get(..3).is_some_and(|start| start.eq_ignore_ascii_case("xml"));
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    starts_well && !reserved && name.chars().all(allowed)
}
