//! Level 1 request: values to XML bytes, as MS-CER2's schema orders them.

use quick_xml::events::{BytesDecl, BytesEnd, BytesStart, Event};
use quick_xml::writer::Writer;

use super::{ApplicationInfo, Level1Request};
use crate::limits::{
    MAX_EVENT_TYPE_CHARS, MAX_FILE_TYPE, MAX_FILES, MAX_NAME_CHARS, MAX_OEM_CHARS, MAX_PARAMETERS,
    MAX_REPORT_TYPE, MAX_SECONDARY_PARAMETERS, MAX_VALUE_CHARS,
};
use crate::text::{encode_utf16le, xml_safe};

impl Level1Request {
    /// The request as it can go over the wire: texts cut to MS-CER2's lengths, characters that XML forbids replaced
    /// by U+FFFD, parameters by id with the first of each kept, numbers brought into range, lists cut to their limits.
    /// Doing it twice changes nothing.
    #[must_use]
    pub fn conformant(&self) -> Self {
        let mut parameters: Vec<_> = self
            .parameters
            .iter()
            .filter(|(id, ..)| *id < MAX_PARAMETERS as u32)
            .map(|(id, name, value)| (*id, cut(name, MAX_VALUE_CHARS), cut(value, MAX_VALUE_CHARS)))
            .collect();
        parameters.sort_by_key(|(id, ..)| *id);
        parameters.dedup_by_key(|(id, ..)| *id);
        let pair =
            |(name, value): &(String, String)| (cut(name, MAX_VALUE_CHARS), cut(value, MAX_VALUE_CHARS));
        Self {
            user_name: cut(&self.user_name, MAX_VALUE_CHARS),
            machine_name: cut(&self.machine_name, MAX_NAME_CHARS),
            os: cut(&self.os, MAX_VALUE_CHARS),
            lcid: cut(&self.lcid, MAX_VALUE_CHARS),
            oem: self.oem.as_ref().map(|oem| cut(oem, MAX_OEM_CHARS)),
            application: self.application.as_ref().map(|application| ApplicationInfo {
                name: cut(&application.name, MAX_NAME_CHARS),
                path: cut(&application.path, MAX_NAME_CHARS),
                company: application.company.as_ref().map(|company| cut(company, MAX_NAME_CHARS)),
            }),
            report_type: self.report_type.min(MAX_REPORT_TYPE),
            event_type: cut(&self.event_type, MAX_EVENT_TYPE_CHARS),
            friendly_event_name: self.friendly_event_name.as_ref().map(|text| cut(text, MAX_VALUE_CHARS)),
            event_description: self.event_description.as_ref().map(|text| cut(text, MAX_VALUE_CHARS)),
            event_time_filetime: self.event_time_filetime,
            parameters,
            secondary_parameters: self
                .secondary_parameters
                .iter()
                .take(MAX_SECONDARY_PARAMETERS)
                .map(pair)
                .collect(),
            files: self
                .files
                .iter()
                .take(MAX_FILES)
                .map(|(name, kind)| (cut(name, MAX_NAME_CHARS), (*kind).min(MAX_FILE_TYPE)))
                .collect(),
        }
    }

    /// The body of `POST /stage2.htm`: the XML of [`Self::conformant`] in UTF-16LE with a byte order mark.
    /// An empty `event_type` gives a body that servers refuse.
    #[must_use]
    pub fn to_xml_utf16(&self) -> Vec<u8> {
        let mut xml = Xml(Writer::new(Vec::new()));
        xml.event(Event::Decl(BytesDecl::new("1.0", Some("UTF-16"), None)));
        xml.report(&self.conformant());
        encode_utf16le(&String::from_utf8_lossy(&xml.0.into_inner()))
    }
}

fn cut(text: &str, limit_chars: usize) -> String {
    xml_safe(text).chars().take(limit_chars).collect()
}

/// Writes into memory, which cannot fail.
struct Xml(Writer<Vec<u8>>);

impl Xml {
    fn event(&mut self, event: Event<'_>) {
        let written = self.0.write_event(event);
        debug_assert!(written.is_ok(), "memory takes every byte");
    }

    fn empty(&mut self, name: &str, attributes: &[(&str, &str)]) {
        self.event(Event::Empty(BytesStart::new(name).with_attributes(attributes.iter().copied())));
    }

    fn within(&mut self, name: &str, children: impl FnOnce(&mut Self)) {
        self.event(Event::Start(BytesStart::new(name)));
        children(self);
        self.event(Event::End(BytesEnd::new(name)));
    }

    fn report(&mut self, request: &Level1Request) {
        let root = BytesStart::new("WERREPORT")
            .with_attributes([("xmlns:xsi", "http://www.w3.org/2001/XMLSchema-instance")]);
        self.event(Event::Start(root));
        self.who_and_where(request);
        self.what(request);
        self.within("SIGNATURE", |xml| xml.signature(request));
        self.within("FILES", |xml| {
            for (name, kind) in &request.files {
                xml.empty("FILE", &[("filename", name), ("filetype", &kind.to_string())]);
            }
        });
        self.event(Event::End(BytesEnd::new("WERREPORT")));
    }

    fn who_and_where(&mut self, request: &Level1Request) {
        self.empty("USERINFO", &[("username", &request.user_name)]);
        let mut machine: Vec<(&str, &str)> =
            vec![("machinename", &request.machine_name), ("os", &request.os), ("lcid", &request.lcid)];
        machine.extend(request.oem.as_deref().map(|oem| ("oem", oem)));
        self.empty("MACHINEINFO", &machine);
        if let Some(application) = &request.application {
            let mut attributes: Vec<(&str, &str)> =
                vec![("appname", &application.name), ("apppath", &application.path)];
            attributes.extend(application.company.as_deref().map(|company| ("appcompany", company)));
            self.empty("APPLICATIONINFO", &attributes);
        }
    }

    fn what(&mut self, request: &Level1Request) {
        let (kind, time) = (request.report_type.to_string(), request.event_time_filetime.to_string());
        let mut event: Vec<(&str, &str)> = vec![("reporttype", &kind), ("eventtype", &request.event_type)];
        event.extend(request.friendly_event_name.as_deref().map(|name| ("friendlyeventname", name)));
        event.extend(request.event_description.as_deref().map(|text| ("eventdescription", text)));
        event.push(("eventtime", &time));
        self.empty("EVENTINFO", &event);
    }

    fn signature(&mut self, request: &Level1Request) {
        for (id, name, value) in &request.parameters {
            self.empty("PARAMETER", &[("id", &id.to_string()), ("name", name), ("value", value)]);
        }
        for (name, value) in &request.secondary_parameters {
            self.empty("SECONDARYPARAMETER", &[("name", name), ("value", value)]);
        }
    }
}
