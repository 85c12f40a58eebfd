//! The store: each call is the function of the system (`wer.dll`).
#![expect(unsafe_code, reason = "calls the system's functions, which take pointers to text and structures")]

use core::ptr::{null, null_mut};

use wer_abi::Hresult;
use wer_abi::store_requests::{METADATA_V3_BYTES, WerReportMetadata};
use windows_sys::Win32::System::ErrorReporting as system;
use windows_sys::core::PCWSTR;

use super::report::answer;
use super::strings::wide;

/// UTF-16 units of a key that are read.
const MAX_KEY_UNITS: usize = 4096;
/// Units of the names of one report's files.
const MAX_NAMES: u32 = 1 << 20;

/// An open store.
#[derive(Debug)]
pub(crate) struct Store(system::HREPORTSTORE);

// SAFETY: the handle is a name, and the system's functions take it from any thread.
unsafe impl Send for Store {}

impl Store {
    pub(crate) fn open(kind: u32) -> Result<Self, Hresult> {
        let mut store = null_mut();
        // SAFETY: the pointer leads to a live handle.
        answer(unsafe { system::WerStoreOpen(kind.cast_signed(), &raw mut store) })?;
        Ok(Self(store))
    }

    pub(crate) fn first_key(&self) -> Result<String, Hresult> {
        let mut key = null();
        // SAFETY: the pointer leads to a live pointer.
        answer(unsafe { system::WerStoreGetFirstReportKey(self.0, &raw mut key) })?;
        text(key)
    }

    pub(crate) fn next_key(&self) -> Result<String, Hresult> {
        let mut key = null();
        // SAFETY: as above.
        answer(unsafe { system::WerStoreGetNextReportKey(self.0, &raw mut key) })?;
        text(key)
    }

    /// Asks twice: for the room that the names of files need, and for all.
    pub(crate) fn metadata(&self, key: &str) -> Result<(Vec<u8>, Vec<u8>), Hresult> {
        let key = wide(key)?;
        let mut metadata = WerReportMetadata::EMPTY;
        let mut names: Vec<u16> = Vec::new();
        let mut asked = query(self.0, &key, &mut metadata, &mut names);
        if asked == Err(Hresult::WER_E_INSUFFICIENT_BUFFER) {
            // Whether it counts units or bytes its pages do not agree on: units need more.
            metadata.size_of_file_names = metadata.size_of_file_names.min(MAX_NAMES);
            names = vec![0; metadata.size_of_file_names as usize];
            asked = query(self.0, &key, &mut metadata, &mut names);
        }
        asked?;
        metadata.file_names = 0;
        debug_assert_eq!(size_of::<WerReportMetadata>(), METADATA_V3_BYTES);
        let names = names.iter().flat_map(|unit| unit.to_le_bytes()).collect();
        Ok((metadata.to_bytes().to_vec(), names))
    }

    pub(crate) fn upload(&self, key: &str, flags: u32) -> Result<u32, Hresult> {
        let key = wide(key)?;
        let mut result = 0;
        // SAFETY: the key lives for the call, and the pointer leads to a live number.
        answer(unsafe { system::WerStoreUploadReport(self.0, key.as_ptr(), flags, &raw mut result) })?;
        Ok(result.cast_unsigned())
    }

    pub(crate) fn count(&self) -> Result<u32, Hresult> {
        let mut count = 0;
        // SAFETY: the pointer leads to a live number.
        match Hresult(unsafe { system::WerStoreGetReportCount(self.0, &raw mut count) }) {
            Hresult::NO_MORE_FILES => Ok(0),
            other => answer(other.0).map(|()| count),
        }
    }

    pub(crate) fn size_on_disk_bytes(&self) -> Result<u64, Hresult> {
        let mut bytes = 0;
        // SAFETY: the pointer leads to a live number.
        answer(unsafe { system::WerStoreGetSizeOnDisk(self.0, &raw mut bytes) })?;
        Ok(bytes)
    }
}

/// Fills the structure, and `names`, whose room it tells.
fn query(
    store: system::HREPORTSTORE,
    key: &[u16],
    metadata: &mut WerReportMetadata,
    names: &mut [u16],
) -> Result<(), Hresult> {
    metadata.file_names = names.as_mut_ptr().addr() as u64;
    let metadata: *mut WerReportMetadata = metadata;
    // SAFETY: the key ends with a NUL; the structure has the system's layout, and says how much room is behind its pointer.
    answer(unsafe { system::WerStoreQueryReportMetadataV3(store, key.as_ptr(), metadata.cast()) })
}

impl Drop for Store {
    fn drop(&mut self) {
        // SAFETY: open, and closed once.
        unsafe { system::WerStoreClose(self.0) };
    }
}

pub(crate) fn purge() -> Result<(), Hresult> {
    // SAFETY: takes nothing.
    answer(unsafe { system::WerStorePurge() })
}

pub(crate) fn add_excluded_application(program: &str, for_all_users: bool) -> Result<(), Hresult> {
    let program = wide(program)?;
    // SAFETY: the name lives for the call.
    answer(unsafe { system::WerAddExcludedApplication(program.as_ptr(), i32::from(for_all_users)) })
}

pub(crate) fn remove_excluded_application(program: &str, for_all_users: bool) -> Result<(), Hresult> {
    let program = wide(program)?;
    // SAFETY: the name lives for the call.
    answer(unsafe { system::WerRemoveExcludedApplication(program.as_ptr(), i32::from(for_all_users)) })
}

/// A key that the system gave, which is freed. Null is the end, as an answer without a key is.
fn text(key: PCWSTR) -> Result<String, Hresult> {
    if key.is_null() {
        return Err(Hresult::NO_MORE_FILES);
    }
    let unit = |place: &usize| {
        // SAFETY: the system's text has a terminator, and no unit before this one was it.
        let unit = unsafe { key.wrapping_add(*place).read_unaligned() };
        (unit != 0).then_some(unit)
    };
    let units: Vec<u16> = (0..MAX_KEY_UNITS).map_while(|place| unit(&place)).collect();
    // SAFETY: from the system, freed once.
    unsafe { system::WerFreeString(key) };
    String::from_utf16(&units).map_err(|_| Hresult::INVALID_DATA)
}
