//! Names that people give to things.

use crate::problem::Failure;

/// Characters of a name.
const MAX_NAME_CHARS: usize = 100;

/// A name that can be shown, typed and put into a path.
pub(crate) fn check_name(field: &str, name: &str) -> Result<(), Failure> {
    let chars = name.chars().count();
    if chars == 0 || chars > MAX_NAME_CHARS || name.trim() != name || name.chars().any(char::is_control) {
        let why =
            format!("write 1 to {MAX_NAME_CHARS} characters, no control characters, no space at either end");
        return Err(Failure::invalid(field, why));
    }
    Ok(())
}
