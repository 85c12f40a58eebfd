//! Names the library, and keeps it loaded: signal handlers and thread destructors of it may run after a `dlclose`.

fn main() {
    println!("cargo::rustc-cdylib-link-arg=-Wl,-soname,libwer.so");
    println!("cargo::rustc-cdylib-link-arg=-Wl,-z,nodelete");
    println!("cargo::rerun-if-changed=build.rs");
}
