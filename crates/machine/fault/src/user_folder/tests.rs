use std::fs;
use std::io::Write;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::time::{Duration, SystemTime};

use wer_sys::Process;

use super::*;

fn ourselves() -> Credentials {
    let status = Process::open(std::process::id()).and_then(|us| us.status());
    Credentials::of(&status.expect("our own status"))
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("a folder");
    let mut names: Vec<String> =
        entries.map(|entry| entry.expect("an entry").file_name().into_string().expect("text")).collect();
    names.sort();
    names
}

fn put(folder: &UserFolder<'_>, pid: u32, keep: u32) -> String {
    let dump = folder.begin(DumpName::new("/bin/game", pid)).expect("a file");
    dump.file().write_all(b"dump").expect("bytes");
    dump.finish(Some(keep)).expect("a name")
}

#[test]
fn a_dump_is_there_when_it_is_whole() {
    let place = tempfile::tempdir().expect("a folder");
    let (user, root) = (ourselves(), File::open(place.path()).expect("the root"));
    let folder = UserFolder::open(&user, root.as_fd(), Path::new("/a/b"), Links::Refused).expect("made");
    let path = place.path().join("a/b");
    assert_eq!(fs::metadata(&path).expect("it").permissions().mode() & 0o777, 0o700);
    let dump = folder.begin(DumpName::new("game", 7)).expect("a file");
    assert_eq!(names(&path), ["game.7.dmp.unfinished"]);
    drop(dump);
    assert_eq!(names(&path), [""; 0]);
    assert_eq!(put(&folder, 7, 10), "game.7.dmp");
    assert_eq!(put(&folder, 7, 10), "game.7(1).dmp");
    assert_eq!(names(&path), ["game.7(1).dmp", "game.7.dmp"]);
    assert_eq!(fs::metadata(path.join("game.7.dmp")).expect("it").permissions().mode() & 0o777, 0o600);
}

#[test]
fn the_oldest_dumps_go_and_nothing_else() {
    let place = tempfile::tempdir().expect("a folder");
    let (user, root) = (ourselves(), File::open(place.path()).expect("the root"));
    let folder = UserFolder::open(&user, root.as_fd(), Path::new("d"), Links::Followed).expect("made");
    let path = place.path().join("d");
    fs::write(path.join("letter.odt"), "x").expect("a file");
    fs::write(path.join("game.dmp"), "x").expect("a file");
    fs::create_dir(path.join("game.1.dmp")).expect("a folder");
    for (pid, age) in [(1, 30), (2, 40), (3, 20)] {
        let time = SystemTime::now() - Duration::from_secs(age);
        let name = path.join(format!("other.{pid}.dmp"));
        File::create(&name).and_then(|file| file.set_modified(time)).expect("a file");
    }
    assert_eq!(put(&folder, 9, 3), "game.9.dmp");
    let left = ["game.1.dmp", "game.9.dmp", "game.dmp", "letter.odt", "other.1.dmp", "other.3.dmp"];
    assert_eq!(names(&path), left);
}

#[test]
fn what_a_killed_writer_left_goes_and_what_a_living_one_writes_stays() {
    let place = tempfile::tempdir().expect("a folder");
    let (user, root) = (ourselves(), File::open(place.path()).expect("the root"));
    let folder = UserFolder::open(&user, root.as_fd(), Path::new("."), Links::Followed);
    assert!(folder.is_err(), "a folder has a name");
    let folder = UserFolder::open(&user, root.as_fd(), Path::new("d"), Links::Followed).expect("made");
    let path = place.path().join("d");
    fs::write(path.join("old.4.dmp.unfinished"), "x").expect("a file");
    let living = folder.begin(DumpName::new("game", 1)).expect("a file");
    let other = folder.begin(DumpName::new("game", 2)).expect("a file");
    assert_eq!(names(&path), ["game.1.dmp.unfinished", "game.2.dmp.unfinished"]);
    assert_eq!(living.finish(None).expect("a name"), "game.1.dmp");
    drop(other);
}

#[test]
fn a_path_that_a_process_names_leads_through_no_link_and_nowhere_else() {
    let place = tempfile::tempdir().expect("a folder");
    fs::create_dir(place.path().join("real")).expect("a folder");
    symlink("real", place.path().join("link")).expect("a link");
    let (user, root) = (ourselves(), File::open(place.path()).expect("the root"));
    let open = |path: &str, links| UserFolder::open(&user, root.as_fd(), Path::new(path), links);
    assert!(open("link/x", Links::Followed).is_ok());
    for path in ["link/y", "../x", "real/../../x", ""] {
        let opened = open(path, Links::Refused);
        assert!(opened.is_err() || path.is_empty(), "{path}");
    }
    assert_eq!(names(&place.path().join("real")), ["x"]);
}

#[test]
fn a_folder_that_the_user_may_not_write_to_gets_nothing() {
    if !rustix::process::geteuid().is_root() {
        println!("not root: no other user's rights can be taken on");
        return;
    }
    let place = tempfile::tempdir().expect("a folder");
    fs::set_permissions(place.path(), fs::Permissions::from_mode(0o755)).expect("ours");
    let nobody = Credentials { uid: 65_534, gid: 65_534, groups: vec![] };
    let root = File::open(place.path()).expect("the root");
    let refused = UserFolder::open(&nobody, root.as_fd(), Path::new("d"), Links::Followed);
    assert!(matches!(refused, Err(RunAsError::Open { .. })), "{refused:?}");
    assert_eq!(names(place.path()), [""; 0]);
}
