//! What Windows does by itself and a Linux process has to ask for: `wer_linux.h`.
#![expect(unsafe_code, reason = "C exports: pointers come from the caller")]

use core::ffi::c_char;

use wer_client::crash::{AttachOptions, attach, thread_attach};
use wer_client::registration::{LastWordsSource, set_last_words};

use crate::answer;
use crate::wide::utf8;

#[unsafe(no_mangle)]
extern "C" fn WerAttachCrashHandler() -> i32 {
    answer(|| attach(&AttachOptions::default()))
}

#[unsafe(no_mangle)]
extern "C" fn WerThreadAttach() -> i32 {
    answer(thread_attach)
}

#[unsafe(no_mangle)]
unsafe extern "C" fn WerSetLastWords(text: *const c_char) -> i32 {
    answer(|| {
        // SAFETY: null or a C string, by the contract of the function.
        let text = unsafe { utf8(text) };
        set_last_words(LastWordsSource::Application, &text)
    })
}
