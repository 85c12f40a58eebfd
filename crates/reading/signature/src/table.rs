//! The table of functions that say little about a crash (`frames.txt`).

use std::sync::LazyLock;

const TABLE: &str = include_str!("frames.txt");

/// What the table says about a function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// How programs end.
    Skip,
    /// A helper; its caller matters more.
    Prefix,
    /// Anything else.
    Relevant,
}

/// One section: exact names, what names begin with, and what they end with.
#[derive(Default)]
struct Section {
    exact: Vec<&'static str>,
    starts: Vec<&'static str>,
    /// What the name begins with, and what it ends with.
    ends: Vec<(&'static str, &'static str)>,
}

#[derive(Default)]
struct Table {
    skip: Section,
    prefix: Section,
}

static PARSED: LazyLock<Table> = LazyLock::new(|| {
    let mut table = Table::default();
    let mut in_prefix = false;
    for line in TABLE.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
        match line {
            "[skip]" => in_prefix = false,
            "[prefix]" => in_prefix = true,
            name => if in_prefix { &mut table.prefix } else { &mut table.skip }.add(name),
        }
    }
    table.skip.exact.sort_unstable();
    table.prefix.exact.sort_unstable();
    table
});

impl Section {
    fn add(&mut self, name: &'static str) {
        match name.split_once('*') {
            None => self.exact.push(name),
            Some((start, "")) => self.starts.push(start),
            Some((start, end)) => self.ends.push((start, end)),
        }
    }

    fn has(&self, name: &str) -> bool {
        self.exact.binary_search(&name).is_ok()
            || self.starts.iter().any(|start| name.starts_with(start))
            || self.ends.iter().any(|(start, end)| {
                name.len() >= start.len() + end.len() && name.starts_with(start) && name.ends_with(end)
            })
    }
}

/// The kind of a function, by its normalized name.
pub(crate) fn kind(name: &str) -> Kind {
    // glibc's own aliases of its public functions.
    let name = name.strip_prefix("__GI_").unwrap_or(name);
    if PARSED.skip.has(name) {
        Kind::Skip
    } else if PARSED.prefix.has(name) {
        Kind::Prefix
    } else {
        Kind::Relevant
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_patterns() {
        for (name, expected) in [
            ("abort", Kind::Skip),
            ("__GI___assert_fail", Kind::Skip),
            ("__GI___libc_free", Kind::Prefix),
            ("abort_mission", Kind::Relevant),
            ("std::panicking::begin_panic_handler", Kind::Skip),
            ("__cxxabiv1::__terminate", Kind::Skip),
            ("__memmove_avx_unaligned_erms", Kind::Prefix),
            ("strlen", Kind::Prefix),
            ("__sprintf_chk", Kind::Prefix),
            ("__chk", Kind::Relevant),
            ("vfprintf", Kind::Prefix),
            ("main", Kind::Relevant),
            ("memory_pool_grow", Kind::Relevant),
            ("stream_decode", Kind::Relevant),
            ("", Kind::Relevant),
        ] {
            assert_eq!(kind(name), expected, "{name}");
        }
    }
}
