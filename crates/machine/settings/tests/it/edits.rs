//! Changes to a file by programs and by `wer config`.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use wer_settings::edit::{self, Change, EditError, NewValue};
use wer_settings::{FileLevel, Locations, Settings};

fn locations(folder: &Path) -> Locations {
    Locations { user_dir: Some(folder.join("user")), ..Locations::system(Some(folder)) }
}

fn text(locations: &Locations) -> String {
    fs::read_to_string(locations.user_file().expect("a user")).expect("a file")
}

fn write(locations: &Locations, text: &str) {
    let file = locations.user_file().expect("a user");
    fs::create_dir_all(file.parent().expect("a folder")).expect("a folder");
    fs::write(file, text).expect("a file");
}

#[test]
fn excluding_a_program_keeps_the_rest_of_the_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let locations = locations(folder.path());
    let old = "# mine\nDisabled = 0 # for now\n\n[ExcludedApplications]\n# noisy\n\"game\" = 1\n";
    write(&locations, old);
    for program in ["C:\\Programs\\tool.exe", "/usr/bin/tool.exe", "tool.exe"] {
        edit::add_excluded_application(&locations, FileLevel::User, program).expect("a name");
    }
    assert_eq!(text(&locations), format!("{old}\"tool.exe\" = 1\n"));
    assert!(Settings::load(&locations).0.is_excluded("tool.exe"));
    edit::remove_excluded_application(&locations, FileLevel::User, "tool.exe").expect("it is listed");
    assert_eq!(text(&locations), old);
    let again = edit::remove_excluded_application(&locations, FileLevel::User, "tool.exe");
    assert!(matches!(again, Err(EditError::NotListed { .. })), "{again:?}");
}

#[test]
fn names_of_no_program_are_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let locations = locations(folder.path());
    let long = "x".repeat(260);
    for name in ["", "folder\\", "/usr/bin/", "..", "a\nb", &long] {
        let refused = edit::add_excluded_application(&locations, FileLevel::User, name);
        assert!(matches!(refused, Err(EditError::BadName(_))), "{name:?}: {refused:?}");
    }
    assert!(!locations.user_file().expect("a user").exists());
    edit::add_excluded_application(&locations, FileLevel::User, &long[1..])
        .expect("as long as Windows takes");
}

#[test]
fn of_many_writers_each_leaves_its_entry() {
    let folder = tempfile::tempdir().expect("a folder");
    let locations = locations(folder.path());
    std::thread::scope(|scope| {
        for writer in 0..8 {
            let locations = &locations;
            scope.spawn(move || {
                let name = format!("program{writer}");
                edit::add_excluded_application(locations, FileLevel::User, &name).expect("a name");
            });
        }
    });
    let (settings, warnings) = Settings::load(&locations);
    assert!(warnings.is_empty() && (0..8).all(|writer| settings.is_excluded(&format!("program{writer}"))));
    assert_eq!(
        fs::read_dir(folder.path().join("user")).expect("a folder").count(),
        1,
        "nothing is left over"
    );
}

#[test]
fn a_file_that_cannot_be_believed_is_not_written_over() {
    let folder = tempfile::tempdir().expect("a folder");
    let locations = locations(folder.path());
    write(&locations, "Disabled = = 1\n");
    let refused = edit::add_excluded_application(&locations, FileLevel::User, "a").expect_err("no TOML");
    assert!(refused.to_string().contains("line 1 is not valid TOML"), "{refused}");
    assert_eq!(text(&locations), "Disabled = = 1\n");
    write(&locations, "ExcludedApplications = 3\n");
    let refused = edit::add_excluded_application(&locations, FileLevel::User, "a").expect_err("no table");
    assert!(refused.to_string().contains("no table"), "{refused}");
    let file = locations.user_file().expect("a user");
    fs::rename(&file, file.with_file_name("real")).expect("it moves");
    symlink("real", &file).expect("a link");
    let refused = edit::add_excluded_application(&locations, FileLevel::User, "a").expect_err("a link");
    assert!(refused.to_string().contains("symbolic link"), "{refused}");
    assert!(fs::symlink_metadata(&file).expect("it stays").is_symlink());
}

#[test]
fn a_place_without_rights_is_told_apart() {
    let folder = tempfile::tempdir().expect("a folder");
    let locations = Locations { user_dir: Some("/proc/self/wer".into()), ..locations(folder.path()) };
    let refused = edit::add_excluded_application(&locations, FileLevel::User, "a").expect_err("no folder");
    assert!(matches!(refused, EditError::Io { .. }), "{refused}");
    let nobody = Locations { user_dir: None, ..locations };
    let refused = edit::add_excluded_application(&nobody, FileLevel::User, "a");
    assert!(matches!(refused, Err(EditError::NoUserFile)), "{refused:?}");
}

#[test]
fn values_of_every_section_are_set_and_unset() {
    let folder = tempfile::tempdir().expect("a folder");
    let locations = locations(folder.path());
    let pairs = [
        ("maxqueuecount", "0x10", "MaxQueueCount = 16"),
        ("Consent.APPCRASH", "2", "APPCRASH = 2"),
        ("LocalDumps.my.game.exe.dumptype", "2", "[LocalDumps.\"my.game.exe\"]\nDumpType = 2"),
        ("LocalDumps.DumpFolder", "/srv/dumps", "DumpFolder = \"/srv/dumps\""),
        ("AeDebug.Debugger", "gdb -p %ld", "Debugger = \"gdb -p %ld\""),
        ("AeDebug.AutoExclusionList.dwm.exe", "1", "\"dwm.exe\" = 1"),
        ("DebugApplications.*", "1", "\"*\" = 1"),
        ("RuntimeExceptionHelperModules./opt/m.so", "1", "\"/opt/m.so\" = 1"),
    ];
    for (name, value, line) in pairs {
        let file = edit::set(&locations, FileLevel::System, name, value).expect(name);
        let text = fs::read_to_string(file).expect("a file");
        assert!(text.contains(line), "{name}: {text}");
        assert_eq!(Settings::load(&locations).1, [], "{text}");
    }
    for (name, _, line) in pairs {
        let file = edit::unset(&locations, FileLevel::System, name).expect(name).expect("it was there");
        let text = fs::read_to_string(file).expect("a file");
        assert!(!text.contains(line), "{name}: {text}");
        assert_eq!(edit::unset(&locations, FileLevel::System, name).expect(name), None);
    }
    assert_eq!(fs::read_to_string(locations.system_file()).expect("a file").trim(), "");
    assert_eq!(Settings::load(&locations).0.local_dump("x"), None);
}

#[test]
fn what_the_reader_would_not_take_is_not_written() {
    let folder = tempfile::tempdir().expect("a folder");
    let locations = locations(folder.path());
    for (name, value) in [
        ("NoSuchThing", "1"),
        ("Disabled", "often"),
        ("Consent.DefaultConsent", "9"),
        ("LocalDumps.DumpFolder", "relative"),
        ("LocalDumps.DumpType", "1"),
        ("ExcludedApplications.a/b", "1"),
        ("ExcludedApplications.", "1"),
        ("LocalDumps.game.Bogus", "1"),
    ] {
        assert!(edit::set(&locations, FileLevel::User, name, value).is_err(), "{name} = {value}");
    }
    assert!(!locations.user_file().expect("a user").exists());
}

#[test]
fn an_empty_section_can_be_made() {
    let folder = tempfile::tempdir().expect("a folder");
    let locations = locations(folder.path());
    let changes = [
        Change::Section(vec!["LocalDumps".into()]),
        Change::Set(vec!["Disabled".into()], NewValue::Number(1)),
    ];
    let shown = edit::preview(&locations, FileLevel::System, &changes).expect("a text");
    assert!(!locations.system_file().exists(), "only shown");
    edit::apply(&locations, FileLevel::System, &changes).expect("a file");
    assert_eq!(fs::read_to_string(locations.system_file()).expect("a file"), shown);
    let (settings, _) = Settings::load(&locations);
    assert!(settings.disabled() && settings.local_dump("x").is_some());
}
