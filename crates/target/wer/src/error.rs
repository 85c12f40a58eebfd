//! The error of every function here.

use wer_abi::Hresult;

/// A failed call: the HRESULT that the C function of the same name answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Error(pub Hresult);

/// What the functions of this crate answer.
pub type Result<T> = core::result::Result<T, Error>;

impl From<Hresult> for Error {
    fn from(hresult: Hresult) -> Self {
        Self(hresult)
    }
}

impl core::fmt::Display for Error {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "the error-reporting call failed: {}", self.0)
    }
}

impl core::error::Error for Error {}
