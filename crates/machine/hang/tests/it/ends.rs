//! Pipes and sockets.

use std::process::{Command, Stdio};

use wer_hang::{HangType, Wait};

use crate::hanging::{Hanging, chain_of, compiled, start, words};

#[test]
fn a_pipe_leads_to_the_process_at_its_other_end() {
    let sleep = Command::new("sleep").arg("1000").stdout(Stdio::piped()).spawn();
    let mut writer = Hanging(sleep.expect("it starts"));
    let pipe = writer.0.stdout.take().expect("its end");
    let reader = Command::new("cat").stdin(pipe).stdout(Stdio::null()).spawn();
    let reader = Hanging(reader.expect("it starts"));
    let chain = chain_of(&reader.0, |chain| words(chain) == ["pipe", "sleep"]);
    assert_eq!(chain.hang_type(), HangType::CrossProcess);
    assert_eq!(chain.other_process().map(|link| link.pid), Some(writer.0.id()));
}

#[test]
fn two_processes_that_read_from_each_other_are_a_deadlock() {
    let program = compiled(
        "mutual",
        "#include <unistd.h>\n#include <sys/socket.h>\n#include <sys/prctl.h>\n#include <signal.h>\n\
         int main(void) { int s[2]; char c; socketpair(AF_UNIX, SOCK_STREAM, 0, s);\n\
         if (fork() == 0) { prctl(PR_SET_PDEATHSIG, SIGKILL); close(s[0]); return read(s[1], &c, 1); }\n\
         close(s[1]); return read(s[0], &c, 1); }\n",
    );
    let child = start(&mut Command::new(program));
    let chain = chain_of(&child.0, |chain| chain.cycle == Some(0));
    assert_eq!(words(&chain), ["unix_socket", "unix_socket"], "{}", chain.text());
    assert_eq!(chain.hang_type(), HangType::CrossProcessDeadlock);
}

#[test]
fn a_tcp_connection_leads_to_its_other_end_here() {
    let program = compiled(
        "tcp",
        "#include <unistd.h>\n#include <string.h>\n#include <sys/socket.h>\n#include <netinet/in.h>\n#include <sys/prctl.h>\n#include <signal.h>\n\
         int main(void) { struct sockaddr_in a; socklen_t n = sizeof a; char c; memset(&a, 0, n);\n\
         a.sin_family = AF_INET; a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);\n\
         int l = socket(AF_INET, SOCK_STREAM, 0); bind(l, (void *)&a, n); listen(l, 1); getsockname(l, (void *)&a, &n);\n\
         if (fork() == 0) { prctl(PR_SET_PDEATHSIG, SIGKILL); int s = accept(l, 0, 0); close(l); pause(); return s; }\n\
         int s = socket(AF_INET, SOCK_STREAM, 0); connect(s, (void *)&a, n); return recv(s, &c, 1, 0); }\n",
    );
    let child = start(&mut Command::new(program));
    let chain = chain_of(&child.0, |chain| words(chain) == ["tcp", "events"]);
    assert_eq!(chain.hang_type(), HangType::CrossProcess);
}

/// A parent that waits by `call` for a child that says nothing. `s` has two sockets, `p` a pipe.
fn silent_child(name: &str, call: &str) -> std::path::PathBuf {
    compiled(
        name,
        &format!(
            "#define _GNU_SOURCE\n#include <unistd.h>\n#include <poll.h>\n#include <sys/select.h>\n#include <sys/epoll.h>\n\
             #include <sys/timerfd.h>\n#include <sys/socket.h>\n#include <sys/prctl.h>\n#include <signal.h>\n\
             int main(void) {{ int s[2], p[2]; if (socketpair(AF_UNIX, SOCK_STREAM, 0, s) || pipe(p)) return 1;\n\
             if (fork() == 0) {{ prctl(PR_SET_PDEATHSIG, SIGKILL); close(s[0]); close(p[0]); pause(); }}\n\
             close(s[1]); close(p[1]); {call} }}\n"
        ),
    )
}

#[test]
fn one_descriptor_that_is_polled_is_waited_for_as_by_a_read() {
    let one = "struct pollfd e = {{ s[0], POLLIN, 0 }};".replace("{{", "{").replace("}}", "}");
    let calls = [
        ("poll1", "unix_socket", format!("{one} return poll(&e, 1, -1);")),
        ("ppoll1", "unix_socket", format!("{one} return ppoll(&e, 1, 0, 0);")),
        ("select1", "pipe", "fd_set r; FD_ZERO(&r); FD_SET(p[0], &r); return select(p[0] + 1, &r, 0, 0, 0);".into()),
        (
            "epoll1",
            "unix_socket",
            "struct epoll_event e = { .events = EPOLLIN }; int q = epoll_create1(0); epoll_ctl(q, EPOLL_CTL_ADD, s[0], &e); \
             return epoll_wait(q, &e, 1, -1);"
                .into(),
        ),
    ];
    for (name, word, call) in calls {
        let child = start(&mut Command::new(silent_child(name, &call)));
        let chain = chain_of(&child.0, |chain| words(chain) == [word, "events"]);
        assert_eq!(chain.hang_type(), HangType::CrossProcess, "{name}");
    }
}

#[test]
fn several_descriptors_tell_something_where_all_lead_to_one_process() {
    let two = "struct pollfd e[3] = { { s[0], POLLIN, 0 }, { p[0], POLLIN, 0 }, { timerfd_create(CLOCK_MONOTONIC, 0), POLLIN, 0 } };";
    let child = start(&mut Command::new(silent_child("poll2", &format!("{two} return poll(e, 2, -1);"))));
    let chain = chain_of(&child.0, |chain| words(chain) == ["poll", "events"]);
    assert_eq!(chain.links[0].wait, Wait::Poll { descriptors: 2 });
    // With a timer besides, it may be an idle program.
    let child = start(&mut Command::new(silent_child("poll3", &format!("{two} return poll(e, 3, -1);"))));
    let chain = chain_of(&child.0, |chain| words(chain) == ["events"]);
    assert!(chain.links[0].on.is_empty() && !chain.links[0].unseen);
}
