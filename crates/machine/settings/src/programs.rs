//! What the settings say of one program or one module: exclusion, debuggers, runtime exception modules.

use std::collections::BTreeMap;
use std::path::PathBuf;

use wer_model::ModuleLevel;

use crate::Settings;
use crate::catalogue::{self, FileLevel};
use crate::layer::{Layer, Typed};

/// What the settings say of debuggers for one program: `[AeDebug]` and `[DebugApplications]`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AeDebug {
    /// `Debugger`: the command line, as written; `None` = none is named.
    pub debugger: Option<String>,
    /// `Auto` is 1: it is started without asking.
    pub auto: bool,
    /// `AutoExclusionList` has the program: it is not started for it.
    pub is_excluded: bool,
    /// `DebugApplications` has the program, or `*` and no entry of its own: a person has to choose.
    pub must_ask: bool,
}

impl AeDebug {
    /// The debugger that is started without asking, if there is one. Where there is, Windows writes no local dump.
    #[must_use]
    pub fn automatic(&self) -> Option<&str> {
        self.debugger.as_deref().filter(|_| self.auto && !self.is_excluded && !self.must_ask)
    }
}

/// An entry of `[RuntimeExceptionHelperModules]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HelperModule {
    /// The module's full path.
    pub path: String,
    /// Which file lists it; the strongest that does.
    pub level: FileLevel,
    /// That file.
    pub file: PathBuf,
    /// It is allowed, not forbidden.
    pub allowed: bool,
}

impl Settings {
    /// The debugger of a program (path or file name). `Debugger` and `Auto` come from the strongest machine's file each;
    /// any file may put a program on a list, and a stronger file's 0 takes it off.
    #[must_use]
    pub fn ae_debug(&self, program: &str) -> AeDebug {
        let name = file_name(program);
        let debugger = match self.strongest(&catalogue::DEBUGGER) {
            Some((_, Typed::Text(command))) if !command.trim().is_empty() => Some(command.clone()),
            _ => None,
        };
        AeDebug {
            debugger,
            auto: self.switch(&catalogue::AUTO),
            is_excluded: self.listed(|layer| &layer.auto_exclusion, name).unwrap_or(false),
            must_ask: self.must_ask(name),
        }
    }

    fn must_ask(&self, name: &str) -> bool {
        let own = self.listed(|layer| &layer.debug, name);
        own.or_else(|| self.listed(|layer| &layer.debug, "*")).unwrap_or(false)
    }

    /// What the strongest file that lists a name says of it.
    fn listed(&self, list: impl Fn(&Layer) -> &BTreeMap<String, bool>, name: &str) -> Option<bool> {
        self.layers.iter().find_map(|layer| list(layer).get(name).copied())
    }

    /// Every runtime exception module that a file lists, by path.
    #[must_use]
    pub fn helper_modules(&self) -> Vec<HelperModule> {
        let mut modules: BTreeMap<&str, HelperModule> = BTreeMap::new();
        for layer in &self.layers {
            for (path, allowed) in &layer.modules {
                modules.entry(path).or_insert_with(|| HelperModule {
                    path: path.clone(),
                    level: layer.level,
                    file: layer.file.clone(),
                    allowed: *allowed,
                });
            }
        }
        modules.into_values().collect()
    }

    /// Who allowed a runtime exception module, by its exact path. A 0 in a stronger file forbids what a weaker one
    /// allows.
    #[must_use]
    pub fn module_level(&self, path: &str) -> Option<ModuleLevel> {
        let (layer, allowed) =
            self.layers.iter().find_map(|layer| layer.modules.get(path).map(|allowed| (layer, *allowed)))?;
        allowed.then_some(match layer.level {
            FileLevel::Policy | FileLevel::System => ModuleLevel::System,
            FileLevel::User => ModuleLevel::User,
        })
    }

    /// Whether any file excludes a program, by its file name.
    #[must_use]
    pub fn is_excluded(&self, name: &str) -> bool {
        self.layers.iter().any(|layer| layer.excluded.get(name) == Some(&true))
    }
}

/// The last component of a path.
pub(crate) fn file_name(program: &str) -> &str {
    program.rsplit('/').next().unwrap_or(program)
}
