//! Processes and threads.

use core::ffi::c_void;

use wer_abi::Handle;
use wer_winbase::open_process;
use wer_winbase::process::{current_thread_id, open_thread, process_id, terminate_process, thread_id};

use crate::{answer, answer_bool, handle, pointer};

#[unsafe(no_mangle)]
extern "C" fn WerWinGetCurrentProcess() -> *mut c_void {
    pointer(Handle::CURRENT_PROCESS)
}

#[unsafe(no_mangle)]
extern "C" fn WerWinGetCurrentThread() -> *mut c_void {
    pointer(Handle::CURRENT_THREAD)
}

#[unsafe(no_mangle)]
extern "C" fn WerWinGetCurrentProcessId() -> u32 {
    std::process::id()
}

#[unsafe(no_mangle)]
extern "C" fn WerWinGetCurrentThreadId() -> u32 {
    current_thread_id()
}

#[unsafe(no_mangle)]
extern "C" fn WerWinOpenProcess(access: u32, inherit: i32, pid: u32) -> *mut c_void {
    pointer(answer(Handle::NULL, || open_process(access, inherit != 0, pid)))
}

#[unsafe(no_mangle)]
extern "C" fn WerWinOpenThread(_access: u32, _inherit: i32, thread_id: u32) -> *mut c_void {
    pointer(answer(Handle::NULL, || open_thread(thread_id)))
}

#[unsafe(no_mangle)]
extern "C" fn WerWinGetProcessId(process: *mut c_void) -> u32 {
    answer(0, || process_id(handle(process)))
}

#[unsafe(no_mangle)]
extern "C" fn WerWinGetThreadId(thread: *mut c_void) -> u32 {
    answer(0, || thread_id(handle(thread)))
}

#[unsafe(no_mangle)]
extern "C" fn WerWinTerminateProcess(process: *mut c_void, exit_code: u32) -> i32 {
    answer_bool(|| terminate_process(handle(process), exit_code))
}
