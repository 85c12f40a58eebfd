//! Values that nobody is shown.

use std::fmt;

use serde::{Deserialize, Serialize, Serializer};

/// What stands in its place.
pub const HIDDEN: &str = "(hidden)";

/// A password, a key, or an address that holds one. Shown, it is hidden; of an address only the password is.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// Hides `text`.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The value itself, for whoever needs it to open something.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// What may be shown.
    #[must_use]
    pub fn shown(&self) -> String {
        let Some((scheme, rest)) = self.0.split_once("://") else { return HIDDEN.to_owned() };
        let (place, query) = rest.split_once('?').map_or((rest, ""), |(place, query)| (place, query));
        let place = match place.rsplit_once('@') {
            Some((user, host)) => {
                let name = user.split(':').next().unwrap_or_default();
                let password = if user.contains(':') { format!(":{HIDDEN}") } else { String::new() };
                format!("{name}{password}@{host}")
            }
            None => place.to_owned(),
        };
        // Parameters may be passwords too; few of them say anything.
        let query = if query.is_empty() { String::new() } else { format!("?{HIDDEN}") };
        format!("{scheme}://{place}{query}")
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown())
    }
}

impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.shown())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_an_address_the_password_is_hidden_and_of_all_else_everything() {
        for (text, shown) in [
            ("hunter2", "(hidden)"),
            ("postgres://watson@db/watson", "postgres://watson@db/watson"),
            ("postgres://watson:p@ss:w@db:5432/watson", "postgres://watson:(hidden)@db:5432/watson"),
            ("postgres:///watson?host=/run&password=x", "postgres:///watson?(hidden)"),
        ] {
            assert_eq!(Secret::new(text).shown(), shown);
            assert_eq!(format!("{:?}", Secret::new(text)), shown);
        }
    }
}
