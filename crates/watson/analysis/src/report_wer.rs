//! A tolerant reader of `Report.wer`, of Windows or ours (`docs/formats/report-wer.md`): UTF-16LE lines `Key=Value`.
//! Unknown lines are skipped, of two equal keys the first counts, names are not looked at because Windows translates
//! them.

use std::collections::{BTreeMap, HashMap};

use wer_model::{LastWords, ModuleLevel, ModuleOutcome, ModuleVerdict, Parameter};

use crate::answer::ReportFields;
use crate::limits::{
    MAX_ENTRIES, MAX_PARAMETERS, MAX_REPORT_WER_BYTES, MAX_REPORT_WER_LINES, MAX_TEXT_CHARS,
};

/// Reads the bytes of a `Report.wer`. `None` where they are no text of that kind: too many, or without an event type.
#[must_use]
pub fn parse_report_wer(bytes: &[u8]) -> Option<ReportFields> {
    if bytes.len() > MAX_REPORT_WER_BYTES {
        return None;
    }
    let text = decode(bytes);
    let lines = Lines::read(&text);
    let text = |key: &str| lines.text(key).unwrap_or_default();
    let event_type = lines.text("EventType")?;
    Some(ReportFields {
        event_type,
        report_id: text("ReportIdentifier"),
        application_name: text("AppName"),
        application_path: text("AppPath"),
        event_time_filetime: text("EventTime").parse().ok(),
        capture_source: text("Linux.CaptureSource"),
        parameters: lines.pairs("Sig", "Name", MAX_PARAMETERS),
        dynamic_parameters: lines.pairs("DynamicSig", "Name", MAX_ENTRIES),
        metadata: lines.pairs("Metadata", "Key", MAX_ENTRIES),
        last_words: last_words(&lines),
        loaded_modules: lines
            .list("LoadedModule")
            .filter_map(|entry| entry.get(""))
            .map(|v| restore(v))
            .collect(),
        notes: notes(&lines),
    })
}

/// UTF-16LE; a file of another program in UTF-8 is read too.
fn decode(bytes: &[u8]) -> String {
    let utf16 = bytes.starts_with(&[0xff, 0xfe]) || bytes.get(1) == Some(&0);
    if !utf16 {
        return String::from_utf8_lossy(bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes)).into_owned();
    }
    let units = bytes.as_chunks::<2>().0.iter().map(|unit| u16::from_le_bytes(*unit));
    let text = char::decode_utf16(units).map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER));
    text.skip_while(|c| *c == '\u{feff}').collect()
}

/// One entry of a list: what follows `Name[n].`, with its value.
type Entry<'a> = HashMap<&'a str, &'a str>;

/// The lines, with those of the form `Name[n].Field=` sorted into lists.
struct Lines<'a> {
    plain: HashMap<&'a str, &'a str>,
    lists: HashMap<&'a str, BTreeMap<u32, Entry<'a>>>,
}

impl<'a> Lines<'a> {
    fn read(text: &'a str) -> Self {
        let mut lines = Self { plain: HashMap::new(), lists: HashMap::new() };
        for line in text.lines().take(MAX_REPORT_WER_LINES) {
            let Some((key, value)) = line.split_once('=') else { continue };
            match indexed(key) {
                Some((list, index, field)) => {
                    let entry = lines.lists.entry(list).or_default().entry(index).or_default();
                    entry.entry(field).or_insert(value);
                }
                None => {
                    lines.plain.entry(key).or_insert(value);
                }
            }
        }
        lines
    }

    fn text(&self, key: &str) -> Option<String> {
        self.plain.get(key).map(|value| restore(value))
    }

    /// Entries of a list in order of their numbers.
    fn list(&self, name: &str) -> impl Iterator<Item = &Entry<'a>> {
        self.lists.get(name).into_iter().flat_map(BTreeMap::values).take(MAX_ENTRIES)
    }

    /// Pairs of a list; a missing name or value is empty, as some of Windows' own entries are.
    fn pairs(&self, list: &str, name: &str, limit: usize) -> Vec<Parameter> {
        let field =
            |entry: &Entry<'_>, field: &str| entry.get(field).map(|value| restore(value)).unwrap_or_default();
        self.list(list)
            .take(limit)
            .map(|entry| Parameter::new(field(entry, name), field(entry, "Value")))
            .collect()
    }
}

/// "Sig[3].Name" as ("Sig", 3, "Name"); "LoadedModule[0]" has an empty field.
fn indexed(key: &str) -> Option<(&str, u32, &str)> {
    let (list, rest) = key.split_once('[')?;
    let (index, field) = rest.split_once(']')?;
    let field = if field.is_empty() { field } else { field.strip_prefix('.')? };
    Some((list, index.parse().ok()?, field))
}

/// A value for people: line breaks and tabs come back, everything else that our files escape stays visible.
fn restore(value: &str) -> String {
    let back = |c| match c {
        '\u{2409}' => '\t',
        '\u{240a}' => '\n',
        '\u{240d}' => '\r',
        other => other,
    };
    value.chars().take(MAX_TEXT_CHARS).map(back).collect()
}

fn last_words(lines: &Lines<'_>) -> Option<LastWords> {
    let source = serde_json::from_value(serde_json::Value::String(lines.text("LastWords.Source")?)).ok()?;
    Some(LastWords { source, text: lines.text("LastWords.Text")? })
}

fn notes(lines: &Lines<'_>) -> Vec<String> {
    let modules = lines.list("Module").filter_map(outcome).map(|outcome| outcome.sentence());
    let errors = lines.list("SoftError").filter_map(|entry| entry.get("Message")).map(|text| restore(text));
    modules.chain(errors).map(|note| note.chars().take(MAX_TEXT_CHARS).collect()).collect()
}

fn outcome(entry: &Entry<'_>) -> Option<ModuleOutcome> {
    let text = |field: &str| entry.get(field).map(|value| restore(value)).unwrap_or_default();
    let number = || text("Number").parse().unwrap_or_default();
    let verdict = match *entry.get("Verdict")? {
        "not_allowed" => ModuleVerdict::NotAllowed,
        "not_loaded" => ModuleVerdict::NotLoaded { reason: text("Reason") },
        "declined" => ModuleVerdict::Declined,
        "claim_refused" => ModuleVerdict::ClaimRefused,
        "claimed" => ModuleVerdict::Claimed {
            event_name: text("EventName"),
            parameters: claim_parameters(entry),
            debugger: entry.get("Debugger").map(|value| restore(value)),
            debugger_autolaunch: text("DebuggerAutolaunch") == "1",
        },
        "invalid" => ModuleVerdict::Invalid { reason: text("Reason") },
        "crashed" => ModuleVerdict::Crashed { signal: number(), during: text("During") },
        "exited" => ModuleVerdict::Exited { status: number(), during: text("During") },
        "timed_out" => ModuleVerdict::TimedOut { during: text("During") },
        "not_asked" => ModuleVerdict::NotAsked,
        _ => return None,
    };
    let level = match text("Level").as_str() {
        "system" => Some(ModuleLevel::System),
        "user" => Some(ModuleLevel::User),
        _ => None,
    };
    Some(ModuleOutcome { path: text("Path"), level, verdict })
}

fn claim_parameters(entry: &Entry<'_>) -> Vec<Parameter> {
    let mut parameters: BTreeMap<u32, Parameter> = BTreeMap::new();
    for (field, value) in entry {
        if let Some(("Sig", index, part @ ("Name" | "Value"))) = indexed(field) {
            let parameter = parameters.entry(index).or_insert_with(|| Parameter::new("", ""));
            let slot = if part == "Name" { &mut parameter.name } else { &mut parameter.value };
            *slot = restore(value);
        }
    }
    parameters.into_values().take(MAX_PARAMETERS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use wer_model::LastWordsSource;

    fn utf16(text: &str) -> Vec<u8> {
        std::iter::once(0xfeff).chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect()
    }

    const OURS: &str = "Version=1\r\nEventType=My crash report\r\nEventTime=133\r\nReportIdentifier=abc\r\n\
        Sig[1].Name=Status\r\nSig[1].Value=bad\u{240a}worse\r\nSig[0].Name=Version\r\nSig[0].Value=1=2\r\n\
        DynamicSig[1].Name=OS Version\r\nDynamicSig[1].Value=6.1\r\nLoadedModule[0]=/bin/app\r\nAppName=app\r\n\
        AppName=second\r\nLinux.CaptureSource=kernel_pipe\r\nMetadata[0].Key=k\r\nMetadata[0].Value=v\r\n\
        LastWords.Source=rust_panic\r\nLastWords.Text=at main.rs\r\nModule[0].Path=/m.so\r\nModule[0].Level=system\r\n\
        Module[0].Verdict=claimed\r\nModule[0].EventName=My crash report\r\nModule[0].Sig[0].Name=n\r\n\
        Module[0].Sig[0].Value=v\r\nSoftError[0].Stage=dump\r\nSoftError[0].Message=A region is missing.\r\nJunk\r\n";

    #[test]
    fn ours() {
        let report = parse_report_wer(&utf16(OURS)).unwrap();
        assert_eq!(report.event_type, "My crash report");
        assert_eq!(report.application_name, "app");
        assert_eq!(
            report.parameters,
            [Parameter::new("Version", "1=2"), Parameter::new("Status", "bad\nworse")]
        );
        assert_eq!(report.metadata, [Parameter::new("k", "v")]);
        assert_eq!(report.last_words.unwrap().source, LastWordsSource::RustPanic);
        assert_eq!(report.loaded_modules, ["/bin/app"]);
        assert_eq!(
            report.notes,
            [
                "Module /m.so claimed the crash as \"My crash report\" with 1 parameters.",
                "A region is missing."
            ]
        );
    }

    #[test]
    fn windows_without_our_lines_and_other_encodings() {
        let text = "EventType=APPCRASH\r\nSig[0].Name=\u{5e94}\u{7528}\r\nSig[0].Value=x.exe\r\nOsInfo[0].Key=iever\r\n";
        for bytes in [utf16(text), utf16(text)[2..].to_vec(), text.as_bytes().to_vec()] {
            let report = parse_report_wer(&bytes).unwrap();
            assert_eq!(report.parameters, [Parameter::new("\u{5e94}\u{7528}", "x.exe")]);
            assert_eq!(report.last_words, None);
        }
        assert_eq!(parse_report_wer(b""), None);
        assert_eq!(parse_report_wer(&utf16("Version=1")), None);
        assert_eq!(parse_report_wer(&vec![0; MAX_REPORT_WER_BYTES + 1]), None);
    }
}
