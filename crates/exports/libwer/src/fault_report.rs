//! `ReportFault`: `errorrep.h`.
#![expect(unsafe_code, reason = "C export")]

use core::ffi::c_void;
use core::sync::atomic::{AtomicU64, Ordering};
use std::panic::catch_unwind;

use wer_abi::Hresult;
use wer_client::report;

/// `EFaultRepRetVal`, as far as it is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
enum FaultResult {
    OkQueued = 2,
    Err = 3,
    ErrNoDw = 4,
    ErrTimeout = 5,
    OkHeadless = 7,
    ErrAnotherInstance = 8,
    ErrNoMemory = 9,
    ErrDoubleFault = 10,
}

/// `WerReportQueued`.
const QUEUED: u32 = 1;
/// `WerDisabled`.
const DISABLED: u32 = 5;

#[unsafe(no_mangle)]
extern "C" fn ReportFault(pointers: *mut c_void, reserved: u32) -> i32 {
    let pointers = pointers.addr() as u64;
    let report = || match Turn::take() {
        Ok(_turn) if reserved == 0 => result_of(report::report_fault(pointers)),
        Ok(_) => FaultResult::Err,
        Err(refusal) => refusal,
    };
    // A panic leaves nothing of ours half done.
    catch_unwind(report).unwrap_or(FaultResult::Err) as i32
}

fn result_of(reported: Result<u32, Hresult>) -> FaultResult {
    match reported {
        Ok(QUEUED) => FaultResult::OkQueued,
        // The program does what it does without a reporter.
        Ok(DISABLED) | Err(Hresult::FILE_NOT_FOUND) => FaultResult::ErrNoDw,
        Ok(_) => FaultResult::OkHeadless,
        Err(Hresult::TIMEOUT) => FaultResult::ErrTimeout,
        Err(Hresult::E_OUTOFMEMORY) => FaultResult::ErrNoMemory,
        Err(_) => FaultResult::Err,
    }
}

/// Process and thread that report a fault; 0 = none.
static REPORTING: AtomicU64 = AtomicU64::new(0);

/// The right to report a fault: one at a time in a process.
#[derive(Debug)]
struct Turn;

impl Turn {
    fn take() -> Result<Self, FaultResult> {
        let process = u64::from(std::process::id()) << 32;
        let own = process | u64::from(wer_winbase::process::current_thread_id());
        let mut known = REPORTING.load(Ordering::Acquire);
        loop {
            // What another process began was copied by a fork, and does not go on here.
            if known == own {
                return Err(FaultResult::ErrDoubleFault);
            }
            if known & !0xFFFF_FFFF == process {
                return Err(FaultResult::ErrAnotherInstance);
            }
            match REPORTING.compare_exchange(known, own, Ordering::AcqRel, Ordering::Acquire) {
                Ok(_) => return Ok(Self),
                Err(other) => known = other,
            }
        }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        REPORTING.store(0, Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_fault_at_a_time() {
        let turn = Turn::take().expect("the first");
        assert_eq!(Turn::take().err(), Some(FaultResult::ErrDoubleFault));
        let other = std::thread::spawn(|| Turn::take().err()).join().expect("it ends");
        assert_eq!(other, Some(FaultResult::ErrAnotherInstance));
        drop(turn);
        REPORTING.store(1 << 32 | 1, Ordering::Release);
        assert!(Turn::take().is_ok(), "another process's turn counts for nothing");
    }
}
