//! Breakpad's streams that are files of `/proc`, byte for byte, and Mozilla's of the limits. The environment is left out
//! unless asked for: it is full of secrets and no reader needs it. Where paths are not wanted, mappings and the command
//! line's first word keep file names only; where the user's data is not wanted, there is no command line.

use wer_snapshot::LinuxFiles;

use crate::flags::{self, stream};
use crate::layout::Layout;
use crate::options::DumpOptions;

/// Fields of a line of `maps` before the path.
const FIELDS_BEFORE_PATH: usize = 5;

pub(crate) fn write(layout: &mut Layout, files: &LinuxFiles, options: &DumpOptions, environment: &[u8]) {
    let filters = options.has(flags::FILTER_MODULE_PATHS);
    let (maps, cmdline) = match filters {
        true => (&without_paths(&files.maps), &without_program_path(&files.cmdline)),
        false => (&files.maps, &files.cmdline),
    };
    let none = Vec::new();
    let cmdline = if options.triage() { &none } else { cmdline };
    let streams: [(u32, &[u8]); 8] = [
        (stream::LINUX_CPU_INFO, &files.cpuinfo),
        (stream::LINUX_PROC_STATUS, &files.status),
        (stream::LINUX_LSB_RELEASE, &files.lsb_release),
        (stream::LINUX_CMD_LINE, cmdline),
        (stream::LINUX_ENVIRON, environment),
        (stream::LINUX_AUXV, &files.auxv),
        (stream::LINUX_MAPS, maps),
        (stream::LINUX_LIMITS, &files.limits),
    ];
    for (stream_type, content) in streams {
        if !content.is_empty() {
            layout.stream(stream_type, content);
        }
    }
}

/// Lines of `maps` with the last part of each path.
fn without_paths(maps: &[u8]) -> Vec<u8> {
    let mut filtered = Vec::with_capacity(maps.len());
    for line in maps.split_inclusive(|byte| *byte == b'\n') {
        let path = path_offset(line);
        let (fields, path) = line.split_at(path.min(line.len()));
        let name = path.iter().rposition(|byte| *byte == b'/').map_or(0, |slash| slash + 1);
        filtered.extend_from_slice(fields);
        filtered.extend_from_slice(path.get(name..).unwrap_or_default());
    }
    filtered
}

/// Where the path begins; the line's end without one.
fn path_offset(line: &[u8]) -> usize {
    let mut fields = 0;
    let mut between = true;
    for (index, byte) in line.iter().enumerate() {
        let space = *byte == b' ';
        if between && !space {
            if fields == FIELDS_BEFORE_PATH {
                return index;
            }
            fields += 1;
        }
        between = space;
    }
    line.len()
}

/// The command line with the last part of its first word.
fn without_program_path(cmdline: &[u8]) -> Vec<u8> {
    let end = cmdline.iter().position(|byte| *byte == 0).unwrap_or(cmdline.len());
    let name = cmdline.iter().take(end).rposition(|byte| *byte == b'/').map_or(0, |slash| slash + 1);
    cmdline.get(name..).unwrap_or_default().to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_become_names() {
        let maps = b"00400000-00402000 r-xp 00000000 fe:01 5                  /opt/a b/app (deleted)\n\
                     7000-8000 rw-p 00000000 00:00 0 \n7ff000-7ff800 rw-p 0 0 0  [stack]\nodd";
        let filtered = String::from_utf8(without_paths(maps)).unwrap();
        assert_eq!(
            filtered,
            "00400000-00402000 r-xp 00000000 fe:01 5                  app (deleted)\n\
             7000-8000 rw-p 00000000 00:00 0 \n7ff000-7ff800 rw-p 0 0 0  [stack]\nodd"
        );
        assert_eq!(without_program_path(b"/opt/app\0/x/y\0"), b"app\0/x/y\0");
        assert_eq!(without_program_path(b""), b"");
    }
}
