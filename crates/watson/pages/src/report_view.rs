//! A report's row as its page wants it: clipped to the page's limits, numbers as text. Pure.

use watson_db::{ReadFile, RegisteredBlock, ReportRow};
use wer_model::{
    Analysis, AnalysisModule, Frame, FrameTrust, LastWords, LastWordsSource, Parameter, ThreadStack,
};

use crate::hexdump::{bytes_of, dump};
use crate::limits::{
    MAX_BLOCKS_SHOWN, MAX_FRAMES_SHOWN, MAX_ITEMS_SHOWN, MAX_MEMORY_SHOWN_BYTES, MAX_MODULES_SHOWN,
    MAX_TEXT_CHARS, MAX_THREADS_SHOWN,
};
use crate::moment::Moment;
use crate::report::Page;

pub(crate) struct Fact {
    pub(crate) name: &'static str,
    pub(crate) value: String,
}

pub(crate) struct WordsView {
    pub(crate) source: &'static str,
    pub(crate) text: String,
}

pub(crate) struct FrameView {
    pub(crate) function: String,
    pub(crate) module: String,
    pub(crate) source: String,
    pub(crate) trust: &'static str,
    pub(crate) guessed: bool,
}

pub(crate) struct ThreadView {
    pub(crate) title: String,
    pub(crate) crashed: bool,
    pub(crate) frames: Vec<FrameView>,
}

pub(crate) struct ModuleView {
    pub(crate) path: String,
    pub(crate) range: String,
    pub(crate) code_id: String,
    pub(crate) version: String,
    pub(crate) has_symbols: bool,
}

pub(crate) struct BlockView {
    pub(crate) title: String,
    pub(crate) dump: String,
    pub(crate) left_out: String,
}

pub(crate) struct FileView {
    pub(crate) name: String,
    pub(crate) size: String,
    pub(crate) link: String,
}

pub(crate) fn view(row: ReportRow) -> Page {
    let waiting = waiting(&row);
    let facts = facts(&row);
    let reading = row.reading.unwrap_or_default();
    let analysis = reading.analysis.as_ref();
    let own_parameters = if reading.parameters.is_empty() { row.parameters } else { reading.parameters };
    let mut notes = reading.notes;
    notes.extend(analysis.map(|analysis| analysis.notes.clone()).unwrap_or_default());
    Page {
        waiting,
        facts,
        signature: reading.signature,
        last_words: reading.last_words.map(words),
        crashing: analysis.and_then(Analysis::crashing_stack).map(|thread| thread_view(thread, true)),
        parameters: pairs(own_parameters),
        metadata: pairs(reading.metadata),
        notes: notes.into_iter().take(MAX_ITEMS_SHOWN).map(|note| clip(&note)).collect(),
        threads: analysis.map(threads).unwrap_or_default(),
        modules: analysis.map(modules).unwrap_or_default(),
        blocks: blocks(&reading.registered_blocks),
        cab_size: size(u64::try_from(row.cab_bytes).unwrap_or_default()),
        files: files(&row.id, &reading.files),
        id: row.id,
        bucket: row.bucket,
        event_type: row.event_type,
        application: row.application,
    }
}

fn waiting(row: &ReportRow) -> Option<String> {
    match row.job_state.as_str() {
        "open" if row.job_error.is_empty() => {
            Some("The cab is here and its analysis is under way. Reload this page in a moment.".into())
        }
        "open" => Some(format!("The analysis failed and will be tried again: {}", clip(&row.job_error))),
        "poison" => Some(format!("The cab could not be analysed: {}", clip(&row.job_error))),
        _ => None,
    }
}

fn facts(row: &ReportRow) -> Vec<Fact> {
    let analysis = row.reading.as_ref().and_then(|reading| reading.analysis.as_ref());
    let reason = analysis.and_then(|analysis| analysis.crash_reason.clone()).unwrap_or_default();
    let address = analysis
        .and_then(|analysis| analysis.crash_address)
        .map(|address| format!("{address:#018x}"))
        .unwrap_or_default();
    let guid = row.reading.as_ref().and_then(|reading| reading.report_guid.clone()).unwrap_or_default();
    let all = [
        ("Reason", reason),
        ("Address", address),
        ("Crashed", Moment::from_ms(row.event_ms).person),
        ("Received", Moment::from_ms(row.received_ms).person),
        ("Machine", row.machine.clone()),
        ("System", row.os.clone()),
        ("Path", row.application_path.clone()),
        ("Report id on the machine", guid),
    ];
    let shown = all.into_iter().filter(|(_, value)| !value.is_empty());
    shown.map(|(name, value)| Fact { name, value: clip(&value) }).collect()
}

fn words(words: LastWords) -> WordsView {
    let source = match words.source {
        LastWordsSource::GlibcAbortMessage => "glibc's abort message",
        LastWordsSource::RustPanic => "A Rust panic",
        LastWordsSource::CppException => "An uncaught C++ exception",
        LastWordsSource::Application => "Set by the application",
    };
    WordsView { source, text: clip(&words.text) }
}

fn threads(analysis: &Analysis) -> Vec<ThreadView> {
    let crashed = |thread: &ThreadStack| analysis.crashing_thread == Some(thread.id);
    analysis
        .threads
        .iter()
        .take(MAX_THREADS_SHOWN)
        .map(|thread| thread_view(thread, crashed(thread)))
        .collect()
}

fn thread_view(thread: &ThreadStack, crashed: bool) -> ThreadView {
    let name = thread.name.as_deref().map(|name| format!(" \"{}\"", clip(name))).unwrap_or_default();
    let mark = if crashed { ", crashed" } else { "" };
    ThreadView {
        title: format!("Thread {}{name}{mark}", thread.id),
        crashed,
        frames: thread.frames.iter().take(MAX_FRAMES_SHOWN).map(frame_view).collect(),
    }
}

fn frame_view(frame: &Frame) -> FrameView {
    let module = frame.module.as_deref().map(clip).unwrap_or_default();
    let function = match (&frame.function, frame.function_offset) {
        (Some(name), Some(offset)) if frame.trust != FrameTrust::Inline => {
            format!("{} + {offset:#x}", clip(name))
        }
        (Some(name), _) => clip(name),
        (None, _) => format!("{:#018x}", frame.instruction),
    };
    let module = match (frame.module_offset, &frame.function) {
        (Some(offset), None) if !module.is_empty() => format!("{module} + {offset:#x}"),
        _ => module,
    };
    let source = match (&frame.file, frame.line) {
        (Some(file), Some(line)) => format!("{}:{line}", clip(file)),
        (Some(file), None) => clip(file),
        _ => String::new(),
    };
    let (trust, guessed) = match frame.trust {
        FrameTrust::Scan => ("found by scanning: a guess", true),
        FrameTrust::Inline => ("inlined", false),
        FrameTrust::FramePointer => ("by frame pointer", false),
        FrameTrust::Context | FrameTrust::CallFrameInfo | FrameTrust::Other => ("", false),
    };
    FrameView { function, module, source, trust, guessed }
}

fn modules(analysis: &Analysis) -> Vec<ModuleView> {
    analysis.modules.iter().take(MAX_MODULES_SHOWN).map(module_view).collect()
}

fn module_view(module: &AnalysisModule) -> ModuleView {
    let end = module.base.saturating_add(module.size);
    ModuleView {
        path: clip(&module.path),
        range: format!("{:#x}-{end:#x}", module.base),
        code_id: clip(&module.code_id),
        version: clip(&module.version),
        has_symbols: module.has_symbols,
    }
}

fn blocks(blocks: &[RegisteredBlock]) -> Vec<BlockView> {
    let mut left_bytes = MAX_MEMORY_SHOWN_BYTES;
    let mut shown = Vec::new();
    for block in blocks.iter().take(MAX_BLOCKS_SHOWN) {
        let bytes = bytes_of(&block.hex, left_bytes);
        left_bytes -= bytes.len();
        let missing = block.size_bytes.saturating_sub(bytes.len() as u64);
        shown.push(BlockView {
            title: format!("{:#x}, {}", block.address, size(block.size_bytes)),
            dump: dump(block.address, &bytes),
            left_out: if missing > 0 { format!("{} not shown here.", size(missing)) } else { String::new() },
        });
    }
    shown
}

fn files(report: &str, files: &[ReadFile]) -> Vec<FileView> {
    let view = |(number, file): (usize, &ReadFile)| FileView {
        name: clip(&file.name),
        size: size(file.size_bytes),
        link: format!("/reports/{report}/files/{number}"),
    };
    files.iter().take(MAX_ITEMS_SHOWN).enumerate().map(view).collect()
}

fn pairs(pairs: Vec<Parameter>) -> Vec<Parameter> {
    let clipped = |pair: Parameter| Parameter { name: clip(&pair.name), value: clip(&pair.value) };
    pairs.into_iter().take(MAX_ITEMS_SHOWN).map(clipped).collect()
}

fn size(bytes: u64) -> String {
    match bytes {
        0..=9_999 => format!("{bytes} bytes"),
        10_000..=9_999_999 => format!("{} KiB", bytes / 1024),
        _ => format!("{} MiB", bytes / (1024 * 1024)),
    }
}

fn clip(text: &str) -> String {
    text.chars().take(MAX_TEXT_CHARS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(function: Option<&str>) -> Frame {
        Frame {
            instruction: 0x1234,
            module: Some("a.so".into()),
            module_offset: Some(0x34),
            function: function.map(str::to_owned),
            function_offset: Some(4),
            file: Some("a.c".into()),
            line: Some(7),
            trust: FrameTrust::CallFrameInfo,
        }
    }

    #[test]
    fn frames_say_as_much_as_is_known() {
        let named = frame_view(&frame(Some("main")));
        assert_eq!(
            (named.function.as_str(), named.module.as_str(), named.source.as_str()),
            ("main + 0x4", "a.so", "a.c:7")
        );
        let bare = frame_view(&frame(None));
        assert_eq!((bare.function.as_str(), bare.module.as_str()), ("0x0000000000001234", "a.so + 0x34"));
        assert!(frame_view(&Frame { trust: FrameTrust::Scan, ..frame(None) }).guessed);
    }

    #[test]
    fn memory_beyond_the_limit_is_said_to_be_left_out() {
        let block = |size_bytes: usize| RegisteredBlock {
            address: 0x1000,
            size_bytes: size_bytes as u64,
            hex: "ab".repeat(size_bytes),
        };
        let shown = blocks(&[block(MAX_MEMORY_SHOWN_BYTES - 16), block(32)]);
        assert!(shown[0].left_out.is_empty());
        assert_eq!(shown[1].left_out, "16 bytes not shown here.");
        assert_eq!(shown[1].dump.lines().count(), 1);
    }
}
