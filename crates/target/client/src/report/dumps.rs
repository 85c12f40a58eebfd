//! Dumps that join a report. Here it is only noted whose dump is wanted and why: `werfault` makes it when the report is
//! submitted, as Windows does ("collects the specified data" then).
//!
//! What the caller may not have any more by then is copied now: exception record and registers, which lie on a stack, and
//! which process a handle names, by its number and the time of its start. No descriptor is kept.

use std::fs::File;
use std::os::unix::fs::FileExt;

use wer_abi::dump_options::{
    WER_DUMP_MASK_DUMPTYPE, WER_DUMP_MASK_ONLY_THISTHREAD, WER_DUMP_MASK_PREFERRED_MODULE_LIST,
    WerDumpCustomOptions,
};
use wer_abi::flags::{DumpType, WER_DUMP_AUXILIARY, WER_DUMP_NOHEAP_ONQUEUE};
use wer_abi::module_host::{DUMP_ORDER_BYTES, DumpOrder};
use wer_abi::report_request::{DumpException, DumpPayload, DumpSubject, Item, MAX_DUMPS, Tag};
use wer_abi::{Context, ExceptionRecord, Hresult};

use super::{Report, Result};

/// What `WerReportAddDump` knows.
const FLAGS: u32 = WER_DUMP_NOHEAP_ONQUEUE | WER_DUMP_AUXILIARY;
/// `WER_DUMP_MASK_...`.
const MASKS: u32 = 0x1FF;
/// `MiniDumpValidTypeFlags` and its extension.
const MINIDUMP_TYPES: u32 = 0x07FF_FFFF;

/// Whose dump.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Subject(DumpSubject);

impl Subject {
    /// The process that has this number now, and its thread; without one it is the calling thread of the own process and
    /// no special one of another.
    ///
    /// # Errors
    /// `E_INVALIDARG`: the process is not there or has ended, or has no such thread.
    pub fn new(process_id: u32, thread_id: Option<u32>) -> Result<Self> {
        let start_ticks = start_ticks(process_id).ok_or(Hresult::E_INVALIDARG)?;
        if let Some(thread_id) = thread_id {
            let place = format!("/proc/{process_id}/task/{thread_id}");
            std::fs::symlink_metadata(place).map_err(|_| Hresult::E_INVALIDARG)?;
        }
        Ok(Self(DumpSubject { process_id, thread_id: thread_id.unwrap_or(0), start_ticks }))
    }

    fn is_own(self) -> bool {
        self.0.process_id == own_id()
    }
}

fn own_id() -> u32 {
    std::process::id()
}

/// When a process that lives was started, in clock ticks after boot.
fn start_ticks(process_id: u32) -> Option<u64> {
    let stat = std::fs::read(format!("/proc/{process_id}/stat")).ok()?;
    start_in(&stat)
}

/// From the line of `stat`; the name before may hold anything.
fn start_in(stat: &[u8]) -> Option<u64> {
    /// Of the state and of the start, counted behind the name.
    const PLACES: (usize, usize) = (0, 19);
    let end = stat.iter().rposition(|byte| *byte == b')')?;
    let rest = core::str::from_utf8(stat.get(end + 1..)?).ok()?;
    let mut words = rest.split_ascii_whitespace();
    let state = words.nth(PLACES.0)?;
    let start = words.nth(PLACES.1 - PLACES.0 - 1)?;
    if matches!(state, "Z" | "X") { None } else { start.parse().ok() }
}

/// What happened, as far as the caller says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exception {
    /// Nothing.
    None,
    /// Address of `EXCEPTION_POINTERS` in this process.
    Own(u64),
    /// Address of `EXCEPTION_POINTERS` in the process that is dumped.
    Client(u64),
}

/// A dump that joins a report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dump {
    subject: DumpSubject,
    dump_type: u32,
    exception: DumpException,
    /// As the caller had it.
    options: Vec<u8>,
    flags: u32,
}

impl Dump {
    /// A dump of a `WER_DUMP_TYPE` with `WER_DUMP_...` flags. `options`: the bytes of a `WER_DUMP_CUSTOM_OPTIONS`; none are
    /// none.
    ///
    /// # Errors
    /// `E_INVALIDARG` for an unknown type, flag, mask or dump flag, options of no version or with a list of modules that does
    /// not end, a micro dump of no thread, and exception pointers that cannot be read or make no sense; `E_HANDLE` for a
    /// snapshot's handle, which nothing here can have made.
    pub fn new(
        subject: Subject,
        dump_type: i32,
        exception: Exception,
        options: &[u8],
        flags: u32,
    ) -> Result<Self> {
        let known = DumpType::from_wer(dump_type).ok_or(Hresult::E_INVALIDARG)?;
        if flags & !FLAGS != 0 || known == DumpType::Micro && subject.0.thread_id == 0 {
            return Err(Hresult::E_INVALIDARG);
        }
        let only_this_thread = match options {
            [] => false,
            _ => check_options(options)?.counts(WER_DUMP_MASK_ONLY_THISTHREAD),
        };
        let is_own = subject.is_own();
        let mut subject = subject.0;
        if is_own && subject.thread_id == 0 && (only_this_thread || exception != Exception::None) {
            subject.thread_id = rustix::thread::gettid().as_raw_nonzero().get().cast_unsigned();
        }
        let exception = match exception {
            Exception::None => DumpException::None,
            Exception::Own(0) | Exception::Client(0) => return Err(Hresult::E_INVALIDARG),
            Exception::Client(pointers) if !is_own => DumpException::Client(pointers),
            Exception::Own(pointers) | Exception::Client(pointers) => {
                DumpException::Values(read_own(pointers, subject.thread_id)?)
            }
        };
        Ok(Self {
            subject,
            dump_type: dump_type.cast_unsigned(),
            exception,
            options: options.to_vec(),
            flags,
        })
    }

    /// What tells one dump of a report from another: there is one of each type, unless it is an auxiliary one.
    const fn slot(&self) -> Option<u32> {
        if self.flags & WER_DUMP_AUXILIARY != 0 { None } else { Some(self.dump_type) }
    }
}

/// # Errors
/// As [`Dump::new`].
fn check_options(bytes: &[u8]) -> Result<WerDumpCustomOptions> {
    let options = WerDumpCustomOptions::read(bytes).ok_or(Hresult::E_INVALIDARG)?;
    let has_end = {
        let list = &options.preferred_module_list;
        list.first() == Some(&0) || list.windows(2).any(|pair| pair == [0, 0])
    };
    let is_sound = options.mask & !MASKS == 0
        && (has_end || !options.counts(WER_DUMP_MASK_PREFERRED_MODULE_LIST))
        && (options.dump_flags & !MINIDUMP_TYPES == 0 || !options.counts(WER_DUMP_MASK_DUMPTYPE));
    if !is_sound {
        return Err(Hresult::E_INVALIDARG);
    }
    if options.snapshot == 0 { Ok(options) } else { Err(Hresult::E_HANDLE) }
}

/// What lies behind exception pointers of this process. They are read through the kernel, so that wrong ones are an answer
/// and no crash.
fn read_own(pointers: u64, thread_id: u32) -> Result<DumpOrder> {
    let memory = File::open("/proc/self/mem").map_err(|_| Hresult::E_ACCESSDENIED)?;
    let read = |at: u64, to: &mut [u8]| memory.read_exact_at(to, at).map_err(|_| Hresult::E_INVALIDARG);
    let mut pair = [[0; 8]; 2];
    read(pointers, pair.as_flattened_mut())?;
    let [record, context] = pair.map(u64::from_le_bytes);
    let mut bytes = [0; DUMP_ORDER_BYTES];
    let (head, rest) = bytes.split_at_mut(DUMP_ORDER_BYTES - RECORD_BYTES - CONTEXT_BYTES);
    let (to_record, to_context) = rest.split_at_mut(RECORD_BYTES);
    let has_context = u32::from(context != 0);
    let words = [thread_id.to_le_bytes(), has_context.to_le_bytes()];
    head.copy_from_slice(words.as_flattened());
    read(record, to_record)?;
    if context != 0 {
        read(context, to_context)?;
    }
    DumpOrder::decode(&bytes).ok_or(Hresult::E_INVALIDARG)
}

const RECORD_BYTES: usize = size_of::<ExceptionRecord>();
const CONTEXT_BYTES: usize = size_of::<Context>();

impl Report {
    /// Adds a dump.
    ///
    /// # Errors
    /// `HRESULT_FROM_WIN32(ERROR_ALREADY_EXISTS)` when the report has one of this type and it is no auxiliary one;
    /// `WER_E_INSUFFICIENT_BUFFER` above [`MAX_DUMPS`].
    pub fn add_dump(&mut self, dump: Dump) -> Result<()> {
        let slot = dump.slot();
        if slot.is_some() && self.dumps.iter().any(|known| known.slot() == slot) {
            return Err(Hresult::ALREADY_EXISTS);
        }
        if self.dumps.len() >= MAX_DUMPS {
            return Err(Hresult::WER_E_INSUFFICIENT_BUFFER);
        }
        self.dumps.push(dump);
        Ok(())
    }
}

/// Appends the dumps to a request; whether one is of this process.
pub(super) fn encode(dumps: &[Dump], request: &mut Vec<u8>) -> bool {
    for dump in dumps {
        put(request, Tag::Dump, (dump.dump_type, dump.flags), &dump.payload());
    }
    dumps.iter().any(|dump| dump.subject.process_id == own_id())
}

impl Dump {
    fn payload(&self) -> DumpPayload<'_> {
        DumpPayload { subject: self.subject, exception: self.exception, options: &self.options }
    }
}

/// Appends the item of a dump or a fault.
fn put(request: &mut Vec<u8>, tag: Tag, (first, second): (u32, u32), payload: &DumpPayload<'_>) {
    let mut data = Vec::new();
    payload.encode(|piece| data.extend_from_slice(piece));
    request.extend_from_slice(&Item { tag, first, second, text: "", data: &data }.head());
    request.extend_from_slice(&data);
}

/// Appends the crash of the calling thread with exception pointers of this process.
///
/// # Errors
/// `E_INVALIDARG` for pointers that cannot be read or make no sense.
pub(super) fn encode_fault(pointers: u64, request: &mut Vec<u8>) -> Result<()> {
    let subject = Subject::new(own_id(), None)?;
    let fault = Dump::new(subject, WER_DUMP_TYPE_MINI, Exception::Own(pointers), &[], 0)?;
    put(request, Tag::Fault, (fault.dump_type, fault.flags), &fault.payload());
    Ok(())
}

/// `WerDumpTypeMiniDump`.
const WER_DUMP_TYPE_MINI: i32 = 2;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Information;

    const MINI: i32 = WER_DUMP_TYPE_MINI;

    fn own() -> Subject {
        Subject::new(own_id(), None).unwrap()
    }

    fn dump(dump_type: i32, flags: u32) -> Dump {
        Dump::new(own(), dump_type, Exception::None, &[], flags).unwrap()
    }

    #[test]
    fn a_start_is_read_behind_any_name() {
        let behind = "S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 4711 20";
        assert_eq!(start_in(format!("7 (a) b (c)) {behind}").as_bytes()), Some(4711));
        assert_eq!(start_in(format!("7 (a) {}", behind.replace('S', "Z")).as_bytes()), None);
        assert_eq!(start_in(b"7 (a) S 1"), None);
        assert_eq!(Subject::new(own_id(), Some(u32::MAX)), Err(Hresult::E_INVALIDARG));
        assert_eq!(Subject::new(u32::MAX, None), Err(Hresult::E_INVALIDARG));
    }

    #[test]
    fn there_is_one_of_each_type_and_several_auxiliary_ones() {
        let mut report = Report::new("Event", 0, Information::default()).unwrap();
        assert_eq!(report.add_dump(dump(MINI, 0)), Ok(()));
        assert_eq!(report.add_dump(dump(MINI, 1)), Err(Hresult::ALREADY_EXISTS));
        assert_eq!(report.add_dump(dump(3, 0)), Ok(()));
        for _ in 2..MAX_DUMPS {
            assert_eq!(report.add_dump(dump(MINI, WER_DUMP_AUXILIARY)), Ok(()));
        }
        assert_eq!(report.add_dump(dump(4, 0)), Err(Hresult::WER_E_INSUFFICIENT_BUFFER));
    }

    #[test]
    fn pointers_are_followed_now_and_wrong_ones_refused() {
        let mut context = Context::zeroed();
        (context.context_flags, context.rip) = (Context::ALL, 0x1234);
        let record = ExceptionRecord { code: 0xC000_0005, ..ExceptionRecord::default() };
        let mut pair = [&raw const record as u64, &raw const context as u64];
        let at = pair.as_ptr() as u64;
        let made = |exception| Dump::new(own(), MINI, exception, &[], 0);
        for exception in [Exception::Own(at), Exception::Client(at)] {
            let DumpException::Values(order) = made(exception).unwrap().exception else {
                panic!("no values")
            };
            assert_eq!((order.record.code, order.context.unwrap().rip), (record.code, 0x1234));
            assert_ne!(order.thread_id, 0);
        }
        pair[1] = 8;
        assert_eq!(made(Exception::Own(pair.as_ptr() as u64)), Err(Hresult::E_INVALIDARG));
        for wrong in [0, 8, u64::MAX - 3] {
            assert_eq!(made(Exception::Own(wrong)), Err(Hresult::E_INVALIDARG));
        }
    }
}
