//! Chains of real processes that hang.

use std::process::{Child, Command, Stdio};

use wer_hang::{Chain, HangType, look};

/// A child that is ended with the test.
struct Hanging(Child);

impl Drop for Hanging {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Looks until the chain is what is expected; a process takes a while to get there.
#[track_caller]
fn chain_of(child: &Child, is_expected: impl Fn(&Chain) -> bool) -> Chain {
    let end = std::time::Instant::now() + std::time::Duration::from_secs(30);
    loop {
        let hang = look(child.id(), None).expect("our own child");
        let chain = hang.telling().clone();
        if is_expected(&chain) {
            return chain;
        }
        assert!(std::time::Instant::now() < end, "{}", hang.chain.text());
        std::thread::yield_now();
    }
}

fn words(chain: &Chain) -> Vec<&'static str> {
    chain.links.iter().map(|link| link.wait.word()).collect()
}

fn compiled(name: &str, source: &str) -> std::path::PathBuf {
    let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR"));
    let (input, output) = (folder.join(format!("{name}.c")), folder.join(name));
    std::fs::write(&input, source).expect("room");
    let status = Command::new("cc").args(["-pthread", "-o"]).arg(&output).arg(&input).status();
    assert!(status.expect("a C compiler").success());
    output
}

fn start(command: &mut Command) -> Hanging {
    Hanging(command.stdin(Stdio::null()).stdout(Stdio::null()).spawn().expect("it starts"))
}

#[test]
fn two_mutexes_in_two_orders_are_a_deadlock() {
    let program = compiled(
        "deadlock",
        "#include <pthread.h>\n\
         pthread_mutex_t a = PTHREAD_MUTEX_INITIALIZER, b = PTHREAD_MUTEX_INITIALIZER;\n\
         pthread_barrier_t both;\n\
         void *other(void *x) { pthread_mutex_lock(&b); pthread_barrier_wait(&both); pthread_mutex_lock(&a); return x; }\n\
         int main(void) { pthread_t t; pthread_barrier_init(&both, 0, 2); pthread_create(&t, 0, other, 0);\n\
         pthread_mutex_lock(&a); pthread_barrier_wait(&both); pthread_mutex_lock(&b); return 0; }\n",
    );
    let child = start(&mut Command::new(program));
    let chain = chain_of(&child.0, |chain| chain.cycle == Some(0) && chain.links.len() == 2);
    assert_eq!(words(&chain), ["lock", "lock"], "{}", chain.text());
    assert_eq!(chain.hang_type(), HangType::Deadlock);
}

#[test]
fn a_join_waits_for_the_thread_that_is_joined() {
    let program = compiled(
        "join",
        "#include <pthread.h>\n#include <unistd.h>\n\
         void *other(void *x) { pause(); return x; }\n\
         int main(void) { pthread_t t; pthread_create(&t, 0, other, 0); pthread_join(t, 0); return 0; }\n",
    );
    let child = start(&mut Command::new(program));
    let chain = chain_of(&child.0, |chain| words(chain) == ["join", "events"]);
    assert_eq!((chain.hang_type(), chain.cycle), (HangType::Waiting, None));
}

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
fn a_shell_waits_for_its_child() {
    let child = start(Command::new("sh").args(["-c", "sleep 1000; :"]));
    let chain = chain_of(&child.0, |chain| words(chain) == ["child", "sleep"]);
    let sleeper = chain.other_process().expect("another").pid;
    let pid = rustix::process::Pid::from_raw(sleeper.cast_signed()).expect("a pid");
    rustix::process::kill_process(pid, rustix::process::Signal::KILL).expect("our own");
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
fn a_file_lock_leads_to_its_holder() {
    let folder = tempfile::tempdir().expect("a folder");
    let program = compiled(
        "filelock",
        "#include <fcntl.h>\n#include <unistd.h>\n#include <sys/prctl.h>\n#include <signal.h>\n\
         int main(int n, char **v) { int p[2]; char c; struct flock l = { .l_type = F_WRLCK };\n\
         int f = open(v[n - 1], O_RDWR | O_CREAT, 0600); if (pipe(p)) return 1;\n\
         if (fork() == 0) { prctl(PR_SET_PDEATHSIG, SIGKILL); fcntl(f, F_SETLK, &l); if (write(p[1], \"\", 1) != 1) return 1; pause(); }\n\
         if (read(p[0], &c, 1) != 1) return 1; return fcntl(f, F_SETLKW, &l); }\n",
    );
    let child = start(Command::new(program).arg(folder.path().join("lock")));
    let chain = chain_of(&child.0, |chain| words(chain) == ["file_lock", "events"]);
    assert_eq!(chain.hang_type(), HangType::CrossProcess);
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
