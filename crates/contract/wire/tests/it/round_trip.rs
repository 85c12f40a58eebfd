//! What is written is read back, whatever the texts hold; whatever is read can be written.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use wer_wire::level1::{ApplicationInfo, Level1Request, Level1Response};

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        ".{0,40}",
        "[\\x00-\\x7f\\u{80}-\\u{ff}&<>'\";=\\\\]{0,40}",
        vec(any::<char>(), 0..300).prop_map(String::from_iter)
    ]
}

prop_compose! {
    fn application()(name in text(), path in text(), company in option::of(text())) -> ApplicationInfo {
        ApplicationInfo { name, path, company }
    }
}

prop_compose! {
    fn machine()(user_name in text(), machine_name in text(), os in text(), lcid in text(), oem in option::of(text()),
        application in option::of(application())) -> Level1Request {
        Level1Request { user_name, machine_name, os, lcid, oem, application, ..Level1Request::default() }
    }
}

prop_compose! {
    fn request()(machine in machine(), report_type in 0..9_u32, event_type in "[^\\x00]{1,140}",
        friendly_event_name in option::of(text()), event_description in option::of(text()),
        event_time_filetime: u64, parameters in vec((0..12_u32, text(), text()), 0..14),
        secondary_parameters in vec((text(), text()), 0..5), files in vec((text(), 0..300_u32), 0..5)) -> Level1Request {
        Level1Request { report_type, event_type, friendly_event_name, event_description, event_time_filetime,
            parameters, secondary_parameters, files, ..machine }
    }
}

prop_compose! {
    fn response()(response in option::of(text()), solution_text in option::of(text()),
        solution_fixed_in in option::of(text()), bucket: Option<u64>, bucket_table: Option<u64>, wants_cab: bool,
        wants_memory_dump: bool, wants_documents: bool, get_files in vec(text(), 0..70), registry_keys in vec(text(), 0..5),
        queries in vec(text(), 0..5), dump_file in option::of(text())) -> Level1Response {
        Level1Response { response, solution_text, solution_fixed_in, bucket, bucket_table, wants_cab, wants_memory_dump, wants_documents,
            get_file_versions: registry_keys.clone(), registry_trees: queries.clone(), get_files, registry_keys, queries,
            dump_server: dump_file.clone(), dump_file }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    #[test]
    fn requests(request in request()) {
        let wire = request.conformant();
        prop_assert_eq!(wire.conformant(), wire.clone());
        prop_assert_eq!(Level1Request::parse(&request.to_xml_utf16()), Ok(wire));
    }

    #[test]
    fn responses(response in response()) {
        let wire = response.conformant();
        prop_assert_eq!(wire.conformant(), wire.clone());
        prop_assert_eq!(Level1Response::parse(&response.to_bytes()), Ok(wire));
    }

    #[test]
    fn any_bytes(bytes in vec(any::<u8>(), 0..600)) {
        if let Ok(request) = Level1Request::parse(&bytes) {
            prop_assert_eq!(Level1Request::parse(&request.to_xml_utf16()), Ok(request.conformant()));
        }
        if let Ok(response) = Level1Response::parse(&bytes) {
            prop_assert_eq!(Level1Response::parse(&response.to_bytes()), Ok(response));
        }
    }
}
