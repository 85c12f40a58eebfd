//! What is shown of dumps that are made field by field, and of dumps that are made to harm.

mod everything;
mod foreign;
mod limits;
mod mutations;
mod shown;
