//! `packaging/man` and `docs/werapi.md`: every function that the library exports is named in them, those that they call
//! missing are missing, and groff finds no fault.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::build::library_folder;

fn pages(section: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../packaging/man");
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.filter(|path| path.extension().is_some_and(|found| found == section)).collect()
}

/// Functions that the library exports.
fn exported() -> Vec<String> {
    let library = library_folder().join("libwer.so");
    let output = Command::new("nm").args(["-D", "--defined-only"]).arg(library).output().unwrap();
    let symbols = String::from_utf8(output.stdout).unwrap();
    symbols.lines().filter_map(|line| line.split_once(" T ")).map(|(_, name)| name.to_owned()).collect()
}

#[test]
fn every_exported_function_is_in_a_page() {
    let text: String = pages("3").iter().map(|page| std::fs::read_to_string(page).unwrap()).collect();
    let words: Vec<&str> = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').collect();
    let mut missing = exported();
    missing.retain(|name| !words.contains(&name.strip_prefix("WerWin").unwrap_or(name)));
    assert_eq!(missing, Vec::<String>::new(), "not in packaging/man/*.3");
}

#[test]
fn what_is_called_missing_is_missing_and_the_rest_is_there() {
    let exported = exported();
    let is_exported = |name: &str| exported.iter().any(|found| found == name);
    let mut checked = 0;
    for page in pages("3") {
        let text = std::fs::read_to_string(&page).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        for pair in lines.windows(2).filter(|pair| pair[0].starts_with(".B ") && pair[1] == "Not yet.") {
            let name = pair[0].split('(').next().and_then(|start| start.rsplit(' ').next()).unwrap();
            assert!(!is_exported(name), "{}: {name}", page.display());
        }
    }
    let document = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../docs/werapi.md");
    let document = std::fs::read_to_string(document).unwrap();
    for row in document.lines().filter(|line| line.starts_with("| `")) {
        let cells: Vec<&str> = row.split(" | ").collect();
        let name = cells[0].trim_matches(['|', ' ', '`']);
        // Callbacks are the modules' own; the last table is about other headers.
        let is_function = cells.len() > 2 && cells[1].contains('(') && !name.starts_with("OutOfProcess");
        if is_function {
            assert_eq!(is_exported(name), !cells[2].starts_with("not yet"), "docs/werapi.md: {name}");
            checked += 1;
        }
    }
    assert!(checked > 40, "{checked}");
    let named = |name: &String| name.starts_with("WerWin") || document.contains(&format!("| `{name}` |"));
    assert_eq!(exported.iter().find(|name| !named(name)), None, "no row in docs/werapi.md");
}

#[test]
fn groff_finds_no_fault() {
    for page in ["1", "3", "5", "8"].into_iter().flat_map(pages) {
        let output = match Command::new("groff").args(["-man", "-ww", "-Tutf8", "-z"]).arg(&page).output() {
            Ok(output) => output,
            Err(error) => {
                eprintln!("groff cannot be started, so pages are not checked: {error}");
                return;
            }
        };
        assert!(output.status.success(), "{}", page.display());
        assert_eq!(String::from_utf8_lossy(&output.stderr), "", "{}", page.display());
    }
}
