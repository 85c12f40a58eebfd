//! All kinds of crash.

use libc::{SIGABRT, SIGFPE, SIGILL, SIGSEGV};

use crate::kind::{Ending, Kind, Language, Linking};

const ACCESS_VIOLATION: u32 = 0xC000_0005;
const ILLEGAL_INSTRUCTION: u32 = 0xC000_001D;
const INTEGER_DIVIDE_BY_ZERO: u32 = 0xC000_0094;
const STACK_OVERFLOW: u32 = 0xC000_00FD;
const HEAP_CORRUPTION: u32 = 0xC000_0374;
const STACK_BUFFER_OVERRUN: u32 = 0xC000_0409;
const ASSERTION_FAILURE: u32 = 0xC000_0420;
const FATAL_APP_EXIT: u32 = 0x4000_0015;
const CPP_EXCEPTION: u32 = 0xE06D_7363;

/// A dynamically linked C program whose own function is the innermost of the stack.
const fn c(
    name: &'static str,
    title: &'static str,
    source: &'static str,
    signal: i32,
    exception: u32,
    function: &'static str,
) -> Kind {
    Kind {
        name,
        title,
        language: Language::C,
        source,
        linking: Linking::Dynamic,
        compiler_arguments: &[],
        ending: Ending::Signal(signal),
        exception,
        function,
        function_is_top: true,
        last_words: "",
    }
}

impl Kind {
    const fn by_library(self, last_words: &'static str) -> Self {
        Self { function_is_top: false, last_words, ..self }
    }

    const fn in_language(self, language: Language) -> Self {
        Self { language, ..self }
    }
}

/// Every kind, in the order in which tests and demo show them.
pub const KINDS: &[Kind] = &[
    c("c-null-write", "C, null write", "null_write.c", SIGSEGV, ACCESS_VIOLATION, "inner_null_write"),
    c("c-divide", "C, division by zero", "divide_by_zero.c", SIGFPE, INTEGER_DIVIDE_BY_ZERO, "divide"),
    c(
        "c-stack-overflow",
        "C, stack overflow in main",
        "stack_overflow.c",
        SIGSEGV,
        STACK_OVERFLOW,
        "recurse",
    ),
    c(
        "c-thread-stack-overflow",
        "C, stack overflow in a thread",
        "thread_stack_overflow.c",
        SIGSEGV,
        STACK_OVERFLOW,
        "recurse",
    ),
    c(
        "c-double-free",
        "C, heap corruption (double free)",
        "double_free.c",
        SIGABRT,
        HEAP_CORRUPTION,
        "free_it",
    )
    .by_library("double free"),
    c("c-assertion", "C, assertion failed", "assertion.c", SIGABRT, ASSERTION_FAILURE, "check_balance")
        .by_library("balance >= 0"),
    c("c-abort", "C, abort()", "plain_abort.c", SIGABRT, FATAL_APP_EXIT, "give_up").by_library(""),
    Kind {
        compiler_arguments: &["-fstack-protector-all"],
        ..c("c-stack-smash", "C, stack smashing", "stack_smashing.c", SIGABRT, STACK_BUFFER_OVERRUN, "smash")
            .by_library("stack smashing")
    },
    c(
        "c-illegal",
        "C, illegal instruction",
        "illegal_instruction.c",
        SIGILL,
        ILLEGAL_INSTRUCTION,
        "undefined_instruction",
    ),
    Kind {
        compiler_arguments: &["-pthread"],
        ..c(
            "c-threads",
            "C, 8 threads, the 5th crashes",
            "threads.c",
            SIGSEGV,
            ACCESS_VIOLATION,
            "crash_in_thread",
        )
    },
    Kind {
        ending: Ending::Exit,
        ..c(
            "c-own-handler",
            "C, handles SIGSEGV itself",
            "own_handler.c",
            SIGSEGV,
            ACCESS_VIOLATION,
            "read_from",
        )
    },
    Kind {
        linking: Linking::StaticGlibc,
        ..c("c-static", "C, static (glibc)", "null_write.c", SIGSEGV, ACCESS_VIOLATION, "inner_null_write")
    },
    Kind {
        linking: Linking::StaticMusl,
        ..c(
            "c-static-musl",
            "C, static (musl)",
            "null_write.c",
            SIGSEGV,
            ACCESS_VIOLATION,
            "inner_null_write",
        )
    },
    c(
        "cpp-exception",
        "C++, uncaught exception",
        "uncaught_exception.cpp",
        SIGABRT,
        CPP_EXCEPTION,
        "throw_it",
    )
    .in_language(Language::Cpp)
    .by_library("disk on fire"),
    c("cpp-virtual", "C++, call of a dead object", "virtual_call.cpp", SIGSEGV, ACCESS_VIOLATION, "measure")
        .in_language(Language::Cpp),
    Kind {
        compiler_arguments: &["-C", "panic=abort"],
        ..c("rust-panic", "Rust, panic=abort", "panic_abort.rs", SIGABRT, FATAL_APP_EXIT, "open_ledger")
            .in_language(Language::Rust)
            .by_library("ledger has no entry 7")
    },
    c("rust-segfault", "Rust, segfault", "segfault.rs", SIGSEGV, ACCESS_VIOLATION, "write_through")
        .in_language(Language::Rust),
];

/// A kind by its name.
#[must_use]
pub fn kind(name: &str) -> Option<&'static Kind> {
    KINDS.iter().find(|kind| kind.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_sources_exist() {
        for (index, kind) in KINDS.iter().enumerate() {
            assert!(KINDS.iter().skip(index + 1).all(|other| other.name != kind.name), "{kind}");
            let folder = match kind.language {
                Language::C => "c",
                Language::Cpp => "cpp",
                Language::Rust => "rust",
            };
            let source = format!("{}/src/{folder}/{}", env!("CARGO_MANIFEST_DIR"), kind.source);
            let text = std::fs::read_to_string(&source).expect(&source);
            assert!(text.contains(kind.function), "{source} has no {}", kind.function);
        }
    }
}
