//! The context of a handler module.

/// What a handler module is called with: an address in this process, or just a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ModuleContext(pub u64);

impl<T> From<*const T> for ModuleContext {
    fn from(address: *const T) -> Self {
        Self(address as u64)
    }
}

impl<T> From<&'static T> for ModuleContext {
    fn from(thing: &'static T) -> Self {
        Self(core::ptr::from_ref(thing) as u64)
    }
}

impl From<usize> for ModuleContext {
    fn from(number: usize) -> Self {
        Self(number as u64)
    }
}

impl From<u64> for ModuleContext {
    fn from(number: u64) -> Self {
        Self(number)
    }
}
