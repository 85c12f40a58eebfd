//! What may be sent: a pure function of the settings and of what a person said.

use wer_model::{Consent, ConsentChoice};

/// What may leave the machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum DataScope {
    /// Parameters; whatever the server asks for, nobody is asked for more.
    ParametersOnly,
    /// Parameters; if the server asks for more, the report waits for approval.
    Parameters,
    /// And data that holds nothing personal.
    SafeData,
    /// And everything else that the server asks for.
    AllData,
}

/// What becomes of a report now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// It waits: nobody has allowed it yet.
    Ask {
        /// A sentence with the ways to allow it.
        reason: String,
    },
    /// It is put into the queue, whatever consent says.
    Queue {
        /// Who said so.
        reason: String,
    },
    /// It is not to be sent.
    Never {
        /// Who said so.
        reason: String,
    },
    /// It is sent, this much of it.
    Send(DataScope),
}

/// Decides from the consent setting of the report's event type, the choice recorded for the report, and
/// `DontSendAdditionalData`. A policy of 0 cannot be approved away, and a report whose application wants a person to be
/// asked waits for that person whatever the settings allow.
#[must_use]
pub fn decide(setting: Consent, choice: ConsentChoice, dont_send_additional_data: bool) -> Decision {
    let scope = match (setting, choice) {
        (Consent::Disabled, _) => {
            let reason = "The machine's policy lets no report of this event be sent.".into();
            return Decision::Never { reason };
        }
        (_, ConsentChoice::Denied) => {
            return Decision::Never { reason: "Sending this report was denied.".into() };
        }
        (_, ConsentChoice::AlwaysPrompt) => {
            let reason =
                "The application wants somebody to be asked: `wer submit ID --approve` allows this report.";
            return Decision::Ask { reason: reason.into() };
        }
        (_, ConsentChoice::Approved) | (Consent::AllData, ConsentChoice::NotAsked) => DataScope::AllData,
        (Consent::AlwaysAsk, ConsentChoice::NotAsked) => {
            let reason = "Nobody was there to be asked: `wer submit ID --approve` allows this report, \
                          DefaultConsent under [Consent] in wer.toml allows every one."
                .into();
            return Decision::Ask { reason };
        }
        (Consent::Parameters, ConsentChoice::NotAsked) => DataScope::Parameters,
        (Consent::SafeData, ConsentChoice::NotAsked) => DataScope::SafeData,
    };
    Decision::Send(if dont_send_additional_data { DataScope::ParametersOnly } else { scope })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_setting_and_choice() {
        use ConsentChoice::{AlwaysPrompt, Approved, Denied, NotAsked};
        use DataScope::{AllData, Parameters, ParametersOnly, SafeData};
        let sent = |setting, choice, dont| match decide(setting, choice, dont) {
            Decision::Send(scope) => Some(scope),
            _ => None,
        };
        for (setting, choice, scope) in [
            (Consent::Disabled, NotAsked, None),
            (Consent::Disabled, Approved, None),
            (Consent::AlwaysAsk, NotAsked, None),
            (Consent::AlwaysAsk, Approved, Some(AllData)),
            (Consent::Parameters, NotAsked, Some(Parameters)),
            (Consent::Parameters, Approved, Some(AllData)),
            (Consent::SafeData, NotAsked, Some(SafeData)),
            (Consent::AllData, NotAsked, Some(AllData)),
            (Consent::AllData, Denied, None),
            (Consent::Parameters, Denied, None),
            (Consent::AllData, AlwaysPrompt, None),
            (Consent::Disabled, AlwaysPrompt, None),
        ] {
            assert_eq!(sent(setting, choice, false), scope, "{setting:?} {choice:?}");
            assert_eq!(sent(setting, choice, true), scope.map(|_| ParametersOnly), "{setting:?} {choice:?}");
        }
    }

    #[test]
    fn waiting_says_how_to_go_on() {
        let Decision::Ask { reason } = decide(Consent::AlwaysAsk, ConsentChoice::NotAsked, false) else {
            panic!("it waits");
        };
        assert!(reason.contains("--approve") && reason.contains("DefaultConsent"), "{reason}");
    }
}
