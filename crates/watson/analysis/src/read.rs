//! The child's work: one job to one answer. Runs confined; what is missing becomes a note.

use std::fs::File;
use std::io::{Read, Result as IoResult};
use std::path::{Path, PathBuf};

use wer_dump::{Dump, DumpFile, RegisteredBlock, UnpackLimits, registered_blocks};
use wer_model::{Analysis, Frame, Parameter};
use wer_signature::signature;
use wer_symbols::SymbolConfig;
use wer_unwind::analyze_dump;

use crate::answer::{ANSWER_VERSION, AnalysisAnswer, BlockAnswer, FileAnswer};
use crate::cab_file::{CabLimits, UnpackedCab, unpack_cab};
use crate::job::{AnalysisJob, Source};
use crate::limits::{
    MAX_BLOCK_BYTES, MAX_BLOCKS, MAX_BLOCKS_TOTAL_BYTES, MAX_CAB_BYTES, MAX_ENTRIES, MAX_REPORT_WER_BYTES,
    MAX_TEXT_CHARS,
};
use crate::report_wer::parse_report_wer;

/// The dump that holds the registered blocks of a process whose heap was not kept.
const REGISTERED_DUMP: &str = "registered.dmp";

/// Analyses a job; `folder` is empty and may be written. The error is a sentence for the report's page.
pub(crate) fn read(job: &AnalysisJob, folder: &Path) -> Result<AnalysisAnswer, String> {
    let symbols = job.symbols();
    // A compressed dump may unpack to no more than a cab may.
    let unpack = UnpackLimits { total_bytes: job.limits.unpacked_bytes, ..UnpackLimits::default() };
    let mut answer = AnalysisAnswer { version: ANSWER_VERSION, ..AnalysisAnswer::default() };
    match &job.source {
        Source::Dump(path) => read_dump(path, &unpack, &symbols, &mut answer)?,
        Source::Cab(path) => {
            let bytes = read_file(path, MAX_CAB_BYTES)
                .map_err(|error| format!("The cab cannot be read: {error}."))?;
            let limits = CabLimits { total_bytes: job.limits.unpacked_bytes, ..CabLimits::default() };
            let cab = unpack_cab(&bytes, folder, &limits).map_err(|error| error.to_string())?;
            drop(bytes);
            read_cab(cab, &unpack, &symbols, &mut answer);
        }
    }
    cut_texts(&mut answer);
    Ok(answer)
}

fn read_cab(cab: UnpackedCab, unpack: &UnpackLimits, symbols: &SymbolConfig, answer: &mut AnalysisAnswer) {
    answer.notes.extend(cab.notes.iter().cloned());
    answer.files = cab
        .files
        .iter()
        .map(|file| FileAnswer { name: file.name.clone(), size_bytes: file.size_bytes })
        .collect();
    read_report(&cab, answer);
    match best_dump(&cab) {
        Some(path) => {
            if let Err(note) = read_dump(&path, unpack, symbols, answer) {
                answer.notes.push(note);
            }
        }
        None => answer.notes.push("The cab holds no minidump.".into()),
    }
    // A mini dump leaves the blocks out; the auxiliary dump or the heap dump has them.
    for file in cab.files.iter().filter(|file| has_extension(&file.name, &["dmp", "hdmp"])) {
        if !answer.registered_blocks.is_empty() {
            break;
        }
        if let Ok(dump) = DumpFile::open_within(&file.path, unpack) {
            let blocks = Dump::read(dump.bytes()).map(|dump| registered_blocks(&dump)).unwrap_or_default();
            show_blocks(blocks, answer);
        }
    }
}

fn read_report(cab: &UnpackedCab, answer: &mut AnalysisAnswer) {
    let Some(file) = cab.file("Report.wer") else { return };
    let bytes = read_file(&file.path, MAX_REPORT_WER_BYTES as u64).unwrap_or_default();
    let Some(mut report) = parse_report_wer(&bytes) else {
        answer.notes.push("The cab's Report.wer cannot be read.".into());
        return;
    };
    answer.metadata = std::mem::take(&mut report.metadata);
    answer.last_words = report.last_words.take();
    answer.notes.append(&mut report.notes);
    // Kept in one place only: in the answer where the dump may add to it, here otherwise.
    answer.report = Some(report);
}

fn read_dump(
    path: &Path,
    unpack: &UnpackLimits,
    symbols: &SymbolConfig,
    answer: &mut AnalysisAnswer,
) -> Result<(), String> {
    let file = DumpFile::open_within(path, unpack).map_err(|error| sentence(&error))?;
    let dump = Dump::read(file.bytes()).map_err(|error| sentence(&error))?;
    let mut analysis = analyze_dump(&dump, symbols);
    let signature = signature(&analysis);
    answer.top_function.clone_from(&signature.top_function);
    answer.signature = Some(signature);
    // The report repeats what the dump says was missing.
    analysis.notes.retain(|note| !answer.notes.contains(note));
    answer.analysis = Some(analysis);
    show_blocks(registered_blocks(&dump), answer);
    if let Some(info) = dump.info {
        if answer.metadata.is_empty() {
            answer.metadata = info.metadata;
        }
        answer.last_words = answer.last_words.take().or(info.last_words);
    }
    Ok(())
}

fn sentence(error: &wer_dump::DumpError) -> String {
    format!("No stack: {error}.")
}

/// The dump to unwind: a mini dump, else a heap dump, else any other.
fn best_dump(cab: &UnpackedCab) -> Option<PathBuf> {
    let with = |extensions: &[&str]| {
        let mut files = cab.files.iter().filter(|file| has_extension(&file.name, extensions));
        files.find(|file| !file.name.eq_ignore_ascii_case(REGISTERED_DUMP))
    };
    let named = cab.file("minidump.mdmp").or_else(|| with(&["mdmp"])).or_else(|| with(&["hdmp"]));
    let any = named.or_else(|| with(&["dmp"])).or_else(|| cab.file(REGISTERED_DUMP));
    any.map(|file| file.path.clone())
}

/// Whether a name ends so, or so and ".zst" for a compressed file.
fn has_extension(name: &str, extensions: &[&str]) -> bool {
    let packed = |name: &str| name.len() >= 4 && name.is_char_boundary(name.len() - 4);
    let plain = match packed(name).then(|| name.split_at(name.len() - 4)) {
        Some((plain, end)) if end.eq_ignore_ascii_case(".zst") => plain,
        _ => name,
    };
    let name = plain;
    let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
    extensions.iter().any(|known| extension.eq_ignore_ascii_case(known))
}

fn show_blocks(blocks: Vec<RegisteredBlock>, answer: &mut AnalysisAnswer) {
    let mut left = MAX_BLOCKS_TOTAL_BYTES;
    for block in blocks.into_iter().take(MAX_BLOCKS) {
        let shown = block.bytes.get(..block.bytes.len().min(MAX_BLOCK_BYTES).min(left)).unwrap_or(&[]);
        left -= shown.len();
        answer.registered_blocks.push(BlockAnswer {
            address: block.address,
            size_bytes: u64::from(block.size_bytes),
            hex: shown.iter().map(|byte| format!("{byte:02x}")).collect(),
        });
    }
}

fn read_file(path: &Path, limit_bytes: u64) -> IoResult<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(limit_bytes + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limit_bytes {
        return Err(std::io::Error::other(format!("it has more than {limit_bytes} bytes")));
    }
    Ok(bytes)
}

/// Cuts every text and list to what the parent accepts.
fn cut_texts(answer: &mut AnalysisAnswer) {
    let AnalysisAnswer { analysis, metadata, last_words, notes, report, .. } = answer;
    notes.truncate(MAX_ENTRIES);
    notes.iter_mut().for_each(cut);
    metadata.truncate(MAX_ENTRIES);
    metadata.iter_mut().for_each(cut_parameter);
    if let Some(words) = last_words {
        cut(&mut words.text);
    }
    if let Some(report) = report {
        report.parameters.iter_mut().chain(&mut report.dynamic_parameters).for_each(cut_parameter);
    }
    if let Some(analysis) = analysis {
        cut_analysis(analysis);
    }
}

fn cut_analysis(analysis: &mut Analysis) {
    analysis.notes.truncate(MAX_ENTRIES);
    analysis.notes.iter_mut().for_each(cut);
    analysis.crash_reason.iter_mut().for_each(cut);
    for thread in &mut analysis.threads {
        thread.name.iter_mut().for_each(cut);
        thread.frames.iter_mut().for_each(cut_frame);
    }
    for module in &mut analysis.modules {
        for text in [&mut module.path, &mut module.debug_id, &mut module.code_id, &mut module.version] {
            cut(text);
        }
    }
}

fn cut_frame(frame: &mut Frame) {
    let Frame { module, function, file, .. } = frame;
    module.iter_mut().chain(function).chain(file).for_each(cut);
}

fn cut_parameter(parameter: &mut Parameter) {
    cut(&mut parameter.name);
    cut(&mut parameter.value);
}

fn cut(text: &mut String) {
    if let Some((end, _)) = text.char_indices().nth(MAX_TEXT_CHARS) {
        text.truncate(end);
    }
}
