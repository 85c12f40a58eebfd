//! What the real program does when something that it stands on goes away under it: the bucket, the database, the disk.

#[path = "failures/analysis.rs"]
mod analysis;
#[path = "failures/database.rs"]
mod database;
#[path = "failures/disk.rs"]
mod disk;
#[path = "failures/fleet.rs"]
mod fleet;
#[path = "failures/killed.rs"]
mod killed;
#[path = "failures/postgres.rs"]
mod postgres_gone;
#[path = "failures/restore.rs"]
mod restore;
#[path = "failures/s3.rs"]
mod s3_gone;
#[path = "failures/shared.rs"]
mod shared;
#[path = "failures/site.rs"]
pub(crate) mod site;
