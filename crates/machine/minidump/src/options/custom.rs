//! `WER_DUMP_CUSTOM_OPTIONS`: which parts of threads and modules are wanted. They narrow what the dump's flags allow, as
//! a caller's callback would, and come before it.

use wer_abi::dump_options::{
    WER_DUMP_MASK_DUMPTYPE, WER_DUMP_MASK_ONLY_THISTHREAD, WER_DUMP_MASK_OTHER_MODULESFLAGS,
    WER_DUMP_MASK_OTHERTHREADFLAGS, WER_DUMP_MASK_OTHERTHREADFLAGS_EX, WER_DUMP_MASK_PREFERRED_MODULE_LIST,
    WER_DUMP_MASK_PREFERRED_MODULESFLAGS, WER_DUMP_MASK_THREADFLAGS, WER_DUMP_MASK_THREADFLAGS_EX,
    WER_MAX_PREFERRED_MODULES, WerDumpCustomOptions,
};

use crate::options::DumpOptions;

/// Modules that have their own flags.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum PreferredModules {
    /// None.
    #[default]
    None,
    /// Every module: a list of nothing but `*`.
    All,
    /// Those with one of these file names, in any case.
    Names(Vec<String>),
}

impl PreferredModules {
    /// From names ended by zeros, one more zero at the end. A `*` among names is ignored.
    #[must_use]
    pub fn from_list(list: &[u16]) -> Self {
        let names = list.split(|unit| *unit == 0).take_while(|name| !name.is_empty());
        let names: Vec<String> =
            names.take(WER_MAX_PREFERRED_MODULES).map(String::from_utf16_lossy).collect();
        if names.len() == 1 && names.iter().all(|name| name == "*") {
            return Self::All;
        }
        let names: Vec<String> = names.into_iter().filter(|name| name != "*").collect();
        if names.is_empty() { Self::None } else { Self::Names(names) }
    }

    /// Whether a module is one of them.
    #[must_use]
    pub fn has(&self, file_name: &str) -> bool {
        match self {
            Self::None => false,
            Self::All => true,
            Self::Names(names) => names.iter().any(|name| name.eq_ignore_ascii_case(file_name)),
        }
    }
}

/// Which parts of threads and modules are wanted; `None` = what the dump's flags say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CustomOptions {
    /// The thread that counts as the exception's, 0 = the one that the exception names.
    pub thread_id: u32,
    /// `THREAD_WRITE_FLAGS` of the exception's thread.
    pub exception_thread_flags: Option<u32>,
    /// `THREAD_WRITE_FLAGS` of every other thread.
    pub other_thread_flags: Option<u32>,
    /// As `exception_thread_flags`, for dumps with an extended thread list.
    pub exception_thread_ex_flags: Option<u32>,
    /// As `other_thread_flags`, for dumps with an extended thread list.
    pub other_thread_ex_flags: Option<u32>,
    /// Modules that have their own flags.
    pub preferred_modules: PreferredModules,
    /// `MODULE_WRITE_FLAGS` of the preferred modules.
    pub preferred_module_flags: Option<u32>,
    /// `MODULE_WRITE_FLAGS` of every other module.
    pub other_module_flags: Option<u32>,
    /// `MODULE_WRITE_FLAGS` that the preferred modules shall not have.
    pub preferred_module_reset_flags: u32,
    /// `MODULE_WRITE_FLAGS` that every other module shall not have.
    pub other_module_reset_flags: u32,
}

impl CustomOptions {
    /// Narrows a thread's flags.
    pub(crate) fn thread_flags(&self, flags: u32, is_exception_thread: bool, extended: bool) -> u32 {
        let (plain, ex) = if is_exception_thread {
            (self.exception_thread_flags, self.exception_thread_ex_flags)
        } else {
            (self.other_thread_flags, self.other_thread_ex_flags)
        };
        flags & if extended { ex.or(plain) } else { plain }.unwrap_or(flags)
    }

    /// Narrows a module's flags.
    pub(crate) fn module_flags(&self, flags: u32, file_name: &str) -> u32 {
        let (wanted, reset) = if self.preferred_modules.has(file_name) {
            (self.preferred_module_flags, self.preferred_module_reset_flags)
        } else {
            (self.other_module_flags, self.other_module_reset_flags)
        };
        flags & wanted.unwrap_or(flags) & !reset
    }
}

/// Each member counts only if its mask's bit is set.
pub(super) fn apply(options: &WerDumpCustomOptions, wanted: &mut DumpOptions) {
    if options.counts(WER_DUMP_MASK_DUMPTYPE) {
        wanted.flags = u64::from(options.dump_flags);
    }
    if options.counts(WER_DUMP_MASK_ONLY_THISTHREAD) {
        wanted.only_crashed_thread = options.only_this_thread != 0;
    }
    let when = |mask, value: u32| options.counts(mask).then_some(value);
    let reset = |mask, value| if options.counts(mask) { value } else { 0 };
    let list = options.counts(WER_DUMP_MASK_PREFERRED_MODULE_LIST).then_some(&options.preferred_module_list);
    wanted.custom = Some(CustomOptions {
        thread_id: options.thread_id,
        exception_thread_flags: when(WER_DUMP_MASK_THREADFLAGS, options.exception_thread_flags),
        other_thread_flags: when(WER_DUMP_MASK_OTHERTHREADFLAGS, options.other_thread_flags),
        exception_thread_ex_flags: when(WER_DUMP_MASK_THREADFLAGS_EX, options.exception_thread_ex_flags),
        other_thread_ex_flags: when(WER_DUMP_MASK_OTHERTHREADFLAGS_EX, options.other_thread_ex_flags),
        preferred_modules: list.map_or(PreferredModules::None, |list| PreferredModules::from_list(list)),
        preferred_module_flags: when(WER_DUMP_MASK_PREFERRED_MODULESFLAGS, options.preferred_module_flags),
        other_module_flags: when(WER_DUMP_MASK_OTHER_MODULESFLAGS, options.other_module_flags),
        preferred_module_reset_flags: reset(
            WER_DUMP_MASK_PREFERRED_MODULESFLAGS,
            options.preferred_module_reset_flags,
        ),
        other_module_reset_flags: reset(WER_DUMP_MASK_OTHER_MODULESFLAGS, options.other_module_reset_flags),
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(names: &[&str]) -> Vec<u16> {
        let mut list: Vec<u16> = names.iter().flat_map(|name| name.encode_utf16().chain([0])).collect();
        list.push(0);
        list
    }

    #[test]
    fn preferred_modules_are_base_names_or_all() {
        let of = |names: &[&str]| PreferredModules::from_list(&list(names));
        assert_eq!(of(&["*"]), PreferredModules::All);
        assert_eq!(of(&[]), PreferredModules::None);
        let names = of(&["*", "libA.so", "app"]);
        assert!(names.has("liba.so") && names.has("app") && !names.has("libc.so.6"));
        assert!(!PreferredModules::from_list(&[u16::from(b'x'); 256]).has("y"));
    }

    #[test]
    fn flags_only_narrow() {
        let custom = CustomOptions {
            exception_thread_flags: Some(0xFF),
            other_thread_flags: Some(0x5),
            preferred_modules: PreferredModules::All,
            preferred_module_flags: Some(0xB),
            preferred_module_reset_flags: 0x2,
            ..CustomOptions::default()
        };
        assert_eq!(custom.thread_flags(0x17, true, false), 0x17);
        assert_eq!(custom.thread_flags(0x17, false, true), 0x05);
        assert_eq!(custom.module_flags(0xF, "x"), 0x9);
    }
}
