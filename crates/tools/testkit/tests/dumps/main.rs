//! Dumps of real processes of every kind, held against what the processes themselves say is true, in the eyes of
//! readers that share no code with ours; and what is left behind when a dump cannot be had.

mod making;
mod readers;
mod sources;
mod streams;
mod trouble;
mod truth;
