//! The command line of `werfault`: written by the kernel from core_pattern, by a crashing process's handler, or by
//! `wersvc`. Never by a person, so it is forgiving: what it does not know it passes over, because a crash that is not
//! reported for the sake of one more argument is the worse outcome.

use std::path::PathBuf;

/// What `werfault` was started for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Start {
    /// `--crash`: a process's own handler waits on the hand-off descriptors.
    Crash,
    /// `--kernel [--base DIR] %P %I %s %d %F`: the kernel pipes a core into standard input.
    Kernel {
        /// Settings and store lie below this folder instead of `/`.
        base: Option<PathBuf>,
        /// What the kernel says of the crash.
        crash: KernelArguments,
    },
    /// `--kernel-socket [--base DIR]`: standard input is a connection of the kernel's coredump socket.
    KernelSocket {
        /// Settings and store lie below this folder instead of `/`.
        base: Option<PathBuf>,
    },
    /// `--module-host`: load one runtime exception module and ask it.
    ModuleHost,
    /// `--submit ID`: send one stored report, if consent allows.
    Submit {
        /// The report's id.
        id: String,
    },
    /// `--hang`: a program asks about a hang of its own, or of another process.
    Hang,
    /// `--store`: a program asks about the store.
    Store,
    /// `--request`: a program submits a report of its own.
    Request,
    /// `--version`.
    Version,
    /// Anything else: a person is looking.
    Help,
}

/// The kernel's own words, in the order of `%P %I %s %d %F`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KernelArguments {
    /// `%P`: pid in the initial namespace.
    pub pid: u32,
    /// `%I`: thread id in the initial namespace, 0 = not said.
    pub tid: u32,
    /// `%s`: signal.
    pub signal: i32,
    /// `%d`: dump mode (`fs.suid_dumpable`), 1 = an ordinary process. 0 = not said, which is treated as privileged.
    pub dumpable: u32,
    /// `%F`: descriptor of a pidfd that the kernel has opened for us.
    pub pidfd: Option<i32>,
}

/// Reads the arguments after the program's name.
#[must_use]
pub fn parse(arguments: &[String]) -> Start {
    let mut base = None;
    let mut words = Vec::new();
    let mut rest = arguments.iter().skip(1);
    while let Some(argument) = rest.next() {
        match argument.as_str() {
            "--base" => base = rest.next().map(PathBuf::from),
            word => words.push(word),
        }
    }
    match arguments.first().map(String::as_str) {
        Some("--crash") => Start::Crash,
        Some("--kernel") => Start::Kernel { base, crash: kernel_arguments(&words) },
        Some("--kernel-socket") => Start::KernelSocket { base },
        Some("--module-host") => Start::ModuleHost,
        Some("--submit") => Start::Submit { id: words.first().map(ToString::to_string).unwrap_or_default() },
        Some("--hang") => Start::Hang,
        Some("--store") => Start::Store,
        Some("--request") => Start::Request,
        Some("--version") => Start::Version,
        _ => Start::Help,
    }
}

fn kernel_arguments(words: &[&str]) -> KernelArguments {
    let number = |index: usize| words.get(index).and_then(|word| word.parse::<u32>().ok()).unwrap_or(0);
    KernelArguments {
        pid: number(0),
        tid: number(1),
        signal: i32::try_from(number(2)).unwrap_or(0),
        dumpable: number(3),
        pidfd: words.get(4).and_then(|word| word.parse().ok()).filter(|fd| *fd > 2),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<String> {
        line.split_whitespace().map(String::from).collect()
    }

    #[test]
    fn the_kernels_line_is_understood() {
        let start = parse(&words("--kernel 4711 4712 11 1 3"));
        let crash = KernelArguments { pid: 4711, tid: 4712, signal: 11, dumpable: 1, pidfd: Some(3) };
        assert_eq!(start, Start::Kernel { base: None, crash });
    }

    #[test]
    fn missing_and_additional_words_do_not_lose_the_crash() {
        let Start::Kernel { crash, .. } = parse(&words("--kernel 4711")) else { panic!("a kernel start") };
        assert_eq!((crash.pid, crash.signal, crash.dumpable, crash.pidfd), (4711, 0, 0, None));
        let line = "--kernel --base /tmp/x 4711 4712 11 1 3 extra %Z";
        let Start::Kernel { base, crash } = parse(&words(line)) else { panic!("a kernel start") };
        assert_eq!(base, Some(PathBuf::from("/tmp/x")));
        assert_eq!(crash.pidfd, Some(3));
    }

    #[test]
    fn a_standard_descriptor_is_no_pidfd() {
        let Start::Kernel { crash, .. } = parse(&words("--kernel 1 1 11 1 0")) else {
            panic!("a kernel start")
        };
        assert_eq!(crash.pidfd, None);
    }
}
