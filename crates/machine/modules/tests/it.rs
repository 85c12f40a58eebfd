//! Modules, written in C as modules are, in real hosts, asked about a real process.

mod it {
    mod answers;
    mod checked_files;
    mod field;
    mod misbehaviour;
    mod order;
    mod rights;
    mod samples;
    mod support;
}
