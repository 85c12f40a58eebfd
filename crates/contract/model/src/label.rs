//! `label(event type, parameters)`: what hits are counted by. Pure and versioned.

use crate::report::Signature;

/// Version of [`label`]; a change of the function is a new version.
pub const LABEL_VERSION: u32 = 1;

/// The label's key: event type and parameter values, in order, each length-prefixed so that no two signatures
/// share one. Names are left out: Windows localises them.
#[must_use]
pub fn label(signature: &Signature) -> String {
    let mut key = String::with_capacity(128);
    key.push('1');
    for text in core::iter::once(signature.event_type.as_str())
        .chain(signature.parameters.iter().map(|parameter| parameter.value.as_str()))
    {
        key.push('|');
        key.push_str(&text.len().to_string());
        key.push(':');
        key.push_str(text);
    }
    key
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Parameter;

    #[test]
    fn values_decide_and_names_do_not() {
        let signature = |name: &str, values: [&str; 2]| Signature {
            event_type: "APPCRASH".into(),
            parameters: values.iter().map(|value| Parameter::new(name, *value)).collect(),
        };
        assert_eq!(label(&signature("a", ["x", "y"])), label(&signature("b", ["x", "y"])));
        assert_ne!(label(&signature("a", ["x", "y"])), label(&signature("a", ["x|1:y", ""])));
        assert_ne!(label(&signature("a", ["xy", ""])), label(&signature("a", ["x", "y"])));
    }
}
