//! `get_robust_list`: where a thread keeps its list of robust futexes. The C library puts the list's head into the
//! thread's own control block, so it leads there without stopping the thread.
#![expect(unsafe_code, reason = "get_robust_list has no safe wrapper")]

use crate::ptrace::id;

/// Address of a thread's list head; `None` when it has none, or is not for us to see.
#[must_use]
pub fn robust_list(tid: u32) -> Option<u64> {
    let (mut head, mut length) = (0usize, 0usize);
    // SAFETY: the kernel writes one word to each of the two locals, which live until the call returns.
    let result = unsafe { libc::syscall(libc::SYS_get_robust_list, id(tid), &raw mut head, &raw mut length) };
    (result == 0 && head != 0).then_some(head as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_own_list_is_near_our_thread_pointer() {
        let head = robust_list(std::process::id()).expect("glibc registers one for every thread");
        let base: u64;
        // SAFETY: reads the first word of the control block, which holds its own address.
        unsafe { std::arch::asm!("mov {}, fs:0", out(reg) base, options(nostack, readonly)) };
        let other = std::thread::spawn(|| {
            robust_list(rustix::thread::gettid().as_raw_nonzero().get().cast_unsigned())
        });
        assert_ne!(other.join().expect("a thread"), Some(head));
        assert!(base != 0 && head != 0);
        assert_eq!(robust_list(u32::MAX), None);
    }
}
