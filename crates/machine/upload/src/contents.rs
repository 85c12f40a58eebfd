//! What goes into a cab: a pure choice from the report's files, what may leave, and what the server asks for.

use wer_model::{AttachedFile, FileKind, Report, SubmitOutcome, SubmitResult, file_marks};
use wer_wire::Level1Response;

use crate::DataScope;

/// `WER_FILE_ANONYMOUS_DATA`: the application says that the file holds nothing personal.
const WER_FILE_ANONYMOUS_DATA: u32 = 0x2;

/// What the last cab of the same signature held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SentBefore {
    /// No process memory beyond the mini dump's.
    WithoutMemory,
    /// The heap dump or the registered memory blocks.
    WithMemory,
}

/// What the cab of an outcome held, to be remembered for its signature; `None` = no cab was sent.
#[must_use]
pub fn cab_contents(report: &Report, outcome: &SubmitOutcome) -> Option<SentBefore> {
    if outcome.result != SubmitResult::ReportUploadedCab {
        return None;
    }
    let mut files = report.files.iter();
    let with_memory = files.any(|file| is_memory(file.kind) && outcome.sent_files.contains(&file.name));
    Some(if with_memory { SentBefore::WithMemory } else { SentBefore::WithoutMemory })
}

/// Whether a file is process memory beyond the mini dump's.
const fn is_memory(kind: FileKind) -> bool {
    matches!(kind, FileKind::Heapdump | FileKind::CustomDump | FileKind::AuxiliaryDump)
}

/// Whether a second cab of one signature adds nothing that the server asked for.
pub(crate) fn is_throttled(sent_before: Option<SentBefore>, response: &Level1Response) -> bool {
    match sent_before {
        None => false,
        Some(SentBefore::WithMemory) => true,
        Some(SentBefore::WithoutMemory) => !response.wants_memory_dump,
    }
}

/// The report's files that go, in its order. `memory.hdmp` stands for `registered.dmp`, which it contains. A server that
/// asks for a mini dump gets no heap dump; one that asks for a heap dump gets a mini dump where there is no other. What
/// stands in for a dump that is still there does not go beside it.
pub(crate) fn choose<'a>(
    files: &'a [AttachedFile],
    scope: DataScope,
    response: &Level1Response,
) -> Vec<&'a AttachedFile> {
    let has_heap = files.iter().any(|file| file.kind == FileKind::Heapdump);
    let wanted = |file: &&AttachedFile| match file.kind {
        FileKind::Heapdump | FileKind::CustomDump => response.wants_memory_dump,
        FileKind::AuxiliaryDump => response.wants_memory_dump && !has_heap,
        FileKind::UserDocument => response.wants_documents,
        FileKind::Microdump | FileKind::Minidump | FileKind::Triagedump | FileKind::Other => true,
    };
    let stands_by = |file: &&AttachedFile| file.flags & file_marks::STANDS_IN == 0;
    files.iter().filter(|file| is_allowed(file, scope)).filter(stands_by).filter(wanted).collect()
}

/// Whether all that the report has for a server is memory, and the server has not asked for memory.
pub(crate) fn has_unwanted_memory_only(
    files: &[AttachedFile],
    scope: DataScope,
    response: &Level1Response,
) -> bool {
    let mut memory = files.iter().filter(|file| is_memory(file.kind) && is_allowed(file, scope));
    !response.wants_memory_dump && memory.next().is_some() && choose(files, scope, response).is_empty()
}

/// Whether consent lets a file leave, if the server asks for it.
pub(crate) fn is_allowed(file: &AttachedFile, scope: DataScope) -> bool {
    match scope {
        DataScope::ParametersOnly | DataScope::Parameters => false,
        DataScope::SafeData => file.kind == FileKind::Other && file.flags & WER_FILE_ANONYMOUS_DATA != 0,
        DataScope::AllData => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(name: &str, kind: FileKind, flags: u32) -> AttachedFile {
        AttachedFile { name: name.into(), kind, flags, original_path: None }
    }

    fn files() -> Vec<AttachedFile> {
        vec![
            file("minidump.mdmp", FileKind::Minidump, 0),
            file("registered.dmp", FileKind::AuxiliaryDump, 0),
            file("private.log", FileKind::Other, 0),
            file("public.log", FileKind::Other, 2),
            file("letter.odt", FileKind::UserDocument, 2),
        ]
    }

    fn names(files: &[AttachedFile], scope: DataScope, memory: bool, documents: bool) -> Vec<&str> {
        let response = Level1Response {
            wants_cab: true,
            wants_memory_dump: memory,
            wants_documents: documents,
            ..Level1Response::default()
        };
        choose(files, scope, &response).iter().map(|file| file.name.as_str()).collect()
    }

    fn asked(wants_memory_dump: bool) -> Level1Response {
        Level1Response { wants_cab: true, wants_memory_dump, ..Level1Response::default() }
    }

    #[test]
    fn a_heap_dump_is_no_answer_to_the_wish_for_a_mini_dump() {
        let all = DataScope::AllData;
        let heap = [file("memory.hdmp", FileKind::Heapdump, 0)];
        let custom = [file("custom.dmp", FileKind::CustomDump, 0)];
        for files in [&heap, &custom] {
            assert!(choose(files, all, &asked(false)).is_empty());
            assert!(has_unwanted_memory_only(files, all, &asked(false)));
            assert_eq!(choose(files, all, &asked(true)).len(), 1);
            assert!(!has_unwanted_memory_only(files, all, &asked(true)));
        }
        let with_log = [heap[0].clone(), file("a.log", FileKind::Other, 0)];
        assert!(!has_unwanted_memory_only(&with_log, all, &asked(false)));
    }

    #[test]
    fn what_stands_in_for_a_heap_dump_goes_nowhere_beside_it() {
        let all = DataScope::AllData;
        let files = [
            file("memory.hdmp", FileKind::Heapdump, file_marks::DROP_WHEN_QUEUED),
            file("minidump.mdmp", FileKind::Minidump, file_marks::STANDS_IN),
        ];
        assert!(choose(&files, all, &asked(false)).is_empty());
        assert!(has_unwanted_memory_only(&files, all, &asked(false)));
        assert_eq!(choose(&files, all, &asked(true)), [&files[0]]);
    }

    #[test]
    fn a_mini_dump_is_an_answer_to_the_wish_for_a_heap_dump() {
        let all = DataScope::AllData;
        let mini = [file("minidump.mdmp", FileKind::Minidump, 0)];
        assert_eq!(choose(&mini, all, &asked(true)).len(), 1);
        assert_eq!(choose(&mini, all, &asked(false)).len(), 1);
    }

    #[test]
    fn consent_and_the_servers_wishes_both_count() {
        let mut files = files();
        assert_eq!(names(&files, DataScope::Parameters, true, true), Vec::<&str>::new());
        assert_eq!(names(&files, DataScope::SafeData, true, true), ["public.log"]);
        let logs = ["minidump.mdmp", "private.log", "public.log"];
        assert_eq!(names(&files, DataScope::AllData, false, false), logs);
        let memory = ["minidump.mdmp", "registered.dmp", "private.log", "public.log"];
        assert_eq!(names(&files, DataScope::AllData, true, false), memory);
        files.push(file("memory.hdmp", FileKind::Heapdump, 0));
        let all = ["minidump.mdmp", "private.log", "public.log", "letter.odt", "memory.hdmp"];
        assert_eq!(names(&files, DataScope::AllData, true, true), all);
    }

    #[test]
    fn a_second_cab_goes_only_for_memory_that_the_first_lacked() {
        let asks = |wants_memory_dump| Level1Response { wants_memory_dump, ..Level1Response::default() };
        assert!(!is_throttled(None, &asks(false)));
        assert!(is_throttled(Some(SentBefore::WithoutMemory), &asks(false)));
        assert!(!is_throttled(Some(SentBefore::WithoutMemory), &asks(true)));
        assert!(is_throttled(Some(SentBefore::WithMemory), &asks(true)));
    }
}
