//! Tables of cases, and names that must be nowhere.

use proptest::prelude::*;
use watson_db::Collect;
use wer_wire::{ApplicationInfo, Level1Request};

use super::*;

fn names() -> Pseudonyms {
    Pseudonyms::new(b"key").unwrap()
}

fn all(treatment: Treatment) -> PrivacyRules {
    PrivacyRules {
        user: treatment,
        machine: treatment,
        paths: treatment,
        address: treatment,
        agent: treatment,
        raw: true,
        attachments: true,
        collect: Collect::All,
    }
}

fn users_only() -> PrivacyRules {
    PrivacyRules { user: Treatment::Drop, ..PrivacyRules::default() }
}

#[test]
fn users_are_found_in_paths_of_every_kind() {
    let names = names();
    for (text, expected) in [
        (r"C:\Users\joe\AppData\Local\app.exe", r"C:\Users\<user>\AppData\Local\app.exe"),
        (r"c:\users\Joe Smith\x", r"c:\users\<user>\x"),
        (r"C:\Users\Joe Smith", r"C:\Users\<user>"),
        (r"C:\Documents and Settings\joe\x", r"C:\Documents and Settings\<user>\x"),
        (r"C:\\Users\\joe\\x", r"C:\\Users\\<user>\\x"),
        ("C:/Users/JOESM~1/x", "C:/Users/<user>/x"),
        (r"\\?\C:\Users\joe\x", r"\\?\C:\Users\<user>\x"),
        (r"\Device\HarddiskVolume3\Users\joe\x", r"\Device\HarddiskVolume3\Users\<user>\x"),
        (r"\\srv\home\joe\x", r"\\srv\home\<user>\x"),
        ("/home/joe/.cache/x", "/home/<user>/.cache/x"),
        ("/home/joe", "/home/<user>"),
        ("/var/home/joe/x:/export/home/ann/y", "/var/home/<user>/x:/export/home/<user>/y"),
        ("/Users/joe/Library/x", "/Users/<user>/Library/x"),
        ("Z:\\home\\joe\\x", "Z:\\home\\<user>\\x"),
        ("file:///home/joe/x", "file:///home/<user>/x"),
        ("cannot open /home/joe: no such file", "cannot open /home/<user> no such file"),
        ("/mnt/c/Users/joe/x", "/mnt/c/Users/<user>/x"),
        // Nobody's.
        (r"C:\Users\Public\x", r"C:\Users\Public\x"),
        ("/usr/lib/libc.so.6", "/usr/lib/libc.so.6"),
        ("Home/End keys", "Home/End keys"),
        ("users: 5", "users: 5"),
    ] {
        assert_eq!(Cleaner::new(users_only(), &names, 1).name(text), expected, "{text}");
    }
}

#[test]
fn folders_go_and_what_names_a_module_stays() {
    let names = names();
    let rules = PrivacyRules { paths: Treatment::Drop, ..PrivacyRules::default() };
    let cleaner = Cleaner::new(rules, &names, 1);
    for (text, name, free) in [
        (r"C:\Program Files\App\a b.exe", "a b.exe", "<path>"),
        (r"\\srv\share\x.dll", "x.dll", "<path>"),
        ("/opt/app/bin/app", "app", "<path>"),
        ("/opt/app/", "<path>", "<path>"),
        ("app.exe", "app.exe", "app.exe"),
        ("and/or 1/2", "and/or 1/2", "and/or 1/2"),
        ("1.2.3", "1.2.3", "1.2.3"),
        ("/a/b:/c/d", "b:d", "<path>:<path>"),
        ("PATH=/a/b;C:\\x\\y", "PATH=b;y", "PATH=<path>;<path>"),
        ("loading \"/a/b c/d\" failed", "loading \"d\" failed", "loading \"<path>\" failed"),
        ("https://example.org/a/b", "https://example.org/a/b", "https://example.org/a/b"),
        ("file:///a/b", "file:b", "file:<path>"),
        ("", "", ""),
    ] {
        assert_eq!(cleaner.name(text), name, "{text}");
        assert_eq!(cleaner.text(text), free, "{text}");
    }
    let hash = Cleaner::new(PrivacyRules { paths: Treatment::Hash, ..rules }, &names, 1);
    let (one, other) = (hash.name("/home/joe/app"), hash.name("/home/joe/lib.so"));
    assert_eq!(one.trim_end_matches("app"), other.trim_end_matches("lib.so"), "equal folders stay equal");
    assert_ne!(one.trim_end_matches("app"), hash.name("/home/ann/app").trim_end_matches("app"));
    assert!(one.starts_with("p-") && one.ends_with("/app"), "{one}");
}

#[test]
fn fields_that_say_what_they_hold_are_believed() {
    let names = names();
    let cleaner = Cleaner::new(all(Treatment::Drop), &names, 1);
    for (key, value, expected) in [
        ("USERNAME", "joe", "<user>"),
        ("user.email", "joe@example.org", "<user>"),
        ("sentry[user][email]", "joe@example.org", "<user>"),
        ("ComputerName", "PC", "<machine>"),
        ("server_name", "pc.example.org", "<machine>"),
        ("ip_address", "anything", "<address>"),
        ("note", "10.1.2.3", "<address>"),
        ("note", "[::1]:80", "<address>"),
        ("ver", "10.1.2.3", "10.1.2.3"),
        ("Uptime", "5", "5"),
        ("env", "USER=joe\nTERM=xterm\nHOSTNAME=pc\n", "USER=<user>\nTERM=xterm\nHOSTNAME=<machine>\n"),
        ("env", "HOME=/home/joe\0LANG=C", "HOME=<path>\0LANG=C"),
        (
            "sentry",
            r#"{"user":{"id":7,"name":"x"},"n":1}"#,
            r#"{"n":1,"user":{"id":"<user>","name":"<user>"}}"#,
        ),
    ] {
        assert_eq!(cleaner.pair(key, value), expected, "{key}={value}");
    }
}

#[test]
fn a_name_that_was_told_once_is_found_everywhere() {
    let names = names();
    let mut cleaner = Cleaner::new(all(Treatment::Drop), &names, 1);
    cleaner.learn_user(r"CORP\jsmith");
    cleaner.learn_user("Joe Smith");
    cleaner.learn_machine("JOES-PC.corp.example");
    cleaner.learn_user("al");
    cleaner.learn_user("bob");
    cleaner.learn_user("admin");
    for (text, expected) in [
        ("log of JSmith2", "log of <user>2"),
        ("joe%20smith and Joe+Smith", "<user> and <user>"),
        ("on joes-pc.corp.example, on joes-pc", "on <machine>, on <machine>"),
        ("bob bobsled", "<user> bobsled"),
        ("alice and al", "alice and al"),
        ("admin", "admin"),
    ] {
        assert_eq!(cleaner.text(text), expected);
    }
    let mut hash = Cleaner::new(all(Treatment::Hash), &names, 1);
    hash.learn_machine("pc-7");
    assert_eq!(hash.text("at PC-7"), format!("at {}", hash.machine("pc-7")), "as the rows have it");
}

#[test]
fn a_request_is_rewritten_and_its_program_stays() {
    let names = names();
    let request = Level1Request {
        user_name: "jsmith".into(),
        machine_name: "JOES-PC".into(),
        application: Some(ApplicationInfo {
            name: "app.exe".into(),
            path: r"C:\Users\jsmith\app.exe".into(),
            company: None,
        }),
        parameters: vec![
            (0, "Application Name".into(), "app.exe".into()),
            (1, "Module".into(), r"C:\Users\jsmith\lib.dll".into()),
        ],
        secondary_parameters: vec![
            ("ComputerName".into(), "joes-pc".into()),
            ("x".into(), "by jsmith".into()),
        ],
        files: vec![("jsmith.log".into(), 1)],
        ..Level1Request::default()
    };
    let clean = Cleaner::new(all(Treatment::Drop), &names, 1).level1(&request);
    assert_eq!((clean.user_name.as_str(), clean.machine_name.as_str()), ("", ""));
    assert_eq!(clean.application.unwrap().path, "app.exe");
    assert_eq!((clean.parameters[0].2.as_str(), clean.parameters[1].2.as_str()), ("app.exe", "lib.dll"));
    assert_eq!(clean.secondary_parameters[0].1, "<machine>");
    assert_eq!(clean.secondary_parameters[1].1, "by <user>");
    assert_eq!(clean.files[0].0, "<user>.log");
    let kept = Cleaner::new(PrivacyRules::default(), &names, 1).level1(&request);
    assert_eq!(kept, request);
}

proptest! {
    #[test]
    fn no_text_is_too_odd(text in any::<String>(), path in r"([A-Z]:|\\\\|/|~|\.\.|[a-z ]|;|%|\u{130}){0,12}") {
        let names = names();
        for treatment in [Treatment::Drop, Treatment::Hash] {
            let mut cleaner = Cleaner::new(all(treatment), &names, 1);
            cleaner.learn_text(&path);
            cleaner.learn_text(&text);
            _ = (cleaner.text(&path), cleaner.name(&text), cleaner.pair(&text, &path));
        }
        prop_assert_eq!(Cleaner::new(PrivacyRules::default(), &names, 1).pair(&path, &text), text);
    }

    #[test]
    fn a_dropped_name_is_nowhere(user in "[a-z]{6,12}( [a-z]{3,8})?", machine in "[A-Z]{4}-[0-9]{4}", place in 0..6_usize) {
        let names = names();
        let told = match place {
            0 => format!(r"C:\Users\{user}\x on \\{machine}\share"),
            1 => format!("/home/{user}/x\nHOSTNAME={machine}"),
            2 => format!("{{\"user\":\"{user}\",\"server_name\":\"{machine}\"}}"),
            3 => format!("USERNAME={user}\nCOMPUTERNAME={machine}"),
            4 => format!("open \"C:\\\\Users\\\\{user}\\\\a b\" \\\\{machine}\\c$"),
            _ => format!("LOGNAME: {user}\nhost: {machine}"),
        };
        let elsewhere = format!("{}'s file on {} at /data/{user}/{machine}", user.to_uppercase(), machine.to_lowercase());
        for treatment in [Treatment::Drop, Treatment::Hash] {
            let mut cleaner = Cleaner::new(all(treatment), &names, 1);
            cleaner.learn_pair("env", &told);
            for text in [&told, &elsewhere] {
                for clean in [cleaner.pair("note", text), cleaner.text(text), cleaner.name(text)] {
                    let small = clean.to_lowercase();
                    prop_assert!(!small.contains(&user) && !small.contains(&machine.to_lowercase()), "{} -> {}", text, clean);
                }
            }
        }
    }
}
