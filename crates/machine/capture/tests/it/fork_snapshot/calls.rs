//! System calls that a snapshot interrupts, by the thread that makes the copy, go on as if nothing had happened.

use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixStream};

use super::*;

fn interrupt_and_finish(kind: &str, finish: impl FnOnce(&mut Program)) {
    let mut program = start(&["call", kind]);
    waits(&program);
    for _ in 0..3 {
        drop(snapshot(&program));
    }
    finish(&mut program);
    program.expect("right\n");
    assert_eq!(program.end(), Some(0));
}

#[test]
fn waits_for_input_go_on() {
    for kind in ["read", "poll", "ppoll", "select", "epoll", "epoll_limited", "epoll_pwait"] {
        println!("{kind}");
        interrupt_and_finish(kind, |program| program.stdin_line("x"));
    }
}

#[test]
fn sleeps_last_as_long_as_they_should() {
    for kind in ["nanosleep", "absolute", "futex"] {
        println!("{kind}");
        interrupt_and_finish(kind, |_| ());
    }
}

#[test]
fn waits_for_signals_go_on() {
    for kind in ["sigsuspend", "sigtimedwait", "pause"] {
        println!("{kind}");
        interrupt_and_finish(kind, |program| signal(program, Signal::USR1));
    }
}

#[test]
fn a_server_goes_on_accepting() {
    interrupt_and_finish("accept", |program| {
        let name = format!("wer-snapshot-{}", program.pid());
        let address = SocketAddr::from_abstract_name(name).expect("a name");
        drop(UnixStream::connect_addr(&address).expect("it listens"));
    });
}

#[test]
fn a_signal_that_comes_during_the_snapshot_is_handled_once() {
    let mut program = start(&["call", "sigsuspend"]);
    waits(&program);
    let capture = snapshot(&program);
    signal(&program, Signal::USR1);
    program.expect("right\n");
    drop(capture);
    assert_eq!(program.end(), Some(0));
}

#[test]
fn a_stopped_process_stays_stopped_and_sleeps_on() {
    for kind in ["nanosleep", "futex", "read"] {
        let mut program = start(&["call", kind]);
        waits(&program);
        signal(&program, Signal::STOP);
        wait_until("the stop", || program.state() == 'T');
        let mut capture = snapshot(&program);
        wait_until("the former stop", || program.state() == 'T');
        capture.release();
        wait_until("the former stop", || program.state() == 'T');
        assert_eq!(children(program.pid()), []);
        signal(&program, Signal::CONT);
        if kind == "read" {
            program.stdin_line("x");
        }
        program.expect("right\n");
    }
}
