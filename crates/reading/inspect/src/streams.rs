//! One file per stream, and which of them reads what.

mod breakpad;
mod comment;
mod crashpad;
mod crashpad_modules;
mod dso_debug;
mod exception;
mod function_table;
mod handle_data;
mod handle_operations;
mod linux_handles;
mod linux_text;
mod mac;
mod memory_info_list;
mod memory_list;
mod misc_info;
mod module_list;
mod registered_blocks;
mod system_info;
mod system_memory_info;
mod thread_info_list;
mod thread_list;
mod thread_names;
mod token;
mod unloaded_modules;
mod vm_counters;
mod wer_info;

use crate::file::{File, Stream};
use crate::value::Value;

/// A stream's content; that of a type without a known form is a short hex dump.
pub(crate) fn read<'a>(file: &File<'a>, stream: Stream<'a>) -> Value {
    let bytes = stream.bytes;
    match stream.kind {
        0 => Value::Nothing,
        3 => thread_list::read(file, bytes),
        4 => module_list::read(file, bytes),
        5 => memory_list::read(file, bytes),
        6 => exception::read(file, bytes),
        7 => system_info::read(file, bytes),
        8 => thread_list::read_ex(file, bytes),
        9 => memory_list::read64(file, bytes),
        10 => comment::read_ansi(file, bytes),
        11 => comment::read_unicode(file, bytes),
        12 => handle_data::read(file, bytes),
        13 => function_table::read(file, bytes),
        14 => unloaded_modules::read(file, bytes),
        15 => misc_info::read(bytes),
        16 => memory_info_list::read(file, bytes),
        17 => thread_info_list::read(file, bytes),
        18 => handle_operations::read(file, bytes),
        19 => token::read(file, bytes),
        21 => system_memory_info::read(bytes),
        22 => vm_counters::read(bytes),
        24 => thread_names::read(file, bytes),
        0x4767_0001 => breakpad::read_info(bytes),
        0x4767_0002 => breakpad::read_assertion(bytes),
        0x4767_0006 | 0x4767_0007 => linux_text::read_nul_separated(file, bytes),
        0x4767_0008 => linux_text::read_auxv(file, bytes),
        0x4767_000A => dso_debug::read(file, bytes),
        0x4767_0003..=0x4767_0009 | 0x4D7A_0003 | 0x4D7A_0004 => file.lines(bytes),
        0x4350_0001 => crashpad::read(file, bytes),
        0x4D7A_0001 => mac::read_crash_info(file, bytes),
        0x4D7A_0002 => mac::read_boot_arguments(file, bytes),
        0x5745_0001 => registered_blocks::read(file, bytes),
        0x5745_0002 => wer_info::read(file, bytes),
        0x5745_0003 => linux_handles::read(file, bytes),
        _ => file.raw(bytes),
    }
}
