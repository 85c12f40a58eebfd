//! The application's version in a level 1 report: which parameter has it depends on the event type. Pure.

use wer_model::Parameter;

/// Event types whose second parameter is the application's version. Kinds of `BEX` and hangs have numbers of their own.
const SECOND: [&str; 7] =
    ["APPCRASH", "BEX", "BEX64", "InPageError", "AppHangB1", "AppHangXProcB1", "CLR20r3"];
/// Event types of packaged applications: the package's full name comes first.
const THIRD: [&str; 5] = ["MoAppCrash", "MoBEX", "MoBEX64", "MoAppHang", "MoAppHangXProc"];
/// What clients call it in events of their own. Names may be translated, so they count only where the type is not known.
const NAMES: [&str; 3] = ["Application Version", "ApplicationVersion", "App Version"];

/// The version; empty where the event does not say it.
pub(super) fn application_version(event_type: &str, parameters: &[Parameter]) -> String {
    let at = |number: usize| parameters.get(number);
    let is = |known: &&str| known.eq_ignore_ascii_case(event_type);
    let found = if SECOND.iter().any(&is) {
        at(1)
    } else if THIRD.iter().any(&is) {
        at(2)
    } else {
        parameters.iter().find(|parameter| NAMES.iter().any(|name| parameter.name.eq_ignore_ascii_case(name)))
    };
    found.map(|parameter| parameter.value.clone()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_event_type_says_which_parameter_is_the_version() {
        let of = |event_type: &str, names: [&str; 3]| {
            let values = ["one", "two", "three"];
            let parameters: Vec<Parameter> =
                names.iter().zip(values).map(|(name, value)| Parameter::new(*name, value)).collect();
            application_version(event_type, &parameters)
        };
        let translated = ["Anwendungsname", "Anwendungsversion", "Zeitstempel"];
        assert_eq!(of("APPCRASH", translated), "two");
        assert_eq!(of("MoAppCrash", translated), "three");
        assert_eq!(of("BlueScreen", ["BCCode", "BCP1", "BCP2"]), "", "not a version of anything");
        assert_eq!(of("WindowsUpdateFailure3", ["ClientVersion", "Win32HResult", "UpdateId"]), "");
        assert_eq!(of("MyEvent", ["What", "Where", "Application Version"]), "three");
        assert_eq!(application_version("APPCRASH", &[]), "");
    }
}
