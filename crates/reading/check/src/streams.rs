//! Which stream has which rules; one file per group of streams.

mod breakpad;
mod crashpad;
mod handles;
mod lists;
mod memory;
mod private;
mod single;
mod token;

use crate::checker::{Checker, SizedList, Stream};

impl Checker<'_> {
    pub(crate) fn stream(&mut self, stream: Stream) {
        match stream.kind {
            3 => self.thread_list(stream),
            4 => self.module_list(stream),
            5 => self.memory_list(stream),
            6 => self.exception(stream),
            7 => self.system_info(stream),
            8 => self.thread_ex_list(stream),
            9 => self.memory64_list(stream),
            10 => self.comment_ansi(stream),
            11 => self.comment(stream),
            12 => self.handle_data(stream),
            13 => self.function_table(stream),
            14 => self.unloaded_modules(stream),
            15 => self.misc_info(stream),
            16 => self.memory_info_list(stream),
            17 => self.thread_info_list(stream),
            18 => {
                self.sized_list(stream, SizedList::usual(16, 288), "handle operation list");
            }
            19 => self.token(stream),
            21 => self.least(stream, &[492], "system memory info"),
            22 => self.vm_counters(stream),
            24 => self.thread_names(stream),
            0x4767_0001 => self.least(stream, &[12], "Breakpad info"),
            0x4767_0002 => self.assertion(stream),
            0x4767_0008 => self.auxiliary_vector(stream),
            0x4767_000A => self.dso_debug(stream),
            0x4350_0001 => self.crashpad_info(stream),
            0x5745_0001 => self.registered_blocks(stream),
            0x5745_0002 => self.wer_info(stream),
            0x5745_0003 => self.linux_handles(stream),
            _ => {}
        }
    }
}
