//! Wire forms as values and back: MS-CER2 level 1 request and response. Pure; every byte is hostile.
//! Used by both ends: `wer-upload` and `watson-intake`.

pub mod level1;
