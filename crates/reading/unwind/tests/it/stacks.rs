//! Stacks of threads at rest: through code without frame pointers, through libc, signal frames and other stacks.

use wer_model::FrameTrust;
use wer_unwind::render_text;

use crate::program::{Program, assert_chain, names};

const FLAGS: &[&str] =
    &["-g", "-O2", "-fomit-frame-pointer", "-fno-optimize-sibling-calls", "-fno-inline", "-pthread"];

/// Three functions that keep values over their calls, so that none is a plain jump.
const CHAIN: &str = r#"
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
volatile int sink;
static void ready(void) { puts("ready"); fflush(stdout); }
"#;

#[test]
fn main_thread_without_frame_pointers() {
    let source = format!(
        "{CHAIN}
        __attribute__((noinline)) int c(int x) {{ char room[100]; memset(room, x, 100); ready(); pause(); return room[sink]; }}
        __attribute__((noinline)) int b(int x) {{ int r = c(x + 1); sink = r; return r + x; }}
        __attribute__((noinline)) int a(int x) {{ int r = b(x * 3); sink = r; return r - x; }}
        int main(int argc, char **argv) {{ int r = a(argc); sink = r; return 0; }}"
    );
    let program = Program::build("cc", "chain.c", &source, FLAGS);
    let analysis = program.analysis();
    let stack = analysis.crashing_stack().unwrap();
    assert_chain(stack, &["c", "b", "a", "main"]);
    assert_eq!(
        names(stack).last(),
        Some(&"_start"),
        "the walk ends at the first function: {:?}",
        names(stack)
    );
    let frame = stack.frames.iter().find(|frame| frame.function.as_deref() == Some("b")).unwrap();
    assert!(frame.file.as_deref().unwrap().ends_with("chain.c"));
    assert_eq!(frame.line, Some(12));
    assert_eq!(frame.trust, FrameTrust::CallFrameInfo);
    assert_eq!(frame.module.as_deref(), Some("program"));
    let text = render_text(&analysis);
    assert!(
        text.contains(&format!("b at {}/chain.c:12 (program + 0x", program.folder().display())),
        "{text}"
    );
}

#[test]
fn every_thread() {
    let source = format!(
        "{CHAIN}
        static pthread_barrier_t barrier;
        __attribute__((noinline)) int wait_here(long n) {{ pthread_barrier_wait(&barrier); pause(); return (int)n; }}
        __attribute__((noinline)) int worker_body(long n) {{ int r = wait_here(n); sink = r; return r; }}
        static void *worker(void *n) {{ long r = worker_body((long)n); sink = r; return 0; }}
        int main(void) {{
            pthread_t t[4]; pthread_barrier_init(&barrier, 0, 5);
            for (long i = 0; i < 4; i++) pthread_create(&t[i], 0, worker, (void *)i);
            pthread_barrier_wait(&barrier); ready();
            for (int i = 0; i < 4; i++) pthread_join(t[i], 0);
            return 0;
        }}"
    );
    let analysis = Program::build("cc", "threads.c", &source, FLAGS).analysis();
    assert_eq!(analysis.threads.len(), 5);
    for stack in analysis.threads.iter().filter(|stack| Some(stack.id) != analysis.crashing_thread) {
        assert_chain(stack, &["wait_here", "worker_body", "worker", "start_thread"]);
        assert!(stack.frames.len() < 9, "nothing is guessed behind the thread's start: {:?}", names(stack));
    }
    let main = analysis.crashing_stack().unwrap();
    assert!(names(main).contains(&"main"), "{:?}", names(main));
}

/// A handler on its own stack that waits; the walk must come back to the interrupted function.
fn handler_program(fault: &str) -> Program {
    let source = format!(
        "{CHAIN}
        static char other[65536];
        __attribute__((noinline)) void handler_body(int n) {{ ready(); pause(); sink = n; }}
        static void handler(int n) {{ handler_body(n); sink = 1; }}
        {fault}
        int main(void) {{
            stack_t ss = {{ .ss_sp = other, .ss_size = sizeof other }}; sigaltstack(&ss, 0);
            struct sigaction sa = {{ .sa_handler = handler, .sa_flags = SA_ONSTACK }};
            sigaction(SIGSEGV, &sa, 0); sigaction(SIGUSR1, &sa, 0);
            int r = outer(5); sink = r; return 0;
        }}"
    );
    Program::build("cc", "handler.c", &source, FLAGS)
}

#[test]
fn through_a_signal_frame_to_another_stack() {
    let program = handler_program(
        "__attribute__((noinline)) int inner(int *p) {
             *p = 1;
             sink = 2; return sink; }
         __attribute__((noinline)) int outer(int x) { int r = inner((int *)(long)(x - 5)); sink = r; return r + x; }",
    );
    let dump = program.dump();
    let config = wer_symbols::SymbolConfig::local();
    let analysis = wer_unwind::analyze(&dump, &config).unwrap();
    let stack = analysis.crashing_stack().unwrap();
    assert_chain(stack, &["handler_body", "handler"]);
    // minidump-writer keeps one stack per thread, the one that the handler runs on; the interrupted function's
    // registers lie there in the signal frame, its callers do not.
    let names = names(stack);
    let interrupted = names.iter().position(|name| *name == "inner");
    let interrupted = interrupted.unwrap_or_else(|| panic!("the interrupted function is named: {names:?}"));
    let frame = &stack.frames[interrupted];
    assert_eq!(frame.line, Some(15), "at exactly the faulting instruction, not the one before it");
}

#[test]
fn a_signal_frame_on_the_same_stack() {
    let program = handler_program(
        "__attribute__((noinline)) int inner(int x) { sigaltstack(&(stack_t){ .ss_flags = SS_DISABLE }, 0); raise(SIGUSR1); return x; }
         __attribute__((noinline)) int outer(int x) { int r = inner(x); sink = r; return r + x; }",
    );
    let analysis = program.analysis();
    let stack = analysis.crashing_stack().unwrap();
    assert_chain(stack, &["handler_body", "handler"]);
    assert_chain(stack, &["inner", "outer", "main"]);
}

#[test]
fn a_call_through_a_null_pointer() {
    let program = handler_program(
        "__attribute__((noinline)) int outer(int x) {
             sigaltstack(&(stack_t){ .ss_flags = SS_DISABLE }, 0);
             int (*volatile nothing)(int) = 0; int r = nothing(x); sink = r; return r + x; }",
    );
    let analysis = program.analysis();
    let stack = analysis.crashing_stack().unwrap();
    assert_chain(stack, &["<signal handler called>", "?", "outer", "main"]);
    let nothing = stack.frames.iter().find(|frame| frame.function.is_none()).unwrap();
    assert_eq!((nothing.instruction, &nothing.module), (0, &None));
}

#[test]
fn other_kinds_of_files() {
    let source = format!(
        "{CHAIN}
        __attribute__((noinline)) int inner(int x) {{ ready(); pause(); return sink + x; }}
        __attribute__((noinline)) int outer(int x) {{ int r = inner(x); sink = r; return r + x; }}
        int main(int argc, char **argv) {{ int r = outer(argc); sink = r; return 0; }}"
    );
    let common = ["-g", "-O2", "-fomit-frame-pointer", "-fno-optimize-sibling-calls", "-fno-inline"];
    for flags in [
        &["-gz=zlib"][..],
        // Rules in .debug_frame alone.
        &["-fno-asynchronous-unwind-tables", "-fno-unwind-tables"],
        // An unwind table without a search table.
        &["-Wl,--no-eh-frame-hdr", "-static"],
        // Not moved when loaded.
        &["-no-pie"],
        &["-static-pie"],
        &["-gdwarf-4"],
        // Names from the symbol table alone.
        &["-g0"],
    ] {
        let flags: Vec<&str> = common.iter().chain(flags).copied().collect();
        let analysis = Program::build("cc", "kind.c", &source, &flags).analysis();
        let stack = analysis.crashing_stack().unwrap();
        assert_chain(stack, &["inner", "outer", "main"]);
        let outer = stack.frames.iter().find(|frame| frame.function.as_deref() == Some("outer")).unwrap();
        assert_eq!(outer.line, (!flags.contains(&"-g0")).then_some(12), "{flags:?}");
        assert_eq!(outer.trust, FrameTrust::CallFrameInfo, "{flags:?}");
    }
}

#[test]
fn inlined_calls_are_frames() {
    let source = format!(
        "{CHAIN}
        static inline __attribute__((always_inline)) int deep(int x) {{ ready(); pause(); return x; }}
        static inline __attribute__((always_inline)) int middle(int x) {{ return deep(x) + 1; }}
        __attribute__((noinline)) int outer(int x) {{ int r = middle(x); sink = r; return r; }}
        int main(int argc, char **argv) {{ int r = outer(argc); sink = r; return 0; }}"
    );
    let analysis = Program::build("cc", "inline.c", &source, &["-g", "-O2"]).analysis();
    let stack = analysis.crashing_stack().unwrap();
    assert_chain(stack, &["deep", "middle", "outer", "main"]);
    let trust =
        |name: &str| stack.frames.iter().find(|frame| frame.function.as_deref() == Some(name)).unwrap().trust;
    assert_eq!(trust("deep"), FrameTrust::Inline);
    assert_eq!(trust("outer"), FrameTrust::CallFrameInfo);
}

#[test]
fn names_of_cpp_and_rust() {
    let cpp = r#"
        #include <cstdio>
        #include <unistd.h>
        namespace shop { struct Till { template <class T> __attribute__((noinline)) int open(T v) {
            puts("ready"); fflush(stdout); pause(); return (int)v; } }; }
        int main() { shop::Till t; return t.open<long>(4) + 1; }"#;
    let analysis = Program::build("g++", "till.cpp", cpp, &["-g", "-O1"]).analysis();
    assert_chain(analysis.crashing_stack().unwrap(), &["int shop::Till::open<long>(long)", "main"]);

    let rust = r#"
        mod till { #[inline(never)] pub fn open(x: u32) -> u32 {
            println!("ready"); loop { std::thread::park(); if x == 7 { return x; } } } }
        fn main() { std::process::exit(till::open(std::env::args().count() as u32) as i32); }"#;
    let analysis = Program::build("rustc", "till.rs", rust, &["-g", "-O"]).analysis();
    let stack = analysis.crashing_stack().unwrap();
    assert!(
        names(stack).iter().any(|name| name.ends_with("::till::open") || *name == "till::open"),
        "{:?}",
        names(stack)
    );
}

#[test]
fn a_stack_without_end_is_cut() {
    let source = format!(
        "{CHAIN}
        __attribute__((noinline)) int again(int n) {{ if (n == 0) {{ ready(); pause(); }} int r = n ? again(n - 1) : 0; sink = r; return r + n; }}
        int main(void) {{ return again(5000); }}"
    );
    let analysis = Program::build("cc", "deep.c", &source, FLAGS).analysis();
    let stack = analysis.crashing_stack().unwrap();
    assert_eq!(stack.frames.len(), wer_unwind::limits::MAX_FRAMES);
    assert!(analysis.notes.iter().any(|note| note.contains("longer than")), "{:?}", analysis.notes);
}
