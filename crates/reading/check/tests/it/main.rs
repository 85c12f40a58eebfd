//! A right dump is right; each thing that can be wrong is found.

mod foreign;
mod hostile;
mod right;
mod wrong;
