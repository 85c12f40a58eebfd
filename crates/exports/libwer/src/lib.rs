//! `libwer.so`: the C surface of the client library, as `include/` declares it.

mod winbase;
