//! Signatures of stacks as they are seen.

use proptest::prelude::*;
use wer_model::{Analysis, Frame, FrameTrust, ThreadStack};

use super::*;

/// "function" or "function!module" or "!module" or "" per frame.
fn analysis(frames: &[&str]) -> Analysis {
    let frame = |text: &&str| {
        let (function, module) =
            text.split_once('!').unwrap_or((text, if text.is_empty() { "" } else { "app" }));
        let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        Frame {
            instruction: if text.is_empty() { 0 } else { 0x7f00_0000_1234 },
            module: some(module),
            module_offset: some(module).map(|_| 0x1234),
            function: some(function),
            function_offset: None,
            file: None,
            line: None,
            trust: FrameTrust::CallFrameInfo,
        }
    };
    Analysis {
        crash_reason: None,
        crash_address: None,
        crashing_thread: Some(2),
        threads: vec![
            ThreadStack { id: 1, name: None, frames: vec![frame(&"other")] },
            ThreadStack { id: 2, name: None, frames: frames.iter().map(frame).collect() },
        ],
        modules: Vec::new(),
        notes: Vec::new(),
    }
}

#[test]
fn stacks_as_they_are_seen() {
    for (frames, text, top) in [
        (&["crash", "main"][..], "crash", Some("crash")),
        // Heap corruption that glibc found.
        (
            &[
                "__pthread_kill_implementation",
                "raise",
                "abort",
                "__libc_message",
                "malloc_printerr",
                "_int_free",
                "__GI___libc_free",
                "release_order",
                "main",
            ],
            "_int_free | __GI___libc_free | release_order",
            Some("release_order"),
        ),
        // The same without symbols of the C library.
        (
            &[
                "!libc.so.6",
                "gsignal!libc.so.6",
                "abort!libc.so.6",
                "!libc.so.6",
                "!libc.so.6",
                "free!libc.so.6",
                "app_free",
            ],
            "libc.so.6@0x1234 | libc.so.6@0x1234 | free | app_free",
            Some("app_free"),
        ),
        // An uncaught C++ exception.
        (
            &[
                "raise",
                "abort",
                "__gnu_cxx::__verbose_terminate_handler()",
                "__cxxabiv1::__terminate(void (*)())",
                "std::terminate()",
                "__cxa_throw",
                "shop::Till::open(int)",
                "main",
            ],
            "shop::Till::open",
            Some("shop::Till::open"),
        ),
        // A Rust panic.
        (
            &[
                "abort",
                "panic_abort::__rust_start_panic::abort",
                "__rust_start_panic",
                "rust_panic",
                "std::panicking::begin_panic_handler::{{closure}}",
                "core::panicking::panic_fmt",
                "core::option::Option<T>::unwrap",
                "app::load::<u8>",
                "app::main",
            ],
            "app::load",
            Some("app::load"),
        ),
        // A handler that ended the process: what it interrupted counts.
        (
            &[
                "raise",
                "abort",
                "std::sys::pal::unix::stack_overflow::imp::signal_handler",
                "<signal handler called>",
                "app::recurse",
                "app::recurse",
            ],
            "app::recurse",
            Some("app::recurse"),
        ),
        (&["__strlen_avx2", "copy_name", "main"], "__strlen_avx2 | copy_name", Some("copy_name")),
        // A call through a null pointer.
        (&["", "dispatch", "main"], "call through null | dispatch", Some("dispatch")),
        // No symbols at all.
        (&["!app", "!app"], "app@0x1234", None),
        (&["raise", "abort"], "raise | abort", Some("raise")),
        (&[], "no stack", None),
    ] {
        let analysis = analysis(frames);
        let signature = signature(&analysis);
        assert_eq!(signature.text, text);
        assert_eq!(signature.top_function.as_deref(), top, "{text}");
        assert_eq!(top_function(&analysis), signature.top_function);
    }
}

#[test]
fn without_a_crash_the_first_thread_counts() {
    let mut analysis = analysis(&["crash"]);
    analysis.crashing_thread = None;
    assert_eq!(signature(&analysis).text, "other");
}

proptest! {
    #[test]
    fn any_name_is_normalized(name in any::<String>(), brackets in "[<>(){}\\[\\]a:: ]{0,60}") {
        let name = format!("{name}{brackets}");
        let signature = signature(&analysis(&[&name.replace('!', ""), "main"]));
        prop_assert!(signature.frames.len() <= MAX_SIGNATURE_FRAMES);
        prop_assert!(signature.text.chars().count() < 2_000);
    }
}
