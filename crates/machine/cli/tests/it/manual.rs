//! `packaging/man/wer.1` names every command.

use std::process::Command;

#[test]
fn every_command_is_in_the_page() {
    let output = Command::new(env!("CARGO_BIN_EXE_wer")).arg("--help").output().unwrap();
    let help = String::from_utf8(output.stdout).unwrap();
    let commands = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    let commands: Vec<&str> = commands
        .take_while(|line| !line.is_empty())
        .filter_map(|line| line.strip_prefix("  ")?.split_whitespace().next())
        .collect();
    assert!(commands.contains(&"reports"), "{help}");
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../packaging/man/wer.1");
    let page = std::fs::read_to_string(page).unwrap();
    let entries: Vec<&str> =
        page.lines().filter_map(|line| line.strip_prefix(".B ")?.split_whitespace().next()).collect();
    for command in commands {
        assert!(entries.contains(&command), "{command} is not in packaging/man/wer.1");
    }
}
