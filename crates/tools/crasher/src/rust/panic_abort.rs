//! A panic in a program built with `panic=abort`.

#[inline(never)]
fn open_ledger(entries: &[u32], index: usize) -> u32 {
    if index >= entries.len() {
        panic!("ledger has no entry {index}");
    }
    entries[index]
}

fn main() {
    #[cfg(attached)]
    wer::attach().expect("the crash handler attaches");
    let index = std::hint::black_box(7);
    println!("{}", open_ledger(&[1, 2, 3], index));
}
