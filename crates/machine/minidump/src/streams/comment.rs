//! `CommentStreamW`: UTF-16 with a terminator.

use crate::flags::stream;
use crate::layout::{Layout, Put};

pub(crate) fn write(layout: &mut Layout, comment: &str) {
    let mut text = Vec::with_capacity(2 * comment.len() + 2);
    for unit in comment.encode_utf16() {
        text.put_u16(unit);
    }
    text.put_u16(0);
    layout.stream(stream::COMMENT_W, &text);
}
