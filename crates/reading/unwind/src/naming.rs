//! Names for the frames of a walk. Addresses repeat (recursion, many threads in the same wait), so each is asked once.

use std::collections::HashMap;

use wer_dump::{Dump, Module};
use wer_model::{Frame, FrameTrust};
use wer_symbols::{LocalAndUploaded, Resolved};

use crate::caller::Place;

/// What a signal trampoline is called; gdb says the same.
pub(crate) const SIGNAL_HANDLER_CALLED: &str = "<signal handler called>";

/// Names frames of one dump.
pub(crate) struct Naming<'a> {
    dump: &'a Dump<'a>,
    symbols: &'a LocalAndUploaded,
    known: HashMap<u64, Option<Resolved>>,
}

impl<'a> Naming<'a> {
    pub(crate) fn new(dump: &'a Dump<'a>, symbols: &'a LocalAndUploaded) -> Self {
        Self { dump, symbols, known: HashMap::new() }
    }

    /// The frames at one place of a walk: inlined calls first, then the function that they were inlined into.
    pub(crate) fn frames(&mut self, place: &Place) -> Vec<Frame> {
        let Some(address) = place.address() else { return Vec::new() };
        let module = self.dump.module_at(address);
        let symbols = self.symbols;
        let resolved = self
            .known
            .entry(address)
            .or_insert_with(|| module.and_then(|module| symbols.resolve(module, address)))
            .clone()
            .unwrap_or_default();
        let frame = |function, file, line, trust| Frame {
            instruction: address,
            module: module.map(|module| file_name(&module.code_file()).to_owned()),
            module_offset: module.map(|module| address - module.base_address()),
            function,
            function_offset: resolved.function_base.and_then(|base| address.checked_sub(base)),
            file,
            line,
            trust,
        };
        let inlines = resolved.inlines.iter().cloned();
        let mut frames: Vec<Frame> =
            inlines.map(|call| frame(call.function, call.file, call.line, FrameTrust::Inline)).collect();
        let function =
            if place.trampoline { Some(SIGNAL_HANDLER_CALLED.into()) } else { resolved.function.clone() };
        frames.push(frame(function, resolved.file.clone(), resolved.line, place.trust));
        frames
    }
}

/// A path without its folders; paths of Windows dumps too.
pub(crate) fn file_name(path: &str) -> &str {
    path.rsplit(['/', '\\']).next().unwrap_or(path)
}
