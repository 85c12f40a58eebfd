//! What an answer may be, checked by the parent: a child that was taken over by its input can write anything.

use wer_model::{Analysis, Parameter};

use crate::answer::{ANSWER_VERSION, AnalysisAnswer, ReportFields};
use crate::limits::{
    MAX_BLOCK_BYTES, MAX_BLOCKS, MAX_BLOCKS_TOTAL_BYTES, MAX_ENTRIES, MAX_FRAMES, MAX_MEMBERS, MAX_MODULES,
    MAX_NAME_CHARS, MAX_PARAMETERS, MAX_TEXT_CHARS, MAX_THREADS,
};

/// The first thing that an answer may not have.
pub(crate) fn check(answer: &AnalysisAnswer) -> Result<(), String> {
    if answer.version != ANSWER_VERSION {
        return Err(format!("version {} is not {ANSWER_VERSION}", answer.version));
    }
    count("registered blocks", answer.registered_blocks.len(), MAX_BLOCKS)?;
    let mut total = 0;
    for block in &answer.registered_blocks {
        count("digits of a block", block.hex.len(), 2 * MAX_BLOCK_BYTES)?;
        total += block.hex.len();
        if block.hex.len() % 2 != 0 || !block.hex.bytes().all(|c| matches!(c, b'0'..=b'9' | b'a'..=b'f')) {
            return Err("a block is not in hex".into());
        }
    }
    count("digits of all blocks", total, 2 * MAX_BLOCKS_TOTAL_BYTES)?;
    count("files", answer.files.len(), MAX_MEMBERS)?;
    for file in &answer.files {
        let plain = |c: char| c.is_ascii_graphic() && !matches!(c, '/' | '\\') || c == ' ';
        if file.name.is_empty() || file.name.starts_with('.') || !file.name.chars().all(plain) {
            return Err("a file's name is no plain name".into());
        }
        count("characters of a file's name", file.name.len(), MAX_NAME_CHARS)?;
    }
    texts("notes", &answer.notes)?;
    parameters("metadata", &answer.metadata, MAX_ENTRIES)?;
    optional("last words", answer.last_words.as_ref().map(|words| &words.text))?;
    optional("top function", answer.top_function.as_ref())?;
    if let Some(signature) = &answer.signature {
        texts("signature", &signature.frames)?;
        optional("signature", Some(&signature.text))?;
        optional("top function", signature.top_function.as_ref())?;
    }
    answer.report.as_ref().map_or(Ok(()), report)?;
    answer.analysis.as_ref().map_or(Ok(()), analysis)
}

fn report(report: &ReportFields) -> Result<(), String> {
    let ReportFields { event_type, report_id, application_name, application_path, capture_source, .. } =
        report;
    for value in [event_type, report_id, application_name, application_path, capture_source] {
        text("Report.wer", value)?;
    }
    parameters("parameters", &report.parameters, MAX_PARAMETERS)?;
    parameters("dynamic parameters", &report.dynamic_parameters, MAX_ENTRIES)?;
    parameters("metadata", &report.metadata, MAX_ENTRIES)?;
    texts("loaded modules", &report.loaded_modules)?;
    optional("last words", report.last_words.as_ref().map(|words| &words.text))?;
    texts("notes", &report.notes)
}

fn analysis(analysis: &Analysis) -> Result<(), String> {
    count("threads", analysis.threads.len(), MAX_THREADS)?;
    for thread in &analysis.threads {
        optional("thread name", thread.name.as_ref())?;
        count("frames", thread.frames.len(), MAX_FRAMES)?;
        for frame in &thread.frames {
            for value in [&frame.module, &frame.function, &frame.file] {
                optional("frame", value.as_ref())?;
            }
        }
    }
    count("modules", analysis.modules.len(), MAX_MODULES)?;
    for module in &analysis.modules {
        for value in [&module.path, &module.debug_id, &module.code_id, &module.version] {
            text("module", value)?;
        }
    }
    optional("crash reason", analysis.crash_reason.as_ref())?;
    texts("notes", &analysis.notes)
}

fn count(what: &str, value: usize, limit: usize) -> Result<(), String> {
    if value > limit { Err(format!("{what}: {value} are more than {limit}")) } else { Ok(()) }
}

fn text(what: &str, value: &str) -> Result<(), String> {
    // Bytes are checked first: they are at most four for each character.
    if value.len() > MAX_TEXT_CHARS && value.chars().count() > MAX_TEXT_CHARS {
        return Err(format!("{what}: a text is longer than {MAX_TEXT_CHARS} characters"));
    }
    Ok(())
}

fn optional(what: &str, value: Option<&String>) -> Result<(), String> {
    value.map_or(Ok(()), |value| text(what, value))
}

fn texts(what: &str, values: &[String]) -> Result<(), String> {
    count(what, values.len(), MAX_ENTRIES)?;
    values.iter().try_for_each(|value| text(what, value))
}

fn parameters(what: &str, values: &[Parameter], limit: usize) -> Result<(), String> {
    count(what, values.len(), limit)?;
    values.iter().try_for_each(|pair| text(what, &pair.name).and(text(what, &pair.value)))
}
