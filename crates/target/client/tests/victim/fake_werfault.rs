//! Stands in for `werfault`: appends one line about the request to the file `FAKE_OUT`, then behaves as `FAKE_MODE`
//! says: `store`, `recover` (has the recovery callback run, and writes down what became of it), `exit`, `hang` (until
//! the crashed process has given up) or `progress`.
#![expect(unsafe_code, reason = "takes over inherited descriptors")]

use std::fs::{File, OpenOptions, read_dir, read_link, read_to_string};
use std::io::{Read, Write};
use std::mem::offset_of;
use std::os::fd::{AsFd, FromRawFd};
use std::os::unix::fs::FileExt;
use std::time::{Duration, Instant};

use wer_abi::handoff::{RECOVERED, REPLY_FD, REQUEST_FD, reply};
use wer_abi::registration::{Header, RecoveryArea};
use wer_client::registration::restart_settings_of_process;

pub(crate) fn run() {
    // SAFETY: the descriptors that every werfault is started with.
    let mut request = unsafe { File::from_raw_fd(REQUEST_FD) };
    // SAFETY: as above.
    let mut answer = unsafe { File::from_raw_fd(REPLY_FD) };
    let mut bytes = [0; 64];
    request.read_exact(&mut bytes).expect("a request");
    let path = std::env::var_os("FAKE_OUT").expect("FAKE_OUT");
    let mut out = OpenOptions::new().append(true).create(true).open(path).expect("FAKE_OUT");
    out.write_all(describe(&bytes).as_bytes()).expect("a line");
    match std::env::var("FAKE_MODE").as_deref().unwrap_or("store") {
        "store" => answer.write_all(&[reply::STORED]).expect("a waiting process"),
        "recover" => {
            answer.write_all(&[reply::RECOVER]).expect("a waiting process");
            let mut word = [0];
            request.read_exact(&mut word).expect("the end of the recovery");
            assert_eq!(word, [RECOVERED]);
            out.write_all(recovery(&bytes).as_bytes()).expect("a line");
            answer.write_all(&[reply::STORED]).expect("a waiting process");
        }
        "hang" => {
            let rest = request.read(&mut bytes).expect("end of file");
            assert_eq!(rest, 0);
        }
        "progress" => {
            let start = Instant::now();
            while start.elapsed() < Duration::from_millis(1500) {
                answer.write_all(&[reply::PROGRESS]).expect("a waiting process");
                std::thread::yield_now();
            }
            answer.write_all(&[reply::STORED]).expect("a waiting process");
        }
        "exit" => {}
        other => panic!("unknown FAKE_MODE {other}"),
    }
}

/// What became of the recovery, and the restart that is registered by then, in one line.
fn recovery(request: &[u8; 64]) -> String {
    let pid = u32::from_le_bytes(request[8..12].try_into().unwrap());
    let block = u64::from_le_bytes(request[40..48].try_into().unwrap());
    let memory = File::open(format!("/proc/{pid}/mem")).expect("its memory");
    let word = |offset: usize| {
        let mut out = [0; 4];
        memory.read_exact_at(&mut out, block + offset as u64).expect("its block");
        u32::from_le_bytes(out)
    };
    let area = offset_of!(Header, recovery);
    let restart = restart_settings_of_process(pid, memory.as_fd()).expect("its restart");
    format!(
        "phase={} progress={} restart={}\n",
        word(area + offset_of!(RecoveryArea, phase)),
        word(area + offset_of!(RecoveryArea, progress_count)),
        restart.and_then(|restart| restart.command_line).unwrap_or_default(),
    )
}

/// `name=value` pairs in one line.
fn describe(bytes: &[u8; 64]) -> String {
    let word = |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap());
    let long = |at: usize| u64::from_le_bytes(bytes[at..at + 8].try_into().unwrap());
    let memory = File::open(format!("/proc/{}/mem", word(8))).expect("its memory");
    let target = |at: u64| {
        let mut out = [0; 8];
        memory.read_exact_at(&mut out, at).map(|()| u64::from_le_bytes(out)).unwrap_or(0)
    };
    let status = read_to_string("/proc/self/status").expect("own status");
    let field = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
        line.trim_start_matches(':').trim().to_owned()
    };
    let argv = read_to_string("/proc/self/cmdline").expect("own arguments").replace('\0', " ");
    format!(
        "magic={:08x} version={} pid={} tid={} signal={} deadline={} info_signal={} address={:#x} block={:016x} \
         id={} fds={} blocked={} ignored={} preload={:?} argv={:?}\n",
        word(0),
        word(4),
        word(8),
        word(12),
        word(16),
        word(20),
        target(long(24)) as u32,
        target(long(24) + 16),
        target(long(40)),
        bytes[48..].iter().map(|byte| format!("{byte:02x}")).collect::<String>(),
        descriptors(),
        field("SigBlk"),
        field("SigIgn"),
        std::env::var("LD_PRELOAD").unwrap_or_default(),
        argv.trim_end(),
    )
}

/// The open descriptors, without those that this program opened itself.
fn descriptors() -> String {
    let numbers = read_dir("/proc/self/fd").expect("own descriptors").filter_map(|entry| {
        let entry = entry.ok()?;
        let target = read_link(entry.path()).ok()?.into_os_string().into_string().ok()?;
        let own = target.starts_with("/proc/") || target.ends_with(".requests");
        let number: u32 = entry.file_name().to_str()?.parse().ok()?;
        (!own).then_some(number)
    });
    let mut numbers: Vec<u32> = numbers.collect();
    numbers.sort_unstable();
    numbers.iter().map(u32::to_string).collect::<Vec<_>>().join(",")
}
