//! Children that hang, die, write without end, or lie.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use tempfile::TempDir;
use watson_analysis::{AnalysisAnswer, AnalysisError, AnalysisJob, Source, analyze_in_child};

/// Runs a shell script in the child's place.
async fn with_child(script: &str, wall_clock_ms: u64) -> Result<AnalysisAnswer, AnalysisError> {
    let work = tempfile::tempdir().unwrap();
    let exe = executable(&work, script);
    let mut job = AnalysisJob::new(Source::Cab(work.path().join("none.cab")), work.path().to_owned());
    job.limits.wall_clock_ms = wall_clock_ms;
    analyze_in_child(&exe, job).await
}

fn executable(work: &TempDir, script: &str) -> PathBuf {
    let exe = work.path().join("child");
    fs::write(&exe, format!("#!/bin/sh\n{script}\n")).unwrap();
    fs::set_permissions(&exe, fs::Permissions::from_mode(0o700)).unwrap();
    exe
}

#[tokio::test]
async fn a_child_that_hangs_is_ended() {
    let error = with_child("exec sleep 1000", 200).await.unwrap_err();
    assert!(matches!(error, AnalysisError::TimedOut { limit_ms: 200 }), "{error}");
}

#[tokio::test]
async fn a_child_that_dies_is_told() {
    for script in ["exit 3", "kill -SEGV $$", "echo '{\"refused\":\"x\"}'; exit 1"] {
        let error = with_child(script, 60_000).await.unwrap_err();
        assert!(matches!(error, AnalysisError::Ended(_)), "{error}");
    }
}

#[tokio::test]
async fn a_child_that_writes_without_end_is_ended() {
    let error = with_child("exec yes", 60_000).await.unwrap_err();
    assert!(matches!(error, AnalysisError::TooLong { .. }), "{error}");
}

#[tokio::test]
async fn a_missing_program_is_told() {
    let work = tempfile::tempdir().unwrap();
    let job = AnalysisJob::new(Source::Cab("none.cab".into()), work.path().to_owned());
    let error = analyze_in_child(&work.path().join("none"), job).await.unwrap_err();
    assert!(matches!(error, AnalysisError::Child { .. }), "{error}");
    let job = AnalysisJob::new(Source::Cab("none.cab".into()), work.path().join("missing"));
    let error = analyze_in_child(&work.path().join("none"), job).await.unwrap_err();
    assert!(matches!(error, AnalysisError::WorkDir { .. }), "{error}");
}

#[tokio::test]
async fn a_child_has_no_environment() {
    let script = r#"printf '{"refused":"%s"}' "$(env | grep -c CARGO)""#;
    let error = with_child(script, 60_000).await.unwrap_err();
    assert!(matches!(&error, AnalysisError::Refused(count) if count == "0"), "{error}");
}

/// A valid answer with one thing changed.
fn answer(change: impl FnOnce(&mut serde_json::Value)) -> String {
    let mut answer =
        serde_json::to_value(AnalysisAnswer { version: 1, ..AnalysisAnswer::default() }).unwrap();
    change(&mut answer);
    format!("cat <<'END'\n{}\nEND", serde_json::json!({ "answer": answer }))
}

#[tokio::test]
async fn answers_are_checked() {
    assert_eq!(with_child(&answer(|_| ()), 60_000).await.unwrap().version, 1);
    let lies: [fn(&mut serde_json::Value); 8] = [
        |answer| answer["version"] = 2.into(),
        |answer| answer["surprise"] = 1.into(),
        |answer| answer["files"] = serde_json::json!([{"name": "../../etc/passwd", "size_bytes": 1}]),
        |answer| answer["files"] = serde_json::json!([{"name": "", "size_bytes": 1}]),
        |answer| answer["top_function"] = "x".repeat(10_000).into(),
        |answer| answer["notes"] = vec!["x"; 2_000].into(),
        |answer| {
            answer["registered_blocks"] = serde_json::json!([{"address": 1, "size_bytes": 1, "hex": "<b>x"}])
        },
        |answer| {
            let thread = serde_json::json!({"id": 1, "name": null, "frames": []});
            answer["analysis"] = serde_json::json!({
                "crash_reason": null, "crash_address": null, "crashing_thread": null,
                "threads": vec![thread; 20_000], "modules": [], "notes": []
            });
        },
    ];
    for (number, lie) in lies.into_iter().enumerate() {
        let error = with_child(&answer(lie), 60_000).await.unwrap_err();
        assert!(matches!(error, AnalysisError::Invalid(_)), "lie {number}: {error}");
    }
    for junk in ["echo junk", "true", "echo '[[[['"] {
        let error = with_child(junk, 60_000).await.unwrap_err();
        assert!(matches!(error, AnalysisError::Invalid(_)), "{junk}: {error}");
    }
}
