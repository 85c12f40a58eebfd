//! What must hold when something goes wrong: real processes crash while the reporter is killed, hangs, is missing, while
//! disks fill and modules misbehave. Checked are the wait status, the number of reports, what they say, and the log.

mod article;
mod debugger;
mod disk;
mod kernel_input;
mod last_words;
mod local_dumps;
mod modules;
mod one_report;
mod ordinary_user;
mod privileged;
mod registrations;
mod reporter;
mod restart;
mod rules;
mod scene;
mod sending;
mod target_dies;
mod user_settings;
