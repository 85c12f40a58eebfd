//! What is the same for every process of this machine; read once, before any target is stopped.

use std::sync::OnceLock;

use wer_snapshot::SystemInfo;

/// Bytes kept of `/proc/cpuinfo` and `/etc/os-release`.
const MAX_FILE_BYTES: u64 = 256 << 10;

/// The machine, and the two files of it that dumps carry.
#[derive(Debug)]
pub(crate) struct Machine {
    pub(crate) system: SystemInfo,
    pub(crate) cpuinfo: Vec<u8>,
    pub(crate) os_release: Vec<u8>,
}

/// This machine.
pub(crate) fn machine() -> &'static Machine {
    static MACHINE: OnceLock<Machine> = OnceLock::new();
    MACHINE.get_or_init(|| {
        let os_release = read("/etc/os-release");
        Machine { system: system(&os_release), cpuinfo: read("/proc/cpuinfo"), os_release }
    })
}

fn system(os_release: &[u8]) -> SystemInfo {
    let processor = wer_sys::machine::processor();
    let uname = rustix::system::uname();
    let text = |part: &std::ffi::CStr| part.to_string_lossy().into_owned();
    let parts = [uname.sysname(), uname.release(), uname.version(), uname.machine()].map(text);
    SystemInfo {
        uname: parts.join(" "),
        kernel_release: text(uname.release()),
        distribution: pretty_name(os_release),
        processor_count: count_of_list(&read("/sys/devices/system/cpu/online")),
        cpu_vendor: processor.vendor,
        cpu_version: processor.version,
        cpu_features: processor.features,
        page_size: u32::try_from(rustix::param::page_size()).unwrap_or(4096),
        xstate: wer_sys::machine::xstate_features(),
    }
}

fn read(path: &str) -> Vec<u8> {
    use std::io::Read;
    let mut bytes = Vec::new();
    if let Ok(file) = std::fs::File::open(path) {
        // A cut or missing file is an empty stream, which readers know.
        let _ = file.take(MAX_FILE_BYTES).read_to_end(&mut bytes);
    }
    bytes
}

/// How many numbers a list such as `0-3,7` of sysfs holds; at least 1.
fn count_of_list(list: &[u8]) -> u32 {
    let text = String::from_utf8_lossy(list);
    let count = text.trim().split(',').filter_map(|part| {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        last.parse::<u32>().ok()?.checked_sub(first.parse().ok()?)?.checked_add(1)
    });
    count.fold(0, u32::saturating_add).max(1)
}

fn pretty_name(os_release: &[u8]) -> String {
    let text = String::from_utf8_lossy(os_release);
    let value = text.lines().find_map(|line| line.strip_prefix("PRETTY_NAME=")).unwrap_or_default();
    value.trim().trim_matches(['"', '\'']).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distributions_have_names() {
        assert_eq!(pretty_name(b"ID=x\nPRETTY_NAME=\"Debian GNU/Linux 12\"\n"), "Debian GNU/Linux 12");
        assert_eq!(pretty_name(b"PRETTY_NAME=Plain\n"), "Plain");
        assert_eq!(pretty_name(b""), "");
    }

    #[test]
    fn processors_are_counted() {
        assert_eq!(count_of_list(b"0-3,7\n"), 5);
        assert_eq!(count_of_list(b"0\n"), 1);
        assert_eq!(count_of_list(b"nonsense, 9-1"), 1);
    }

    #[test]
    fn this_machine_is_described() {
        let machine = machine();
        assert!(machine.system.uname.starts_with("Linux ") && machine.system.uname.ends_with(" x86_64"));
        assert!(machine.system.processor_count > 0 && machine.system.page_size >= 4096);
        assert!(!machine.cpuinfo.is_empty());
    }
}
