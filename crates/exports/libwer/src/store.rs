//! `WerStore...`: `werapi.h`. Every question goes to a `werfault` of its own.
#![expect(unsafe_code, reason = "C exports: pointers come from the caller")]

use core::ffi::c_void;
use std::collections::BTreeMap;
use std::sync::MutexGuard;

use wer_abi::Hresult;
use wer_abi::store_requests::{
    MAX_KEY_UNITS, METADATA_V1_BYTES, METADATA_V2_BYTES, METADATA_V3_BYTES, WerReportMetadata,
};
use wer_client::{ForkMutex, store};

use crate::answer;
use crate::wide::utf16;

/// Keys that are given out and not yet freed.
const MAX_STRINGS: usize = 65_536;

/// The keys that programs hold, by their addresses: what is freed twice, or was never given out, is left alone.
static STRINGS: ForkMutex<BTreeMap<usize, Box<[u16]>>> = ForkMutex::new(BTreeMap::new);

fn strings() -> MutexGuard<'static, BTreeMap<usize, Box<[u16]>>> {
    STRINGS.lock()
}

/// Keeps a key for its program until it is freed; its address.
fn give_out(key: Vec<u16>) -> Result<*const u16, Hresult> {
    let mut strings = strings();
    if strings.len() >= MAX_STRINGS {
        return Err(Hresult::E_OUTOFMEMORY);
    }
    let key = key.into_boxed_slice();
    let address = key.as_ptr();
    strings.insert(address.addr(), key);
    Ok(address)
}

fn number(handle: *mut c_void) -> u64 {
    handle.addr() as u64
}

#[unsafe(no_mangle)]
unsafe extern "C" fn WerStoreOpen(store_type: u32, handle: *mut *mut c_void) -> i32 {
    answer(|| {
        if handle.is_null() {
            return Err(Hresult::E_INVALIDARG);
        }
        // SAFETY: not null, so writable by the contract of the function.
        unsafe { handle.write_unaligned(core::ptr::null_mut()) };
        let opened = store::open(store_type)?;
        // SAFETY: as above.
        unsafe { handle.write_unaligned(core::ptr::without_provenance_mut(opened as usize)) };
        Ok(())
    })
}

#[unsafe(no_mangle)]
extern "C" fn WerStoreClose(handle: *mut c_void) {
    answer(|| {
        store::close(number(handle));
        Ok(())
    });
}

#[unsafe(no_mangle)]
unsafe extern "C" fn WerStoreGetFirstReportKey(handle: *mut c_void, key: *mut *const u16) -> i32 {
    // SAFETY: the contract of the function.
    answer(|| unsafe { tell_key(key, || store::first_key(number(handle))) })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn WerStoreGetNextReportKey(handle: *mut c_void, key: *mut *const u16) -> i32 {
    // SAFETY: the contract of the function.
    answer(|| unsafe { tell_key(key, || store::next_key(number(handle))) })
}

/// # Safety
/// `place` is null or writable.
unsafe fn tell_key(
    place: *mut *const u16,
    ask: impl FnOnce() -> Result<Vec<u16>, Hresult>,
) -> Result<(), Hresult> {
    if place.is_null() {
        return Err(Hresult::E_INVALIDARG);
    }
    // SAFETY: not null, so writable by the caller's promise.
    unsafe { place.write_unaligned(core::ptr::null()) };
    let address = give_out(ask()?)?;
    // SAFETY: as above.
    unsafe { place.write_unaligned(address) };
    Ok(())
}

#[unsafe(no_mangle)]
extern "C" fn WerFreeString(text: *const u16) {
    answer(|| {
        let freed = strings().remove(&text.addr());
        drop(freed);
        Ok(())
    });
}

#[unsafe(no_mangle)]
unsafe extern "C" fn WerStoreQueryReportMetadataV1(
    handle: *mut c_void,
    key: *const u16,
    metadata: *mut c_void,
) -> i32 {
    // SAFETY: the contract of the function.
    answer(|| unsafe { query(handle, key, metadata.cast(), METADATA_V1_BYTES) })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn WerStoreQueryReportMetadataV2(
    handle: *mut c_void,
    key: *const u16,
    metadata: *mut c_void,
) -> i32 {
    // SAFETY: the contract of the function.
    answer(|| unsafe { query(handle, key, metadata.cast(), METADATA_V2_BYTES) })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn WerStoreQueryReportMetadataV3(
    handle: *mut c_void,
    key: *const u16,
    metadata: *mut c_void,
) -> i32 {
    // SAFETY: the contract of the function.
    answer(|| unsafe { query(handle, key, metadata.cast(), METADATA_V3_BYTES) })
}

/// Fills the structure of a version, which is as long as `bytes`.
///
/// # Safety
/// `key` is null or a wide string; `place` is null or leads to so many readable and writable bytes, in which from V2 on
/// `FileNames` is null or leads to `SizeOfFileNames` writable bytes.
unsafe fn query(handle: *mut c_void, key: *const u16, place: *mut u8, bytes: usize) -> Result<(), Hresult> {
    if place.is_null() {
        return Err(Hresult::E_INVALIDARG);
    }
    // SAFETY: the caller's promise.
    let key = unsafe { utf16(key, MAX_KEY_UNITS) }?;
    let found = store::metadata(number(handle), &key)?;
    if bytes == METADATA_V1_BYTES {
        // SAFETY: writable by the caller's promise, and the whole structure is longer.
        unsafe { place.copy_from_nonoverlapping(found.structure.as_ptr(), bytes) };
        return Ok(());
    }
    let size_place = place.wrapping_add(WerReportMetadata::SIZE_OF_FILE_NAMES_OFFSET).cast::<u32>();
    let names_place = place.wrapping_add(WerReportMetadata::FILE_NAMES_OFFSET).cast::<*mut u8>();
    // SAFETY: a field of the caller's structure.
    let room = unsafe { size_place.read_unaligned() };
    // SAFETY: as above.
    let names = unsafe { names_place.read_unaligned() };
    // SAFETY: writable by the caller's promise, and as long as the version, which is no longer than the whole.
    unsafe { place.copy_from_nonoverlapping(found.structure.as_ptr(), bytes) };
    // SAFETY: as above: the pointer is the caller's.
    unsafe { names_place.write_unaligned(names) };
    if names.is_null() || (room as usize) < found.file_names.len() {
        return Err(Hresult::WER_E_INSUFFICIENT_BUFFER);
    }
    // SAFETY: `room` bytes are writable by the caller's promise, and the names fit.
    unsafe { names.copy_from_nonoverlapping(found.file_names.as_ptr(), found.file_names.len()) };
    Ok(())
}

#[unsafe(no_mangle)]
unsafe extern "C" fn WerStoreUploadReport(
    handle: *mut c_void,
    key: *const u16,
    flags: u32,
    result: *mut u32,
) -> i32 {
    answer(|| {
        // SAFETY: a wide string, by the contract of the function.
        let key = unsafe { utf16(key, MAX_KEY_UNITS) }?;
        let told = store::upload(number(handle), &key, flags)?;
        if !result.is_null() {
            // SAFETY: not null, so writable by the contract of the function.
            unsafe { result.write_unaligned(told) };
        }
        Ok(())
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn WerStoreGetReportCount(handle: *mut c_void, count: *mut u32) -> i32 {
    // SAFETY: the contract of the function.
    answer(|| unsafe { tell(count, || store::count(number(handle))) })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn WerStoreGetSizeOnDisk(handle: *mut c_void, size: *mut u64) -> i32 {
    // SAFETY: the contract of the function.
    answer(|| unsafe { tell(size, || store::size_on_disk_bytes(number(handle))) })
}

/// # Safety
/// `place` is null or writable.
unsafe fn tell<T>(place: *mut T, ask: impl FnOnce() -> Result<T, Hresult>) -> Result<(), Hresult> {
    if place.is_null() {
        return Err(Hresult::E_INVALIDARG);
    }
    let value = ask()?;
    // SAFETY: not null, so writable by the caller's promise.
    unsafe { place.write_unaligned(value) };
    Ok(())
}

#[unsafe(no_mangle)]
extern "C" fn WerStorePurge() -> i32 {
    answer(store::purge)
}
