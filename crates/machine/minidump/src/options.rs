//! What the caller wants in a dump.

mod custom;
mod invalid;

use wer_abi::dump_options::WerDumpCustomOptions;
use wer_abi::flags::DumpType;
use wer_model::ReportId;
use wer_snapshot::Facts;

use crate::flags;

pub use custom::{CustomOptions, PreferredModules};
pub use invalid::InvalidFlags;

/// A stream of the caller's own (`MINIDUMP_USER_STREAM`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserStream {
    /// Any type but 0; those above 0xFFFF are free for applications.
    pub stream_type: u32,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// What the caller wants in a dump.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct DumpOptions {
    /// `MINIDUMP_TYPE`; written to the header as it is.
    pub flags: u64,
    /// Micro dumps: the crashed thread and its stack, no other thread.
    pub only_crashed_thread: bool,
    /// A thread that more is wanted of: its whole stack, also where stacks are filtered, and the memory around its thread
    /// pointer.
    pub detailed_thread: Option<u32>,
    /// Text for `CommentStreamW`.
    pub comment: Option<String>,
    /// Text for `CommentStreamA`; UTF-8 here.
    pub comment_ansi: Option<String>,
    /// The report that the dump belongs to.
    pub report_id: Option<ReportId>,
    /// The caller's own streams, written as they are.
    pub user_streams: Vec<UserStream>,
    /// Which parts of threads and modules are wanted (`WER_DUMP_CUSTOM_OPTIONS`).
    pub custom: Option<CustomOptions>,
    /// Memory that the process marked with `MADV_DONTDUMP`, too.
    pub include_not_dumped: bool,
    /// `ThreadExListStream` beside the thread list; the callback for threads is then `ThreadExCallback`.
    pub extended_thread_list: bool,
    /// Breakpad's stream of the environment, which is full of secrets.
    pub environment: bool,
}

impl DumpOptions {
    /// What the `WER_DUMP_TYPE` page makes a type equivalent to.
    #[must_use]
    pub fn for_type(dump_type: DumpType) -> Self {
        Self {
            flags: dump_type.minidump_flags(),
            only_crashed_thread: dump_type == DumpType::Micro,
            ..Self::default()
        }
    }

    /// A type with a caller's options on top of it.
    #[must_use]
    pub fn for_custom(dump_type: DumpType, options: &WerDumpCustomOptions) -> Self {
        let mut wanted = Self::for_type(dump_type);
        custom::apply(options, &mut wanted);
        wanted
    }

    /// Whether the flags and streams can be had.
    ///
    /// # Errors
    /// Bits that no header defines, flags that contradict each other, a stream of type 0, or too many streams.
    pub fn check(&self) -> Result<(), InvalidFlags> {
        invalid::check(self)
    }

    /// What a capture must look at for a dump with these options.
    #[must_use]
    pub const fn facts(&self) -> Facts {
        Facts {
            handles: self.has(flags::WITH_HANDLE_DATA),
            token: self.has(flags::WITH_TOKEN_INFORMATION),
            counters: !self.has(flags::WITHOUT_OPTIONAL_DATA),
            thread_details: self.has(flags::WITH_THREAD_INFO),
            region_marks: !self.include_not_dumped
                && (self.heap_memory() || self.write_copy() || self.indirect_memory()),
            unloaded_modules: self.has(flags::WITH_UNLOADED_MODULES),
            extended_registers: self.has(flags::WITH_AVX_XSTATE_CONTEXT),
        }
    }

    /// `MiniDumpWithMemoryCompressed`: whoever opens the output makes it a compressed one.
    #[must_use]
    pub const fn wants_compression(&self) -> bool {
        self.has(flags::WITH_MEMORY_COMPRESSED)
    }

    pub(crate) const fn has(&self, flag: u64) -> bool {
        self.flags & flag != 0
    }

    pub(crate) const fn full_memory(&self) -> bool {
        self.has(flags::WITH_FULL_MEMORY)
    }

    /// Heap and larger dumps: the only ones that registered blocks belong to.
    #[must_use]
    pub const fn heap_memory(&self) -> bool {
        self.has(flags::WITH_FULL_MEMORY)
            || self.has(flags::WITH_PRIVATE_READ_WRITE_MEMORY) && !self.has(flags::FILTER_TRIAGE)
    }

    /// Private writable mappings of files.
    pub(crate) const fn write_copy(&self) -> bool {
        self.has(flags::WITH_PRIVATE_WRITE_COPY_MEMORY) && !self.triage()
    }

    pub(crate) const fn optional(&self, flag: u64) -> bool {
        self.has(flag) && !self.has(flags::WITHOUT_OPTIONAL_DATA)
    }

    pub(crate) const fn data_segments(&self) -> bool {
        self.optional(flags::WITH_DATA_SEGS) && !self.triage()
    }

    pub(crate) const fn indirect_memory(&self) -> bool {
        self.optional(flags::WITH_INDIRECTLY_REFERENCED_MEMORY) && !self.triage()
    }

    pub(crate) const fn thread_data(&self) -> bool {
        self.optional(flags::WITH_PROCESS_THREAD_DATA) && !self.triage()
    }

    pub(crate) const fn module_headers(&self) -> bool {
        self.optional(flags::WITH_MODULE_HEADERS)
    }

    pub(crate) const fn triage(&self) -> bool {
        self.has(flags::FILTER_TRIAGE)
    }

    /// The last part of a path where paths are not wanted.
    pub(crate) fn module_path<'a>(&self, path: &'a str) -> &'a str {
        if self.has(flags::FILTER_MODULE_PATHS) { path.rsplit('/').next().unwrap_or(path) } else { path }
    }
}
