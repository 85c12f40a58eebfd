//! The analysing child alone, as the tests start it in the place of `watson analyze --child`.

fn main() -> std::process::ExitCode {
    watson_analysis::child_main()
}
