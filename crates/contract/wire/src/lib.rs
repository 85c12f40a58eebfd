//! Wire forms as values and back: MS-CER2 level 1 request and response, and level 2 in pieces. Pure; every byte is hostile.
//! Used by both ends: `wer-upload` and `watson-intake`. The forms are described in `docs/formats/ms-cer2.md`.

#![forbid(unsafe_code)]

pub mod error;
pub mod level1;
pub mod limits;
pub mod pieces;
mod text;

pub use error::WireError;
pub use level1::{ApplicationInfo, Level1Request, Level1Response};
