//! `[LocalDumps]`: dumps that are kept on this machine, apart from reports.

use crate::Settings;
use crate::catalogue::{self, Known};
use crate::layer::Typed;

/// What a local dump holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LocalDumpType {
    /// `DumpType` 0, with these `MINIDUMP_TYPE` flags.
    Custom(u32),
    /// `DumpType` 1.
    Mini,
    /// `DumpType` 2.
    Full,
}

/// `MiniDumpWithFullMemory`.
const FULL_MEMORY: u32 = 0x2;
/// `MiniDumpWithPrivateReadWriteMemory`.
const PRIVATE_READ_WRITE_MEMORY: u32 = 0x200;

impl LocalDumpType {
    /// Whether it holds the heap.
    #[must_use]
    pub const fn holds_heap(self) -> bool {
        match self {
            Self::Custom(flags) => flags & (FULL_MEMORY | PRIVATE_READ_WRITE_MEMORY) != 0,
            Self::Mini => false,
            Self::Full => true,
        }
    }
}

/// The local dump of one program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LocalDump {
    /// What it holds.
    pub dump_type: LocalDumpType,
    /// How many are kept.
    pub count: u32,
    /// Where they go, as written: variables are expanded by whoever knows the crashed user. `None` = the default.
    pub folder: Option<String>,
}

impl Settings {
    /// The local dump of a program (path or file name), if the machine's files want one: a program's own table
    /// overrides `[LocalDumps]` value by value.
    #[must_use]
    pub fn local_dump(&self, program: &str) -> Option<LocalDump> {
        let name = program.rsplit('/').next().unwrap_or(program);
        let wanted = self
            .layers
            .iter()
            .any(|layer| layer.local_dumps_for_all || layer.local_dumps_of.contains_key(name));
        if !wanted {
            return None;
        }
        let number = |known: &Known| match self.local_dump_value(name, known) {
            Some(Typed::Number(number)) => *number,
            _ => known.default,
        };
        let unsigned = |known| u32::try_from(number(known)).unwrap_or_default();
        Some(LocalDump {
            dump_type: match number(&catalogue::DUMP_TYPE) {
                0 => LocalDumpType::Custom(unsigned(&catalogue::CUSTOM_DUMP_FLAGS)),
                2 => LocalDumpType::Full,
                _ => LocalDumpType::Mini,
            },
            count: unsigned(&catalogue::DUMP_COUNT),
            folder: match self.local_dump_value(name, &catalogue::DUMP_FOLDER) {
                Some(Typed::Text(folder)) => Some(folder.clone()),
                _ => None,
            },
        })
    }

    fn local_dump_value(&self, name: &str, known: &Known) -> Option<&Typed> {
        let of_program = self.layers.iter().find_map(|layer| layer.local_dumps_of.get(name)?.get(known.name));
        of_program.or_else(|| self.layers.iter().find_map(|layer| layer.local_dumps.get(known.name)))
    }

    /// Whether a heap dump of this program (path or file name) is kept with its report.
    #[must_use]
    pub fn wants_heap_dump(&self, program: &str) -> bool {
        self.local_dump(program).is_some_and(|dump| dump.count > 0 && dump.dump_type.holds_heap())
    }
}
