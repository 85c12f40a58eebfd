//! What real programs find on a disk that lost power.

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;

use wer_powerloss::{Disk, Mount, Syncs};

/// Writes a file as it should be written: its bytes, its name, the names of its folder.
fn write_durably(folder: &Path, name: &str, bytes: &[u8]) -> std::io::Result<()> {
    let unfinished = folder.join(format!("{name}.tmp"));
    let mut file = File::create(&unfinished)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&unfinished, folder.join(name))?;
    File::open(folder)?.sync_all()
}

fn after(disk: &Disk, seed: u64, look: impl FnOnce(&Path)) {
    let folder = tempfile::tempdir().unwrap();
    let mount = Mount::new(&disk.restarted(seed), folder.path()).unwrap();
    look(mount.path());
}

#[test]
fn a_file_written_durably_is_there_whole_wherever_the_power_goes() {
    let wanted = vec![7; 5000];
    for step in 0..20 {
        let folder = tempfile::tempdir().unwrap();
        let disk = Disk::default();
        let mount = Mount::new(&disk, folder.path()).unwrap();
        disk.cut_power_after(step);
        let done = write_durably(mount.path(), "a", &wanted).is_ok();
        assert_eq!(done, disk.has_power(), "at step {step}");
        disk.cut_power();
        drop(mount);
        after(&disk, step, |folder| match fs::read(folder.join("a")) {
            Ok(bytes) => assert_eq!(bytes, wanted, "at step {step}"),
            Err(_) => assert!(!done, "at step {step}: it was said to be there"),
        });
        if done {
            return;
        }
    }
    panic!("the power never lasted long enough");
}

/// Whether a file that was said to be there is missing or cut after some loss of power.
fn loses(syncs: Syncs) -> bool {
    (0..40).any(|seed| {
        let folder = tempfile::tempdir().unwrap();
        let disk = Disk::default();
        let mount = Mount::new(&disk, folder.path()).unwrap();
        disk.ignore(syncs, Path::new(""));
        write_durably(mount.path(), "a", &[7; 5000]).unwrap();
        disk.cut_power();
        drop(mount);
        let mut lost = false;
        after(&disk, seed, |folder| lost = !fs::read(folder.join("a")).is_ok_and(|bytes| bytes == [7; 5000]));
        lost
    })
}

#[test]
fn each_sync_that_is_left_out_shows() {
    assert!(loses(Syncs::Files));
    assert!(loses(Syncs::Folders));
}

#[test]
fn a_disk_without_power_answers_with_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let disk = Disk::default();
    let mount = Mount::new(&disk, folder.path()).unwrap();
    fs::write(mount.path().join("a"), "x").unwrap();
    disk.cut_power();
    assert_eq!(fs::write(mount.path().join("b"), "x").unwrap_err().raw_os_error(), Some(5));
}

#[test]
fn a_full_disk_says_so_and_has_room_again() {
    let folder = tempfile::tempdir().unwrap();
    let disk = Disk::default();
    let mount = Mount::new(&disk, folder.path()).unwrap();
    disk.set_free_bytes(Some(100));
    let error = fs::write(mount.path().join("a"), [1; 200]).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::StorageFull);
    disk.set_free_bytes(None);
    fs::write(mount.path().join("a"), [1; 200]).unwrap();
    assert_eq!(fs::metadata(mount.path().join("a")).unwrap().len(), 200);
}

#[test]
fn folders_links_and_names_work_as_elsewhere() {
    let folder = tempfile::tempdir().unwrap();
    let mount = Mount::new(&Disk::default(), folder.path()).unwrap();
    let at = |name: &str| mount.path().join(name);
    fs::create_dir_all(at("x/y")).unwrap();
    fs::write(at("x/y/file"), "text").unwrap();
    fs::hard_link(at("x/y/file"), at("x/second")).unwrap();
    std::os::unix::fs::symlink("second", at("x/link")).unwrap();
    fs::remove_file(at("x/y/file")).unwrap();
    assert_eq!(fs::read_to_string(at("x/link")).unwrap(), "text");
    assert!(fs::remove_dir(at("x")).is_err());
    fs::remove_dir(at("x/y")).unwrap();
    let mut names: Vec<_> = fs::read_dir(at("x")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, ["link", "second"]);
}
