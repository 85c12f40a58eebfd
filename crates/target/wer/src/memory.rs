//! `WerRegisterMemoryBlock` in three forms: for static memory, for memory that lives as long as a guard, and for plain
//! addresses.
//!
//! Registering is safe in every form: only the numbers are kept, nothing in this process reads what they point to, and
//! the reporting process leaves out what it cannot read.

use core::marker::PhantomData;

use crate::os::registration;

use crate::Result;

/// Registers memory to be put into heap and larger dumps: 1 to 65,536 bytes.
///
/// # Errors
/// `E_INVALIDARG` for another size; `WER_E_INSUFFICIENT_BUFFER` when 512 things are registered.
pub fn register_memory_block(block: &'static [u8]) -> Result<()> {
    register_memory_range(block.as_ptr(), block.len())
}

/// Takes back [`register_memory_block`].
///
/// # Errors
/// `WER_E_NOT_FOUND`.
pub fn unregister_memory_block(block: &'static [u8]) -> Result<()> {
    unregister_memory_range(block.as_ptr())
}

/// Registers memory by address, for what is changed while it is registered (atomics, cells, foreign memory).
///
/// # Errors
/// As for [`register_memory_block`]; `E_INVALIDARG` also for a null address.
pub fn register_memory_range<T>(address: *const T, bytes: usize) -> Result<()> {
    Ok(registration::register_memory_block(address as usize, bytes)?)
}

/// Takes back [`register_memory_range`].
///
/// # Errors
/// `E_INVALIDARG` for a null address; `WER_E_NOT_FOUND`.
pub fn unregister_memory_range<T>(address: *const T) -> Result<()> {
    Ok(registration::unregister_memory_block(address as usize)?)
}

/// Leaves memory out of dumps that would hold it (`WerRegisterExcludedMemoryBlock`).
///
/// # Errors
/// `E_INVALIDARG` for a null address or no bytes; `WER_E_INSUFFICIENT_BUFFER` when 512 things are registered.
pub fn register_excluded_memory_range<T>(address: *const T, bytes: usize) -> Result<()> {
    Ok(registration::register_excluded_memory_block(address as usize, bytes)?)
}

/// Takes back [`register_excluded_memory_range`].
///
/// # Errors
/// `WER_E_NOT_FOUND`.
pub fn unregister_excluded_memory_range<T>(address: *const T) -> Result<()> {
    Ok(registration::unregister_excluded_memory_block(address as usize)?)
}

/// Registers memory until the guard is dropped.
///
/// # Errors
/// As for [`register_memory_block`].
pub fn register_scoped_memory(block: &[u8]) -> Result<RegisteredMemory<'_>> {
    register_memory_range(block.as_ptr(), block.len())?;
    Ok(RegisteredMemory { address: block.as_ptr() as usize, memory: PhantomData })
}

/// Memory that is registered as long as this exists.
#[derive(Debug)]
#[must_use = "dropping it takes the registration back"]
pub struct RegisteredMemory<'a> {
    address: usize,
    memory: PhantomData<&'a [u8]>,
}

impl Drop for RegisteredMemory<'_> {
    fn drop(&mut self) {
        // Somebody may have taken it back by its address already.
        let _ = registration::unregister_memory_block(self.address);
    }
}
