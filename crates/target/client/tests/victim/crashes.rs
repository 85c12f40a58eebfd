//! The ways to die, and what to look at on the way.
#![expect(unsafe_code, reason = "crashes")]

use std::arch::asm;
use std::ffi::c_void;
use std::ptr::{null, null_mut};
use std::sync::Barrier;
use std::sync::atomic::{AtomicU32, Ordering};

use wer_client::crash::{AttachOptions, attach, thread_attach};
use wer_client::registration::*;

static SIGCHLDS: AtomicU32 = AtomicU32::new(0);

/// What a role does before it attaches.
pub(crate) fn before_attach(role: &str) -> Option<fn()> {
    match role {
        "observed" => Some(observe),
        "ignored" => Some(|| set_handler(libc::SIGTRAP, libc::SIG_IGN)),
        "no-memfd" => Some(refuse_memfd),
        _ => None,
    }
}

pub(crate) fn run(role: &str) {
    match role {
        "segv" | "observed" => fault(),
        "bus" => bus(),
        "ill" => ill(),
        "fpe" => divide_by_zero(),
        "trap" => trap(),
        "ignored" => raise(libc::SIGTRAP),
        "abrt" => std::process::abort(),
        "sys" => kill(libc::SIGSYS),
        "again" => {
            attach(&AttachOptions::default()).expect("attached twice");
            fault();
        }
        "hold" => {
            set_max_hold_ms(300).expect("a limit");
            fault();
        }
        "rust-overflow" => drop(overflow(0)),
        "overflow-thread" => overflow_in_thread(),
        "overflow-std-thread" => drop(std::thread::spawn(|| overflow(0)).join()),
        "two-threads" => two_threads(),
        "second-crash" => crash_in_handler(),
        "no-descriptors" => limit_descriptors(3),
        "few-descriptors" => limit_descriptors(8),
        "closed" => closed(),
        "fork" => fork_and_crash(),
        "fork-while-writing" => fork_while_writing(),
        "no-memfd" => wait_for_reader(),
        "strict" => register_without_system_calls(),
        other => panic!("unknown role {other}"),
    }
}

fn fault() {
    // SAFETY: none: this is the crash. Nothing is mapped there.
    unsafe { (0x1234 as *mut u8).write_volatile(1) };
}

fn ill() {
    // SAFETY: none: this is the crash.
    unsafe { asm!("ud2") };
}

fn trap() {
    // SAFETY: a breakpoint.
    unsafe { asm!("int3") };
}

fn divide_by_zero() {
    // SAFETY: none: this is the crash.
    unsafe {
        asm!("idiv {zero:e}", zero = in(reg) 0, inout("eax") 1 => _, inout("edx") 0 => _);
    }
}

/// Reads a mapped file behind its end.
fn bus() {
    let path = std::env::temp_dir().join(format!("wer-client-victim-{}", std::process::id()));
    let file = std::fs::File::create_new(&path).expect("a file");
    std::fs::remove_file(&path).expect("its name");
    let file = std::os::fd::AsRawFd::as_raw_fd(&file);
    // SAFETY: a new mapping.
    let page = unsafe { libc::mmap(null_mut(), 4096, libc::PROT_READ, libc::MAP_SHARED, file, 0) };
    // SAFETY: none: this is the crash.
    unsafe { page.cast::<u8>().read_volatile() };
}

fn raise(signal: i32) {
    // SAFETY: sends a signal to this thread.
    unsafe { libc::raise(signal) };
}

/// As another process would.
fn kill(signal: i32) {
    // SAFETY: sends a signal to this process.
    unsafe { libc::kill(std::process::id().cast_signed(), signal) };
}

#[expect(unconditional_recursion, reason = "overflows the stack on purpose")]
fn overflow(depth: u64) -> u64 {
    let frame = std::hint::black_box([depth; 256]);
    std::hint::black_box(overflow(depth + 1) + frame[7])
}

extern "C" fn overflowing_thread(_: *mut c_void) -> *mut c_void {
    thread_attach().expect("an alternate stack");
    overflow(0);
    null_mut()
}

/// In a thread that std did not start.
fn overflow_in_thread() {
    let mut thread = 0;
    // SAFETY: a thread without arguments.
    unsafe { libc::pthread_create(&raw mut thread, null(), overflowing_thread, null_mut()) };
    // SAFETY: the thread that was started.
    unsafe { libc::pthread_join(thread, null_mut()) };
}

fn two_threads() {
    let barrier = Barrier::new(8);
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                barrier.wait();
                fault();
            });
        }
    });
}

/// Takes the registration block away, which the handler reads.
fn crash_in_handler() {
    let block = block_address().expect("a block") as *mut c_void;
    // SAFETY: none: the library relies on the block. This is what is tested.
    unsafe { libc::munmap(block, 4096) };
    fault();
}

/// Four are what the pipes take, and 0 to 3 are open; what else was inherited is closed.
fn limit_descriptors(limit: u64) {
    // SAFETY: nobody uses them after this.
    unsafe { libc::close_range(3, libc::c_uint::MAX, 0) };
    let none = libc::rlimit { rlim_cur: limit, rlim_max: limit };
    let _one = std::fs::File::open("/dev/null").expect("a descriptor");
    // SAFETY: a limit of this process.
    unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &raw const none) };
    fault();
}

/// The pipes get the numbers that the hand-off wants to use.
fn closed() {
    for fd in 0..=4 {
        // SAFETY: nobody uses them after this.
        unsafe { libc::close(fd) };
    }
    fault();
}

fn fork_and_crash() {
    // SAFETY: the child makes no use of other threads' state; there are none.
    let child = unsafe { libc::fork() };
    if child == 0 {
        fault();
    }
    let mut status = 0;
    // SAFETY: waits for the child.
    unsafe { libc::waitpid(child, &raw mut status, 0) };
    println!("child={child} signal={}", libc::WTERMSIG(status));
}

/// Children are born while other threads write, so some inherit a lock whose holder they do not have.
fn fork_while_writing() {
    const CHILDREN: usize = 300;
    let stop = AtomicU32::new(0);
    let stop = &stop;
    std::thread::scope(|scope| {
        for number in 1..=4_usize {
            scope.spawn(move || {
                while stop.load(Ordering::Relaxed) == 0 {
                    let address = number << 20;
                    register_memory_block(address, 64).expect("room");
                    unregister_memory_block(address).expect("registered");
                }
            });
        }
        let failed = (0..CHILDREN).filter(|_| !child_can_register()).count();
        stop.store(1, Ordering::Relaxed);
        println!("failed={failed}");
    });
}

fn child_can_register() -> bool {
    // SAFETY: the child makes calls that allocate nothing, and leaves.
    let child = unsafe { libc::fork() };
    if child == 0 {
        // Every slot must be usable: the four of the writers' may or may not be taken.
        let all = (0..508).all(|number| register_memory_block((64 + number) << 20, 64).is_ok());
        let none = (0..508).all(|number| unregister_memory_block((64 + number) << 20).is_ok());
        // SAFETY: ends the child.
        unsafe { libc::_exit(i32::from(!(all && none))) };
    }
    let mut status = 0;
    // SAFETY: waits for the child.
    unsafe { libc::waitpid(child, &raw mut status, 0) };
    status == 0
}

/// Installs a handler before ours that tells what it sees, and one for SIGCHLD.
fn observe() {
    set_handler(libc::SIGCHLD, on_child as *const () as usize);
    set_handler(libc::SIGSEGV, on_segv as *const () as usize);
}

fn set_handler(signal: i32, handler: usize) {
    // SAFETY: all zero is a valid sigaction.
    let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
    action.sa_sigaction = handler;
    action.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK;
    // SAFETY: handlers with the signature of SA_SIGINFO.
    unsafe { libc::sigaction(signal, &raw const action, null_mut()) };
}

extern "C" fn on_child(_: i32, _: *mut libc::siginfo_t, _: *mut c_void) {
    SIGCHLDS.fetch_add(1, Ordering::Relaxed);
}

extern "C" fn on_segv(_: i32, info: *mut libc::siginfo_t, _: *mut c_void) {
    // SAFETY: asks for a child of any kind.
    let child = unsafe { libc::waitpid(-1, null_mut(), libc::WNOHANG | libc::__WALL) };
    let error = std::io::Error::last_os_error().raw_os_error().unwrap_or(0);
    // SAFETY: the kernel gave us the info.
    let info = unsafe { &*info };
    // SAFETY: it is that of a fault.
    let (address, code) = (unsafe { info.si_addr() } as usize, info.si_code);
    // SAFETY: all zero is an empty set.
    let mut pending: libc::sigset_t = unsafe { std::mem::zeroed() };
    // SAFETY: writes the set.
    unsafe { libc::sigpending(&raw mut pending) };
    // SAFETY: reads the set.
    let pending = unsafe { libc::sigismember(&raw const pending, libc::SIGCHLD) };
    println!(
        "address={address:#x} code={code} child={child} no_child={} sigchld={} pending={pending}",
        error == libc::ECHILD,
        SIGCHLDS.load(Ordering::Relaxed)
    );
    // SAFETY: ends the process.
    unsafe { libc::_exit(42) };
}

/// Lets `memfd_create` fail from here on.
fn refuse_memfd() {
    let code = |code: u32, k: u32, jt: u8, jf: u8| libc::sock_filter { code: code as u16, jt, jf, k };
    let mut program = [
        code(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, 0, 0, 0),
        code(libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K, libc::SYS_memfd_create as u32, 0, 1),
        code(libc::BPF_RET | libc::BPF_K, libc::SECCOMP_RET_ERRNO | libc::EPERM as u32, 0, 0),
        code(libc::BPF_RET | libc::BPF_K, libc::SECCOMP_RET_ALLOW, 0, 0),
    ];
    let filter = libc::sock_fprog { len: program.len() as u16, filter: program.as_mut_ptr() };
    // SAFETY: numbers only.
    unsafe { libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) };
    // SAFETY: a complete filter program.
    let answer = unsafe { libc::prctl(libc::PR_SET_SECCOMP, libc::SECCOMP_MODE_FILTER, &raw const filter) };
    assert_eq!(answer, 0);
}

/// Says where the block is and lives until standard input ends.
fn wait_for_reader() {
    set_last_words(LastWordsSource::Application, "without memfd").expect("words");
    println!("block={:#x}", block_address().expect("a block"));
    let mut rest = String::new();
    std::io::Read::read_to_string(&mut std::io::stdin(), &mut rest).expect("end of file");
}

/// Once as usual, then a thousand times where the kernel would kill for asking.
fn register_without_system_calls() {
    register_everything().expect("the first round");
    // SAFETY: numbers only.
    let answer = unsafe { libc::prctl(libc::PR_SET_SECCOMP, libc::SECCOMP_MODE_STRICT) };
    assert_eq!(answer, 0);
    let failed = (0..1000).any(|_| register_everything().is_err());
    // SAFETY: ends this thread, which is the only one; exit_group is not allowed here.
    unsafe { libc::syscall(libc::SYS_exit, i32::from(failed)) };
}

fn register_everything() -> Result<()> {
    for number in 1..=400 {
        register_memory_block(number << 16, 65_536)?;
    }
    register_file("/tmp/log", 2, 0)?;
    register_custom_metadata("Channel", "beta")?;
    register_runtime_exception_module("/opt/module.so", 7)?;
    set_flags(1)?;
    set_last_words(LastWordsSource::Application, "so far so good")?;
    unregister_runtime_exception_module("/opt/module.so", 7)?;
    unregister_custom_metadata("Channel")?;
    unregister_file("/tmp/log")?;
    (1..=400).try_for_each(|number| unregister_memory_block(number << 16))
}
