//! What is in the output equals what was in memory, byte by byte, wherever it goes and whatever happens meanwhile.

mod failures;
mod model;
mod property;
mod space;
