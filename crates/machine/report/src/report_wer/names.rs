//! The words and numbers that `Report.wer` has for enumerations, both ways in one table each.

use wer_model::{ConsentChoice, FileKind, LastWordsSource, ModuleLevel, ReportType, Stage};

/// Declares both directions of a table.
macro_rules! table {
    ($to:ident, $from:ident, $type:ty, $word:ty, $word_in:ty, [$($value:expr => $text:literal),* $(,)?]) => {
        pub(super) fn $to(value: $type) -> $word {
            $(if value == $value { return $text; })*
            Default::default()
        }
        pub(super) fn $from(word: $word_in) -> Option<$type> {
            $(if word == $text { return Some($value); })*
            None
        }
    };
}

table!(consent_number, consent, ConsentChoice, u32, u32, [
    ConsentChoice::NotAsked => 1,
    ConsentChoice::Approved => 2,
    ConsentChoice::Denied => 3,
    ConsentChoice::AlwaysPrompt => 4,
]);

table!(report_type_number, report_type, ReportType, u32, u32, [
    ReportType::NonCritical => 0,
    ReportType::Critical => 1,
    ReportType::ApplicationCrash => 2,
    ReportType::ApplicationHang => 3,
    ReportType::Kernel => 4,
]);

table!(file_kind_number, file_kind, FileKind, u32, u32, [
    FileKind::Microdump => 1,
    FileKind::Minidump => 2,
    FileKind::Heapdump => 3,
    FileKind::UserDocument => 4,
    FileKind::Other => 5,
    FileKind::Triagedump => 6,
    FileKind::CustomDump => 7,
    FileKind::AuxiliaryDump => 8,
]);

table!(stage_word, stage, Stage, &'static str, &str, [
    Stage::Registration => "registration",
    Stage::Capture => "capture",
    Stage::Modules => "modules",
    Stage::Dump => "dump",
    Stage::Report => "report",
    Stage::Store => "store",
    Stage::Upload => "upload",
]);

table!(words_source_word, words_source, LastWordsSource, &'static str, &str, [
    LastWordsSource::GlibcAbortMessage => "glibc_abort_message",
    LastWordsSource::RustPanic => "rust_panic",
    LastWordsSource::CppException => "cpp_exception",
    LastWordsSource::Application => "application",
]);

table!(level_word, level, ModuleLevel, &'static str, &str, [
    ModuleLevel::System => "system",
    ModuleLevel::User => "user",
]);
