//! What a module can reach from its host: the crashed process's memory, and little else.

use super::support::Scene;

/// Runs `call` and finds 0, or the errno that it failed with.
fn errno_of(scene: &Scene, call: &str) -> i32 {
    let code = format!(
        "errno = 0; long result = (long)({call}); snprintf(finding, sizeof finding, \"%d\", result == -1 ? errno : 0);"
    );
    scene.finding(&code).parse().unwrap()
}

#[test]
fn it_has_its_sockets_and_the_process_and_nothing_else() {
    let scene = Scene::new();
    // Held by this process without close-on-exec, as a service may hold things.
    let leak = std::fs::File::open("/dev/null").unwrap();
    rustix::io::fcntl_setfd(&leak, rustix::io::FdFlags::empty()).unwrap();
    let found = scene.finding(
        r#"for (int fd = 0; fd < 256; fd++) if (fcntl(fd, F_GETFD) != -1)
             sprintf(finding + strlen(finding), "%d ", fd);
           char **variable = environ; int count = 0; while (variable[count]) count++;
           char here[100]; getcwd(here, sizeof here);
           sprintf(finding + strlen(finding), "%d %s %d", count, here, prctl(PR_GET_DUMPABLE));"#,
    );
    assert_eq!(found, "0 1 2 3 4 5 1 / 0");
    drop(leak);
}

#[test]
fn it_starts_nothing_and_reaches_nobody() {
    let scene = Scene::new();
    let refused = [
        "fork()",
        "vfork()",
        "execl(\"/bin/true\", \"true\", (char *)0)",
        "socket(AF_INET, SOCK_STREAM, 0)",
        "socket(AF_UNIX, SOCK_STREAM, 0)",
        "ptrace(PTRACE_TRACEME, 0, 0, 0)",
        "kill(getppid(), 0)",
        "kill(-1, 0)",
        "syscall(SYS_pidfd_send_signal, 3, 0, 0, 0)",
        "syscall(SYS_execveat, 3, \"\", 0, 0, 0)",
        "syscall(0x40000000 | 1, 2, \"x\", 1)",
        "setsid()",
        "unshare(0)",
        "prctl(PR_SET_DUMPABLE, 1)",
        "prctl(PR_SET_PDEATHSIG, 0)",
        "chmod(\"/tmp\", 0777)",
        "syscall(SYS_bpf, 0, 0, 0)",
    ];
    for call in refused {
        assert_eq!(errno_of(&scene, call), libc::EPERM, "{call}");
    }
    assert_eq!(errno_of(&scene, "syscall(SYS_clone3, 0, 0)"), libc::ENOSYS);
}

#[test]
fn a_fork_bomb_finds_no_match() {
    let code = "int made = 0; for (int i = 0; i < 1000; i++) { pid_t child = fork(); if (child == 0) pause(); \
                made += child > 0; } snprintf(finding, sizeof finding, \"%d\", made);";
    assert_eq!(Scene::new().finding(code), "0");
}

#[test]
fn it_may_have_threads_and_memory() {
    let body = r#"
        static void *work(void *text) { strcpy(finding, (char *)text); return 0; }
        FINDS({ char *memory = malloc(64 << 20); memset(memory, 1, 64 << 20);
                pthread_t thread; pthread_create(&thread, 0, work, "worked"); pthread_join(thread, 0); })"#;
    let verdict = Scene::new().verdict_of(body);
    assert!(
        matches!(&verdict, wer_model::ModuleVerdict::Claimed { parameters, .. } if parameters[0].value == "worked"),
        "{verdict:?}"
    );
}

#[test]
fn it_writes_the_process_but_no_file() {
    let scene = Scene::new();
    let write = "int six = 6; int memory = (int)(info->hProcess & 0xFFFF); \
                 pwrite(memory, &six, 4, (off_t)context); six = 0; pread(memory, &six, 4, (off_t)context); \
                 snprintf(finding, sizeof finding, \"%d\", six);";
    assert_eq!(scene.finding(write), "6");
    let folder = scene.folder().display();
    assert_eq!(errno_of(&scene, &format!("open(\"{folder}/target\", O_RDONLY)")), 0);
    for call in [
        "open(\"FOLDER/new\", O_CREAT | O_WRONLY, 0600)",
        "mkdir(\"FOLDER/new\", 0700)",
        "unlink(\"FOLDER/target\")",
    ] {
        let call = call.replace("FOLDER", &folder.to_string());
        assert_eq!(errno_of(&scene, &call), libc::EACCES, "{call}");
    }
    // Not even another process of the same user can be read.
    let other = format!("open(\"/proc/{}/mem\", O_RDONLY)", std::process::id());
    assert_ne!(errno_of(&scene, &other), 0);
}

#[test]
fn a_host_of_root_becomes_the_crashed_user() {
    if !rustix::process::geteuid().is_root() {
        // Without root there is no other user to become; the host then stays who it is.
        return;
    }
    let mut scene = Scene::new();
    (scene.uid, scene.gid) = (65_534, 65_534);
    let who = "FILE *status = fopen(\"/proc/self/status\", \"r\"); char line[256]; \
               while (fgets(line, sizeof line, status)) if (!strncmp(line, \"CapEff:\", 7) || \
                 !strncmp(line, \"CapPrm:\", 7) || !strncmp(line, \"NoNewPrivs:\", 11)) { \
                 line[strcspn(line, \"\\n\")] = 0; strcat(finding, strchr(line, ':') + 2); strcat(finding, \" \"); } \
               sprintf(finding + strlen(finding), \"%d %d %d %d\", getuid(), geteuid(), getegid(), getgroups(0, 0));";
    assert_eq!(scene.finding(who), "0000000000000000 0000000000000000 1 65534 65534 65534 0");
    let file = scene.folder().join("secret");
    std::fs::write(&file, "root's").unwrap();
    for flags in ["O_WRONLY", "O_WRONLY | O_APPEND"] {
        let call = format!("open(\"{}\", {flags})", file.display());
        assert_eq!(errno_of(&scene, &call), libc::EACCES);
    }
    assert_eq!(errno_of(&scene, "setresuid(0, 0, 0)"), libc::EPERM);
    let memory = "int five = 0; pread((int)(info->hProcess & 0xFFFF), &five, 4, (off_t)context); \
                  snprintf(finding, sizeof finding, \"%d\", five);";
    assert_eq!(scene.finding(memory), "5");
}

#[test]
fn a_host_of_root_for_root_has_no_capabilities() {
    if !rustix::process::geteuid().is_root() {
        return;
    }
    let scene = Scene::new();
    assert_eq!(errno_of(&scene, "sethostname(\"x\", 1)"), libc::EPERM);
    assert_eq!(errno_of(&scene, "setresuid(1, 1, 1)"), libc::EPERM);
}
