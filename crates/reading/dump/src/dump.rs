//! The dump as a whole.

use std::panic::{AssertUnwindSafe, catch_unwind};

use minidump::format::{MINIDUMP_EXCEPTION_STREAM, MINIDUMP_STREAM_TYPE as StreamType};
use minidump::system_info::{Cpu, Os};
use minidump::{
    Minidump, MinidumpContext, MinidumpException, MinidumpModule, MinidumpModuleList, MinidumpRawContext,
    MinidumpSystemInfo, MinidumpThreadList, MinidumpThreadNames, Module,
};
use wer_abi::exception::RAISED_SIGNAL_CODE;

use crate::check;
use crate::error::DumpError;
use crate::info::{INFO_STREAM, WerInfo};
use crate::memory::Memory;
use crate::registers::Registers;

/// Linux signals whose `si_addr` is an address: SIGILL, SIGTRAP, SIGBUS, SIGFPE, SIGSEGV.
const SIGNALS_WITH_ADDRESS: [u32; 5] = [4, 5, 7, 8, 11];

/// One thread.
#[derive(Clone, Debug)]
pub struct Thread {
    /// Its id.
    pub id: u32,
    /// Its name.
    pub name: Option<String>,
    /// Its registers; `None` where the dump has none that are readable, or they are not of x86-64.
    pub registers: Option<Registers>,
}

/// The exception.
#[derive(Clone, Debug)]
pub struct Exception {
    /// The thread that it happened in.
    pub thread_id: u32,
    /// E.g. "SIGSEGV / SEGV_MAPERR".
    pub reason: String,
    /// Address of the fault, for exceptions that have one.
    pub address: Option<u64>,
    /// Registers at the exception.
    pub registers: Option<Registers>,
}

/// A minidump, read.
#[derive(Debug)]
pub struct Dump<'a> {
    bytes: &'a [u8],
    /// Type, rva and size of each stream, in the order of the directory.
    directory: Vec<(u32, u32, u32)>,
    /// The operating system.
    pub os: Os,
    /// The processor.
    pub cpu: Cpu,
    /// Threads in the dump's order.
    pub threads: Vec<Thread>,
    /// Modules by address.
    pub modules: Vec<MinidumpModule>,
    /// What happened, if anything had.
    pub exception: Option<Exception>,
    /// The private info stream, if there is one.
    pub info: Option<WerInfo>,
    /// What could not be read.
    pub notes: Vec<String>,
    memory: Memory<'a>,
}

impl<'a> Dump<'a> {
    /// Reads all but the memory's contents, which stay where they are.
    ///
    /// # Errors
    /// [`DumpError`]: no minidump, beyond a limit, or without the system information that all else depends on.
    pub fn read(bytes: &'a [u8]) -> Result<Self, DumpError> {
        catch_unwind(AssertUnwindSafe(|| read(bytes))).unwrap_or_else(|_| {
            Err(DumpError::Damaged { what: "content", reason: "the reader gave up on it".into() })
        })
    }

    /// Memory by address.
    #[must_use]
    pub fn memory(&self) -> &Memory<'a> {
        &self.memory
    }

    /// The dump's bytes.
    pub(crate) const fn file_bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// The bytes of a stream; of several of one type, the last.
    #[must_use]
    pub fn raw_stream(&self, stream_type: u32) -> Option<&'a [u8]> {
        let (_, rva, size) = self.directory.iter().rev().find(|(kind, ..)| *kind == stream_type)?;
        slice(self.bytes, *rva, *size)
    }

    /// The module that covers an address.
    #[must_use]
    pub fn module_at(&self, address: u64) -> Option<&MinidumpModule> {
        let after = self.modules.partition_point(|module| module.base_address() <= address);
        let module = self.modules.get(after.checked_sub(1)?)?;
        (address - module.base_address() < module.size()).then_some(module)
    }
}

pub(crate) fn slice(bytes: &[u8], rva: u32, size: u32) -> Option<&[u8]> {
    bytes.get(rva as usize..)?.get(..size as usize)
}

fn damaged(what: &'static str) -> impl Fn(minidump::Error) -> DumpError {
    move |error| DumpError::Damaged { what, reason: error.to_string() }
}

fn read(bytes: &[u8]) -> Result<Dump<'_>, DumpError> {
    check::header(bytes)?;
    let minidump = Minidump::read(bytes).map_err(damaged("directory"))?;
    let system = minidump.get_stream::<MinidumpSystemInfo>().map_err(damaged("system information"))?;
    let directory = minidump
        .all_streams()
        .map(|entry| (entry.stream_type, entry.location.rva, entry.location.data_size))
        .collect();
    let mut dump = Dump {
        bytes,
        directory,
        os: system.os,
        cpu: system.cpu,
        threads: Vec::new(),
        modules: Vec::new(),
        exception: None,
        info: None,
        notes: Vec::new(),
        memory: Memory::default(),
    };
    dump.memory = Memory::from_streams(
        bytes,
        dump.raw_stream(StreamType::MemoryListStream as u32),
        dump.raw_stream(StreamType::Memory64ListStream as u32),
    )?;
    dump.info = dump.raw_stream(INFO_STREAM).and_then(WerInfo::parse);
    dump.modules = read_modules(bytes, &minidump, &mut dump.notes)?;
    dump.threads = read_threads(bytes, &minidump, &system, &mut dump.notes)?;
    dump.exception = read_exception(&minidump, &system);
    Ok(dump)
}

type Raw<'a> = Minidump<'a, &'a [u8]>;

fn read_modules(
    bytes: &[u8],
    minidump: &Raw<'_>,
    notes: &mut Vec<String>,
) -> Result<Vec<MinidumpModule>, DumpError> {
    match minidump.get_raw_stream(StreamType::ModuleListStream as u32) {
        Ok(stream) => check::modules(bytes, stream)?,
        Err(error) => notes.push(format!("The dump's module list cannot be read: {error}.")),
    }
    let list = match minidump.get_stream::<MinidumpModuleList>() {
        Ok(list) => list,
        Err(error) => {
            notes.push(format!("The dump's modules cannot be read: {error}."));
            return Ok(Vec::new());
        }
    };
    let mut modules: Vec<MinidumpModule> = list.iter().cloned().collect();
    modules.sort_by_key(|module| (module.base_address(), core::cmp::Reverse(module.size())));
    modules.dedup_by_key(|module| module.base_address());
    Ok(modules)
}

fn read_threads(
    bytes: &[u8],
    minidump: &Raw<'_>,
    system: &MinidumpSystemInfo,
    notes: &mut Vec<String>,
) -> Result<Vec<Thread>, DumpError> {
    if let Ok(stream) = minidump.get_raw_stream(StreamType::ThreadListStream as u32) {
        check::threads(stream)?;
    }
    let names = match minidump.get_raw_stream(StreamType::ThreadNamesStream as u32) {
        Ok(stream) => {
            check::thread_names(bytes, stream)?;
            minidump.get_stream::<MinidumpThreadNames>().unwrap_or_default()
        }
        Err(_) => MinidumpThreadNames::default(),
    };
    let list = match minidump.get_stream::<MinidumpThreadList>() {
        Ok(list) => list,
        Err(error) => {
            notes.push(format!("The dump's threads cannot be read: {error}."));
            return Ok(Vec::new());
        }
    };
    Ok(list
        .threads
        .iter()
        .map(|thread| Thread {
            id: thread.raw.thread_id,
            name: names.get_name(thread.raw.thread_id).map(|name| name.into_owned()),
            registers: thread.context(system, None).and_then(|context| amd64(&context)),
        })
        .collect())
}

fn read_exception(minidump: &Raw<'_>, system: &MinidumpSystemInfo) -> Option<Exception> {
    let exception = minidump.get_stream::<MinidumpException>().ok()?;
    let code = exception.raw.exception_record.exception_code;
    let has_address = system.os != Os::Linux || SIGNALS_WITH_ADDRESS.contains(&code);
    Some(Exception {
        thread_id: exception.get_crashing_thread_id(),
        reason: raised(&exception.raw, system)
            .unwrap_or_else(|| exception.get_crash_reason(system.os, system.cpu).to_string()),
        address: has_address.then(|| exception.get_crash_address(system.os, system.cpu)),
        registers: exception.context(system, None).and_then(|context| amd64(&context)),
    })
}

/// An exception that the program itself raised: its code is the third parameter, and the signal says nothing.
fn raised(exception: &MINIDUMP_EXCEPTION_STREAM, system: &MinidumpSystemInfo) -> Option<String> {
    let record = &exception.exception_record;
    let is_raised = system.os == Os::Linux && record.exception_flags.cast_signed() == RAISED_SIGNAL_CODE;
    let status = record.exception_information.get(2).filter(|_| is_raised && record.number_parameters > 2)?;
    // NTSTATUS is 32 bits.
    Some(format!("0x{:08x}, raised by the program (SIGABRT)", *status as u32))
}

fn amd64(context: &MinidumpContext) -> Option<Registers> {
    match &context.raw {
        MinidumpRawContext::Amd64(raw) => Some(Registers::from(raw)),
        _ => None,
    }
}
