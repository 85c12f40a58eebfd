//! The signature of a crash: what of its stack it is recognized by, and which function it is blamed on.
//!
//! Last step of reading; watson's buckets and `wer report show` use it. Pure and versioned: the same analysis gives the
//! same signature wherever and whenever it is computed, and a change of the rules or of `frames.txt` is a new version
//! beside the old one. No clock, file or environment is looked at.

#![forbid(unsafe_code)]

mod name;
mod table;

use serde::{Deserialize, Serialize};
use wer_model::{Analysis, Frame};

use crate::name::normalize;
use crate::table::{Kind, kind};

/// The version of [`signature`] and [`top_function`].
pub const SIGNATURE_VERSION: u32 = 1;
/// Frames of one signature: helpers and the function that called them.
pub const MAX_SIGNATURE_FRAMES: usize = 8;
/// Between the frames of a signature's text.
const SEPARATOR: &str = " | ";
/// Below this address there is no code: the jump went through a null pointer.
const NULL_PAGE_END: u64 = 65_536;
/// Libraries whose unnamed functions on top of a stack are the system's own.
const SYSTEM_LIBRARIES: [&str; 8] =
    ["libc.so", "libc-", "libpthread", "ld-linux", "libstdc++", "libgcc_s", "linux-gate", "linux-vdso"];

/// A signature by the first version of the rules.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignatureV1 {
    /// The frames as one text, e.g. "strlen | copy_name"; "no stack" where there is none.
    pub text: String,
    /// The function that the crash is blamed on.
    pub top_function: Option<String>,
    /// The frames, innermost first: helpers, then the function that called them.
    pub frames: Vec<String>,
}

/// The signature of an analysis: the crashed thread's stack, or the first one's where nothing crashed.
#[must_use]
pub fn signature(analysis: &Analysis) -> SignatureV1 {
    let stack = analysis.crashing_stack().or_else(|| analysis.threads.first());
    let frames = stack.map_or(&[][..], |stack| &stack.frames);
    let relevant = frames.get(first_relevant(frames)..).unwrap_or(&[]);
    // A stack of nothing but a program's end is better than none.
    let considered = if relevant.is_empty() { frames } else { relevant };
    let mut signature = SignatureV1 { text: String::new(), top_function: None, frames: Vec::new() };
    for frame in considered.iter().take(MAX_SIGNATURE_FRAMES) {
        let (label, is_helper) = label(frame);
        signature.frames.push(label);
        if !is_helper {
            break;
        }
    }
    signature.text = match signature.frames.is_empty() {
        true => "no stack".into(),
        false => signature.frames.join(SEPARATOR),
    };
    let named = |frame: &&Frame| frame.function.is_some();
    let top = considered.iter().take(MAX_SIGNATURE_FRAMES).filter(named).find(|frame| !label(frame).1);
    let top = top.or_else(|| considered.iter().find(named));
    signature.top_function = top.and_then(|frame| frame.function.as_deref()).map(normalize);
    signature
}

/// The first relevant function of the crashed thread: not how it ended and not a helper. `None` where no frame has a
/// name.
#[must_use]
pub fn top_function(analysis: &Analysis) -> Option<String> {
    signature(analysis).top_function
}

/// How many frames on top only say how the program ended. Unnamed frames of system libraries count where a named one
/// follows below them.
fn first_relevant(frames: &[Frame]) -> usize {
    let mut first = 0;
    for (index, frame) in frames.iter().enumerate() {
        match &frame.function {
            Some(name) if kind(&normalize(name)) == Kind::Skip => first = index + 1,
            None if in_system_library(frame) => {}
            _ => break,
        }
    }
    first
}

/// What stands for a frame in the signature, and whether it is a helper, so that its caller is needed too.
fn label(frame: &Frame) -> (String, bool) {
    match (&frame.function, &frame.module, frame.module_offset) {
        (Some(name), ..) => {
            let name = normalize(name);
            let helper = kind(&name) != Kind::Relevant;
            (name, helper)
        }
        (None, Some(module), Some(offset)) => (format!("{module}@{offset:#x}"), in_system_library(frame)),
        _ if frame.instruction < NULL_PAGE_END => ("call through null".into(), true),
        // Addresses differ from run to run.
        _ => ("code in no module".into(), true),
    }
}

fn in_system_library(frame: &Frame) -> bool {
    let module = frame.module.as_deref().unwrap_or("");
    SYSTEM_LIBRARIES.iter().any(|library| module.starts_with(library))
}

#[cfg(test)]
mod tests;
