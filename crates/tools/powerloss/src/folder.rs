//! The names of a folder: as programs see them, and as they are on the disk.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};

type Names = BTreeMap<OsString, u64>;

/// What happened since the last sync.
#[derive(Clone, Debug)]
enum Change {
    Put {
        name: OsString,
        node: u64,
    },
    Remove {
        name: OsString,
    },
    /// Both at once: no restart finds two names, or none.
    Rename {
        from: OsString,
        to: OsString,
    },
}

/// A folder.
#[derive(Clone, Debug, Default)]
pub(crate) struct FolderNames {
    now: Names,
    kept: Names,
    unsynced: Vec<Change>,
}

impl FolderNames {
    pub(crate) fn get(&self, name: &OsStr) -> Option<u64> {
        self.now.get(name).copied()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&OsString, u64)> {
        self.now.iter().map(|(name, node)| (name, *node))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.now.is_empty()
    }

    /// Gives a name to a node, and takes it from the one that had it.
    pub(crate) fn put(&mut self, name: &OsStr, node: u64) {
        self.change(Change::Put { name: name.to_owned(), node });
    }

    pub(crate) fn remove(&mut self, name: &OsStr) {
        self.change(Change::Remove { name: name.to_owned() });
    }

    pub(crate) fn rename(&mut self, from: &OsStr, to: &OsStr) {
        self.change(Change::Rename { from: from.to_owned(), to: to.to_owned() });
    }

    fn change(&mut self, change: Change) {
        change.apply(&mut self.now);
        self.unsynced.push(change);
    }

    /// Every name so far is on the disk.
    pub(crate) fn sync(&mut self) {
        for change in self.unsynced.drain(..) {
            change.apply(&mut self.kept);
        }
    }

    /// What is there after the power came back: what was synced, and a beginning of the rest.
    pub(crate) fn after_power_loss(&self, chance: &mut fastrand::Rng) -> Self {
        let mut names = self.kept.clone();
        let whole = chance.usize(0..=self.unsynced.len());
        for change in self.unsynced.iter().take(whole) {
            change.apply(&mut names);
        }
        Self { now: names.clone(), kept: names, unsynced: Vec::new() }
    }
}

impl Change {
    fn apply(&self, to: &mut Names) {
        match self {
            Self::Put { name, node } => {
                to.insert(name.clone(), *node);
            }
            Self::Remove { name } => {
                to.remove(name);
            }
            Self::Rename { from, to: new } => {
                if let Some(node) = to.remove(from) {
                    to.insert(new.clone(), node);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rename_is_whole_or_not_there() {
        let (mut old, mut new) = (false, false);
        for seed in 0..50 {
            let mut folder = FolderNames::default();
            folder.put(OsStr::new("a"), 7);
            folder.sync();
            folder.rename(OsStr::new("a"), OsStr::new("b"));
            let after = folder.after_power_loss(&mut fastrand::Rng::with_seed(seed));
            match (after.get(OsStr::new("a")), after.get(OsStr::new("b"))) {
                (Some(7), None) => old = true,
                (None, Some(7)) => new = true,
                other => panic!("seed {seed}: {other:?}"),
            }
        }
        assert!(old && new);
    }
}
