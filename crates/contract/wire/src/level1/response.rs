//! Level 1 response: `Key=Value` lines in Windows-1252, both ways. Keys are case-sensitive and come in any order;
//! blanks around `=` are tolerated, because the specification's own examples have them.

use encoding_rs::WINDOWS_1252;

use super::{Level1Response, free};
use crate::WireError;
use crate::limits::{
    MAX_LIST_ITEMS, MAX_RESPONSE_BYTES, MAX_RESPONSE_LINES, MAX_SOLUTION_TEXT_CODE_CHARS, MAX_VALUE_CHARS,
    MAX_VERSION_CODE_CHARS,
};
use crate::text::line_safe;

impl Level1Response {
    /// The response as its lines can say it: see [`Self::to_bytes`]. Doing it twice changes nothing.
    #[must_use]
    pub fn conformant(&self) -> Self {
        Self {
            response: value(self.response.as_deref()),
            solution_text: free::conformant(self.solution_text.as_deref(), MAX_SOLUTION_TEXT_CODE_CHARS),
            solution_fixed_in: free::conformant(self.solution_fixed_in.as_deref(), MAX_VERSION_CODE_CHARS),
            bucket: self.bucket.filter(|bucket| *bucket > 0),
            bucket_table: self.bucket_table.filter(|table| *table > 0),
            wants_cab: self.wants_cab,
            wants_memory_dump: self.wants_memory_dump,
            wants_documents: self.wants_documents,
            get_files: list(&self.get_files),
            get_file_versions: list(&self.get_file_versions),
            registry_keys: list(&self.registry_keys),
            registry_trees: list(&self.registry_trees),
            queries: list(&self.queries),
            dump_server: value(self.dump_server.as_deref()),
            dump_file: value(self.dump_file.as_deref().map(forward_slashes).as_deref()),
        }
    }

    /// The response body: CRLF lines without blanks around `=`, in the order that Windows clients are known to read.
    /// Characters outside printable Latin-1 are left out of values; list items that hold a `;` cannot be expressed
    /// and are left out; backslashes of `DumpFile` become slashes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let response = self.conformant();
        let mut lines = Lines(Vec::new());
        lines.flag("iData", response.wants_cab);
        lines.number("Bucket", response.bucket);
        lines.number("BucketTable", response.bucket_table);
        lines.text("Response", response.response.as_deref());
        lines.flag("MemoryDump", response.wants_memory_dump);
        lines.flag("fDoc", response.wants_documents);
        lines.list("GetFile", &response.get_files);
        lines.list("GetFileVersion", &response.get_file_versions);
        lines.list("RegKey", &response.registry_keys);
        lines.list("RegTree", &response.registry_trees);
        lines.list("WQL", &response.queries);
        lines.text("DumpServer", response.dump_server.as_deref());
        lines.text("DumpFile", response.dump_file.as_deref());
        lines.text("SolutionText", response.solution_text.as_deref().map(free::encode).as_deref());
        lines.text("SolutionFixedIn", response.solution_fixed_in.as_deref().map(free::encode).as_deref());
        lines.0
    }

    /// Reads a response body. All keys are optional and unknown ones are ignored; the first of two equal keys counts.
    ///
    /// # Errors
    /// `TooLarge`, `TooLong`, `TooMany`, `Number` (Bucket, BucketTable), and `NotAResponse` for a body that is not
    /// empty and has no known key, such as a proxy's page.
    pub fn parse(body: &[u8]) -> Result<Self, WireError> {
        if body.len() > MAX_RESPONSE_BYTES {
            return Err(WireError::TooLarge { actual_bytes: body.len(), limit_bytes: MAX_RESPONSE_BYTES });
        }
        let text = WINDOWS_1252.decode_without_bom_handling(body).0;
        let mut lines = Vec::new();
        for line in text.split(['\r', '\n']).filter(|line| !line.trim().is_empty()) {
            if lines.len() >= MAX_RESPONSE_LINES {
                return Err(WireError::TooMany { what: "lines", limit: MAX_RESPONSE_LINES });
            }
            lines.push(line.split_once('=').unwrap_or((line, "")));
        }
        Keys { lines }.read()
    }
}

/// The lines of a response as keys and values.
struct Keys<'a> {
    lines: Vec<(&'a str, &'a str)>,
}

/// Every key that means something here; `ModuleInfo` is known from servers in use and ignored.
const KNOWN_KEYS: [&str; 16] = [
    "Response",
    "Bucket",
    "BucketTable",
    "iData",
    "MemoryDump",
    "fDoc",
    "RegKey",
    "RegTree",
    "WQL",
    "GetFile",
    "GetFileVersion",
    "DumpFile",
    "DumpServer",
    "ModuleInfo",
    "SolutionText",
    "SolutionFixedIn",
];

impl Keys<'_> {
    fn read(&self) -> Result<Level1Response, WireError> {
        if !self.lines.is_empty() && !self.lines.iter().any(|(key, _)| KNOWN_KEYS.contains(&key.trim())) {
            return Err(WireError::NotAResponse);
        }
        let response = Level1Response {
            response: self.text("Response")?,
            solution_text: self.free("SolutionText", MAX_SOLUTION_TEXT_CODE_CHARS),
            solution_fixed_in: self.free("SolutionFixedIn", MAX_VERSION_CODE_CHARS),
            bucket: self.number("Bucket")?,
            bucket_table: self.number("BucketTable")?,
            wants_cab: self.flag("iData")?,
            wants_memory_dump: self.flag("MemoryDump")?,
            wants_documents: self.flag("fDoc")?,
            get_files: self.list("GetFile")?,
            get_file_versions: self.list("GetFileVersion")?,
            registry_keys: self.list("RegKey")?,
            registry_trees: self.list("RegTree")?,
            queries: self.list("WQL")?,
            dump_server: self.text("DumpServer")?,
            dump_file: self.text("DumpFile")?,
        };
        Ok(response.conformant())
    }

    fn text(&self, name: &'static str) -> Result<Option<String>, WireError> {
        let Some((_, raw)) = self.lines.iter().find(|(key, _)| key.trim() == name) else { return Ok(None) };
        if raw.chars().count() > MAX_VALUE_CHARS {
            return Err(WireError::TooLong { name, limit_chars: MAX_VALUE_CHARS });
        }
        Ok(value(Some(raw)))
    }

    /// A text for people. One that cannot be read is left out: it spoils nothing else of the answer.
    fn free(&self, name: &str, limit_chars: usize) -> Option<String> {
        let (_, raw) = self.lines.iter().find(|(key, _)| key.trim() == name)?;
        free::decode(raw.trim_matches(' '), limit_chars)
    }

    fn number(&self, name: &'static str) -> Result<Option<u64>, WireError> {
        let Some(text) = self.text(name)? else { return Ok(None) };
        match text.parse() {
            Ok(0) | Err(_) => Err(WireError::Number(name)),
            Ok(number) => Ok(Some(number)),
        }
    }

    fn flag(&self, name: &'static str) -> Result<bool, WireError> {
        Ok(self.text(name)?.as_deref() == Some("1"))
    }

    fn list(&self, name: &'static str) -> Result<Vec<String>, WireError> {
        let text = self.text(name)?.unwrap_or_default();
        let items: Vec<String> =
            text.split(';').map(line_safe).filter(|item| !item.is_empty()).take(MAX_LIST_ITEMS + 1).collect();
        if items.len() > MAX_LIST_ITEMS {
            return Err(WireError::TooMany { what: "items in one list", limit: MAX_LIST_ITEMS });
        }
        Ok(items)
    }
}

fn value(text: Option<&str>) -> Option<String> {
    let kept: String = line_safe(text?).chars().take(MAX_VALUE_CHARS).collect();
    let kept = kept.trim_end().to_owned();
    (!kept.is_empty()).then_some(kept)
}

/// Items that fit, as long as the joined line stays within the limit of a value.
fn list(items: &[String]) -> Vec<String> {
    let mut kept: Vec<String> = Vec::new();
    let mut room_chars = MAX_VALUE_CHARS;
    for item in
        items.iter().map(|item| line_safe(item)).filter(|item| !item.is_empty() && !item.contains(';'))
    {
        let needed_chars = item.chars().count() + 1;
        if kept.len() >= MAX_LIST_ITEMS || needed_chars > room_chars {
            break;
        }
        room_chars -= needed_chars;
        kept.push(item);
    }
    kept
}

fn forward_slashes(path: &str) -> String {
    path.replace('\\', "/")
}

/// A body being written.
struct Lines(Vec<u8>);

impl Lines {
    fn text(&mut self, key: &str, value: Option<&str>) {
        let Some(value) = value else { return };
        self.0.extend_from_slice(key.as_bytes());
        self.0.push(b'=');
        self.0.extend(value.chars().map(|c| u8::try_from(c).unwrap_or(b'?')));
        self.0.extend_from_slice(b"\r\n");
    }

    fn flag(&mut self, key: &str, set: bool) {
        self.text(key, set.then_some("1"));
    }

    fn number(&mut self, key: &str, number: Option<u64>) {
        self.text(key, number.map(|number| number.to_string()).as_deref());
    }

    fn list(&mut self, key: &str, items: &[String]) {
        self.text(key, (!items.is_empty()).then(|| items.join(";")).as_deref());
    }
}
