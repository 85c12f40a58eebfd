//! `%NAME%`, `$NAME`, `${NAME}` and a leading `~` in a folder that settings name.

use std::path::{Component, PathBuf};

use super::UserPlaces;

/// A folder that names nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ExpandError {
    /// No variable of settings.
    #[error("DumpFolder names the variable {0}, which is none; docs/settings.md lists them")]
    Unknown(String),
    /// A variable that says nothing of this user.
    #[error(
        "DumpFolder names the variable {0}, and user {1} has no such folder; name one that the user may write to"
    )]
    Missing(String, u32),
    /// Not a folder's path.
    #[error("DumpFolder is \"{0}\", which is no absolute path")]
    NotAbsolute(String),
}

impl UserPlaces {
    /// The folder that a setting means for this user: absolute, without steps up. Backslashes count as slashes.
    ///
    /// # Errors
    /// It names a variable that is none or says nothing of this user, or it is no absolute path.
    pub fn expand(&self, template: &str, uid: u32) -> Result<PathBuf, ExpandError> {
        let template = template.replace('\\', "/");
        let mut text = String::new();
        let mut rest = template.as_str();
        if let Some(after) = rest.strip_prefix('~').filter(|after| after.is_empty() || after.starts_with('/'))
        {
            text.push_str(&self.value("HOME", uid)?);
            rest = after;
        }
        while let Some(at) = rest.find(['%', '$']) {
            let (before, from) = rest.split_at(at);
            text.push_str(before);
            match reference(from) {
                Some((name, after)) => {
                    text.push_str(&self.value(name, uid)?);
                    rest = after;
                }
                None => {
                    text.push_str(from.get(..1).unwrap_or_default());
                    rest = from.get(1..).unwrap_or_default();
                }
            }
        }
        text.push_str(rest);
        let path = PathBuf::from(&text);
        let is_plain = |part| matches!(part, Component::RootDir | Component::Normal(_));
        if path.is_absolute() && path.components().all(is_plain) {
            Ok(path)
        } else {
            Err(ExpandError::NotAbsolute(text.chars().take(256).collect()))
        }
    }

    fn value(&self, name: &str, uid: u32) -> Result<String, ExpandError> {
        let upper = name.to_ascii_uppercase();
        let folder = match upper.as_str() {
            "HOME" | "USERPROFILE" => self.home.clone(),
            "USER" | "USERNAME" | "LOGNAME" => self.name.clone().map(PathBuf::from),
            "LOCALAPPDATA" | "XDG_STATE_HOME" => self.state(),
            "APPDATA" | "XDG_CONFIG_HOME" => self.config(),
            "XDG_DATA_HOME" => self.data(),
            "XDG_CACHE_HOME" => self.cache(),
            "TEMP" | "TMP" | "TMPDIR" => Some(self.temporary.clone().unwrap_or_else(|| "/tmp".into())),
            _ => return Err(ExpandError::Unknown(name.chars().take(64).collect())),
        };
        let text = folder.and_then(|folder| folder.into_os_string().into_string().ok());
        text.ok_or(ExpandError::Missing(upper, uid))
    }
}

/// The variable at the beginning of a text, and what follows; `None` where a sign stands for itself.
fn reference(text: &str) -> Option<(&str, &str)> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let found = if let Some(after) = text.strip_prefix('%') {
        after.split_once('%')
    } else if let Some(after) = text.strip_prefix("${") {
        after.split_once('}')
    } else {
        let after = text.strip_prefix('$')?;
        Some(after.split_at(after.find(|c| !is_part(c)).unwrap_or(after.len())))
    };
    found.filter(|(name, _)| !name.is_empty() && name.chars().all(is_part))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    fn joe() -> UserPlaces {
        UserPlaces { name: Some("joe".into()), home: Some("/home/joe".into()), ..UserPlaces::default() }
    }

    #[test]
    fn variables_stand_for_the_users_folders() {
        for (template, folder) in [
            ("/srv/dumps", "/srv/dumps"),
            ("%LOCALAPPDATA%\\CrashDumps", "/home/joe/.local/state/CrashDumps"),
            ("%LocalAppData%/x", "/home/joe/.local/state/x"),
            ("$HOME/dumps", "/home/joe/dumps"),
            ("${HOME}dumps", "/home/joedumps"),
            ("~", "/home/joe"),
            ("~/dumps", "/home/joe/dumps"),
            ("/srv/%USERNAME%/dumps", "/srv/joe/dumps"),
            ("%TEMP%/dumps", "/tmp/dumps"),
            ("/srv/100%/a$/b", "/srv/100%/a$/b"),
            ("/srv/~/x", "/srv/~/x"),
        ] {
            assert_eq!(joe().expand(template, 1).as_deref(), Ok(Path::new(folder)), "{template}");
        }
    }

    #[test]
    fn what_names_no_folder_says_why() {
        let unknown = joe().expand("%SystemRoot%/dumps", 1);
        assert_eq!(unknown, Err(ExpandError::Unknown("SystemRoot".into())));
        let nobody = UserPlaces::default().expand("$HOME/dumps", 7);
        assert_eq!(nobody, Err(ExpandError::Missing("HOME".into(), 7)));
        for template in ["dumps", "~joe/dumps", "/srv/../etc", ""] {
            let refused = joe().expand(template, 1);
            assert!(matches!(refused, Err(ExpandError::NotAbsolute(_))), "{template}: {refused:?}");
        }
    }
}
