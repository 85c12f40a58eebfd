//! A disk as a mounted file system.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, SystemTime};

use anyhow::{Context, Result};
use fuser::{
    BackgroundSession, BsdFileFlags, Config, Errno, FileHandle, FileType, Filesystem, FopenFlags, Generation,
    INodeNo, LockOwner, MountOption, OpenFlags, RenameFlags, ReplyAttr, ReplyCreate, ReplyData,
    ReplyDirectory, ReplyEmpty, ReplyEntry, ReplyStatfs, ReplyWrite, Request, TimeOrNow, WriteFlags,
};

use crate::Disk;
use crate::disk::State;
use crate::file::FileBytes;
use crate::folder::FolderNames;
use crate::tree::{Content, Maker};

/// The kernel is the only one who changes the tree, so it may remember for long.
const REMEMBERED: Duration = Duration::from_secs(60);
const BLOCK_BYTES: u64 = 4096;

/// A mounted disk; unmounted when dropped. A program that still has a file of it open keeps the disk, not the place.
#[derive(Debug)]
pub struct Mount {
    session: Option<BackgroundSession>,
    path: PathBuf,
}

impl Drop for Mount {
    fn drop(&mut self) {
        drop(self.session.take());
        // Where it was in use: by a program that was just killed, or by a child that another thread was starting.
        // Where it is not mounted any more, this changes nothing.
        let _ = Command::new("umount").arg("--lazy").arg(&self.path).stderr(Stdio::null()).status();
    }
}

impl Mount {
    /// Mounts at an empty folder. Wants root and `/dev/fuse`.
    ///
    /// # Errors
    /// The folder does not exist, or this process may not mount.
    pub fn new(disk: &Disk, folder: &Path) -> Result<Self> {
        Self::in_the_name_of(disk, folder, "powerloss")
    }

    /// As [`Mount::new`], under the name of another program.
    ///
    /// # Errors
    /// As [`Mount::new`].
    pub fn in_the_name_of(disk: &Disk, folder: &Path, name: &str) -> Result<Self> {
        let mut config = Config::default();
        config.mount_options = vec![
            MountOption::FSName(name.to_owned()),
            MountOption::DefaultPermissions,
            MountOption::NoDev,
            MountOption::NoSuid,
        ];
        let session = fuser::spawn_mount(Adapter(disk.clone()), folder, &config).with_context(|| {
            format!("cannot mount at {}: this wants root, and /dev/fuse", folder.display())
        })?;
        Ok(Self { session: Some(session), path: folder.to_owned() })
    }

    /// Where it is mounted.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
}

struct Adapter(Disk);

impl Adapter {
    fn look<T>(&self, read: impl FnOnce(&mut State) -> Result<T, Errno>) -> Result<T, Errno> {
        read(self.0.state().powered()?)
    }

    fn change<T>(&self, write: impl FnOnce(&mut State) -> Result<T, Errno>) -> Result<T, Errno> {
        write(self.0.state().changing()?)
    }

    fn make(
        &self,
        request: &Request,
        (parent, name): (INodeNo, &OsStr),
        content: Content,
        mode: u32,
    ) -> Result<fuser::FileAttr, Errno> {
        let maker = Maker { mode, uid: request.uid(), gid: request.gid() };
        self.change(|state| {
            let node = state.tree.make(parent.0, name, content, maker)?;
            state.tree.attributes(node)
        })
    }
}

fn entry(made: Result<fuser::FileAttr, Errno>, reply: ReplyEntry) {
    match made {
        Ok(attributes) => reply.entry(&REMEMBERED, &attributes, Generation(0)),
        Err(error) => reply.error(error),
    }
}

fn empty(done: Result<(), Errno>, reply: ReplyEmpty) {
    match done {
        Ok(()) => reply.ok(),
        Err(error) => reply.error(error),
    }
}

fn position(offset: u64) -> Result<usize, Errno> {
    usize::try_from(offset).map_err(|_| Errno::EFBIG)
}

impl Filesystem for Adapter {
    fn lookup(&self, _: &Request, parent: INodeNo, name: &OsStr, reply: ReplyEntry) {
        entry(self.look(|state| state.tree.attributes(state.tree.lookup(parent.0, name)?)), reply);
    }

    fn getattr(&self, _: &Request, node: INodeNo, _: Option<FileHandle>, reply: ReplyAttr) {
        match self.look(|state| state.tree.attributes(node.0)) {
            Ok(attributes) => reply.attr(&REMEMBERED, &attributes),
            Err(error) => reply.error(error),
        }
    }

    fn setattr(
        &self,
        _: &Request,
        node: INodeNo,
        mode: Option<u32>,
        uid: Option<u32>,
        gid: Option<u32>,
        size: Option<u64>,
        _: Option<TimeOrNow>,
        modified: Option<TimeOrNow>,
        _: Option<SystemTime>,
        _: Option<FileHandle>,
        _: Option<SystemTime>,
        _: Option<SystemTime>,
        _: Option<SystemTime>,
        _: Option<BsdFileFlags>,
        reply: ReplyAttr,
    ) {
        let done = self.change(|state| {
            if let Some(size) = size {
                state.resize(node.0, position(size)?)?;
            }
            let found = state.tree.node_mut(node.0)?;
            found.mode = mode.map_or(found.mode, |mode| (mode & 0o7777) as u16);
            found.uid = uid.unwrap_or(found.uid);
            found.gid = gid.unwrap_or(found.gid);
            match modified {
                Some(TimeOrNow::SpecificTime(time)) => found.modified = time,
                Some(TimeOrNow::Now) => found.modified = SystemTime::now(),
                None => {}
            }
            state.tree.attributes(node.0)
        });
        match done {
            Ok(attributes) => reply.attr(&REMEMBERED, &attributes),
            Err(error) => reply.error(error),
        }
    }

    fn readlink(&self, _: &Request, node: INodeNo, reply: ReplyData) {
        let target = self.look(|state| match &state.tree.node(node.0)?.content {
            Content::Link(target) => Ok(target.clone()),
            _ => Err(Errno::EINVAL),
        });
        match target {
            Ok(target) => reply.data(target.as_os_str().as_encoded_bytes()),
            Err(error) => reply.error(error),
        }
    }

    fn mkdir(
        &self,
        request: &Request,
        parent: INodeNo,
        name: &OsStr,
        mode: u32,
        umask: u32,
        reply: ReplyEntry,
    ) {
        let folder = Content::Folder(FolderNames::default());
        entry(self.make(request, (parent, name), folder, mode & !umask), reply);
    }

    fn symlink(&self, request: &Request, parent: INodeNo, name: &OsStr, target: &Path, reply: ReplyEntry) {
        entry(self.make(request, (parent, name), Content::Link(target.to_owned()), 0o777), reply);
    }

    fn unlink(&self, _: &Request, parent: INodeNo, name: &OsStr, reply: ReplyEmpty) {
        empty(self.change(|state| state.tree.remove(parent.0, name)), reply);
    }

    fn rmdir(&self, _: &Request, parent: INodeNo, name: &OsStr, reply: ReplyEmpty) {
        empty(self.change(|state| state.tree.remove(parent.0, name)), reply);
    }

    fn rename(
        &self,
        _: &Request,
        parent: INodeNo,
        name: &OsStr,
        to_parent: INodeNo,
        to_name: &OsStr,
        flags: RenameFlags,
        reply: ReplyEmpty,
    ) {
        if flags.intersects(RenameFlags::RENAME_EXCHANGE | RenameFlags::RENAME_WHITEOUT) {
            return reply.error(Errno::EINVAL);
        }
        let may_replace = !flags.contains(RenameFlags::RENAME_NOREPLACE);
        let done =
            self.change(|state| state.tree.rename((parent.0, name), (to_parent.0, to_name), may_replace));
        empty(done, reply);
    }

    fn link(&self, _: &Request, node: INodeNo, parent: INodeNo, name: &OsStr, reply: ReplyEntry) {
        let done = self.change(|state| {
            state.tree.link(node.0, parent.0, name)?;
            state.tree.attributes(node.0)
        });
        entry(done, reply);
    }

    fn create(
        &self,
        request: &Request,
        parent: INodeNo,
        name: &OsStr,
        mode: u32,
        umask: u32,
        _: i32,
        reply: ReplyCreate,
    ) {
        let file = Content::File(FileBytes::default());
        match self.make(request, (parent, name), file, mode & !umask) {
            Ok(attributes) => {
                reply.created(&REMEMBERED, &attributes, Generation(0), FileHandle(0), FopenFlags::empty());
            }
            Err(error) => reply.error(error),
        }
    }

    fn read(
        &self,
        _: &Request,
        node: INodeNo,
        _: FileHandle,
        offset: u64,
        size: u32,
        _: OpenFlags,
        _: Option<LockOwner>,
        reply: ReplyData,
    ) {
        let read = self.look(|state| match &state.tree.node(node.0)?.content {
            Content::File(file) => Ok(file.read(position(offset)?, size as usize).to_vec()),
            _ => Err(Errno::EISDIR),
        });
        match read {
            Ok(bytes) => reply.data(&bytes),
            Err(error) => reply.error(error),
        }
    }

    fn write(
        &self,
        _: &Request,
        node: INodeNo,
        _: FileHandle,
        offset: u64,
        data: &[u8],
        _: WriteFlags,
        _: OpenFlags,
        _: Option<LockOwner>,
        reply: ReplyWrite,
    ) {
        match self.change(|state| state.write(node.0, position(offset)?, data)) {
            Ok(()) => reply.written(u32::try_from(data.len()).unwrap_or(u32::MAX)),
            Err(error) => reply.error(error),
        }
    }

    fn fallocate(
        &self,
        _: &Request,
        node: INodeNo,
        _: FileHandle,
        offset: u64,
        length: u64,
        mode: i32,
        reply: ReplyEmpty,
    ) {
        if mode != 0 {
            return reply.error(Errno::EOPNOTSUPP);
        }
        let done = self.change(|state| {
            let end = position(offset.checked_add(length).ok_or(Errno::EFBIG)?)?;
            let len = state.tree.file(node.0)?.len();
            if end > len { state.resize(node.0, end) } else { Ok(()) }
        });
        empty(done, reply);
    }

    fn flush(&self, _: &Request, _: INodeNo, _: FileHandle, _: LockOwner, reply: ReplyEmpty) {
        empty(self.look(|_| Ok(())), reply);
    }

    fn fsync(&self, _: &Request, node: INodeNo, _: FileHandle, _: bool, reply: ReplyEmpty) {
        empty(self.change(|state| state.sync(node.0)), reply);
    }

    fn fsyncdir(&self, _: &Request, node: INodeNo, _: FileHandle, _: bool, reply: ReplyEmpty) {
        empty(self.change(|state| state.sync(node.0)), reply);
    }

    fn readdir(&self, _: &Request, node: INodeNo, _: FileHandle, offset: u64, mut reply: ReplyDirectory) {
        let names = self.look(|state| {
            let mut names =
                vec![(node.0, FileType::Directory, ".".into()), (node.0, FileType::Directory, "..".into())];
            for (name, number) in state.tree.folder(node.0)?.iter() {
                names.push((number, state.tree.node(number)?.kind(), name.clone()));
            }
            Ok(names)
        });
        match names {
            Ok(names) => {
                let from = usize::try_from(offset).unwrap_or(usize::MAX);
                for (index, (number, kind, name)) in names.into_iter().enumerate().skip(from) {
                    if reply.add(INodeNo(number), index as u64 + 1, kind, name) {
                        break;
                    }
                }
                reply.ok();
            }
            Err(error) => reply.error(error),
        }
    }

    fn statfs(&self, _: &Request, _: INodeNo, reply: ReplyStatfs) {
        match self.look(|state| Ok(state.room())) {
            Ok((free, used)) => {
                let (free, all) = (free / BLOCK_BYTES, (free + used) / BLOCK_BYTES);
                reply.statfs(all, free, free, 1 << 20, 1 << 20, BLOCK_BYTES as u32, 255, BLOCK_BYTES as u32);
            }
            Err(error) => reply.error(error),
        }
    }
}
