//! Reads and writes of Windows Error Reporting's own keys, by the program `wer`; there is no other registry.
//!
//! `HKLM` and `HKCU` `\Software\Microsoft\Windows\Windows Error Reporting`, and the policy key, are what
//! `docs/settings.md` tells: a subkey is a table, a value is a setting. A read answers the value that counts, whichever
//! hive it asks; a value that no file sets is not there, whatever its default is. A write goes to the user's file from
//! `HKCU`, and from `HKLM` to the machine's, where only root may write. `wer` is looked for beside the library, and in
//! `/usr/bin`.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Mutex;

use crate::error::Win32Error;

/// `HKEY_CURRENT_USER`.
pub const HKEY_CURRENT_USER: usize = 0x8000_0001;
/// `HKEY_LOCAL_MACHINE`.
pub const HKEY_LOCAL_MACHINE: usize = 0x8000_0002;
/// The first handle of an open key; they are four apart.
const FIRST_KEY: usize = 0x5752_0000;
/// Keys that a process may have open.
const MAX_KEYS: usize = 1024;
/// Characters of a key's path.
const MAX_PATH_CHARACTERS: usize = 4096;

const ROOTS: [&str; 2] = [
    r"software\microsoft\windows\windows error reporting",
    r"software\policies\microsoft\windows\windows error reporting",
];

/// A value as the registry has it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Value {
    /// `REG_DWORD`.
    Number(u32),
    /// `REG_SZ`.
    Text(String),
}

#[derive(Clone, PartialEq, Eq, Debug)]
struct Key {
    is_machine: bool,
    is_policy: bool,
    /// The path below the root: `Consent`, `LocalDumps\app`, or nothing.
    table: String,
}

static KEYS: Mutex<BTreeMap<usize, Key>> = Mutex::new(BTreeMap::new());

fn keys() -> std::sync::MutexGuard<'static, BTreeMap<usize, Key>> {
    KEYS.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// The key at a path below a predefined or an open one.
fn key_at(parent: usize, path: &str) -> Result<Key, Win32Error> {
    if path.len() > MAX_PATH_CHARACTERS {
        return Err(Win32Error::FILE_NOT_FOUND);
    }
    let path = path.trim_matches('\\');
    let is_machine = match parent {
        HKEY_CURRENT_USER => false,
        HKEY_LOCAL_MACHINE => true,
        open => {
            let key = keys().get(&open).cloned().ok_or(Win32Error::INVALID_HANDLE)?;
            let table = [key.table.as_str(), path].into_iter().filter(|part| !part.is_empty());
            return Ok(Key { table: table.collect::<Vec<_>>().join("\\"), ..key });
        }
    };
    ROOTS
        .iter()
        .enumerate()
        .find_map(|(index, root)| {
            let start = path.get(..root.len())?;
            let rest = path.get(root.len()..)?;
            let is_root = start.eq_ignore_ascii_case(root) && (rest.is_empty() || rest.starts_with('\\'));
            let table = rest.trim_start_matches('\\').to_owned();
            is_root.then_some(Key { is_machine, is_policy: index == 1, table })
        })
        .ok_or(Win32Error::FILE_NOT_FOUND)
}

/// `RegOpenKeyEx`, `RegCreateKeyEx`: every subkey of Windows Error Reporting's is there.
///
/// # Errors
/// [`Win32Error::FILE_NOT_FOUND`] for any other key, [`Win32Error::INVALID_HANDLE`],
/// [`Win32Error::TOO_MANY_OPEN_FILES`].
pub fn open_key(parent: usize, path: &str) -> Result<usize, Win32Error> {
    let key = key_at(parent, path)?;
    let mut keys = keys();
    let number = (0..MAX_KEYS)
        .map(|place| FIRST_KEY + place * 4)
        .find(|number| !keys.contains_key(number))
        .ok_or(Win32Error::TOO_MANY_OPEN_FILES)?;
    keys.insert(number, key);
    Ok(number)
}

/// `RegCloseKey`. Predefined keys stay open.
///
/// # Errors
/// [`Win32Error::INVALID_HANDLE`].
pub fn close_key(key: usize) -> Result<(), Win32Error> {
    let known = matches!(key, HKEY_CURRENT_USER | HKEY_LOCAL_MACHINE) || keys().remove(&key).is_some();
    if known { Ok(()) } else { Err(Win32Error::INVALID_HANDLE) }
}

/// The name by which `wer config` knows a value.
fn setting(key: &Key, value: &str) -> Result<String, Win32Error> {
    // A path under this key is spelled as it was registered, with `/`.
    let value = if value.starts_with('\\') { value.replace('\\', "/") } else { value.to_owned() };
    if value.is_empty() || value.contains('\0') {
        return Err(Win32Error::FILE_NOT_FOUND);
    }
    let table = key.table.replace('\\', ".");
    Ok(if table.is_empty() { value } else { format!("{table}.{value}") })
}

fn program() -> PathBuf {
    let beside = crate::library::own_library_folder().map(|folder| folder.join("wer"));
    beside.filter(|path| path.is_file()).unwrap_or_else(|| PathBuf::from("/usr/bin/wer"))
}

/// `RegQueryValueEx`, `RegGetValue`.
///
/// # Errors
/// [`Win32Error::FILE_NOT_FOUND`] for a value that no settings file sets, and without the program `wer`;
/// [`Win32Error::INVALID_HANDLE`].
pub fn query(parent: usize, path: &str, value: &str) -> Result<Value, Win32Error> {
    let name = setting(&key_at(parent, path)?, value)?;
    let output = Command::new(program())
        .args(["config", "get", "--json", "--", &name])
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output()
        .map_err(|_| Win32Error::FILE_NOT_FOUND)?;
    let text = String::from_utf8_lossy(&output.stdout);
    value_of_answer(&text).filter(|_| output.status.success()).ok_or(Win32Error::FILE_NOT_FOUND)
}

/// The value in an answer of `wer config get --json`, unless no file has it. What is no such answer has none.
#[must_use]
pub fn value_of_answer(json: &str) -> Option<Value> {
    let field = |name: &str| {
        let start = format!("\"{name}\": \"");
        let line = json.lines().find_map(|line| line.trim().strip_prefix(start.as_str()))?;
        line.trim_end_matches(',').strip_suffix('"')
    };
    field("file")?;
    let text = field("value")?.replace("\\\"", "\"").replace("\\\\", "\\");
    Some(text.parse().map_or(Value::Text(text), Value::Number))
}

/// `RegSetValueEx`.
///
/// # Errors
/// [`Win32Error::ACCESS_DENIED`] where the file cannot be written, the setting does not exist or does not take this
/// value; [`Win32Error::FILE_NOT_FOUND`] without the program `wer`; [`Win32Error::INVALID_HANDLE`].
pub fn set(parent: usize, path: &str, name: &str, value: &Value) -> Result<(), Win32Error> {
    let key = key_at(parent, path)?;
    let name = setting(&key, name)?;
    let value = match value {
        Value::Number(number) => number.to_string(),
        Value::Text(text) => text.clone(),
    };
    let mut command = Command::new(program());
    command.args(["config", "set"]);
    if key.is_machine {
        command.arg("--system");
    }
    if key.is_policy {
        command.arg("--policy");
    }
    let status = command
        .args(["--", &name, &value])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .map_err(|_| Win32Error::FILE_NOT_FOUND)?;
    if status.success() { Ok(()) } else { Err(Win32Error::ACCESS_DENIED) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WER: &str = r"SOFTWARE\Microsoft\Windows\Windows Error Reporting";

    #[test]
    fn only_our_own_keys_exist() {
        assert_eq!(key_at(HKEY_CURRENT_USER, r"Software\Wox\CrashHandler"), Err(Win32Error::FILE_NOT_FOUND));
        assert_eq!(key_at(HKEY_LOCAL_MACHINE, &format!("{WER}X")), Err(Win32Error::FILE_NOT_FOUND));
        assert_eq!(key_at(7, WER), Err(Win32Error::INVALID_HANDLE));
        let open = open_key(HKEY_LOCAL_MACHINE, &format!("{WER}\\LocalDumps")).unwrap();
        let deeper = key_at(open, "app\\").unwrap();
        assert_eq!((deeper.table.as_str(), deeper.is_machine), (r"LocalDumps\app", true));
        assert_eq!(setting(&deeper, "DumpType"), Ok("LocalDumps.app.DumpType".to_owned()));
        assert_eq!(close_key(open), Ok(()));
        assert_eq!(close_key(open), Err(Win32Error::INVALID_HANDLE));
    }

    #[test]
    fn modules_are_named_by_their_linux_paths() {
        let key = key_at(HKEY_CURRENT_USER, &format!("{WER}\\RuntimeExceptionHelperModules")).unwrap();
        let name = setting(&key, r"\opt\app\wer.so");
        assert_eq!(name, Ok("RuntimeExceptionHelperModules./opt/app/wer.so".to_owned()));
    }

    #[test]
    fn answers_are_read() {
        let set = "{\n  \"file\": \"/etc/wer/wer.toml\",\n  \"name\": \"Disabled\",\n  \"value\": \"1\"\n}\n";
        assert_eq!(value_of_answer(set), Some(Value::Number(1)));
        let text = set.replace("\"1\"", "\"a \\\"b\\\" c:\\\\d\"");
        assert_eq!(value_of_answer(&text), Some(Value::Text("a \"b\" c:\\d".to_owned())));
        assert_eq!(value_of_answer("{\n  \"file\": null,\n  \"value\": \"0\"\n}\n"), None);
    }
}
