//! Settings as the binaries see them: files on disk, precedence, warnings, explanations.

mod it {
    mod broken;
    mod edits;
    mod of_user;
    mod precedence;
    mod registry;
    mod values;
    mod watch;
}
