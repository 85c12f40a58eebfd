//! Mangled names made readable.

use std::fmt::{self, Write};

use cpp_demangle::{DemangleOptions, ParseOptions, Symbol};

use crate::limits::{MAX_MANGLED_BYTES, MAX_NAME_CHARS};

/// Deepest nesting of a C++ name that is followed.
const MAX_NESTING: u32 = 128;

/// The readable form of a Rust or C++ symbol name, cut at [`MAX_NAME_CHARS`]; other names as they are. Rust's hash is
/// left out.
#[must_use]
pub fn demangle(name: &str) -> String {
    let readable = if name.len() > MAX_MANGLED_BYTES { None } else { rust(name).or_else(|| cpp(name)) };
    readable.unwrap_or_else(|| cut(name))
}

/// `text`, cut at [`MAX_NAME_CHARS`].
pub(crate) fn cut(text: &str) -> String {
    text.chars().take(MAX_NAME_CHARS).collect()
}

fn rust(name: &str) -> Option<String> {
    let name = rustc_demangle::try_demangle(name).ok()?;
    let mut out = Bounded::default();
    // A name that is too long is cut, not lost.
    let _ = write!(out, "{name:#}");
    Some(out.0)
}

fn cpp(name: &str) -> Option<String> {
    if !name.starts_with("_Z") && !name.starts_with("__Z") {
        return None;
    }
    let parse = ParseOptions::default().recursion_limit(MAX_NESTING);
    let options = DemangleOptions::new().recursion_limit(MAX_NESTING).hide_expression_literal_types();
    let symbol = Symbol::new_with_options(name, &parse).ok()?;
    let mut out = Bounded::default();
    match symbol.structured_demangle(&mut out, &options) {
        Ok(()) => Some(out.0),
        Err(_) if out.left() == 0 => Some(out.0),
        Err(_) => None,
    }
}

/// Collects text up to the limit and then refuses more, so that a short mangled name cannot grow without end.
#[derive(Default)]
struct Bounded(String);

impl Bounded {
    fn left(&self) -> usize {
        MAX_NAME_CHARS.saturating_sub(self.0.len())
    }
}

impl Write for Bounded {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        if text.len() <= self.left() {
            self.0.push_str(text);
            return Ok(());
        }
        let mut end = self.left();
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        self.0.push_str(text.get(..end).unwrap_or(""));
        let filler = self.left();
        self.0.extend(std::iter::repeat_n('.', filler));
        Err(fmt::Error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_each_language() {
        for (mangled, readable) in [
            ("main", "main"),
            ("_ZN5shape4drawEid", "shape::draw(int, double)"),
            (
                "_ZNSt6vectorIiSaIiEE9push_backERKi",
                "std::vector<int, std::allocator<int> >::push_back(int const&)",
            ),
            ("_ZN4core9panicking9panic_fmt17h0123456789abcdefE", "core::panicking::panic_fmt"),
            ("_RNvCs1234_7mycrate3foo", "mycrate::foo"),
            ("_Znonsense", "_Znonsense"),
            ("", ""),
        ] {
            assert_eq!(demangle(mangled), readable);
        }
    }

    #[test]
    fn growing_names_are_cut() {
        // Each S_ substitution repeats what came before it.
        let mut name = String::from("_Z1f");
        for _ in 0..60 {
            name.push_str("St4pairIS_S_E");
        }
        assert!(demangle(&name).len() <= MAX_NAME_CHARS);
        assert_eq!(demangle(&"x".repeat(100_000)).len(), MAX_NAME_CHARS);
    }
}
