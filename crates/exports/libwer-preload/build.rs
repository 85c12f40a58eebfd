//! Names the library, and keeps it loaded: its signal handlers may run at any time.

fn main() {
    println!("cargo::rustc-cdylib-link-arg=-Wl,-soname,libwer-preload.so");
    println!("cargo::rustc-cdylib-link-arg=-Wl,-z,nodelete");
    println!("cargo::rerun-if-changed=build.rs");
}
