//! The store by the client, which asks `werfault`.

use wer_abi::Hresult;
use wer_client::store;

pub(crate) use wer_client::store::{add_excluded_application, purge, remove_excluded_application};

/// An open store.
#[derive(Debug)]
pub(crate) struct Store(u64);

impl Store {
    pub(crate) fn open(kind: u32) -> Result<Self, Hresult> {
        store::open(kind).map(Self)
    }

    pub(crate) fn first_key(&self) -> Result<String, Hresult> {
        text(&store::first_key(self.0)?)
    }

    pub(crate) fn next_key(&self) -> Result<String, Hresult> {
        text(&store::next_key(self.0)?)
    }

    pub(crate) fn metadata(&self, key: &str) -> Result<(Vec<u8>, Vec<u8>), Hresult> {
        let metadata = store::metadata(self.0, key)?;
        Ok((metadata.structure, metadata.file_names))
    }

    pub(crate) fn upload(&self, key: &str, flags: u32) -> Result<u32, Hresult> {
        store::upload(self.0, key, flags)
    }

    pub(crate) fn count(&self) -> Result<u32, Hresult> {
        store::count(self.0)
    }

    pub(crate) fn size_on_disk_bytes(&self) -> Result<u64, Hresult> {
        store::size_on_disk_bytes(self.0)
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        store::close(self.0);
    }
}

/// A key with its terminator, as text.
fn text(units: &[u16]) -> Result<String, Hresult> {
    let units = units.strip_suffix(&[0]).unwrap_or(units);
    String::from_utf16(units).map_err(|_| Hresult::INVALID_DATA)
}
