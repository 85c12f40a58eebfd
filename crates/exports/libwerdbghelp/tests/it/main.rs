//! The library as C and C++ programs use it.

mod build;
mod dumps;
mod headers;
