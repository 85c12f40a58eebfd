//! Level 1 request: XML bytes to values. Order of attributes and children does not matter, unknown ones are ignored;
//! what MS-CER2 requires must be there, once. Never panics, and does work in proportion to the body.

use quick_xml::XmlVersion;
use quick_xml::events::{BytesStart, Event};
use quick_xml::reader::Reader;

use super::{ApplicationInfo, Level1Request};
use crate::WireError;
use crate::limits::{
    MAX_ATTRIBUTES, MAX_DEPTH, MAX_ELEMENTS, MAX_EVENT_TYPE_CHARS, MAX_FILE_TYPE, MAX_FILES, MAX_PARAMETERS,
    MAX_REPORT_TYPE, MAX_REQUEST_BYTES, MAX_SECONDARY_PARAMETERS, MAX_VALUE_CHARS,
};
use crate::text::{decode_body, xml_safe};

impl Level1Request {
    /// Reads a request body: UTF-16 of either order or UTF-8, with or without a byte order mark.
    /// Parameters come out sorted by id.
    ///
    /// # Errors
    /// Every [`WireError`] but `NotAResponse`.
    pub fn parse(body: &[u8]) -> Result<Self, WireError> {
        if body.len() > MAX_REQUEST_BYTES {
            return Err(WireError::TooLarge { actual_bytes: body.len(), limit_bytes: MAX_REQUEST_BYTES });
        }
        let text = decode_body(body)?;
        let mut walk = Walk::default();
        let mut reader = Reader::from_str(&text);
        loop {
            let position = reader.buffer_position();
            let malformed = |_| WireError::Malformed { position };
            match reader.read_event().map_err(malformed)? {
                Event::Start(element) => {
                    walk.element(&element, position)?;
                    walk.open(element.name().as_ref())?;
                }
                Event::Empty(element) => walk.element(&element, position)?,
                Event::End(_) => walk.close(),
                Event::DocType(_) => return Err(WireError::Entities),
                Event::Eof => return walk.finish(position),
                _ => {}
            }
        }
    }
}

/// The elements that mean something, by their place.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Report,
    Signature,
    Files,
    Unknown,
}

/// What has been read so far.
#[derive(Default)]
struct Walk {
    request: Level1Request,
    open: Vec<Place>,
    elements: usize,
    seen: Seen,
}

#[derive(Default)]
struct Seen {
    root: bool,
    user: bool,
    machine: bool,
    event: bool,
    signature: bool,
    files: bool,
}

impl Walk {
    fn element(&mut self, element: &BytesStart<'_>, position: u64) -> Result<(), WireError> {
        self.elements += 1;
        if self.elements > MAX_ELEMENTS {
            return Err(WireError::TooMany { what: "elements", limit: MAX_ELEMENTS });
        }
        let place = self.open.last().copied();
        if place.is_none() {
            return self.root(element);
        }
        let attributes = || Attributes::read(element, position);
        match (place, element.name().as_ref()) {
            (Some(Place::Report), "USERINFO") => self.user(&attributes()?),
            (Some(Place::Report), "MACHINEINFO") => self.machine(&attributes()?),
            (Some(Place::Report), "APPLICATIONINFO") => self.application(&attributes()?),
            (Some(Place::Report), "EVENTINFO") => self.event(&attributes()?),
            (Some(Place::Report), "SIGNATURE") => once(&mut self.seen.signature, "SIGNATURE"),
            (Some(Place::Report), "FILES") => once(&mut self.seen.files, "FILES"),
            (Some(Place::Signature), "PARAMETER") => self.parameter(&attributes()?),
            (Some(Place::Signature), "SECONDARYPARAMETER") => self.secondary_parameter(&attributes()?),
            (Some(Place::Files), "FILE") => self.file(&attributes()?),
            _ => Ok(()),
        }
    }

    fn root(&mut self, element: &BytesStart<'_>) -> Result<(), WireError> {
        if element.name().as_ref() != "WERREPORT" {
            return Err(WireError::NotAReport);
        }
        once(&mut self.seen.root, "WERREPORT")
    }

    fn open(&mut self, name: &str) -> Result<(), WireError> {
        if self.open.len() >= MAX_DEPTH {
            return Err(WireError::TooMany { what: "nested elements", limit: MAX_DEPTH });
        }
        let place = match (self.open.last(), name) {
            (None, _) => Place::Report,
            (Some(Place::Report), "SIGNATURE") => Place::Signature,
            (Some(Place::Report), "FILES") => Place::Files,
            _ => Place::Unknown,
        };
        self.open.push(place);
        Ok(())
    }

    fn close(&mut self) {
        self.open.pop();
    }

    fn finish(mut self, position: u64) -> Result<Level1Request, WireError> {
        if !self.open.is_empty() {
            return Err(WireError::Malformed { position });
        }
        if !self.seen.root {
            return Err(WireError::NotAReport);
        }
        for (seen, element) in
            [(self.seen.user, "USERINFO"), (self.seen.machine, "MACHINEINFO"), (self.seen.event, "EVENTINFO")]
        {
            if !seen {
                return Err(WireError::Missing { element, attribute: "element" });
            }
        }
        self.request.parameters.sort_by_key(|(id, ..)| *id);
        Ok(self.request)
    }

    fn user(&mut self, attributes: &Attributes) -> Result<(), WireError> {
        once(&mut self.seen.user, "USERINFO")?;
        self.request.user_name = attributes.required("USERINFO", "username")?;
        Ok(())
    }

    fn machine(&mut self, attributes: &Attributes) -> Result<(), WireError> {
        once(&mut self.seen.machine, "MACHINEINFO")?;
        self.request.machine_name = attributes.required("MACHINEINFO", "machinename")?;
        self.request.os = attributes.required("MACHINEINFO", "os")?;
        self.request.lcid = attributes.required("MACHINEINFO", "lcid")?;
        self.request.oem = attributes.optional("oem")?;
        Ok(())
    }

    fn application(&mut self, attributes: &Attributes) -> Result<(), WireError> {
        if self.request.application.is_some() {
            return Err(WireError::Repeated("APPLICATIONINFO"));
        }
        self.request.application = Some(ApplicationInfo {
            name: attributes.required("APPLICATIONINFO", "appname")?,
            path: attributes.required("APPLICATIONINFO", "apppath")?,
            company: attributes.optional("appcompany")?,
        });
        Ok(())
    }

    fn event(&mut self, attributes: &Attributes) -> Result<(), WireError> {
        once(&mut self.seen.event, "EVENTINFO")?;
        self.request.report_type = number(attributes, "EVENTINFO", "reporttype", MAX_REPORT_TYPE)?;
        self.request.event_type = attributes.required("EVENTINFO", "eventtype")?;
        if self.request.event_type.is_empty() {
            return Err(WireError::Missing { element: "EVENTINFO", attribute: "eventtype" });
        }
        if self.request.event_type.chars().count() > MAX_EVENT_TYPE_CHARS {
            return Err(WireError::TooLong { name: "eventtype", limit_chars: MAX_EVENT_TYPE_CHARS });
        }
        self.request.friendly_event_name = attributes.optional("friendlyeventname")?;
        self.request.event_description = attributes.optional("eventdescription")?;
        let time = attributes.required("EVENTINFO", "eventtime")?;
        self.request.event_time_filetime = time.trim().parse().map_err(|_| WireError::Number("eventtime"))?;
        Ok(())
    }

    fn parameter(&mut self, attributes: &Attributes) -> Result<(), WireError> {
        let id = number(attributes, "PARAMETER", "id", MAX_PARAMETERS as u32 - 1)?;
        if self.request.parameters.iter().any(|(other, ..)| *other == id) {
            return Err(WireError::Repeated("PARAMETER with one id"));
        }
        let name = attributes.optional("name")?.unwrap_or_default();
        self.request.parameters.push((id, name, attributes.required("PARAMETER", "value")?));
        Ok(())
    }

    fn secondary_parameter(&mut self, attributes: &Attributes) -> Result<(), WireError> {
        if self.request.secondary_parameters.len() >= MAX_SECONDARY_PARAMETERS {
            return Err(WireError::TooMany { what: "secondary parameters", limit: MAX_SECONDARY_PARAMETERS });
        }
        let name = attributes.required("SECONDARYPARAMETER", "name")?;
        self.request.secondary_parameters.push((name, attributes.required("SECONDARYPARAMETER", "value")?));
        Ok(())
    }

    fn file(&mut self, attributes: &Attributes) -> Result<(), WireError> {
        if self.request.files.len() >= MAX_FILES {
            return Err(WireError::TooMany { what: "files", limit: MAX_FILES });
        }
        let name = attributes.required("FILE", "filename")?;
        let kind = number(attributes, "FILE", "filetype", MAX_FILE_TYPE)?;
        self.request.files.push((name, kind));
        Ok(())
    }
}

fn once(seen: &mut bool, element: &'static str) -> Result<(), WireError> {
    if core::mem::replace(seen, true) { Err(WireError::Repeated(element)) } else { Ok(()) }
}

fn number(
    attributes: &Attributes,
    element: &'static str,
    name: &'static str,
    largest: u32,
) -> Result<u32, WireError> {
    let value: u32 =
        attributes.required(element, name)?.trim().parse().map_err(|_| WireError::Number(name))?;
    if value <= largest { Ok(value) } else { Err(WireError::Number(name)) }
}

/// The attributes of one element, unescaped.
struct Attributes(Vec<(String, String)>);

impl Attributes {
    fn read(element: &BytesStart<'_>, position: u64) -> Result<Self, WireError> {
        let mut read = Vec::new();
        for attribute in element.attributes() {
            if read.len() >= MAX_ATTRIBUTES {
                return Err(WireError::TooMany { what: "attributes of one element", limit: MAX_ATTRIBUTES });
            }
            let attribute = attribute.map_err(|_| WireError::Malformed { position })?;
            let value =
                attribute.normalized_value(XmlVersion::Implicit1_0).map_err(|_| WireError::Entities)?;
            read.push((attribute.key.as_ref().to_owned(), xml_safe(&value)));
        }
        Ok(Self(read))
    }

    fn optional(&self, name: &'static str) -> Result<Option<String>, WireError> {
        let Some((_, value)) = self.0.iter().find(|(key, _)| key == name) else { return Ok(None) };
        if value.chars().count() > MAX_VALUE_CHARS {
            return Err(WireError::TooLong { name, limit_chars: MAX_VALUE_CHARS });
        }
        Ok(Some(value.clone()))
    }

    fn required(&self, element: &'static str, attribute: &'static str) -> Result<String, WireError> {
        self.optional(attribute)?.ok_or(WireError::Missing { element, attribute })
    }
}
