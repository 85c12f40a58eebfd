//! ELF images with symbols and unwind tables: any address has an answer.
#![no_main]

use std::borrow::Cow;
use std::sync::Once;

use libfuzzer_sys::fuzz_target;
use minidump::{MinidumpModule, Module};
use wer_symbols::{FrameWalker, LocalAndUploaded, SymbolConfig};

static QUIET: Once = Once::new();
const BASE: u64 = 0x10_0000;

/// Every register and all memory hold the same number.
struct Flat(u64);

impl FrameWalker for Flat {
    fn get_instruction(&self) -> u64 {
        self.0
    }
    fn has_grand_callee(&self) -> bool {
        false
    }
    fn get_grand_callee_parameter_size(&self) -> u32 {
        0
    }
    fn get_register_at_address(&self, _address: u64) -> Option<u64> {
        Some(self.0)
    }
    fn get_callee_register(&self, _name: &str) -> Option<u64> {
        Some(self.0)
    }
    fn set_caller_register(&mut self, _name: &str, _value: u64) -> Option<()> {
        Some(())
    }
    fn clear_caller_register(&mut self, _name: &str) {}
    fn set_cfa(&mut self, _value: u64) -> Option<()> {
        Some(())
    }
    fn set_ra(&mut self, _value: u64) -> Option<()> {
        Some(())
    }
}

fuzz_target!(|bytes: &[u8]| {
    QUIET.call_once(|| std::panic::set_hook(Box::new(|_| ())));
    let module = MinidumpModule::new(BASE, 0x10_0000, "image");
    assert_eq!(module.code_file(), Cow::Borrowed("image"));
    let symbols = LocalAndUploaded::new(SymbolConfig::default(), []);
    symbols.add_image(BASE, bytes);
    for offset in (0..0x4000).step_by(0x91) {
        let _ = symbols.resolve(&module, BASE + offset);
        let _ = symbols.step(&module, BASE + offset, &Flat(BASE + offset));
        let _ = symbols.may_be_code(&module, BASE + offset);
    }
});
