//! What a whole analysis gives.

use std::fs;

use tempfile::TempDir;
use watson_analysis::{AnalysisAnswer, AnalysisError, AnalysisJob, Source, analyze_in_child};
use wer_model::{LastWordsSource, Parameter};

use crate::fixture::{cab, child_program, dump_of_program, registered_dump, report_wer};

async fn analyze_cab(work: &TempDir, bytes: &[u8]) -> Result<AnalysisAnswer, AnalysisError> {
    let path = work.path().join("input.cab");
    fs::write(&path, bytes).unwrap();
    let mut job = AnalysisJob::new(Source::Cab(path), work.path().to_owned());
    job.local_roots = vec!["/usr".into(), work.path().to_owned()];
    let answer = analyze_in_child(&child_program(), job).await;
    let left: Vec<_> = fs::read_dir(work.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(!left.iter().any(|name| name.to_string_lossy().starts_with("analysis-")), "{left:?}");
    answer
}

#[tokio::test]
async fn a_cab_with_everything() {
    let work = tempfile::tempdir().unwrap();
    let dump = dump_of_program(work.path());
    let report = report_wer(&[
        "Version=1",
        "EventType=My crash report",
        "ReportIdentifier=01234567-89ab-cdef-0123-456789abcdef",
        "Sig[0].Name=Version",
        "Sig[0].Value=1",
        "AppName=program",
        "Metadata[0].Key=build",
        "Metadata[0].Value=7",
        "LastWords.Source=application",
        "LastWords.Text=out of cheese",
        "SoftError[0].Stage=capture",
        "SoftError[0].Message=One region was unreadable.",
    ]);
    let registered = registered_dump(0x7000, b"payload");
    let bytes = cab(&[
        ("minidump.mdmp", &dump),
        ("Report.wer", &report),
        ("registered.dmp", &registered),
        ("WERInternalMetadata.xml", b"<x/>"),
    ]);
    let answer = analyze_cab(&work, &bytes).await.unwrap();
    assert_eq!(answer.notes, ["One region was unreadable."], "and nothing about the confinement");
    let analysis = answer.analysis.unwrap();
    let names: Vec<_> =
        analysis.crashing_stack().unwrap().frames.iter().map(|f| f.function.clone()).collect();
    assert!(names.contains(&Some("known_function".into())), "{names:?}");
    let frame = &analysis.crashing_stack().unwrap().frames[1];
    assert!(
        frame.file.as_deref().is_some_and(|file| file.ends_with("p.c")) && frame.line == Some(5),
        "{frame:?}"
    );
    assert_eq!(answer.top_function.as_deref(), Some("known_function"));
    assert!(answer.signature.unwrap().text.ends_with("| known_function"));
    assert_eq!(answer.registered_blocks.len(), 1);
    assert_eq!(answer.registered_blocks[0].address, 0x7000);
    assert_eq!(answer.registered_blocks[0].hex, "7061796c6f6164");
    assert_eq!(answer.metadata, [Parameter::new("build", "7")]);
    let words = answer.last_words.unwrap();
    assert_eq!((words.source, words.text.as_str()), (LastWordsSource::Application, "out of cheese"));
    let report = answer.report.unwrap();
    assert_eq!(report.event_type, "My crash report");
    assert_eq!(report.parameters, [Parameter::new("Version", "1")]);
    let files: Vec<_> = answer.files.iter().map(|file| (file.name.as_str(), file.size_bytes)).collect();
    assert_eq!(files[0], ("minidump.mdmp", dump.len() as u64));
    assert_eq!(files.len(), 4);
}

#[tokio::test]
async fn a_dump_alone() {
    let work = tempfile::tempdir().unwrap();
    let path = work.path().join("x.dmp");
    fs::write(&path, dump_of_program(work.path())).unwrap();
    // The program lies outside the roots: its frames have no names, the C library's do.
    let job = AnalysisJob::new(Source::Dump(path.clone()), work.path().to_owned());
    let answer = analyze_in_child(&child_program(), job).await.unwrap();
    let analysis = answer.analysis.unwrap();
    let frames = &analysis.crashing_stack().unwrap().frames;
    assert!(frames[0].function.is_some(), "{frames:?}");
    assert_eq!(frames[1].function, None);
    assert_eq!(frames[1].module.as_deref(), Some("program"));

    fs::write(&path, b"MDMP and nothing").unwrap();
    let job = AnalysisJob::new(Source::Dump(path), work.path().to_owned());
    let error = analyze_in_child(&child_program(), job).await.unwrap_err();
    assert!(matches!(&error, AnalysisError::Refused(reason) if reason.starts_with("No stack:")), "{error}");
}

#[tokio::test]
async fn cabs_without_a_good_dump_still_give_the_rest() {
    let work = tempfile::tempdir().unwrap();
    let report = report_wer(&["EventType=X", "ReportIdentifier=1"]);
    let answer = analyze_cab(&work, &cab(&[("Report.wer", &report)])).await.unwrap();
    assert_eq!(answer.notes, ["The cab holds no minidump."]);
    assert_eq!(answer.report.unwrap().event_type, "X");

    let bytes = cab(&[("Report.wer", &report), ("minidump.mdmp", b"MDMP\x93\xa7\0\0 not really")]);
    let answer = analyze_cab(&work, &bytes).await.unwrap();
    assert!(answer.notes[0].starts_with("No stack:"), "{:?}", answer.notes);
    assert_eq!(answer.report.unwrap().event_type, "X");
}

#[tokio::test]
async fn bad_cabs_are_refused_or_left_out() {
    let work = tempfile::tempdir().unwrap();
    let error = analyze_cab(&work, b"MSCF but no cab").await.unwrap_err();
    assert!(matches!(error, AnalysisError::Refused(_)), "{error}");

    let answer =
        analyze_cab(&work, &cab(&[("../outside.txt", b"x"), ("Report.wer", b"junk")])).await.unwrap();
    assert!(answer.notes[0].contains("left out"), "{:?}", answer.notes);
    assert_eq!(answer.files.len(), 1);
    assert!(!work.path().join("outside.txt").exists());
}

/// A dump packed by zstd, behind a skippable frame; `trailing` zeros make it larger than what is unpacked to memory.
fn packed(dump: &[u8], trailing: usize) -> Vec<u8> {
    let mut whole = dump.to_vec();
    whole.resize(whole.len() + trailing, 0);
    let mut bytes = vec![0x50, 0x2A, 0x4D, 0x18, 0, 0, 0, 0];
    bytes.extend(zstd::stream::encode_all(&whole[..], 3).unwrap());
    bytes
}

fn has_known_function(answer: AnalysisAnswer) -> bool {
    let analysis = answer.analysis.unwrap_or_else(|| panic!("{:?}", answer.notes));
    let frames = &analysis.crashing_stack().unwrap().frames;
    frames.iter().any(|frame| frame.function.as_deref() == Some("known_function"))
}

#[tokio::test]
async fn compressed_dumps_in_a_cab() {
    let work = tempfile::tempdir().unwrap();
    let dump = dump_of_program(work.path());
    let large = 80 << 20;
    let cabs =
        [("minidump.mdmp", 0), ("minidump.mdmp", large), ("program.1.dmp.zst", 0), ("X.HDMP.ZST", large)];
    for (name, trailing) in cabs {
        let bytes = cab(&[(name, &packed(&dump, trailing))]);
        let answer = analyze_cab(&work, &bytes).await.unwrap();
        assert!(answer.notes.is_empty(), "{name}: {:?}", answer.notes);
        assert!(has_known_function(answer), "{name}");
    }
}

#[tokio::test]
async fn a_compressed_dump_alone_needs_no_folder() {
    let work = tempfile::tempdir().unwrap();
    let dump = dump_of_program(work.path());
    let path = work.path().join("x.dmp.zst");
    for trailing in [0, 80 << 20] {
        fs::write(&path, packed(&dump, trailing)).unwrap();
        let mut job = AnalysisJob::new(Source::Dump(path.clone()), work.path().to_owned());
        job.local_roots = vec!["/usr".into(), work.path().to_owned()];
        let answer = analyze_in_child(&child_program(), job).await.unwrap();
        assert!(answer.notes.is_empty(), "{:?}", answer.notes);
        assert!(has_known_function(answer));
    }
}

#[tokio::test]
async fn a_compressed_dump_unpacks_to_no_more_than_a_job_allows() {
    let work = tempfile::tempdir().unwrap();
    let path = work.path().join("x.dmp.zst");
    fs::write(&path, packed(b"MDMP", 80 << 20)).unwrap();
    let mut job = AnalysisJob::new(Source::Dump(path), work.path().to_owned());
    job.limits.unpacked_bytes = 64 << 20;
    let error = analyze_in_child(&child_program(), job).await.unwrap_err();
    assert!(error.to_string().contains("more than 67108864 bytes"), "{error}");
}
