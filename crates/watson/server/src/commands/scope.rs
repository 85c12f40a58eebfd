//! Which crashes are meant: a bucket, or a rule.

use anyhow::Result;
use clap::Args;
use serde_json::{Map, Value, json};

use super::client::Client;

/// A bucket, or patterns that crashes must fit.
#[derive(Clone, Debug, Args)]
pub(super) struct ScopeOptions {
    /// The number of a bucket.
    #[arg(long, value_name = "N", conflicts_with_all = ["event_type", "parameters"])]
    bucket: Option<i64>,
    /// Pattern of the event type, such as APPCRASH; `*` stands for any text.
    #[arg(long, value_name = "PATTERN")]
    event_type: Option<String>,
    /// Pattern of a parameter by its number, such as 1=app*.exe; may be given again.
    #[arg(long = "parameter", value_name = "NUMBER=PATTERN", value_parser = parameter)]
    parameters: Vec<(u32, String)>,
    /// The tenant whose crashes, by name or number, where it is not the token's own or the default one.
    #[arg(long, value_name = "TENANT")]
    tenant: Option<String>,
}

fn parameter(text: &str) -> std::result::Result<(u32, String), String> {
    let (number, pattern) = text.split_once('=').ok_or("write NUMBER=PATTERN, such as 1=app*.exe")?;
    let number = number.trim_start_matches(['P', 'p']);
    Ok((number.parse().map_err(|_| format!("{number:?} is no number of a parameter"))?, pattern.to_owned()))
}

impl ScopeOptions {
    /// Puts what is meant into a body. In a change, a bucket takes a rule's place and the other way round.
    ///
    /// # Errors
    /// `client` knows no such tenant.
    pub(super) fn put(&self, body: &mut Map<String, Value>, is_change: bool, client: &Client) -> Result<()> {
        if let Some(tenant) = &self.tenant {
            body.insert("tenant".to_owned(), client.tenant(tenant)?.into());
        }
        if let Some(bucket) = self.bucket {
            body.insert("bucket".to_owned(), bucket.into());
            if is_change {
                body.insert("rule".to_owned(), Value::Null);
            }
        } else if self.event_type.is_some() || !self.parameters.is_empty() {
            let patterns: Map<String, Value> = self
                .parameters
                .iter()
                .map(|(number, pattern)| (number.to_string(), pattern.as_str().into()))
                .collect();
            let rule =
                json!({ "event_type": self.event_type.as_deref().unwrap_or(""), "parameters": patterns });
            body.insert("rule".to_owned(), rule);
            if is_change {
                body.insert("bucket".to_owned(), Value::Null);
            }
        }
        Ok(())
    }
}

/// For a column of a table: which crashes an item of the API is for.
pub(super) fn of(item: &mut Value) {
    let text = match (item.get("bucket").and_then(Value::as_i64), item.get("rule")) {
        (Some(bucket), _) => format!("bucket {bucket}"),
        (None, Some(rule)) => {
            let mut text = rule.get("event_type").and_then(Value::as_str).unwrap_or_default().to_owned();
            for (number, pattern) in rule.get("parameters").and_then(Value::as_object).into_iter().flatten() {
                text.push_str(&format!(" P{number}={}", pattern.as_str().unwrap_or_default()));
            }
            text.trim().to_owned()
        }
        (None, None) => String::new(),
    };
    if let Some(item) = item.as_object_mut() {
        item.insert("of".to_owned(), text.into());
    }
}
