//! What kind of file system a folder is on. SQLite needs locks and shared memory that hold between processes, and a sync
//! that means it; on file systems of other machines neither can be relied upon, and a database there is lost sooner or
//! later. So it is refused there, without a way around.

use std::path::Path;

use rustix::fs::{stat, statfs};

use crate::DbError;

/// File systems of other machines, or of a machine around this one, by the number that the kernel gives them
/// (`linux/magic.h`, and the file systems' own sources for those that are not in it).
const NETWORK: [(u64, &str); 21] = [
    (0x6969, "NFS"),
    (0x517b, "SMB"),
    (0xff53_4d42, "CIFS"),
    (0xfe53_4d42, "SMB2"),
    (0x564c, "NCP"),
    (0x0102_1997, "9P"),
    (0x7375_7245, "Coda"),
    (0x5346_414f, "AFS"),
    (0x6b41_4653, "AFS"),
    (0x00c3_6400, "Ceph"),
    (0x0bd0_0bd0, "Lustre"),
    (0x4750_4653, "GPFS"),
    (0x7461_636f, "OCFS2"),
    (0x0116_1970, "GFS2"),
    (0x1983_0326, "BeeGFS"),
    (0x2003_0528, "OrangeFS"),
    (0xbacb_acbc, "a folder of VMware's host"),
    (0x786f_4256, "a folder of VirtualBox's host"),
    (0xaad7_aaea, "PanFS"),
    (0xbeef_dead, "StorNext"),
    (0x6163_6673, "ACFS"),
];
const FUSE: u64 = 0x6573_5546;

/// Names by which programs mount what is not on this machine, after `fuse.`.
const NETWORK_BY_FUSE: [&str; 24] = [
    "sshfs",
    "s3fs",
    "glusterfs",
    "ceph",
    "ceph-fuse",
    "rclone",
    "gcsfuse",
    "mount-s3",
    "mountpoint-s3",
    "goofys",
    "juicefs",
    "JuiceFS",
    "seaweedfs",
    "weed",
    "mfs",
    "moosefs",
    "lizardfs",
    "davfs",
    "curlftpfs",
    "smbnetfs",
    "nfs",
    "blobfuse",
    "blobfuse2",
    "vmhgfs-fuse",
];

/// What `mountinfo` says of a mount.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct MountedAs<'a> {
    /// Its type, with the program's name for most of FUSE: `fuse.sshfs`.
    kind: &'a str,
    /// Its source; some programs of FUSE have their name here.
    source: &'a str,
}

/// `None` = a disk of this machine.
fn network_kind(magic: u64, mounted: Option<MountedAs<'_>>) -> Option<String> {
    if let Some((_, name)) = NETWORK.iter().find(|(known, _)| *known == magic) {
        return Some((*name).to_owned());
    }
    let mounted = mounted.filter(|_| magic == FUSE)?;
    let program = match mounted.kind {
        "fuse" => mounted.source.split([':', '#', '@']).next()?,
        kind => kind.strip_prefix("fuse.")?,
    };
    NETWORK_BY_FUSE.contains(&program).then(|| format!("FUSE ({program})"))
}

/// The kind of network file system that a path is on, by its nearest folder that exists; `None` = a disk of this machine,
/// or the kernel does not say.
#[must_use]
pub fn network_kind_of(path: &Path) -> Option<String> {
    let there = path.ancestors().find(|folder| folder.exists()).unwrap_or(Path::new("."));
    let there = if there.as_os_str().is_empty() { Path::new(".") } else { there };
    let magic = statfs(there).ok()?.f_type;
    // The kernel's number has 32 bits, whatever sign the type gives it.
    let magic = u64::from(magic as u32);
    if magic != FUSE {
        return network_kind(magic, None);
    }
    let device = stat(there).ok()?.st_dev;
    let device = format!("{}:{}", rustix::fs::major(device), rustix::fs::minor(device));
    let mounts = std::fs::read_to_string("/proc/self/mountinfo").ok()?;
    network_kind(magic, mounted_as(&mounts, &device))
}

/// Refuses a folder for a SQLite database.
pub(crate) fn refuse_network(folder: &Path) -> Result<(), DbError> {
    match network_kind_of(folder) {
        Some(kind) => Err(DbError::NetworkDisk { folder: folder.to_owned(), kind }),
        None => Ok(()),
    }
}

/// The mount of a device (`proc_pid_mountinfo(5)`: the third field, and the first two after the dash).
fn mounted_as<'a>(mounts: &'a str, device: &str) -> Option<MountedAs<'a>> {
    mounts.lines().find_map(|line| {
        let (before, after) = line.split_once(" - ")?;
        let mut after = after.split(' ');
        let mounted = MountedAs { kind: after.next()?, source: after.next()? };
        (before.split(' ').nth(2)? == device).then_some(mounted)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_systems_of_other_machines_are_known_by_their_numbers() {
        for (magic, name) in [
            (0x6969, "NFS"),
            (0xff53_4d42, "CIFS"),
            (0xfe53_4d42, "SMB2"),
            (0x0102_1997, "9P"),
            (0x00c3_6400, "Ceph"),
        ] {
            assert_eq!(network_kind(magic, None).as_deref(), Some(name));
        }
        // ext4, XFS, Btrfs, tmpfs, overlay, ZFS, FUSE without a name.
        for magic in [0xef53, 0x5846_5342, 0x9123_683e, 0x0102_1994, 0x794c_7630, 0x2fc1_2fc1, FUSE] {
            assert_eq!(network_kind(magic, None), None);
        }
        let fuse = |kind, source| network_kind(FUSE, Some(MountedAs { kind, source }));
        assert_eq!(fuse("fuse.sshfs", "me@there:/x").as_deref(), Some("FUSE (sshfs)"));
        assert_eq!(fuse("fuse", "mountpoint-s3").as_deref(), Some("FUSE (mountpoint-s3)"));
        assert_eq!(fuse("fuse.ntfs-3g", "/dev/sda1"), None);
        assert_eq!(fuse("fuseblk", "/dev/sda1"), None);
        assert_eq!(network_kind(0xef53, Some(MountedAs { kind: "fuse.sshfs", source: "x" })), None);
    }

    #[test]
    fn the_type_of_a_mount_is_found_by_its_device() {
        let mounts = "22 28 0:21 / /proc rw shared:12 - proc proc rw\n\
                      99 28 0:55 / /mnt/a\\040b rw - fuse.sshfs me@there:/x rw,user_id=0\n";
        assert_eq!(mounted_as(mounts, "0:55"), Some(MountedAs { kind: "fuse.sshfs", source: "me@there:/x" }));
        assert_eq!(mounted_as(mounts, "0:5"), None);
    }

    #[test]
    fn this_machines_own_disk_is_none() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(network_kind_of(&dir.path().join("not/there/yet")), None);
        assert!(refuse_network(dir.path()).is_ok());
    }
}
