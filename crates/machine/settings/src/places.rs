//! The lines that warnings are about. Looked for only where there are warnings: the parser of values knows no lines.

use toml_edit::{Document, Item, Key};

use crate::SettingsWarning;
use crate::warning::Place;

/// The warnings with their places in the text.
pub(crate) fn find(text: &str, warnings: Vec<SettingsWarning>) -> Vec<SettingsWarning> {
    if warnings.is_empty() {
        return warnings;
    }
    let Ok(document) = Document::parse(text) else { return warnings };
    let place = |warning: SettingsWarning| {
        let found = warning.name().and_then(|name| offset(document.as_item(), &path(name)));
        match found {
            Some(offset_bytes) => warning.at(Place::of(text, offset_bytes)),
            None => warning,
        }
    };
    warnings.into_iter().map(place).collect()
}

/// A setting's full name as keys, each within the one before. Names of events and programs may hold anything.
fn path(name: &str) -> Vec<String> {
    match Key::parse(name) {
        Ok(keys) => keys.iter().map(|key| key.get().to_owned()).collect(),
        Err(_) => match name.split_once('.') {
            Some((section, entry)) => vec![section.to_owned(), entry.trim_matches('"').to_owned()],
            None => vec![name.to_owned()],
        },
    }
}

/// Where the last key of a path stands.
fn offset(item: &Item, path: &[String]) -> Option<usize> {
    let (first, rest) = path.split_first()?;
    let (key, value) = match item.as_table_like()? {
        table if table.contains_key(first) => {
            let (key, value) = item
                .as_table()
                .and_then(|table| table.get_key_value(first))
                .or_else(|| item.as_inline_table().and_then(|table| table.get_key_value(first)))?;
            (key, value)
        }
        _ => return None,
    };
    match offset(value, rest) {
        Some(inner) => Some(inner),
        None => key.span().map(|span| span.start).or_else(|| value.span().map(|span| span.start)),
    }
}
