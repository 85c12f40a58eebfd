//! `/proc/PID/stat` and `/proc/PID/task/TID/stat`.

use super::{leading_number, parse_decimal};

/// What the system uses of a `stat` file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stat {
    /// Pid or tid, in the namespace of the `/proc` mount.
    pub id: u32,
    /// `comm` as it is, lossy; may hold any character.
    pub name: String,
    /// State letter: `R S D T t Z X I`.
    pub state: char,
    /// Parent.
    pub parent_pid: u32,
    /// Page faults that needed no disk.
    pub minor_faults: u64,
    /// Page faults that did.
    pub major_faults: u64,
    /// User time, clock ticks.
    pub user_ticks: u64,
    /// Kernel time, clock ticks.
    pub kernel_ticks: u64,
    /// Nice value, -20 to 19.
    pub nice: i32,
    /// Threads of the process, those that are ending included.
    pub thread_count: u32,
    /// Start, clock ticks after boot. With the pid it names a process for good.
    pub start_ticks: u64,
    /// Where the main thread's stack began when the program was executed; 0 = not for our eyes, or none.
    pub start_stack: u64,
}

/// Parses a `stat` file. `None` when it is none.
///
/// The name stands between the first `(` and the last `)`: a name may hold brackets, blanks and newlines, but no
/// field after it can.
#[must_use]
pub fn parse_stat(text: &[u8]) -> Option<Stat> {
    let open = text.iter().position(|byte| *byte == b'(')?;
    let close = text.iter().rposition(|byte| *byte == b')')?;
    let name = text.get(open + 1..close)?;
    let fields: Vec<&[u8]> = text
        .get(close + 1..)?
        .split(|byte| byte.is_ascii_whitespace())
        .filter(|field| !field.is_empty())
        .collect();
    let number = |index: usize| fields.get(index).and_then(|field| parse_decimal(field));
    Some(Stat {
        id: u32::try_from(leading_number(text.get(..open)?)?).ok()?,
        name: String::from_utf8_lossy(name).into_owned(),
        state: char::from(*fields.first()?.first()?),
        parent_pid: u32::try_from(number(1)?).ok()?,
        minor_faults: number(7)?,
        major_faults: number(9)?,
        user_ticks: number(11)?,
        kernel_ticks: number(12)?,
        nice: str::from_utf8(fields.get(16)?).ok()?.parse().ok()?,
        thread_count: u32::try_from(number(17)?).ok()?,
        start_ticks: number(19)?,
        start_stack: number(25).unwrap_or(0),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const FIELDS: &str = "S 1 4711 4711 0 -1 4194560 172 0 9 0 31 12 0 0 20 -5 3 0 987654 2502656 263 18446744073709551615 1 2 140720";

    #[test]
    fn an_ordinary_line_is_understood() {
        let stat = parse_stat(format!("4711 (cat) {FIELDS}\n").as_bytes()).expect("a stat line");
        assert_eq!((stat.id, stat.name.as_str(), stat.state, stat.parent_pid), (4711, "cat", 'S', 1));
        assert_eq!((stat.user_ticks, stat.kernel_ticks, stat.nice), (31, 12, -5));
        assert_eq!((stat.minor_faults, stat.major_faults), (172, 9));
        assert_eq!((stat.thread_count, stat.start_ticks, stat.start_stack), (3, 987_654, 140_720));
    }

    #[test]
    fn a_name_with_brackets_and_newlines_does_not_move_the_fields() {
        for name in ["a) R 1 2", ") (", "x\n7 (y", "", "((("] {
            let stat = parse_stat(format!("4711 ({name}) {FIELDS}\n").as_bytes()).expect("a stat line");
            assert_eq!((stat.id, stat.name.as_str(), stat.start_ticks), (4711, name, 987_654));
        }
    }

    #[test]
    fn what_is_no_stat_line_is_refused() {
        for text in ["", "4711", "4711 (cat)", "4711 (cat) S 1", ")(", "x (y) S 1 2 3"] {
            assert_eq!(parse_stat(text.as_bytes()), None, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn no_contents_make_it_panic(text in proptest::collection::vec(any::<u8>(), 0..400)) {
            let _ = parse_stat(&text);
        }

        #[test]
        fn any_name_is_carried(name in "[^\u{0}]{0,15}") {
            let stat = parse_stat(format!("9 ({name}) {FIELDS}").as_bytes()).expect("a stat line");
            prop_assert_eq!(stat.name, name);
            prop_assert_eq!(stat.start_ticks, 987_654);
        }
    }
}
