//! The child: `watson analyze --child`. Reads a job from its standard input, confines itself, writes one reply to its
//! standard output.

use std::io::{Read, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use serde::{Deserialize, Serialize};

use crate::answer::AnalysisAnswer;
use crate::confine::confine;
use crate::job::AnalysisJob;
use crate::limits::{FRAMES_WHEN_SHORTENED, MAX_ANSWER_BYTES, MAX_JOB_BYTES};
use crate::read::read;

/// What the parent writes to the child.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Request {
    pub(crate) job: AnalysisJob,
    /// Empty folder that the child may unpack into.
    pub(crate) folder: PathBuf,
}

/// What the child writes.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Reply {
    /// An answer.
    Answer(Box<AnalysisAnswer>),
    /// There is nothing to analyse; a sentence why.
    Refused(String),
}

/// Runs the child. Must be called on the only thread of the process, before any runtime is started: the confinement
/// holds for the calling thread and its descendants.
#[must_use]
pub fn child_main() -> ExitCode {
    // Whoever sends reports goes before whoever reads them. Where it is refused, they share.
    let _ = rustix::process::nice(BEHIND_INTAKE);
    let Some(request) = read_request() else { return ExitCode::from(2) };
    let mut confinement = confine(&request.job, &request.folder);
    let reply = match read(&request.job, &request.folder) {
        Ok(mut answer) => {
            answer.notes.append(&mut confinement);
            shorten(answer)
        }
        Err(reason) => Reply::Refused(reason),
    };
    let Ok(bytes) = serde_json::to_vec(&reply) else { return ExitCode::FAILURE };
    let mut out = std::io::stdout().lock();
    match out.write_all(&bytes).and_then(|()| out.flush()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

/// How far analyses stand back (`nice`).
const BEHIND_INTAKE: i32 = 10;

fn read_request() -> Option<Request> {
    let mut bytes = Vec::new();
    std::io::stdin().lock().take(MAX_JOB_BYTES as u64).read_to_end(&mut bytes).ok()?;
    serde_json::from_slice(&bytes).ok()
}

/// An answer that fits: where it would be too long, threads that did not crash keep their innermost frames, and then
/// nothing.
fn shorten(mut answer: AnalysisAnswer) -> Reply {
    for keep in [FRAMES_WHEN_SHORTENED, 0] {
        if serde_json::to_vec(&answer).is_ok_and(|bytes| bytes.len() < MAX_ANSWER_BYTES - 64) {
            break;
        }
        let Some(analysis) = &mut answer.analysis else { break };
        let crashed = analysis.crashing_thread;
        for thread in analysis.threads.iter_mut().filter(|thread| Some(thread.id) != crashed) {
            thread.frames.truncate(keep);
        }
        answer
            .notes
            .push(format!("The stacks were too long; threads that did not crash keep {keep} frames."));
    }
    Reply::Answer(Box::new(answer))
}
