//! A set-user-id program crashes: its report is root's, its registrations silence nothing, and what it names is touched
//! with the rights of the person who started it.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::PathBuf;

use wer_testkit::{CorePattern, Ended, Service, Store, process};

use crate::ordinary_user::{NOBODY, as_nobody, can_be_nobody, crash_as_nobody, open_to_nobody};
use crate::scene::{CRASH_LIMIT, Scene, assert_says, files, missing, names};

/// `fs.suid_dumpable` is 2 while this lives: privileged programs have dumps, for root alone. Only to be had by who
/// holds the core_pattern.
pub(crate) struct PrivilegedDumps(String);

const SUID_DUMPABLE: &str = "/proc/sys/fs/suid_dumpable";

impl PrivilegedDumps {
    pub(crate) fn allow(_held: &CorePattern) -> Self {
        let before = fs::read_to_string(SUID_DUMPABLE).expect("the setting");
        fs::write(SUID_DUMPABLE, "2").expect("root may");
        Self(before)
    }
}

impl Drop for PrivilegedDumps {
    fn drop(&mut self) {
        if let Err(error) = fs::write(SUID_DUMPABLE, self.0.trim()) {
            eprintln!("{SUID_DUMPABLE} could not be restored to {}: {error}", self.0.trim());
        }
    }
}

struct PrivilegedScene {
    scene: Scene,
    /// The program, root's and set-user-id.
    helper: PathBuf,
    /// A finished report of the user's own.
    stored_id: String,
}

/// The user has a store with one report.
fn scene() -> PrivilegedScene {
    let scene = Scene::new();
    open_to_nobody(&scene, &["work", "store"]);
    let ended = crash_as_nobody(&scene, &mut as_nobody(&scene, scene.program(), &["attach"]));
    let report = scene.only_report(Store::User, ended.pid);
    let helper = scene.sandbox.path("helper");
    fs::copy(scene.program(), &helper).expect("a copy");
    fs::set_permissions(&helper, fs::Permissions::from_mode(0o4755)).expect("its mode");
    PrivilegedScene { scene, helper, stored_id: report["id"].as_str().expect("an id").to_owned() }
}

impl PrivilegedScene {
    fn crash(&self, words: &[&str]) -> Ended {
        let ended =
            process::run(&mut as_nobody(&self.scene, &self.helper, words), CRASH_LIMIT).expect("its end");
        assert_eq!(ended.signal(), Some(libc::SIGSEGV), "{}", ended.describe());
        ended
    }

    fn store(&self) -> String {
        self.scene.sandbox.path("store").display().to_string()
    }
}

#[test]
fn by_the_pipe_its_block_silences_nothing_and_its_files_are_the_users() {
    if !can_be_nobody() {
        return;
    }
    let privileged = scene();
    let Some(borrowed) = privileged.scene.kernel_pipe() else { return };
    let _dumps = PrivilegedDumps::allow(&borrowed);
    privileged.check_kernels_report();
}

#[test]
fn by_the_socket_its_block_silences_nothing_and_its_files_are_the_users() {
    if !can_be_nobody() || CorePattern::why_not().is_some() {
        eprintln!("left out: only root may change core_pattern");
        return;
    }
    let privileged = scene();
    let service = Service::start(&privileged.scene.sandbox).expect("a service");
    let borrowed = CorePattern::set(&service.core_pattern()).expect("core_pattern");
    let _dumps = PrivilegedDumps::allow(&borrowed);
    privileged.check_kernels_report();
}

impl PrivilegedScene {
    fn check_kernels_report(&self) {
        let (privileged, scene, store) = (self, &self.scene, self.store());

        // The same words silence the kernel for an ordinary program: they name a report of its user.
        let forged = ["block", "forge", "2", &privileged.stored_id, &store];
        let ended = crash_as_nobody(scene, &mut as_nobody(scene, scene.program(), &forged));
        scene.no_report(ended.pid);

        let secret = scene.sandbox.path("secret");
        fs::write(&secret, "root's").expect("a file");
        fs::set_permissions(&secret, fs::Permissions::from_mode(0o600)).expect("its mode");
        let groups = scene.sandbox.path("groups");
        fs::write(&groups, "for group 24").expect("a file");
        chown(&groups, Some(0), Some(24)).expect("its group");
        fs::set_permissions(&groups, fs::Permissions::from_mode(0o640)).expect("its mode");
        let (secret, groups) = (secret.display().to_string(), groups.display().to_string());
        let mut words = vec!["file", secret.as_str(), "file", groups.as_str()];
        words.extend(forged);
        let ended = privileged.crash(&words);
        let report = scene.only_report(Store::Machine, ended.pid);
        assert_eq!(report["uid"], NOBODY);
        assert!(files(&report).contains(&"file001_groups".into()), "{report}");
        assert!(!files(&report).iter().any(|name| name.contains("secret")), "{report}");
        assert_says(&missing(&report), "user 65534 cannot open it");

        let root = scene.sandbox.store_root(Store::Machine);
        let queue = root.join("ReportQueue");
        let id = report["id"].as_str().expect("an id");
        let name = names(&queue).into_iter().find(|name| name.ends_with(id)).expect("its folder");
        let folder = queue.join(name);
        for (path, mode) in [(queue, 0o700), (folder.clone(), 0o700), (folder.join("minidump.mdmp"), 0o600)] {
            let metadata = fs::metadata(&path).expect("it is there");
            assert_eq!((metadata.uid(), metadata.mode() & 0o7777), (0, mode), "{}", path.display());
        }
    }
}

/// What it held is not for the person who started it to read, wherever a dump would go.
#[test]
fn no_dump_of_it_goes_where_its_user_can_read() {
    if !can_be_nobody() {
        return;
    }
    let privileged = scene();
    let scene = &privileged.scene;
    let folder = scene.sandbox.path("work/dumps");
    let settings = format!("[LocalDumps]\nDumpFolder = '{}'\n", folder.display());
    fs::write(scene.sandbox.path("etc/wer/wer.toml"), settings).expect("settings");
    let Some(borrowed) = scene.kernel_pipe() else { return };
    let _dumps = PrivilegedDumps::allow(&borrowed);
    open_to_nobody(scene, &["home"]);
    let ended = privileged.crash(&["local-dump", "game"]);
    let missing = missing(&scene.only_report(Store::Machine, ended.pid));
    assert_says(&missing, "The local dump (LocalDumps) was not written: the program runs with more rights");
    assert_says(&missing, "copy of the dump (game) was not made: the program runs with more rights");
    assert!(!folder.exists() && names(&scene.sandbox.path("home")).is_empty());
    // The same words of an ordinary program.
    let ended = crash_as_nobody(scene, &mut as_nobody(scene, scene.program(), &["local-dump", "game"]));
    scene.only_report(Store::Machine, ended.pid);
    assert!(folder.exists() && scene.sandbox.path("home/.local/share/game").exists());
}

/// The reporter would have the program's rights, and the environment is the user's.
#[test]
fn it_is_not_reported_where_the_environment_says() {
    if !can_be_nobody() {
        return;
    }
    let privileged = scene();
    let scene = &privileged.scene;
    let werfault = scene.sandbox.built().binary("werfault").display().to_string();
    // The client does not believe WER_WERFAULT here.
    let ended = privileged.crash(&["attach"]);
    assert!(!ended.stderr.contains(&werfault), "{}", ended.describe());
    scene.no_report(ended.pid);

    // Another client might. Neither with borrowed rights nor with those that the program has made its own does the
    // reporter write anything.
    let trap = scene.sandbox.path("work/trap");
    for words in [&["reporter", werfault.as_str()][..], &["become-root", "reporter", werfault.as_str()]] {
        let mut command = as_nobody(scene, &privileged.helper, words);
        let ended = process::run(command.env("WER_STORE_DIR", &trap), CRASH_LIMIT).expect("its end");
        assert!(ended.stderr.contains("by the kernel's way only"), "{}", ended.describe());
        assert!(ended.stderr.contains("the reporter answered f"), "{}", ended.describe());
        assert!(!trap.exists(), "root wrote where the environment said");
    }
    // The same words of an ordinary program are served, and fail on their own merits: with a line in that log.
    let mut command = as_nobody(scene, scene.program(), &["reporter", &werfault]);
    let ended = process::run(command.env("WER_STORE_DIR", &trap), CRASH_LIMIT).expect("its end");
    assert!(ended.stderr.contains("siginfo that it names cannot be read"), "{}", ended.describe());
    assert!(trap.join("events.jsonl").exists(), "{}", ended.describe());
}
