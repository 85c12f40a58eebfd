//! `packaging/man`: every function that the library exports is named in a page of section 3, and groff finds no fault.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::build::library_folder;

fn pages(section: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../packaging/man");
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.filter(|path| path.extension().is_some_and(|found| found == section)).collect()
}

#[test]
fn every_exported_function_is_in_a_page() {
    let output =
        Command::new("nm").args(["-D", "--defined-only"]).arg(library_folder().join("libwer.so")).output();
    let symbols = String::from_utf8(output.unwrap().stdout).unwrap();
    let exported = symbols.lines().filter_map(|line| line.split_once(" T ")).map(|(_, name)| name);
    let text: String = pages("3").iter().map(|page| std::fs::read_to_string(page).unwrap()).collect();
    let words: Vec<&str> = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').collect();
    let missing: Vec<&str> = exported
        .map(|name| name.strip_prefix("WerWin").unwrap_or(name))
        .filter(|name| !words.contains(name))
        .collect();
    assert_eq!(missing, Vec::<&str>::new(), "not in packaging/man/*.3");
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
