//! What `watson serve` is told on its command line. Everything that is a setting is one there as well; a flag only wins.

use std::path::{Path, PathBuf};

use crate::settings::{DEFAULT_FILE, FlagValue, Loaded, SettingsError, load};

/// Where settings come from.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct SettingsOptions {
    /// Settings file, instead of /etc/watson/watson.toml (which is read if it exists).
    #[arg(long, value_name = "FILE", env = "WATSON_CONFIG")]
    pub config: Option<PathBuf>,
    /// Set one value, whatever file and environment say (`--set limits.max_cab_bytes=1000000`); may be given again.
    #[arg(long = "set", value_name = "SECTION.KEY=VALUE", value_parser = assignment)]
    pub set: Vec<(String, String)>,
    /// Folder that everything is kept in; made where missing, readable by nobody else.
    #[arg(long, value_name = "DIR")]
    pub data: Option<String>,
    /// PostgreSQL to keep rows in (`postgres://USER@HOST/NAME`), instead of SQLite in the data folder. Any number of
    /// processes may share it, each with a data folder of its own. WATSON_DATABASE sets it too.
    #[arg(long, value_name = "URL")]
    pub database: Option<String>,
    /// Folder or bucket (`s3://BUCKET/PREFIX`) for cabs, dumps and symbols, instead of the data folder; processes that
    /// share a database share it.
    #[arg(long, value_name = "DIR|URL")]
    pub blobs: Option<String>,
}

/// Serve reports and pages.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct ServeOptions {
    /// Where settings come from.
    #[command(flatten)]
    pub settings: SettingsOptions,
    /// Address to listen on; port 0 takes a free one. Without any setting 127.0.0.1:1273.
    #[arg(long, value_name = "ADDR")]
    pub listen: Option<String>,
    /// Show the pages to everybody who can reach the address (loopback addresses only, for tests).
    #[arg(long)]
    pub no_token: bool,
    /// Write the chosen address to this file once requests are served.
    #[arg(long, value_name = "FILE")]
    pub port_file: Option<PathBuf>,
    /// Look for functions and lines in programs below this folder too, beside the system's own; may be given again.
    #[arg(long = "symbol-root", value_name = "DIR")]
    pub symbol_roots: Vec<String>,
    /// Cabs that each bucket asks for.
    #[arg(long, value_name = "N")]
    pub cabs_per_bucket: Option<String>,
    /// How many of them with process memory.
    #[arg(long, value_name = "N")]
    pub memory_dumps_per_bucket: Option<String>,
    /// Cabs that a bucket asks of one machine.
    #[arg(long, value_name = "N")]
    pub cabs_per_machine: Option<String>,
    /// Seconds after which a cab that was asked for and never came is asked from another machine.
    #[arg(long, value_name = "SECONDS")]
    pub lease_seconds: Option<String>,
    /// Largest cab, in bytes.
    #[arg(long, value_name = "BYTES")]
    pub max_cab_bytes: Option<String>,
}

fn assignment(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("give SECTION.KEY=VALUE")?;
    Ok((name.trim().to_owned(), value.trim().to_owned()))
}

impl SettingsOptions {
    /// Reads file and environment; flags win. Called again, it finds what has changed meanwhile.
    ///
    /// # Errors
    /// See [`load`].
    pub fn load(&self) -> Result<Loaded, SettingsError> {
        self.load_with(&[])
    }

    fn load_with(&self, more: &[FlagValue]) -> Result<Loaded, SettingsError> {
        let usual = Path::new(DEFAULT_FILE);
        let file = self.config.as_deref().or_else(|| usual.exists().then_some(usual));
        let mut flags: Vec<FlagValue> = self
            .set
            .iter()
            .map(|(setting, text)| FlagValue {
                flag: format!("--set {setting}"),
                setting: setting.clone(),
                text: text.clone(),
            })
            .collect();
        for (name, setting, text) in [
            ("--data", "storage.data", &self.data),
            ("--database", "storage.database", &self.database),
            ("--blobs", "storage.blobs", &self.blobs),
        ] {
            flags.extend(text.as_ref().map(|text| flag(name, setting, text.clone())));
        }
        flags.extend_from_slice(more);
        load(file, std::env::vars_os(), &flags)
    }
}

impl ServeOptions {
    /// As [`SettingsOptions::load`], with the flags of `serve`.
    ///
    /// # Errors
    /// See [`load`].
    pub fn load(&self) -> Result<Loaded, SettingsError> {
        let mut flags = Vec::new();
        for (name, setting, text) in [
            ("--listen", "listen.address", &self.listen),
            ("--cabs-per-bucket", "collection.cabs_per_bucket", &self.cabs_per_bucket),
            (
                "--memory-dumps-per-bucket",
                "collection.memory_dumps_per_bucket",
                &self.memory_dumps_per_bucket,
            ),
            ("--cabs-per-machine", "collection.cabs_per_machine", &self.cabs_per_machine),
            ("--lease-seconds", "collection.lease_seconds", &self.lease_seconds),
            ("--max-cab-bytes", "limits.max_cab_bytes", &self.max_cab_bytes),
        ] {
            flags.extend(text.as_ref().map(|text| flag(name, setting, text.clone())));
        }
        if self.no_token {
            flags.push(flag("--no-token", "listen.token", "false".to_owned()));
        }
        if !self.symbol_roots.is_empty() {
            let roots = toml::Value::from(self.symbol_roots.clone());
            flags.push(flag("--symbol-root", "storage.symbol_roots", roots.to_string()));
        }
        self.settings.load_with(&flags)
    }
}

fn flag(name: &str, setting: &str, text: String) -> FlagValue {
    FlagValue { flag: name.to_owned(), setting: setting.to_owned(), text }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        options: ServeOptions,
    }

    #[test]
    fn every_flag_is_a_setting() {
        let given = [
            ("--listen", "127.0.0.1:1"),
            ("--data", "/d"),
            ("--database", "postgres:///w"),
            ("--blobs", "/b"),
            ("--symbol-root", "/a"),
            ("--cabs-per-bucket", "7"),
            ("--memory-dumps-per-bucket", "2"),
            ("--cabs-per-machine", "3"),
            ("--lease-seconds", "60"),
            ("--max-cab-bytes", "5000"),
            ("--set", "limits.max_symbol_bytes=6000"),
        ];
        let line = ["watson", "--no-token", "--symbol-root", "/b"].into_iter();
        let line = line.chain(given.iter().flat_map(|(name, value)| [*name, *value]));
        let settings = Line::try_parse_from(line).unwrap().options.load().unwrap().settings;
        assert_eq!(settings.listen.address, "127.0.0.1:1".parse().unwrap());
        assert!(!settings.listen.token);
        assert_eq!(settings.storage.symbol_roots, [PathBuf::from("/b"), PathBuf::from("/a")]);
        assert_eq!((settings.storage.data, settings.storage.blobs), (Some("/d".into()), Some("/b".into())));
        let collection = settings.collection;
        assert_eq!((collection.cabs_per_bucket, collection.memory_dumps_per_bucket), (7, 2));
        assert_eq!((collection.cabs_per_machine, collection.lease_seconds), (3, 60));
        assert_eq!((settings.limits.max_cab_bytes, settings.limits.max_symbol_bytes), (5000, 6000));
        let wrong = Line::try_parse_from(["watson", "--lease-seconds", "x"]).unwrap().options.load();
        assert!(wrong.unwrap_err().to_string().starts_with("--lease-seconds: "));
    }
}
