//! Analyses in a real child process (the example `child`), of real dumps and of cabs that lie.

#[path = "it/cabs.rs"]
mod cabs;
#[path = "it/children.rs"]
mod children;
#[path = "it/fixture.rs"]
mod fixture;
#[path = "it/stacks.rs"]
mod stacks;
