//! Attaching: Windows needs no handler in the application, so there is nothing to install.

use std::path::Path;

use wer_abi::Hresult;

/// Choices of an application that attaches.
#[derive(Clone, Copy, Debug, Default)]
pub struct AttachOptions<'a> {
    /// Where `werfault` is; of no meaning on Windows.
    pub werfault: Option<&'a Path>,
}

/// The system reports crashes by itself.
pub(crate) fn attach(_: &AttachOptions<'_>) -> Result<(), Hresult> {
    Ok(())
}

/// The system reports stack overflows by itself.
pub(crate) fn thread_attach() -> Result<(), Hresult> {
    Ok(())
}
