//! How the worker's cabs are analysed in earnest: this program again, as a confined child of `watson-analysis`. The
//! child's checked answer becomes the reading that is kept.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use watson_analysis::{AnalysisError, AnalysisJob, BlockAnswer, FileAnswer, Source, analyze_in_child};
use watson_db::{ReadFile, Reading, RegisteredBlock};
use wer_symbols::SymbolConfig;

use crate::worker::{AnalysisAnswer, AnalysisFailure, AnalysisInput, Analyzer};

/// This program's own file, also where an upgrade has replaced its name since it started.
pub(crate) const OWN_PROGRAM: &str = "/proc/self/exe";

/// Analyses in children of this program, which must run `watson_analysis::child_main` for `analyze --child`.
///
/// ELF files of this machine are used where they lie below the system's own folders or below `symbol_roots`.
#[must_use]
pub fn child_analyzer(symbol_roots: &[PathBuf]) -> Analyzer {
    let mut local_roots = SymbolConfig::system_roots();
    local_roots.extend_from_slice(symbol_roots);
    Arc::new(move |input| Box::pin(analyze(input, local_roots.clone())))
}

async fn analyze(input: AnalysisInput, local_roots: Vec<PathBuf>) -> AnalysisAnswer {
    let mut job = AnalysisJob::new(Source::Cab(input.cab.path().to_owned()), input.work_dir);
    job.breakpad_dirs = vec![input.symbols];
    job.local_roots = local_roots;
    analyze_in_child(Path::new(OWN_PROGRAM), job).await.map(reading).map_err(failure)
}

fn failure(error: AnalysisError) -> AnalysisFailure {
    // What the child says after looking is said again at every attempt; what happened to it may not happen again.
    AnalysisFailure { hopeless: matches!(error, AnalysisError::Refused(_)), why: error.to_string() }
}

fn reading(answer: watson_analysis::AnalysisAnswer) -> Reading {
    let report = answer.report.unwrap_or_default();
    Reading {
        report_guid: Some(report.report_id).filter(|id| !id.is_empty()),
        analysis: answer.analysis,
        signature: answer.signature.map(|signature| signature.text),
        top_function: answer.top_function,
        parameters: report.parameters,
        metadata: answer.metadata,
        last_words: answer.last_words,
        notes: answer.notes,
        registered_blocks: answer.registered_blocks.into_iter().map(block).collect(),
        files: answer.files.into_iter().map(file).collect(),
    }
}

fn block(block: BlockAnswer) -> RegisteredBlock {
    RegisteredBlock { address: block.address, size_bytes: block.size_bytes, hex: block.hex }
}

fn file(file: FileAnswer) -> ReadFile {
    ReadFile { name: file.name, size_bytes: file.size_bytes }
}
