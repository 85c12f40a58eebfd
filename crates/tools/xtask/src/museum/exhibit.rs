//! The exhibits: one file of `museum/` each, in TOML.

use std::fs;

use anyhow::{Context, Result};
use toml::Table;

use crate::workspace::root;

/// One guard, how it is taken out, and the test that must notice.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Exhibit {
    /// The file's name without its ending: class and what it is about.
    pub(crate) name: String,
    /// `S21`.
    pub(crate) class: String,
    /// What an attacker does.
    pub(crate) title: String,
    /// The guard's file, below the root.
    pub(crate) file: String,
    /// Its text, which stands there once.
    pub(crate) find: String,
    /// The same without the guard.
    pub(crate) replace: String,
    /// The crate that has the test.
    pub(crate) package: String,
    /// `lib`, or the test target's name.
    pub(crate) target: String,
    /// The test's whole name.
    pub(crate) test: String,
}

/// All, by name.
///
/// # Errors
/// A file cannot be read, or lacks something.
pub(crate) fn read_all() -> Result<Vec<Exhibit>> {
    let folder = root().join("museum");
    let mut exhibits = Vec::new();
    for entry in fs::read_dir(&folder).with_context(|| format!("{} cannot be read", folder.display()))? {
        let path = entry?.path();
        if path.extension().is_none_or(|ending| ending != "toml") {
            continue;
        }
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let text = fs::read_to_string(&path)?;
        exhibits.push(read(&name, &text).with_context(|| format!("museum/{name}.toml"))?);
    }
    exhibits.sort_by_key(|exhibit| exhibit.name.clone());
    Ok(exhibits)
}

fn read(name: &str, text: &str) -> Result<Exhibit> {
    let table: Table = text.parse()?;
    let get = |key: &str| -> Result<String> {
        let value = table.get(key).and_then(toml::Value::as_str);
        Ok(value.with_context(|| format!("it has no {key}"))?.to_owned())
    };
    let class = name.split('-').next().unwrap_or_default().to_owned();
    Ok(Exhibit {
        name: name.to_owned(),
        class,
        title: get("title")?,
        file: get("file")?,
        find: get("find")?,
        replace: get("replace")?,
        package: get("package")?,
        target: get("target")?,
        test: get("test")?,
    })
}

/// What is wrong with them: a guard that moved, a test that was renamed, a class that the page does not tell of.
pub(crate) fn check(exhibits: &[Exhibit]) -> Vec<String> {
    let read = |path: &str| fs::read_to_string(root().join(path)).unwrap_or_default();
    let page = read("docs/security.md");
    let mut wrong = Vec::new();
    for exhibit in exhibits {
        let name = &exhibit.name;
        let times = read(&exhibit.file).matches(&exhibit.find).count();
        if times != 1 {
            wrong.push(format!("{name}: its text stands {times} times in {}, and must once", exhibit.file));
        }
        if exhibit.find == exhibit.replace {
            wrong.push(format!("{name}: it changes nothing"));
        }
        let function = exhibit.test.rsplit("::").next().unwrap_or_default();
        if !has_function(&exhibit.package, function) {
            wrong.push(format!("{name}: {} has no test {function}", exhibit.package));
        }
        for what in [&exhibit.class, function] {
            if !page.contains(what) {
                wrong.push(format!("{name}: docs/security.md does not name {what}"));
            }
        }
    }
    wrong
}

/// Whether a crate of the server, or one of ours beside it, has a function of this name.
fn has_function(package: &str, function: &str) -> bool {
    let Ok(files) = crate::workspace::text_files() else { return false };
    let folder = package.split_once('-').map_or(package, |(_, folder)| folder);
    let (needle, place) = (format!("fn {function}("), format!("/{folder}/"));
    files.iter().any(|file| file.path.contains(&place) && file.text.contains(&needle))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_exhibit_is_read_whole_or_not_at_all() {
        let text = "title = 't'\nfile = 'f'\nfind = 'a'\nreplace = 'b'\npackage = 'watson-db'\ntarget = 'lib'\ntest = 'x'\n";
        let exhibit = read("S8-names", text).unwrap();
        assert_eq!((exhibit.class.as_str(), exhibit.find.as_str()), ("S8", "a"));
        assert!(read("S8-names", &text.replace("find", "fnd")).is_err());
    }

    #[test]
    fn every_guard_stands_where_its_exhibit_says() {
        let exhibits = read_all().unwrap();
        assert!(!exhibits.is_empty());
        assert_eq!(check(&exhibits), Vec::<String>::new());
        let moved = Exhibit { find: "this text is nowhere".into(), ..exhibits[0].clone() };
        assert_eq!(check(&[moved]).len(), 1);
        let renamed = Exhibit { test: "tests::nobody_wrote_this".into(), ..exhibits[0].clone() };
        assert_eq!(check(&[renamed]).len(), 2, "neither the crate nor the page has it");
    }
}
