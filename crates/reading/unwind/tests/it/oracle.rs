//! Our provider under `minidump-processor`: another walker with our rules and names sees the same stacks.

use minidump::Minidump;
use wer_symbols::{LocalAndUploaded, SymbolConfig};
use wer_unwind::analyze;

use crate::program::Program;

const SOURCE: &str = r#"
#include <pthread.h>
#include <stdio.h>
#include <unistd.h>
volatile int sink;
static pthread_barrier_t barrier;
static __attribute__((noinline)) int inner(long x) { pthread_barrier_wait(&barrier); pause(); return sink + (int)x; }
static __attribute__((noinline)) int outer(long x) { int r = inner(x); sink = r; return r + (int)x; }
static void *worker(void *x) { int r = outer((long)x); sink = r; return 0; }
int main(void) {
    pthread_t t; pthread_barrier_init(&barrier, 0, 2); pthread_create(&t, 0, worker, 0);
    pthread_barrier_wait(&barrier); puts("ready"); fflush(stdout);
    int r = pthread_join(t, 0); sink = r; return 0;
}
"#;

#[tokio::test(flavor = "current_thread")]
async fn minidump_processor_agrees() {
    let flags = ["-g", "-O2", "-fomit-frame-pointer", "-fno-optimize-sibling-calls", "-pthread"];
    let program = Program::build("cc", "p.c", SOURCE, &flags);
    let bytes = program.dump();
    let ours = analyze(&bytes, &SymbolConfig::local()).unwrap();
    let minidump = Minidump::read(bytes.as_slice()).unwrap();
    let provider = LocalAndUploaded::new(SymbolConfig::local(), []);
    let theirs = minidump_processor::process_minidump(&minidump, &provider).await.unwrap();
    assert_eq!(ours.threads.len(), theirs.threads.len());
    for (stack, other) in ours.threads.iter().zip(&theirs.threads) {
        assert_eq!(stack.id, other.thread_id);
        let mut expected = Vec::new();
        for frame in &other.frames {
            expected.extend(frame.inlines.iter().map(|call| Some(call.function_name.clone())));
            expected.push(frame.function_name.clone());
        }
        let names: Vec<_> = stack.frames.iter().map(|frame| frame.function.clone()).collect();
        assert_eq!(names, expected, "thread {}", stack.id);
        assert!(names.len() > 4);
    }
}
