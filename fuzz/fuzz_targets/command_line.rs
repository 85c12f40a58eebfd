//! Any text as the command line of a restart: no character gets lost but those that have a meaning.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wer_fault::restart::command_line::split;

fuzz_target!(|bytes: &[u8]| {
    let line = String::from_utf8_lossy(bytes);
    let arguments = split(&line);
    let kept = |text: &str| text.chars().filter(|c| !matches!(c, ' ' | '\t' | '"' | '\\')).count();
    assert_eq!(arguments.iter().map(|argument| kept(argument)).sum::<usize>(), kept(&line));
    if !line.contains(['"', '\\']) {
        assert_eq!(arguments, line.split([' ', '\t']).filter(|word| !word.is_empty()).collect::<Vec<_>>());
    }
});
