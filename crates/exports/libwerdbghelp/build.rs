//! Names the library, and keeps it loaded: destructors of threads that used it may run after a `dlclose`.

fn main() {
    println!("cargo::rustc-cdylib-link-arg=-Wl,-soname,libwerdbghelp.so");
    println!("cargo::rustc-cdylib-link-arg=-Wl,-z,nodelete");
    println!("cargo::rerun-if-changed=build.rs");
}
