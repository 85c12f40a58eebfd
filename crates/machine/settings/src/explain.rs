//! Where a value comes from: for `wer config`.

use std::collections::BTreeSet;
use std::path::PathBuf;

use crate::Settings;
use crate::catalogue::{ALL, Known, Section, find};
use crate::layer::{Layer, Typed};

/// One setting, its value, and which file it comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// Name with its section, e.g. `Consent.DefaultConsent`.
    pub name: String,
    /// The value that counts, as TOML writes it; empty = none.
    pub value: String,
    /// The file that it comes from; `None` = the default.
    pub file: Option<PathBuf>,
    /// Weaker files that also set it, with their values.
    pub overridden: Vec<(PathBuf, String)>,
    /// One sentence about the setting; empty for entries of lists.
    pub meaning: &'static str,
}

impl Settings {
    /// Explains one setting: a name of the catalogue (`Disabled`, `Consent.DefaultConsent`, `LocalDumps.DumpType`), an
    /// event's consent (`Consent.APPCRASH`), or an entry of a list (`ExcludedApplications.NAME`,
    /// `RuntimeExceptionHelperModules./full/path.so`; quotation marks around it do not matter). `None` = there is no
    /// such setting.
    #[must_use]
    pub fn explain(&self, name: &str) -> Option<Explanation> {
        let (section, rest) = name.split_once('.').unwrap_or(("", name));
        let entry = rest.trim_matches('"');
        match section {
            "Consent" => match find(Section::Consent, rest) {
                Some(known) => Some(self.explain_known(known)),
                None => Some(
                    self.explain_entry(name, |layer| layer.event(entry).map(|number| number.to_string())),
                ),
            },
            "LocalDumps" => match (find(Section::LocalDumps, rest), rest.rsplit_once('.')) {
                (Some(known), _) => Some(self.explain_known(known)),
                (None, Some((program, value))) => {
                    let known = find(Section::LocalDumps, value)?;
                    Some(self.explain_of_program(program.trim_matches('"'), known))
                }
                (None, None) => None,
            },
            "AeDebug" => match rest.split_once('.') {
                Some(("AutoExclusionList", program)) => Some(self.explain_entry(name, |layer| {
                    layer.auto_exclusion.get(program.trim_matches('"')).map(switch)
                })),
                _ => find(Section::AeDebug, rest).map(|known| self.explain_known(known)),
            },
            "Hangs" => find(Section::Hangs, rest).map(|known| self.explain_known(known)),
            "DebugApplications" => Some(self.explain_entry(name, |layer| layer.debug.get(entry).map(switch))),
            "ExcludedApplications" => {
                Some(self.explain_entry(name, |layer| layer.excluded.get(entry).map(switch)))
            }
            "RuntimeExceptionHelperModules" => {
                Some(self.explain_entry(name, |layer| layer.modules.get(entry).map(switch)))
            }
            _ => find(Section::Top, name).map(|known| self.explain_known(known)),
        }
    }

    /// Explains every setting of the catalogue, in its order.
    #[must_use]
    pub fn explain_all(&self) -> Vec<Explanation> {
        ALL.iter().map(|known| self.explain_known(known)).collect()
    }

    fn explain_known(&self, known: &Known) -> Explanation {
        let mut explanation = self.explain_entry(&known.full_name(), |layer| {
            self.counts_in(known, layer).then(|| layer.value(known).map(as_toml)).flatten()
        });
        explanation.meaning = known.meaning;
        if explanation.file.is_none() {
            explanation.value = default_text(known);
        }
        explanation
    }

    /// A program's own value; where it has none, the one for all programs, by the rule of [`Settings::local_dump`].
    fn explain_of_program(&self, program: &str, known: &Known) -> Explanation {
        let name = format!("LocalDumps.\"{program}\".{}", known.name);
        let own = |layer: &Layer| layer.local_dumps_of.get(program)?.get(known.name).map(as_toml);
        let mut explanation = self.explain_entry(&name, own);
        let common = self.explain_known(known);
        explanation.meaning = known.meaning;
        if explanation.file.is_none() {
            (explanation.value, explanation.file) = (common.value, common.file);
            explanation.overridden = common.overridden;
        } else if let Some(file) = common.file {
            explanation.overridden.push((file, common.value));
            explanation.overridden.extend(common.overridden);
        }
        explanation
    }

    /// The full names of everything that a file sets, in the order of the sections.
    #[must_use]
    pub fn names_that_are_set(&self) -> Vec<String> {
        let mut names: Vec<String> = ALL
            .iter()
            .filter(|known| self.layers.iter().any(|layer| layer.value(known).is_some()))
            .map(Known::full_name)
            .collect();
        let mut entries = BTreeSet::new();
        for layer in &self.layers {
            entries.extend(layer.events.keys().map(|event| format!("Consent.\"{event}\"")));
            for (section, list) in [
                ("ExcludedApplications", &layer.excluded),
                ("RuntimeExceptionHelperModules", &layer.modules),
                ("DebugApplications", &layer.debug),
                ("AeDebug.AutoExclusionList", &layer.auto_exclusion),
            ] {
                entries.extend(list.keys().map(|entry| format!("{section}.\"{entry}\"")));
            }
            for (program, values) in &layer.local_dumps_of {
                entries.extend(values.keys().map(|name| format!("LocalDumps.\"{program}\".{name}")));
            }
        }
        names.extend(entries);
        names
    }

    /// Values about the server count only in the file that names it.
    fn counts_in(&self, known: &Known, layer: &Layer) -> bool {
        let about_server = known.name.starts_with("CorporateWER") && known.name != "CorporateWERServer";
        !about_server || self.server_layer().is_some_and(|server| server.level == layer.level)
    }

    fn explain_entry(&self, name: &str, value: impl Fn(&Layer) -> Option<String>) -> Explanation {
        let mut set =
            self.layers.iter().filter_map(|layer| value(layer).map(|value| (layer.file.clone(), value)));
        let (file, value) = match set.next() {
            Some((file, value)) => (Some(file), value),
            None => (None, String::new()),
        };
        Explanation { name: name.to_owned(), value, file, overridden: set.collect(), meaning: "" }
    }
}

fn switch(on: &bool) -> String {
    i64::from(*on).to_string()
}

fn as_toml(value: &Typed) -> String {
    match value {
        Typed::Number(number) => number.to_string(),
        Typed::Text(text) => toml::Value::String(text.clone()).to_string(),
    }
}

fn default_text(known: &Known) -> String {
    match known.kind {
        crate::catalogue::Kind::Text | crate::catalogue::Kind::Path => String::new(),
        _ => known.default.to_string(),
    }
}
