//! End to end: real programs crash, and what their parents, their reports, their dumps and the server say is checked.
//! Every kind of crash (`wer-crasher`) goes through every way of capture; see `table`.

mod debug;
mod dumps;
mod enroll;
mod fleet;
mod hang;
mod refusals;
mod sample;
mod table;
mod ways;
