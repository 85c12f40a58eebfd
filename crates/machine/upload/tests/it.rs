//! Sending against a small server on the loopback address that does as each test says.

mod it {
    mod answers;
    mod cab;
    mod loopback;
    mod refusals;
}
