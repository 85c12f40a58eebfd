//! The targets, each the file that `cargo fuzz` builds.
#![expect(unused_attributes, reason = "each target says for itself that it has no main function")]

macro_rules! targets {
    ($($name:ident $path:literal,)*) => {
        $(#[path = $path] mod $name;)*

        /// Names and bodies.
        pub(crate) const TARGETS: &[(&str, fn(&[u8]))] = &[$((stringify!($name), $name::run)),*];
    };
}

targets! {
    cab_unpack "../../../../../fuzz/fuzz_targets/cab_unpack.rs",
    command_line "../../../../../fuzz/fuzz_targets/command_line.rs",
    core_file "../../../../../fuzz/fuzz_targets/core_file.rs",
    core_notes "../../../../../fuzz/fuzz_targets/core_notes.rs",
    dump_inspect "../../../../../fuzz/fuzz_targets/dump_inspect.rs",
    dump_read "../../../../../fuzz/fuzz_targets/dump_read.rs",
    dump_unpack "../../../../../fuzz/fuzz_targets/dump_unpack.rs",
    elf_symbols "../../../../../fuzz/fuzz_targets/elf_symbols.rs",
    hang_facts "../../../../../fuzz/fuzz_targets/hang_facts.rs",
    intake_chunks "../../../../../fuzz/fuzz_targets/intake_chunks.rs",
    intake_door "../../../../../fuzz/fuzz_targets/intake_door.rs",
    intake_dump "../../../../../fuzz/fuzz_targets/intake_dump.rs",
    intake_envelope "../../../../../fuzz/fuzz_targets/intake_envelope.rs",
    intake_form "../../../../../fuzz/fuzz_targets/intake_form.rs",
    intake_inflate "../../../../../fuzz/fuzz_targets/intake_inflate.rs",
    intake_privacy "../../../../../fuzz/fuzz_targets/intake_privacy.rs",
    intake_transcript "../../../../../fuzz/fuzz_targets/intake_transcript.rs",
    intake_key "../../../../../fuzz/fuzz_targets/intake_key.rs",
    level1_request "../../../../../fuzz/fuzz_targets/level1_request.rs",
    level1_response "../../../../../fuzz/fuzz_targets/level1_response.rs",
    manifest "../../../../../fuzz/fuzz_targets/manifest.rs",
    minidump_check "../../../../../fuzz/fuzz_targets/minidump_check.rs",
    module_check "../../../../../fuzz/fuzz_targets/module_check.rs",
    module_host_packets "../../../../../fuzz/fuzz_targets/module_host_packets.rs",
    module_host_requests "../../../../../fuzz/fuzz_targets/module_host_requests.rs",
    procfs "../../../../../fuzz/fuzz_targets/procfs.rs",
    registration_block "../../../../../fuzz/fuzz_targets/registration_block.rs",
    registry_answer "../../../../../fuzz/fuzz_targets/registry_answer.rs",
    registry_export "../../../../../fuzz/fuzz_targets/registry_export.rs",
    report_request "../../../../../fuzz/fuzz_targets/report_request.rs",
    report_wer "../../../../../fuzz/fuzz_targets/report_wer.rs",
    report_wer_lenient "../../../../../fuzz/fuzz_targets/report_wer_lenient.rs",
    settings "../../../../../fuzz/fuzz_targets/settings.rs",
    store_requests "../../../../../fuzz/fuzz_targets/store_requests.rs",
    user_places "../../../../../fuzz/fuzz_targets/user_places.rs",
}
