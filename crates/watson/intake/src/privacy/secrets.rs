//! Names that one report has told, to be found wherever else it tells them. Pure.

/// Names of one report; what goes beyond is caught only where its place says what it is.
const MAX_SECRETS: usize = 24;
/// Shorter names are replaced only where their place says that they are names.
const MIN_CHARS: usize = 3;
/// Longer ones are replaced inside words too.
const ANYWHERE_CHARS: usize = 6;
const MAX_CHARS: usize = 256;
/// Names of many, which are no person's and stand in many texts.
const COMMON: [&str; 16] = [
    "root",
    "system",
    "user",
    "users",
    "home",
    "admin",
    "administrator",
    "default",
    "public",
    "guest",
    "local service",
    "network service",
    "localhost",
    "service",
    "unknown",
    "none",
];

/// A name, in small letters, and what stands in its place.
#[derive(Clone, Debug)]
struct Secret {
    letters: Vec<char>,
    instead: String,
}

/// All of a report.
#[derive(Clone, Debug, Default)]
pub(super) struct Secrets(Vec<Secret>);

impl Secrets {
    /// A name, and as it stands in URLs.
    pub(super) fn add(&mut self, name: &str, instead: &str) {
        let name = name.trim();
        let percent = percent(name);
        self.add_form(name, instead);
        if percent != name {
            self.add_form(&percent, instead);
            self.add_form(&percent.replace("%20", "+"), instead);
        }
        // The longest first: a part of a name must not hide the whole.
        self.0.sort_by_key(|secret| std::cmp::Reverse(secret.letters.len()));
    }

    fn add_form(&mut self, name: &str, instead: &str) {
        let letters = small(name);
        let known = self.0.iter().any(|secret| secret.letters == letters);
        if known || !(MIN_CHARS..=MAX_CHARS).contains(&letters.len()) || self.0.len() >= MAX_SECRETS {
            return;
        }
        let text: String = letters.iter().collect();
        if COMMON.contains(&text.as_str()) || letters.iter().all(|c| c.is_ascii_digit() || *c == '.') {
            return;
        }
        self.0.push(Secret { letters, instead: instead.to_owned() });
    }

    /// The text without them.
    pub(super) fn out_of(&self, text: &str) -> String {
        if self.0.is_empty() {
            return text.to_owned();
        }
        let letters: Vec<(usize, char)> =
            text.char_indices().flat_map(|(at, c)| c.to_lowercase().map(move |small| (at, small))).collect();
        let mut out = String::with_capacity(text.len());
        let (mut index, mut copied) = (0, 0);
        while let Some((at, _)) = letters.get(index) {
            let at = *at;
            let found = self.0.iter().find(|secret| stands(&letters, index, secret));
            let Some(secret) = found.filter(|_| at >= copied) else {
                index += 1;
                continue;
            };
            out.push_str(text.get(copied..at).unwrap_or_default());
            out.push_str(&secret.instead);
            index += secret.letters.len();
            copied = letters.get(index).map_or(text.len(), |(at, _)| *at);
        }
        out.push_str(text.get(copied..).unwrap_or_default());
        out
    }
}

fn stands(letters: &[(usize, char)], index: usize, secret: &Secret) -> bool {
    let end = index + secret.letters.len();
    let Some(here) = letters.get(index..end) else { return false };
    if !here.iter().zip(&secret.letters).all(|((_, one), other)| one == other) {
        return false;
    }
    let inside = |at: Option<&(usize, char)>| at.is_some_and(|(_, c)| c.is_alphanumeric());
    let before = index.checked_sub(1).and_then(|index| letters.get(index));
    secret.letters.len() >= ANYWHERE_CHARS || !(inside(before) || inside(letters.get(end)))
}

fn small(text: &str) -> Vec<char> {
    text.chars().flat_map(char::to_lowercase).collect()
}

/// As in a URL.
fn percent(text: &str) -> String {
    text.bytes().fold(String::new(), |mut out, byte| {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_' | b'~') {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
        out
    })
}
