//! The joiner's own decisions, on stores and files and without a crash.

mod it {
    mod hang;
    mod living_modules;
    mod report_dumps;
    mod store_requests;
    mod submit;
    mod user_settings;
}
