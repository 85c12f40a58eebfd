//! The streams, one file each. Each writes its section and names it in the directory; none reads the process.

pub(crate) mod comment;
pub(crate) mod crashpad_info;
pub(crate) mod dso_debug;
pub(crate) mod exception;
pub(crate) mod handle_data;
pub(crate) mod linux_files;
pub(crate) mod memory_info_list;
pub(crate) mod memory_list;
pub(crate) mod misc_info;
pub(crate) mod module_list;
pub(crate) mod registered_blocks;
pub(crate) mod system_info;
pub(crate) mod system_memory_info;
pub(crate) mod thread_info_list;
pub(crate) mod thread_list;
pub(crate) mod thread_names;
pub(crate) mod token;
pub(crate) mod unloaded_modules;
pub(crate) mod vm_counters;
pub(crate) mod wer_info;
