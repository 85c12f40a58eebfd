//! Processes that are in other namespaces than we.

use std::process::{Command, Stdio};

use wer_hang::{HangType, look};

use crate::hanging::{Hanging, chain_of, compiled, hang_of, start, words};

/// The child of `unshare`, which is the first of its namespace.
fn first_inside(unshare: &Hanging) -> u32 {
    let hang = hang_of(unshare.0.id(), None, |hang| hang.chain.links.len() > 1);
    hang.chain.links[1].pid
}

#[test]
fn threads_of_another_pid_namespace_are_known_by_our_numbers() {
    let program = compiled(
        "inside",
        "#include <pthread.h>\n#include <unistd.h>\n\
         void *other(void *x) { pause(); return x; }\n\
         int main(void) { pthread_t t; pthread_create(&t, 0, other, 0); pthread_join(t, 0); return 0; }\n",
    );
    let unshare = start(Command::new("unshare").args(["-Urpf", "--kill-child"]).arg(program));
    let pid = first_inside(&unshare);
    let hang = hang_of(pid, None, |hang| words(&hang.chain) == ["join", "events"]);
    assert_eq!((hang.chain.links[0].pid, hang.chain.links[1].pid), (pid, pid));
    assert_ne!(hang.chain.links[1].tid, 2, "its number inside");
}

/// What the next test runs where the writer cannot be seen: looks at the process with the number in `WER_TEST_PID`.
#[test]
#[ignore = "the program of the next test"]
fn looks_from_inside() {
    let own = Hanging(Command::new("cat").stdout(Stdio::null()).spawn().expect("it starts"));
    let chain = chain_of(&own.0, |chain| words(chain) == ["pipe"]);
    assert!(chain.links[0].unseen && chain.links[0].on.is_empty(), "{}", chain.text());
    assert!(chain.text().contains("cannot be seen from here"), "{}", chain.text());
    assert_eq!(chain.hang_type(), HangType::Unknown);
    assert!(look(u32::MAX / 2, None).is_err());
}

#[test]
fn a_holder_in_another_pid_namespace_is_told_to_be_unseen() {
    let mut inside = Command::new("unshare");
    inside.args(["-Urpf", "--mount-proc", "--kill-child"]).arg(std::env::current_exe().expect("ourselves"));
    // It has the read end only: the writer is this process, outside.
    inside.args(["--exact", "namespaces::looks_from_inside", "--ignored", "--test-threads=1"]);
    let mut child = Hanging(inside.stdin(Stdio::piped()).spawn().expect("it starts"));
    let writer = child.0.stdin.take();
    assert!(child.0.wait().expect("its end").success());
    drop(writer);
}
