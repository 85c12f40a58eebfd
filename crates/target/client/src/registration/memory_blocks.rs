//! `WerRegisterMemoryBlock` and `WerRegisterExcludedMemoryBlock`: both are an address and a size.

use wer_abi::Hresult;
use wer_abi::limits::WER_MAX_MEM_BLOCK_SIZE;
use wer_abi::registration::kind;

use super::Result;
use super::entries::Fields;
use super::lock::WriteGuard;

/// Registers the `size` bytes at `address`, to be put into heap and larger dumps. Only the numbers are kept: nothing is
/// read before a crash, and a block that cannot be read then is left out.
///
/// Registering a start address again gives the block the new size and makes it the newest.
///
/// # Errors
/// [`Hresult::E_INVALIDARG`] for address or size 0, a size above 65,536, or an end beyond the address space;
/// [`Hresult::WER_E_INSUFFICIENT_BUFFER`] when 512 things are registered.
pub fn register_memory_block(address: usize, size: usize) -> Result<()> {
    register(kind::MEMORY_BLOCK, address, size, WER_MAX_MEM_BLOCK_SIZE)
}

/// Takes back [`register_memory_block`], by the start address.
///
/// # Errors
/// [`Hresult::E_INVALIDARG`] for address 0; [`Hresult::WER_E_NOT_FOUND`] when no block starts there.
pub fn unregister_memory_block(address: usize) -> Result<()> {
    unregister(kind::MEMORY_BLOCK, address)
}

/// Registers the `size` bytes at `address` to be left out of every dump, whatever its type: large buffers that say
/// nothing, or data that must not leave. Any size that fits into 32 bits.
///
/// Registering a start address again gives the block the new size. A block at the same address that is to be included
/// is another registration; what both cover is left out.
///
/// # Errors
/// [`Hresult::E_INVALIDARG`] for address or size 0, a size above 4,294,967,295, or an end beyond the address space;
/// [`Hresult::WER_E_INSUFFICIENT_BUFFER`] when 512 things are registered.
pub fn register_excluded_memory_block(address: usize, size: usize) -> Result<()> {
    register(kind::EXCLUDED_BLOCK, address, size, u32::MAX)
}

/// Takes back [`register_excluded_memory_block`], by the start address.
///
/// # Errors
/// [`Hresult::E_INVALIDARG`] for address 0; [`Hresult::WER_E_NOT_FOUND`] when no excluded block starts there (Windows'
/// documents do not say what it answers then).
pub fn unregister_excluded_memory_block(address: usize) -> Result<()> {
    unregister(kind::EXCLUDED_BLOCK, address)
}

fn register(entry_kind: u32, address: usize, size: usize, max_size: u32) -> Result<()> {
    let valid_size = u32::try_from(size).ok().filter(|size| (1..=max_size).contains(size));
    let size = valid_size.ok_or(Hresult::E_INVALIDARG)?;
    if address == 0 || address.checked_add(size as usize).is_none() {
        return Err(Hresult::E_INVALIDARG);
    }
    let fields = Fields { kind: entry_kind, address: address as u64, size, flags: 0 };
    let guard = WriteGuard::take()?;
    match guard.block().index_find(entry_kind, address as u64) {
        Some((_, slot)) => {
            guard.replace(slot, fields, |_, _| ());
            Ok(())
        }
        None => guard.add(fields, |_, _| ()),
    }
}

fn unregister(entry_kind: u32, address: usize) -> Result<()> {
    if address == 0 {
        return Err(Hresult::E_INVALIDARG);
    }
    let guard = WriteGuard::take()?;
    let found = guard.block().index_find(entry_kind, address as u64);
    let (place, slot) = found.ok_or(Hresult::WER_E_NOT_FOUND)?;
    guard.remove(place, slot);
    Ok(())
}
