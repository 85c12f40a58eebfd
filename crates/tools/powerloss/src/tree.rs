//! Nodes by number: files, folders and links, with what `stat` tells of them.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::PathBuf;
use std::time::SystemTime;

use fuser::{Errno, FileAttr, FileType, INodeNo};

use crate::file::FileBytes;
use crate::folder::FolderNames;

/// The number of the root folder.
pub(crate) const ROOT: u64 = 1;
const BLOCK_BYTES: u64 = 512;

#[derive(Clone, Debug)]
pub(crate) enum Content {
    File(FileBytes),
    Folder(FolderNames),
    Link(PathBuf),
}

#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) content: Content,
    pub(crate) mode: u16,
    pub(crate) uid: u32,
    pub(crate) gid: u32,
    pub(crate) modified: SystemTime,
    /// The path below the root under which it was last put: for rules about paths.
    path: PathBuf,
}

/// Who makes a node, and how it is to be.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Maker {
    pub(crate) mode: u32,
    pub(crate) uid: u32,
    pub(crate) gid: u32,
}

/// All nodes. A node stays while the tree lives: a restart may find a name that was removed since.
#[derive(Clone, Debug)]
pub(crate) struct Tree {
    nodes: BTreeMap<u64, Node>,
    next: u64,
}

impl Tree {
    pub(crate) fn new() -> Self {
        let root = Node {
            content: Content::Folder(FolderNames::default()),
            mode: 0o755,
            uid: 0,
            gid: 0,
            modified: SystemTime::now(),
            path: PathBuf::new(),
        };
        Self { nodes: BTreeMap::from([(ROOT, root)]), next: ROOT + 1 }
    }

    pub(crate) fn node(&self, number: u64) -> Result<&Node, Errno> {
        self.nodes.get(&number).ok_or(Errno::ENOENT)
    }

    pub(crate) fn node_mut(&mut self, number: u64) -> Result<&mut Node, Errno> {
        self.nodes.get_mut(&number).ok_or(Errno::ENOENT)
    }

    pub(crate) fn file(&mut self, number: u64) -> Result<&mut FileBytes, Errno> {
        let node = self.node_mut(number)?;
        node.modified = SystemTime::now();
        match &mut node.content {
            Content::File(file) => Ok(file),
            Content::Folder(_) => Err(Errno::EISDIR),
            Content::Link(_) => Err(Errno::EINVAL),
        }
    }

    pub(crate) fn folder(&self, number: u64) -> Result<&FolderNames, Errno> {
        match &self.node(number)?.content {
            Content::Folder(folder) => Ok(folder),
            _ => Err(Errno::ENOTDIR),
        }
    }

    fn folder_mut(&mut self, number: u64) -> Result<&mut FolderNames, Errno> {
        let node = self.node_mut(number)?;
        node.modified = SystemTime::now();
        match &mut node.content {
            Content::Folder(folder) => Ok(folder),
            _ => Err(Errno::ENOTDIR),
        }
    }

    pub(crate) fn lookup(&self, parent: u64, name: &OsStr) -> Result<u64, Errno> {
        self.folder(parent)?.get(name).ok_or(Errno::ENOENT)
    }

    /// Makes a node with a name.
    pub(crate) fn make(
        &mut self,
        parent: u64,
        name: &OsStr,
        content: Content,
        maker: Maker,
    ) -> Result<u64, Errno> {
        if self.folder(parent)?.get(name).is_some() {
            return Err(Errno::EEXIST);
        }
        let number = self.next;
        self.next += 1;
        let node = Node {
            content,
            mode: (maker.mode & 0o7777) as u16,
            uid: maker.uid,
            gid: maker.gid,
            modified: SystemTime::now(),
            path: PathBuf::new(),
        };
        self.nodes.insert(number, node);
        self.put(parent, name, number)?;
        Ok(number)
    }

    /// Gives a further name to a node.
    pub(crate) fn link(&mut self, node: u64, parent: u64, name: &OsStr) -> Result<(), Errno> {
        if self.folder(parent)?.get(name).is_some() {
            return Err(Errno::EEXIST);
        }
        self.put(parent, name, node)
    }

    fn put(&mut self, parent: u64, name: &OsStr, node: u64) -> Result<(), Errno> {
        self.place(parent, name, node)?;
        self.folder_mut(parent)?.put(name, node);
        Ok(())
    }

    fn place(&mut self, parent: u64, name: &OsStr, node: u64) -> Result<(), Errno> {
        let path = self.node(parent)?.path.join(name);
        self.node_mut(node)?.path = path;
        Ok(())
    }

    pub(crate) fn remove(&mut self, parent: u64, name: &OsStr) -> Result<(), Errno> {
        let node = self.lookup(parent, name)?;
        if matches!(&self.node(node)?.content, Content::Folder(folder) if !folder.is_empty()) {
            return Err(Errno::ENOTEMPTY);
        }
        self.folder_mut(parent)?.remove(name);
        Ok(())
    }

    pub(crate) fn rename(
        &mut self,
        (parent, name): (u64, &OsStr),
        (to_parent, to_name): (u64, &OsStr),
        may_replace: bool,
    ) -> Result<(), Errno> {
        let node = self.lookup(parent, name)?;
        if let Some(there) = self.folder(to_parent)?.get(to_name) {
            if !may_replace {
                return Err(Errno::EEXIST);
            }
            if matches!(&self.node(there)?.content, Content::Folder(folder) if !folder.is_empty()) {
                return Err(Errno::ENOTEMPTY);
            }
        }
        self.place(to_parent, to_name, node)?;
        if parent == to_parent {
            self.folder_mut(parent)?.rename(name, to_name);
        } else {
            self.folder_mut(to_parent)?.put(to_name, node);
            self.folder_mut(parent)?.remove(name);
        }
        Ok(())
    }

    /// The path below the root under which a node was last put.
    pub(crate) fn path(&self, number: u64) -> PathBuf {
        self.nodes.get(&number).map(|node| node.path.clone()).unwrap_or_default()
    }

    /// What was written, without what is no file's any more, in bytes.
    pub(crate) fn used_bytes(&self) -> u64 {
        self.nodes.values().map(|node| node.len()).sum()
    }

    pub(crate) fn sync(&mut self, number: u64) -> Result<(), Errno> {
        match &mut self.node_mut(number)?.content {
            Content::File(file) => file.sync(),
            Content::Folder(folder) => folder.sync(),
            Content::Link(_) => {}
        }
        Ok(())
    }

    /// What a restart finds.
    pub(crate) fn after_power_loss(&self, chance: &mut fastrand::Rng) -> Self {
        let mut tree = self.clone();
        for node in tree.nodes.values_mut() {
            match &mut node.content {
                Content::File(file) => *file = file.after_power_loss(chance),
                Content::Folder(folder) => *folder = folder.after_power_loss(chance),
                Content::Link(_) => {}
            }
        }
        tree
    }

    pub(crate) fn attributes(&self, number: u64) -> Result<FileAttr, Errno> {
        let node = self.node(number)?;
        let time = node.modified;
        Ok(FileAttr {
            ino: INodeNo(number),
            size: node.len(),
            blocks: node.len().div_ceil(BLOCK_BYTES),
            atime: time,
            mtime: time,
            ctime: time,
            crtime: time,
            kind: node.kind(),
            perm: node.mode,
            nlink: if matches!(node.content, Content::Folder(_)) { 2 } else { 1 },
            uid: node.uid,
            gid: node.gid,
            rdev: 0,
            blksize: 4096,
            flags: 0,
        })
    }
}

impl Node {
    fn len(&self) -> u64 {
        match &self.content {
            Content::File(file) => file.len() as u64,
            Content::Folder(_) => 0,
            Content::Link(target) => target.as_os_str().len() as u64,
        }
    }

    pub(crate) fn kind(&self) -> FileType {
        match self.content {
            Content::File(_) => FileType::RegularFile,
            Content::Folder(_) => FileType::Directory,
            Content::Link(_) => FileType::Symlink,
        }
    }
}
