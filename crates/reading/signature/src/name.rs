//! A function's name without what differs between instances of the same function: generic and template arguments,
//! parameters, return types, closure numbers, clone suffixes.

/// Suffixes that compilers give to pieces and copies of a function.
const CLONE_SUFFIXES: [&str; 8] =
    [".constprop", ".isra", ".part", ".cold", ".lto_priv", ".llvm", ".clone", ".localalias"];
/// Operators of C++ whose names hold characters that otherwise mean something here; longest first.
const OPERATORS: [&str; 20] = [
    "()",
    "[]",
    "<=>",
    "<<=",
    ">>=",
    "->*",
    "->",
    "<<",
    ">>",
    "<=",
    ">=",
    "<",
    ">",
    " new[]",
    " delete[]",
    " new",
    " delete",
    "==",
    "!=",
    "\"\"",
];
const ANONYMOUS: &str = "(anonymous namespace)";
/// Characters of a normalized name.
const MAX_CHARS: usize = 160;

/// The normalized name.
pub(crate) fn normalize(name: &str) -> String {
    let name = without_clone(name);
    // Names in angle brackets alone are not functions but marks, such as the one of a signal frame.
    if name.starts_with('<') && name.contains(' ') && !name.contains("::") {
        return name.to_owned();
    }
    let normalized = Reader { rest: name, out: String::new() }.path(false);
    let normalized = if normalized.is_empty() { name } else { &normalized };
    normalized.chars().take(MAX_CHARS).collect()
}

fn without_clone(name: &str) -> &str {
    let name = name.split(" [clone ").next().unwrap_or(name);
    let cut = CLONE_SUFFIXES.iter().filter_map(|suffix| name.find(suffix)).filter(|at| *at > 0).min();
    cut.and_then(|at| name.get(..at)).unwrap_or(name)
}

struct Reader<'a> {
    rest: &'a str,
    out: String,
}

impl Reader<'_> {
    /// Reads a path to its end; `inside`: within the angle brackets of a Rust `<Type as Trait>`, up to the closing one.
    fn path(mut self, inside: bool) -> String {
        while let Some(c) = self.rest.chars().next() {
            match c {
                _ if self.operator() => {}
                '(' if self.rest.starts_with(ANONYMOUS) => self.copy(ANONYMOUS.len()),
                '(' => {
                    self.skip_balanced('(', ')');
                    if !inside && !self.rest.starts_with("::") {
                        break;
                    }
                }
                '[' => self.skip_balanced('[', ']'),
                '{' => self.braces(),
                '<' if self.at_start_of_segment() => self.implementation(),
                '<' => self.skip_balanced('<', '>'),
                ' ' if inside => self.copy(1),
                // `operator<< <char>`: arguments set apart from a name that ends like them.
                ' ' if self.rest.starts_with(" <") && !self.out.is_empty() => self.advance(1),
                // What came before was the return type.
                ' ' => {
                    self.out.clear();
                    self.advance(1);
                }
                _ => self.copy(c.len_utf8()),
            }
        }
        while self.out.ends_with("::") {
            self.out.truncate(self.out.len() - 2);
        }
        self.out
    }

    fn advance(&mut self, bytes: usize) {
        self.rest = self.rest.get(bytes..).unwrap_or("");
    }

    fn copy(&mut self, bytes: usize) {
        self.out.push_str(self.rest.get(..bytes).unwrap_or(""));
        self.advance(bytes);
    }

    /// Copies "operator" with its symbol, where that is what comes next.
    fn operator(&mut self) -> bool {
        let before = self.out.chars().next_back();
        if !self.rest.starts_with("operator") || before.is_some_and(is_word) {
            return false;
        }
        let symbols = self.rest.get("operator".len()..).unwrap_or("");
        let Some(symbol) = OPERATORS.iter().find(|symbol| symbols.starts_with(**symbol)) else {
            return false;
        };
        self.copy("operator".len() + symbol.len());
        true
    }

    /// `{{closure}}`, `{closure#0}`, `{lambda(int)#1}`: the word in it, whichever one of its kind it is.
    fn braces(&mut self) {
        let word: String = self.rest.chars().skip_while(|c| *c == '{').take_while(|c| is_word(*c)).collect();
        self.skip_balanced('{', '}');
        self.out.push('{');
        self.out.push_str(&word);
        self.out.push('}');
    }

    /// A `<` here opens `<Type as Trait>`, not arguments.
    fn at_start_of_segment(&self) -> bool {
        self.out.is_empty() || self.out.ends_with([' ', '&', '*'])
    }

    fn implementation(&mut self) {
        let length = balanced(self.rest, '<', '>');
        let inside = self.rest.get(1..length.saturating_sub(1)).unwrap_or("");
        let inside = Reader { rest: inside, out: String::new() }.path(true);
        self.out.push('<');
        self.out.push_str(&inside);
        self.out.push('>');
        self.advance(length);
    }

    fn skip_balanced(&mut self, open: char, close: char) {
        self.advance(balanced(self.rest, open, close));
        // Rust's turbofish leaves its colons behind.
        if open == '<' && self.out.ends_with("::") {
            self.out.truncate(self.out.len() - 2);
        }
    }
}

/// Bytes up to and with the bracket that closes the first one; all where none does.
fn balanced(text: &str, open: char, close: char) -> usize {
    let mut depth = 0_usize;
    let mut before = ' ';
    for (at, c) in text.char_indices() {
        let arrow = c == '>' && before == '-';
        before = c;
        if c == open {
            depth += 1;
        } else if c == close && !arrow {
            depth = depth.saturating_sub(1);
            if depth == 0 {
                return at + c.len_utf8();
            }
        }
    }
    text.len()
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instances_of_one_function_share_a_name() {
        for (name, expected) in [
            ("main", "main"),
            ("parse.constprop.0", "parse"),
            ("parse(char const*) [clone .cold]", "parse"),
            ("int shop::Till::open<long>(long)", "shop::Till::open"),
            ("std::vector<int, std::allocator<int> >::push_back(int const&)", "std::vector::push_back"),
            ("shop::Till::count() const", "shop::Till::count"),
            ("(anonymous namespace)::helper(int)", "(anonymous namespace)::helper"),
            ("main::{lambda(int)#1}::operator()(int) const", "main::{lambda}::operator()"),
            ("f(int)::{lambda()#2}::operator()() const", "f::{lambda}::operator()"),
            ("std::ostream& operator<< <char>(std::ostream&, char)", "operator<<"),
            ("bool operator< <T>(T, T)", "operator<"),
            ("operator new(unsigned long)", "operator new"),
            (
                "std::__cxx11::basic_string<char>::_M_create[abi:cxx11](int)",
                "std::__cxx11::basic_string::_M_create",
            ),
            ("core::ptr::drop_in_place<alloc::vec::Vec<u8>>", "core::ptr::drop_in_place"),
            ("core::ptr::drop_in_place::<T>", "core::ptr::drop_in_place"),
            ("<alloc::vec::Vec<T> as core::ops::Drop>::drop", "<alloc::vec::Vec as core::ops::Drop>::drop"),
            ("<F as core::ops::FnOnce<()>>::call_once", "<F as core::ops::FnOnce>::call_once"),
            ("app::run::{{closure}}", "app::run::{closure}"),
            ("app::run::{closure#3}::inner", "app::run::{closure}::inner"),
            ("app::map::<fn(u8) -> u8, 3>", "app::map"),
            ("<signal handler called>", "<signal handler called>"),
            ("<", "<>"),
            ("", ""),
        ] {
            assert_eq!(normalize(name), expected, "{name}");
        }
    }
}
