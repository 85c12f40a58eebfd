//! Locks in memory, and threads that wait for threads.

use std::process::Command;

use wer_hang::HangType;

use crate::hanging::{chain_of, compiled, hang_of, start, words};

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
fn a_lock_with_priority_inheritance_and_a_robust_one_name_their_owners() {
    for (name, kind) in [
        ("inherits", "pthread_mutexattr_setprotocol(&k, PTHREAD_PRIO_INHERIT)"),
        ("robust", "pthread_mutexattr_setrobust(&k, PTHREAD_MUTEX_ROBUST)"),
    ] {
        let program = compiled(
            name,
            &format!(
                "#include <pthread.h>\n#include <unistd.h>\n\
                 pthread_mutex_t a; pthread_barrier_t both;\n\
                 void *other(void *x) {{ pthread_mutex_lock(&a); pthread_barrier_wait(&both); pause(); return x; }}\n\
                 int main(void) {{ pthread_t t; pthread_mutexattr_t k; pthread_mutexattr_init(&k); {kind};\n\
                 pthread_mutex_init(&a, &k); pthread_barrier_init(&both, 0, 2); pthread_create(&t, 0, other, 0);\n\
                 pthread_barrier_wait(&both); pthread_mutex_lock(&a); return 0; }}\n"
            ),
        );
        let child = start(&mut Command::new(program));
        let chain = chain_of(&child.0, |chain| words(chain) == ["lock", "events"]);
        assert_eq!((chain.hang_type(), chain.cycle), (HangType::Waiting, None), "{name}");
        assert_eq!(chain.links[0].on[0].tid, Some(chain.links[1].tid), "{name}");
    }
}

#[test]
fn a_lock_that_processes_share_leads_to_the_process_that_holds_it() {
    for (name, kind) in [
        ("shared", ""),
        ("shared_inherits", "pthread_mutexattr_setprotocol(&k, PTHREAD_PRIO_INHERIT);"),
        ("shared_robust", "pthread_mutexattr_setrobust(&k, PTHREAD_MUTEX_ROBUST);"),
    ] {
        let program = compiled(
            name,
            &format!(
                "#include <pthread.h>\n#include <unistd.h>\n#include <sys/mman.h>\n#include <sys/prctl.h>\n#include <signal.h>\n\
                 int main(void) {{ int p[2]; char c; pthread_mutexattr_t k; pthread_mutexattr_init(&k); {kind}\n\
                 pthread_mutexattr_setpshared(&k, PTHREAD_PROCESS_SHARED);\n\
                 pthread_mutex_t *a = mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);\n\
                 pthread_mutex_init(a, &k); if (pipe(p)) return 1;\n\
                 if (fork() == 0) {{ prctl(PR_SET_PDEATHSIG, SIGKILL); pthread_mutex_lock(a);\n\
                 if (write(p[1], \"\", 1) != 1) return 1; pause(); }}\n\
                 if (read(p[0], &c, 1) != 1) return 1; return pthread_mutex_lock(a); }}\n"
            ),
        );
        let child = start(&mut Command::new(program));
        let chain = chain_of(&child.0, |chain| words(chain) == ["lock", "events"]);
        assert_eq!(chain.hang_type(), HangType::CrossProcess, "{name}");
        assert!(!chain.links[0].unseen, "{name}");
    }
}

#[test]
fn a_deadlock_of_other_threads_names_the_hang_of_an_idle_main_thread() {
    let program = compiled(
        "elsewhere",
        "#include <pthread.h>\n#include <unistd.h>\n\
         pthread_mutex_t a = PTHREAD_MUTEX_INITIALIZER, b = PTHREAD_MUTEX_INITIALIZER; pthread_barrier_t both;\n\
         void *one(void *x) { pthread_mutex_lock(&a); pthread_barrier_wait(&both); pthread_mutex_lock(&b); return x; }\n\
         void *two(void *x) { pthread_mutex_lock(&b); pthread_barrier_wait(&both); pthread_mutex_lock(&a); return x; }\n\
         int main(void) { pthread_t t, u; pthread_barrier_init(&both, 0, 2);\n\
         pthread_create(&t, 0, one, 0); pthread_create(&u, 0, two, 0); pause(); return 0; }\n",
    );
    let child = start(&mut Command::new(program));
    let hang =
        hang_of(child.0.id(), None, |hang| hang.deadlocks.len() == 1 && words(&hang.chain) == ["events"]);
    assert_eq!(
        (words(hang.telling()), hang.telling().hang_type()),
        (vec!["lock", "lock"], HangType::Deadlock)
    );
    // Asked about one of them, its own chain is the deadlock.
    let thread = hang.telling().links[0].tid;
    let of_thread = hang_of(child.0.id(), Some(thread), |hang| hang.chain.cycle == Some(0));
    assert_eq!((of_thread.chain.links[0].tid, of_thread.deadlocks.len()), (thread, 0));
    assert!(of_thread.chain.text().contains("deadlock: elsewhere ("), "{}", of_thread.chain.text());
}
