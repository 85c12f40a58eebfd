//! `CommentStreamA` and `CommentStreamW`: UTF-8 here, and UTF-16; each with a terminator.

use crate::flags::stream;
use crate::layout::{Layout, Put};
use crate::options::DumpOptions;

pub(crate) fn write(layout: &mut Layout, options: &DumpOptions) {
    if let Some(comment) = &options.comment_ansi {
        let bytes = comment.bytes().take_while(|byte| *byte != 0);
        layout.stream(stream::COMMENT_A, &bytes.chain([0]).collect::<Vec<u8>>());
    }
    if let Some(comment) = &options.comment {
        let mut text = Vec::with_capacity(2 * comment.len() + 2);
        for unit in comment.encode_utf16() {
            text.put_u16(unit);
        }
        text.put_u16(0);
        layout.stream(stream::COMMENT_W, &text);
    }
}
