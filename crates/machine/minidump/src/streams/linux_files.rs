//! Breakpad's streams that are files of `/proc`, byte for byte. The environment is left out: it is full of secrets and
//! no reader needs it.

use wer_snapshot::LinuxFiles;

use crate::flags::stream;
use crate::layout::Layout;

pub(crate) fn write(layout: &mut Layout, files: &LinuxFiles) {
    let streams = [
        (stream::LINUX_CPU_INFO, &files.cpuinfo),
        (stream::LINUX_PROC_STATUS, &files.status),
        (stream::LINUX_LSB_RELEASE, &files.lsb_release),
        (stream::LINUX_CMD_LINE, &files.cmdline),
        (stream::LINUX_AUXV, &files.auxv),
        (stream::LINUX_MAPS, &files.maps),
    ];
    for (stream_type, content) in streams {
        if !content.is_empty() {
            layout.stream(stream_type, content);
        }
    }
}
