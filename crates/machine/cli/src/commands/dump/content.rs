//! What is in a dump, as the command line says it.

use std::fs::File;
use std::io::Read;
use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};
use clap::builder::PossibleValuesParser;
use clap::{Args, ValueEnum};
use wer_abi::flags::DumpType;
use wer_dbghelp::{DumpOptions, UserStream};

/// Bytes of a file that becomes a stream.
const MAX_STREAM_BYTES: u64 = 64 << 20;

/// Options.
#[derive(Debug, Args)]
pub(super) struct Content {
    /// What is in the dump.
    #[arg(long = "type", value_enum, default_value_t = Type::Mini, value_name = "TYPE")]
    dump_type: Type,
    /// MINIDUMP_TYPE bits in place of the type's.
    #[arg(long, value_name = "BITS", value_parser = number, conflicts_with = "dump_type")]
    flags: Option<u32>,
    /// More of it, by names of MINIDUMP_TYPE bits.
    #[arg(long = "with", value_name = "NAMES", value_delimiter = ',', value_parser = names())]
    more: Vec<String>,
    /// Also memory that the process asked to be left out of dumps.
    #[arg(long)]
    include_dontdump: bool,
    /// Text for the dump's comment.
    #[arg(long, value_name = "TEXT")]
    comment: Option<String>,
    /// A file as a stream of the dump; may be repeated.
    #[arg(long = "stream", value_name = "TYPE=FILE", value_parser = stream)]
    streams: Vec<(u32, PathBuf)>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Type {
    /// The stack of one thread.
    Micro,
    /// The stacks of all threads.
    Mini,
    /// Mini, without what is likely to be a user's own.
    Triage,
    /// Mini, and the memory that the process has written to, and what it registered.
    Heap,
    /// All memory.
    Full,
}

impl Type {
    const fn dump_type(self) -> DumpType {
        match self {
            Self::Micro => DumpType::Micro,
            Self::Mini => DumpType::Mini,
            Self::Triage => DumpType::Triage,
            Self::Heap => DumpType::Heap,
            Self::Full => DumpType::Full,
        }
    }
}

/// `MINIDUMP_TYPE` bits by their names, without "MiniDump" and "With".
const NAMES: [(&str, u32); 27] = [
    ("data-segs", 0x1),
    ("full-memory", 0x2),
    ("handle-data", 0x4),
    ("filter-memory", 0x8),
    ("scan-memory", 0x10),
    ("unloaded-modules", 0x20),
    ("indirectly-referenced-memory", 0x40),
    ("filter-module-paths", 0x80),
    ("process-thread-data", 0x100),
    ("private-read-write-memory", 0x200),
    ("without-optional-data", 0x400),
    ("full-memory-info", 0x800),
    ("thread-info", 0x1000),
    ("code-segs", 0x2000),
    ("without-auxiliary-state", 0x4000),
    ("full-auxiliary-state", 0x8000),
    ("private-write-copy-memory", 0x1_0000),
    ("ignore-inaccessible-memory", 0x2_0000),
    ("token-information", 0x4_0000),
    ("module-headers", 0x8_0000),
    ("filter-triage", 0x10_0000),
    ("avx-xstate-context", 0x20_0000),
    ("ipt-trace", 0x40_0000),
    ("scan-inaccessible-partial-pages", 0x80_0000),
    ("filter-write-combined-memory", 0x100_0000),
    ("no-ignore-inaccessible-memory", 0x200_0000),
    ("memory-compressed", 0x400_0000),
];

fn names() -> PossibleValuesParser {
    PossibleValuesParser::new(NAMES.map(|(name, _)| name))
}

/// A number, with 0x or without.
fn number(text: &str) -> Result<u32, String> {
    let hex = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X"));
    let parsed = hex.map_or_else(|| text.parse(), |digits| u32::from_str_radix(digits, 16));
    parsed.map_err(|_| "it is no number of 32 bits".to_owned())
}

fn stream(text: &str) -> Result<(u32, PathBuf), String> {
    let (stream_type, path) = text.split_once('=').ok_or("it has the form TYPE=FILE")?;
    Ok((number(stream_type)?, path.into()))
}

impl Content {
    /// # Errors
    /// A stream's file cannot be read.
    pub(super) fn options(&self) -> Result<DumpOptions> {
        let mut options = match self.flags {
            Some(flags) => DumpOptions { flags: flags.into(), ..DumpOptions::default() },
            None => DumpOptions::for_type(self.dump_type.dump_type()),
        };
        let bit_of = |name: &String| NAMES.iter().find(|known| known.0 == name).map_or(0, |known| known.1);
        options.flags |= self.more.iter().map(|name| u64::from(bit_of(name))).fold(0, |all, bit| all | bit);
        options.include_not_dumped = self.include_dontdump;
        options.comment.clone_from(&self.comment);
        for (stream_type, path) in &self.streams {
            let bytes = read(path).with_context(|| format!("{} cannot become a stream", path.display()))?;
            options.user_streams.push(UserStream { stream_type: *stream_type, bytes });
        }
        Ok(options)
    }

    /// The type's word, or its bits.
    pub(super) fn type_name(&self) -> String {
        self.flags.map_or_else(|| self.dump_type.dump_type().name().to_owned(), |flags| format!("{flags:#x}"))
    }
}

fn read(path: &std::path::Path) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(MAX_STREAM_BYTES + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MAX_STREAM_BYTES {
        bail!("it has more than {MAX_STREAM_BYTES} bytes");
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_streams_are_read() {
        assert_eq!((number("0x1826"), number("33")), (Ok(0x1826), Ok(33)));
        assert!(number("0x1_0000_0000").is_err() && number("").is_err());
        assert_eq!(stream("0x10000=a=b"), Ok((0x1_0000, "a=b".into())));
        assert!(stream("7").is_err() && stream("x=a").is_err());
    }

    #[test]
    fn every_bit_has_one_name() {
        let all = NAMES.iter().fold(0, |all, (_, bit)| all | bit);
        assert_eq!((all, NAMES.len()), (0x7FF_FFFF, 27));
    }
}
