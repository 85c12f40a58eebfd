//! A write through a pointer to nowhere, in a Rust program.

#[inline(never)]
fn write_through(pointer: *mut u32) {
    // SAFETY: none, and that is the point: the pointer leads nowhere, and the write ends the program.
    unsafe { *pointer = 42 };
}

fn main() {
    #[cfg(attached)]
    wer::attach().expect("the crash handler attaches");
    write_through(std::hint::black_box(0x10 as *mut u32));
    println!("not reached");
}
