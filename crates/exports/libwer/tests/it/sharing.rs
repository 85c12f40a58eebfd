//! Two copies of the client in one process: this test's own and the one in `libwer.so`. One block, one handler.
#![expect(unsafe_code, reason = "calls C functions by name")]

use std::ffi::{CString, c_char, c_void};
use std::os::unix::ffi::OsStrExt;

use wer_abi::Hresult;
use wer_client::{crash, registration};

use crate::build::library_folder;

struct Library(*mut c_void);

impl Library {
    fn open() -> Self {
        let path = CString::new(library_folder().join("libwer.so").as_os_str().as_bytes()).unwrap();
        // SAFETY: loads the library under test.
        let library = unsafe { libc::dlopen(path.as_ptr(), libc::RTLD_NOW) };
        assert!(!library.is_null());
        Self(library)
    }

    fn address(&self, name: &str) -> *mut c_void {
        let name = CString::new(name).unwrap();
        // SAFETY: looks a name up.
        let address = unsafe { libc::dlsym(self.0, name.as_ptr().cast::<c_char>()) };
        assert!(!address.is_null(), "{name:?}");
        address
    }

    fn call(&self, name: &str, argument: usize) -> i32 {
        // SAFETY: a function that takes one number or pointer, or none, and answers an HRESULT.
        let function: extern "C" fn(usize) -> i32 = unsafe { std::mem::transmute(self.address(name)) };
        function(argument)
    }

    fn register(&self, address: usize, size: u32) -> i32 {
        let function = self.address("WerRegisterMemoryBlock");
        // SAFETY: HRESULT WerRegisterMemoryBlock(PVOID, DWORD).
        let function: extern "C" fn(usize, u32) -> i32 = unsafe { std::mem::transmute(function) };
        function(address, size)
    }
}

fn blocks_in_maps() -> usize {
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
    maps.lines().filter(|line| line.contains("/memfd:wer-registration")).count()
}

#[test]
fn both_copies_use_one_block_from_any_thread_at_once() {
    let library = Library::open().0 as usize;
    let barrier = std::sync::Barrier::new(8);
    // All first calls at the same time, half of them through either copy.
    std::thread::scope(|scope| {
        for thread in 1..=8_usize {
            let barrier = &barrier;
            scope.spawn(move || {
                let library = Library(library as *mut c_void);
                barrier.wait();
                for round in 0..500 {
                    let address = (thread << 32) + (round << 12);
                    match thread % 2 {
                        0 => assert_eq!(library.register(address, 64), 0),
                        _ => registration::register_memory_block(address, 64).unwrap(),
                    }
                    // Taken back through the other one.
                    match thread % 2 {
                        0 => registration::unregister_memory_block(address).unwrap(),
                        _ => assert_eq!(library.call("WerUnregisterMemoryBlock", address), 0),
                    }
                }
            });
        }
    });
    assert_eq!(blocks_in_maps(), 1);

    let library = Library(library as *mut c_void);
    assert_eq!(library.call("WerSetFlags", 0x8), 0);
    assert_eq!(registration::flags(), Ok(0x8));
    let not_found = library.call("WerUnregisterMemoryBlock", 0x1000);
    assert_eq!(not_found, Hresult::WER_E_NOT_FOUND.0);

    assert_eq!(library.call("WerAttachCrashHandler", 0), 0);
    let theirs = handler();
    crash::attach(&crash::AttachOptions::default()).unwrap();
    assert_eq!(handler(), theirs);
}

/// The handler of SIGSEGV.
fn handler() -> usize {
    // SAFETY: all zero is a sigaction.
    let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
    // SAFETY: asks for the disposition.
    unsafe { libc::sigaction(libc::SIGSEGV, std::ptr::null(), &raw mut action) };
    action.sa_sigaction
}
