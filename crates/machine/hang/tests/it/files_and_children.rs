//! Locks on files, children, and processes that are stopped.

use std::process::Command;

use wer_hang::{HangType, look};

use crate::hanging::{chain_of, compiled, start, words};

#[test]
fn a_shell_waits_for_its_child() {
    let child = start(Command::new("sh").args(["-c", "sleep 1000; :"]));
    let chain = chain_of(&child.0, |chain| words(chain) == ["child", "sleep"]);
    let sleeper = chain.other_process().expect("another").pid;
    let pid = rustix::process::Pid::from_raw(sleeper.cast_signed()).expect("a pid");
    rustix::process::kill_process(pid, rustix::process::Signal::KILL).expect("our own");
}

#[test]
fn a_stopped_process_says_so_and_a_gone_one_is_an_error() {
    let child = start(Command::new("sleep").arg("1000"));
    let pid = i32::try_from(child.0.id()).expect("a pid");
    let pid = rustix::process::Pid::from_raw(pid).expect("a pid");
    rustix::process::kill_process(pid, rustix::process::Signal::STOP).expect("our own");
    let chain = chain_of(&child.0, |chain| words(chain) == ["stopped"]);
    assert_eq!(chain.hang_type(), HangType::Unknown);
    assert!(look(u32::MAX / 2, None).is_err());
}

/// A parent that runs `call` when its child has done `first` and waits for ever. `f` is a file of both, `v[1]` its name.
fn file_program(name: &str, first: &str, call: &str) -> std::path::PathBuf {
    compiled(
        name,
        &format!(
            "#define _GNU_SOURCE\n#include <fcntl.h>\n#include <unistd.h>\n#include <sys/file.h>\n#include <sys/wait.h>\n#include <sys/prctl.h>\n\
             #include <sys/syscall.h>\n#include <signal.h>\n\
             static void hold(void) {{ prctl(PR_SET_PDEATHSIG, SIGKILL); if (getppid() == 1) _exit(0); }}\n\
             int main(int n, char **v) {{ int p[2]; char c; struct flock l = {{ .l_type = F_WRLCK }}; if (n < 2 || pipe(p)) return 1;\n\
             int o, f = open(v[1], O_RDWR | O_CREAT, 0600); (void)l; (void)o;\n\
             pid_t child = fork(); if (child == 0) {{ hold(); {first}\n\
             if (write(p[1], \"\", 1) != 1) return 1; pause(); }}\n\
             if (read(p[0], &c, 1) != 1) return 1; {call} }}\n"
        ),
    )
}

#[test]
fn locks_of_every_kind_lead_to_the_process_that_has_them() {
    let open = "o = open(v[1], O_RDWR);";
    let cases = [
        ("posix", "fcntl(f, F_SETLK, &l);".to_owned(), "return fcntl(f, F_SETLKW, &l);".to_owned()),
        ("flock", format!("{open} flock(o, LOCK_EX);"), "return flock(f, LOCK_EX);".into()),
        ("ofd", format!("{open} fcntl(o, F_OFD_SETLK, &l);"), "return fcntl(f, F_OFD_SETLKW, &l);".into()),
        // Whoever took the lock has ended; it lives on in a process that has the file open since.
        (
            "inherited",
            format!("{open} if (fork() == 0) {{ flock(o, LOCK_EX); _exit(0); }} wait(0);"),
            "return flock(f, LOCK_EX);".into(),
        ),
    ];
    for (name, first, call) in cases {
        let folder = tempfile::tempdir().expect("a folder");
        let child = start(Command::new(file_program(name, &first, &call)).arg(folder.path().join("lock")));
        let chain = chain_of(&child.0, |chain| words(chain) == ["file_lock", "events"]);
        assert_eq!(chain.hang_type(), HangType::CrossProcess, "{name}");
        assert!(!chain.links[0].unseen, "{name}");
    }
}

#[test]
fn a_child_that_is_waited_for_by_number_group_or_pidfd_is_found_among_others() {
    let more = "for (int i = 0; i < 3; i++) if (fork() == 0) { hold(); pause(); } siginfo_t w;";
    let cases = [
        ("pid", "return waitid(P_PID, child, &w, WEXITED);"),
        ("wait4", "return waitpid(child, 0, 0) | w.si_pid;"),
        ("group", "return waitid(P_PGID, child, &w, WEXITED);"),
        ("pidfd", "return waitid(3, syscall(SYS_pidfd_open, child, 0), &w, WEXITED);"),
    ];
    for (name, call) in cases {
        let folder = tempfile::tempdir().expect("a folder");
        let program =
            file_program(&format!("child_{name}"), "setpgid(0, 0);", &format!("{more} w.si_pid = 0; {call}"));
        let child = start(Command::new(program).arg(folder.path().join("file")));
        let chain =
            chain_of(&child.0, |chain| words(chain) == ["child", "events"] && chain.links[0].on.len() == 1);
        assert_eq!(chain.hang_type(), HangType::CrossProcess, "{name}");
        let group = |pid: u32| rustix::process::getpgid(rustix::process::Pid::from_raw(pid.cast_signed()));
        let waited = chain.links[1].pid;
        let leads = group(waited).expect("it lives").as_raw_nonzero().get().unsigned_abs();
        assert_eq!(leads, waited, "{name}: the child that has a group of its own");
    }
}

#[test]
fn any_child_may_end_a_wait_for_all() {
    let folder = tempfile::tempdir().expect("a folder");
    let call = "if (fork() == 0) { hold(); pause(); } return wait(0);";
    let child = start(Command::new(file_program("all", "", call)).arg(folder.path().join("file")));
    let chain = chain_of(&child.0, |chain| words(chain) == ["child", "events"]);
    assert_eq!(chain.links[0].on.len(), 2, "{}", chain.text());
}
