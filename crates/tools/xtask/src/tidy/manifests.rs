//! Every crate inherits the workspace's lints, version, edition and licence.

/// What is wrong with a crate's `Cargo.toml`.
pub(super) fn check(path: &str, text: &str) -> Vec<String> {
    let manifest: toml::Table = match text.parse() {
        Ok(manifest) => manifest,
        Err(error) => return vec![format!("{path}: {error}")],
    };
    let inherits = |table: Option<&toml::Value>| {
        table.and_then(|value| value.get("workspace")).and_then(toml::Value::as_bool) == Some(true)
    };
    let mut wrong = Vec::new();
    if !inherits(manifest.get("lints")) {
        wrong.push(format!(
            "{path}: the crate does not inherit the workspace's lints ([lints] workspace = true)"
        ));
    }
    for field in ["version", "edition", "rust-version", "license", "publish"] {
        if !inherits(manifest.get("package").and_then(|package| package.get(field))) {
            wrong.push(format!("{path}: {field} is not the workspace's ({field}.workspace = true)"));
        }
    }
    wrong
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "\
[package]
name = \"wer-x\"
version.workspace = true
edition.workspace = true
rust-version.workspace = true
license.workspace = true
publish.workspace = true
[lints]
workspace = true
";

    #[test]
    fn inheriting_passes_and_anything_else_does_not() {
        assert_eq!(check("x", GOOD), Vec::<String>::new());
        assert_eq!(check("x", &GOOD.replace("[lints]\nworkspace = true\n", "")).len(), 1);
        assert_eq!(check("x", &GOOD.replace("edition.workspace = true", "edition = \"2024\"")).len(), 1);
        assert_eq!(check("x", "[package").len(), 1);
    }
}
