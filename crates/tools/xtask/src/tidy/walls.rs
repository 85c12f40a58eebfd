//! The walls between the places where code runs: who may import whom. The folder of a crate is its place.

use cargo_metadata::{DependencyKind, Metadata};

/// A crate of ours: `crates/<place>/<name>`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) place: String,
    pub(super) name: String,
}

/// One crate of ours that another one needs, tests left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Import {
    pub(super) from: Place,
    pub(super) to: Place,
}

/// Binaries of the machine, and the library behind `MiniDumpWriteDump`, which join its stages.
const JOINERS: [&str; 4] = ["fault", "service", "cli", "dbghelp"];
/// What stages may import beside contracts: the operating system, and moving memory to where it is kept.
const FOUNDATIONS: [&str; 2] = ["sys", "copy"];

/// All imports among our crates.
pub(super) fn imports(metadata: &Metadata) -> Vec<Import> {
    let root = metadata.workspace_root.as_str();
    let mut imports = Vec::new();
    for package in metadata.workspace_packages() {
        let Some(from) = place_of(root, package.manifest_path.as_str()) else { continue };
        for dependency in &package.dependencies {
            let ours = dependency.path.as_ref().and_then(|path| place_of(root, path.as_str()));
            if let Some(to) = ours.filter(|_| dependency.kind != DependencyKind::Development) {
                imports.push(Import { from: from.clone(), to });
            }
        }
    }
    imports
}

fn place_of(root: &str, path: &str) -> Option<Place> {
    let mut parts = path.strip_prefix(root)?.trim_start_matches('/').strip_prefix("crates/")?.split('/');
    Some(Place { place: parts.next()?.to_owned(), name: parts.next()?.to_owned() })
}

/// Which imports go through a wall.
pub(super) fn check(imports: &[Import]) -> Vec<String> {
    let forbidden = imports.iter().filter(|import| !is_allowed(&import.from, &import.to));
    forbidden
        .map(|Import { from, to }| {
            format!(
                "crates/{}/{} imports crates/{}/{}: {}",
                from.place,
                from.name,
                to.place,
                to.name,
                rule_of(from)
            )
        })
        .collect()
}

fn is_allowed(from: &Place, to: &Place) -> bool {
    let to_place = to.place.as_str();
    match from.place.as_str() {
        "contract" => to_place == "contract",
        "target" => matches!(to_place, "contract" | "target"),
        "exports" => matches!(to_place, "contract" | "target" | "exports" | "machine" | "reading"),
        "machine" if JOINERS.contains(&from.name.as_str()) => {
            matches!(to_place, "contract" | "machine" | "reading")
        }
        "machine" => {
            to_place == "contract" || (to_place == "machine" && FOUNDATIONS.contains(&to.name.as_str()))
        }
        "reading" => matches!(to_place, "contract" | "reading"),
        "watson" => matches!(to_place, "contract" | "reading" | "watson"),
        "tools" => true,
        _ => false,
    }
}

fn rule_of(from: &Place) -> &'static str {
    match from.place.as_str() {
        "contract" => "contracts import contracts only",
        "target" => "what runs in the application imports contracts only",
        "exports" => "a shared library joins target, machine and reading only",
        "machine" if JOINERS.contains(&from.name.as_str()) => {
            "a binary of the machine joins stages and reading only, never the server or the application's side"
        }
        "machine" => "a stage imports contracts, wer-sys and wer-copy, never another stage",
        "reading" => "reading imports contracts only",
        "watson" => "the server imports contracts and reading, nothing of the machine or the application",
        _ => "there is no rule for this place; add one",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn import(from: &str, to: &str) -> Import {
        let place = |text: &str| place_of("/w", &format!("/w/crates/{text}/Cargo.toml")).expect("a place");
        Import { from: place(from), to: place(to) }
    }

    #[test]
    fn what_the_design_allows_passes() {
        let good = [
            import("contract/model", "contract/abi"),
            import("target/wer", "target/client"),
            import("exports/libwer", "target/client"),
            import("exports/libwerdbghelp", "exports/winbase"),
            import("machine/capture", "machine/sys"),
            import("machine/fault", "machine/capture"),
            import("machine/cli", "reading/unwind"),
            import("reading/unwind", "reading/symbols"),
            import("watson/analysis", "reading/unwind"),
            import("tools/xtask", "tools/testkit"),
        ];
        assert_eq!(check(&good), Vec::<String>::new());
    }

    #[test]
    fn what_it_forbids_does_not() {
        for bad in [
            import("contract/abi", "machine/sys"),
            import("target/client", "machine/sys"),
            import("machine/report", "machine/capture"),
            import("machine/capture", "machine/fault"),
            import("machine/cli", "watson/db"),
            import("machine/fault", "target/client"),
            import("reading/unwind", "machine/sys"),
            import("watson/db", "machine/store"),
            import("exports/libwer", "watson/db"),
            import("elsewhere/new", "contract/abi"),
            import("machine/fault", "tools/testkit"),
        ] {
            assert_eq!(check(std::slice::from_ref(&bad)).len(), 1, "{bad:?}");
        }
    }
}
