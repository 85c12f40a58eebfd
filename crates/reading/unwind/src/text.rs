//! An analysis as text for a terminal. Names come from the dump and from symbol files: whatever could steer a terminal
//! or hide text is escaped.

use std::fmt::Write;

use wer_model::{Analysis, Frame, ThreadStack};

/// The stacks as text: the crashed thread first, then the others, then what could not be had.
#[must_use]
pub fn render_text(analysis: &Analysis) -> String {
    let mut text = String::new();
    let crashed = analysis.crashing_stack();
    if let Some(reason) = &analysis.crash_reason {
        let address = analysis.crash_address.map(|address| format!(" at {address:#x}")).unwrap_or_default();
        line(&mut text, format_args!("Crash: {}{address}", escape(reason)));
    }
    if let Some(stack) = crashed {
        thread(&mut text, stack, " (crashed)");
    }
    for stack in &analysis.threads {
        if !crashed.is_some_and(|crashed| std::ptr::eq(crashed, stack)) {
            thread(&mut text, stack, "");
        }
    }
    if !analysis.notes.is_empty() {
        line(&mut text, format_args!("\nNotes:"));
    }
    for note in &analysis.notes {
        line(&mut text, format_args!("  {}", escape(note)));
    }
    text
}

/// `text` with control characters and those that change the direction of writing shown as `\u{...}`.
#[must_use]
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        let steers = matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}');
        if c.is_control() || steers { out.extend(c.escape_unicode()) } else { out.push(c) }
    }
    out
}

fn thread(text: &mut String, stack: &ThreadStack, mark: &str) {
    let name = stack.name.as_deref().map(|name| format!(" \"{}\"", escape(name))).unwrap_or_default();
    let separator = if text.is_empty() { "" } else { "\n" };
    line(text, format_args!("{separator}Thread {}{name}{mark}", stack.id));
    for (number, frame) in stack.frames.iter().enumerate() {
        line(text, format_args!("#{number:<3} {}", describe(frame)));
    }
    if stack.frames.is_empty() {
        line(text, format_args!("  no frames"));
    }
}

/// "function at file:line (module + 0xoffset)", as far as it is known.
fn describe(frame: &Frame) -> String {
    let mut text = match (&frame.function, &frame.module) {
        (Some(function), _) => escape(function),
        (None, Some(_)) => "??".into(),
        (None, None) => format!("{:#018x} in no module", frame.instruction),
    };
    if let Some(file) = &frame.file {
        let line = frame.line.map(|line| format!(":{line}")).unwrap_or_default();
        let _ = write!(text, " at {}{line}", escape(file));
    }
    if let (Some(module), Some(offset)) = (&frame.module, frame.module_offset) {
        let _ = write!(text, " ({} + {offset:#x})", escape(module));
    }
    if frame.trust == wer_model::FrameTrust::Inline {
        text.push_str(" [inlined]");
    }
    if frame.trust == wer_model::FrameTrust::Scan {
        text.push_str(" [guessed]");
    }
    text
}

fn line(text: &mut String, content: std::fmt::Arguments<'_>) {
    let _ = writeln!(text, "{content}");
}
