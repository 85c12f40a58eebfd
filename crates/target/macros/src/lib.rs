//! `#[wer::exception_module]`, for the crate `wer` with its feature `module`. Runs in the compiler; nothing of it is in the
//! module.
#![forbid(unsafe_code)]

use proc_macro::{Delimiter, Group, Ident, Punct, Spacing, Span, TokenStream, TokenTree};

/// Exports the type that an `impl RuntimeExceptionModule for ...` is about as this library's runtime exception module. Once
/// per `cdylib`; the same source makes a module for Linux and one for Windows.
///
/// ```
/// use wer::module::{Claim, ExceptionInfo, RuntimeExceptionModule};
///
/// #[derive(Default)]
/// struct Handler;
///
/// #[wer::exception_module]
/// impl RuntimeExceptionModule for Handler {
///     fn event(&mut self, _: &ExceptionInfo<'_>) -> Claim {
///         Claim::named("My crash report", 0)
///     }
/// }
/// # fn main() {}
/// ```
/// There are no arguments, and nothing else to stand before:
/// ```compile_fail
/// #[wer::exception_module]
/// struct Handler;
/// # fn main() {}
/// ```
/// ```compile_fail
/// # use wer::module::{Claim, ExceptionInfo, RuntimeExceptionModule};
/// #[derive(Default)]
/// struct Handler;
/// #[wer::exception_module(fast)]
/// impl RuntimeExceptionModule for Handler {
///     fn event(&mut self, _: &ExceptionInfo<'_>) -> Claim {
///         Claim::Declined
///     }
/// }
/// # fn main() {}
/// ```
#[proc_macro_attribute]
pub fn exception_module(arguments: TokenStream, item: TokenStream) -> TokenStream {
    if !arguments.is_empty() {
        return error("#[wer::exception_module] takes no arguments");
    }
    match implementer(item.clone()) {
        Ok(implementer) => item.into_iter().chain(export(implementer)).collect(),
        Err(message) => item.into_iter().chain(error(message)).collect(),
    }
}

/// The type after `for`, in an item of the form `impl Trait for Type { .. }`.
fn implementer(item: TokenStream) -> Result<TokenStream, &'static str> {
    const FORM: &str =
        "#[wer::exception_module] stands before `impl RuntimeExceptionModule for YourType { .. }`";
    let mut tokens = item.into_iter().skip_while(|token| !is_word(token, "impl")).skip(1).peekable();
    if tokens.peek().is_some_and(|token| matches!(token, TokenTree::Punct(punct) if punct.as_char() == '<')) {
        return Err("a runtime exception module has no type parameters: there is one per library");
    }
    let is_body =
        |token: &TokenTree| matches!(token, TokenTree::Group(group) if group.delimiter() == Delimiter::Brace);
    let after_for = tokens.skip_while(|token| !is_word(token, "for")).skip(1);
    let implementer: Vec<TokenTree> = after_for.take_while(|token| !is_body(token)).collect();
    if implementer.is_empty() { Err(FORM) } else { Ok(implementer.into_iter().collect()) }
}

fn is_word(token: &TokenTree, word: &str) -> bool {
    matches!(token, TokenTree::Ident(ident) if ident.to_string() == word)
}

/// `::wer::export_module!(Type);`
fn export(implementer: TokenStream) -> TokenStream {
    let colon = |spacing| TokenTree::from(Punct::new(':', spacing));
    let path = ["wer", "export_module"].map(|word| Ident::new(word, Span::call_site()));
    let segments =
        path.into_iter().flat_map(|word| [colon(Spacing::Joint), colon(Spacing::Alone), word.into()]);
    let call = [
        TokenTree::from(Punct::new('!', Spacing::Alone)),
        Group::new(Delimiter::Parenthesis, implementer).into(),
        Punct::new(';', Spacing::Alone).into(),
    ];
    segments.chain(call).collect()
}

/// `::core::compile_error!("..");`
fn error(message: &str) -> TokenStream {
    format!("::core::compile_error!({message:?});").parse().unwrap_or_default()
}
