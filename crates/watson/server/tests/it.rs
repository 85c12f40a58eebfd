//! The server over real sockets on a loopback address: machines, people, strangers.

#[path = "it/access.rs"]
mod access;
#[path = "it/api.rs"]
mod api;
#[path = "it/backup.rs"]
mod backup;
#[path = "it/bad_input.rs"]
mod bad_input;
#[path = "it/binary.rs"]
mod binary;
#[path = "it/bucket_symbols.rs"]
mod bucket_symbols;
#[path = "it/cabs.rs"]
mod cabs;
#[path = "it/client.rs"]
mod client;
#[path = "it/config.rs"]
mod config;
#[path = "it/doctor.rs"]
mod doctor;
#[path = "it/durability.rs"]
mod durability;
#[path = "it/failures.rs"]
mod failures;
#[path = "it/keeping.rs"]
mod keeping;
#[path = "it/load.rs"]
mod load;
#[path = "it/operation.rs"]
mod operation;
#[path = "it/own_client.rs"]
mod own_client;
#[path = "it/pages.rs"]
mod pages;
#[path = "it/pieces.rs"]
mod pieces;
#[path = "../../db/tests/support/postgres.rs"]
mod postgres;
#[path = "it/processes.rs"]
mod processes;
#[path = "it/record.rs"]
mod record;
#[path = "it/reports.rs"]
mod reports;
#[path = "it/reserve.rs"]
mod reserve;
#[path = "../../db/tests/support/s3.rs"]
mod s3;
#[path = "it/slow.rs"]
mod slow;
#[path = "it/symbols.rs"]
mod symbols;
#[path = "it/trust.rs"]
mod trust;
#[path = "it/world.rs"]
mod world;
