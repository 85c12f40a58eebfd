//! What an application takes in with the crate `wer` or with `libwer.so`: the client, libc, rustix, and nothing else.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result};
use cargo_metadata::{DependencyKind, Metadata};

/// What applications link.
const LINKED: [&str; 2] = ["wer", "wer-libwer"];
/// What may be in it, together with what the last two need themselves. The macros run in the compiler only.
const OURS: [&str; 7] =
    ["wer", "wer-libwer", "wer-winbase-exports", "wer-client", "wer-winbase", "wer-abi", "wer-macros"];
const OTHERS: [&str; 2] = ["libc", "rustix"];

/// Names of packages, and of the packages that each needs, without tests and build scripts.
type Graph = BTreeMap<String, BTreeSet<String>>;

/// Which linked package takes in too much.
///
/// # Errors
/// `cargo metadata` gave no dependency graph.
pub(super) fn check(metadata: &Metadata) -> Result<Vec<String>> {
    let graph = graph(metadata)?;
    Ok(LINKED.iter().flat_map(|linked| too_much(&graph, linked)).collect())
}

fn graph(metadata: &Metadata) -> Result<Graph> {
    let resolve = metadata.resolve.as_ref().context("cargo metadata gave no dependency graph")?;
    let name = |id| metadata[id].name.to_string();
    let mut graph = Graph::new();
    for node in &resolve.nodes {
        let needed = node
            .deps
            .iter()
            .filter(|dependency| dependency.dep_kinds.iter().any(|kind| kind.kind == DependencyKind::Normal));
        graph.entry(name(&node.id)).or_default().extend(needed.map(|dependency| name(&dependency.pkg)));
    }
    Ok(graph)
}

fn too_much(graph: &Graph, linked: &str) -> Vec<String> {
    let mut allowed: BTreeSet<&str> = OURS.into();
    for other in OTHERS {
        allowed.extend(closure(graph, other));
    }
    let taken = closure(graph, linked);
    taken
        .into_iter()
        .filter(|name| !allowed.contains(name))
        .map(|name| format!("an application that links {linked} gets {name}, which it must not"))
        .collect()
}

fn closure<'g>(graph: &'g Graph, from: &'g str) -> BTreeSet<&'g str> {
    let mut seen = BTreeSet::new();
    let mut next = vec![from];
    while let Some(name) = next.pop() {
        if seen.insert(name) {
            next.extend(graph.get(name).into_iter().flatten().map(String::as_str));
        }
    }
    seen
}

#[cfg(test)]
mod tests {
    use super::*;

    fn graph_of(edges: &[(&str, &[&str])]) -> Graph {
        edges
            .iter()
            .map(|(from, to)| ((*from).to_owned(), to.iter().map(|name| (*name).to_owned()).collect()))
            .collect()
    }

    #[test]
    fn the_client_and_the_system_pass() {
        let graph = graph_of(&[
            ("wer", &["wer-client", "wer-abi"]),
            ("wer-client", &["wer-abi", "rustix", "libc"]),
            ("rustix", &["bitflags", "linux-raw-sys"]),
        ]);
        assert_eq!(too_much(&graph, "wer"), Vec::<String>::new());
    }

    #[test]
    fn anything_behind_them_does_not() {
        let graph =
            graph_of(&[("wer", &["wer-client"]), ("wer-client", &["serde"]), ("serde", &["serde_core"])]);
        let wrong = too_much(&graph, "wer");
        assert_eq!(wrong.len(), 2, "{wrong:?}");
        assert!(wrong.iter().all(|sentence| sentence.contains("serde")));
    }
}
