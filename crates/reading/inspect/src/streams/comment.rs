//! Streams 10 and 11: what somebody wanted to say.

use crate::bytes::Bytes;
use crate::file::File;
use crate::streams::module_list::until_nul;
use crate::value::Value;

pub(super) fn read_ansi<'a>(file: &File<'a>, bytes: Bytes<'a>) -> Value {
    file.lines(until_nul(bytes))
}

pub(super) fn read_unicode<'a>(file: &File<'a>, bytes: Bytes<'a>) -> Value {
    file.utf16_lines(bytes)
}
