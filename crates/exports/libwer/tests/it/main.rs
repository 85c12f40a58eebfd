//! `libwer.so` as C and C++ programs use it: headers, limits, crashes, and one block for all copies.

mod build;
mod compat;
mod crashes;
mod fault_report;
mod hang;
mod limits;
mod manual;
mod registration;
mod report;
mod report_dump;
mod report_flags;
mod report_submit;
mod sharing;
mod store;
mod werfault;
mod wild_writes;
