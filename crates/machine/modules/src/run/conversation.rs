//! Judges what a host says of its module, packet by packet, and comes to a verdict. Pure: no I/O, no clock.
//!
//! The course of a conversation, as the callbacks' documentation orders it:
//! 1. `Note`s of the host, then loading, or `NotLoaded`.
//! 2. `Event`. Not claimed: [`ModuleVerdict::Declined`]. Claimed where it may not: `ClaimRefused`.
//! 3. `Signature` for 0, 1, .. count-1 (at most ten).
//! 4. `DebuggerLaunch`, then [`ModuleVerdict::Claimed`].
//!
//! A packet out of turn, or one that the protocol does not know, voids the claim.

use wer_abi::Hresult;
use wer_abi::limits::{WER_MAX_EVENT_NAME_LENGTH, WER_MAX_PARAM_LENGTH, WER_MAX_SIGNATURE_NAME_LENGTH};
use wer_model::{ModuleVerdict, report::Parameter};

use super::text::{self, Cut};
use crate::limits::{MAX_NOTES, MAX_PACKETS, MAX_SIGNATURE_PAIRS};
use crate::protocol::{Callback, HostMessage, WideAnswer};

/// How a host came to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HostEnd {
    /// By a signal.
    Signal(i32),
    /// By leaving, with this status.
    Status(i32),
    /// It was still running at its deadline.
    Deadline,
}

/// The verdict that a sequence of packets, followed by an exit with status 0, leads to. For tests and fuzzing of what
/// a hostile host could send.
#[must_use]
pub fn verdict_of_packets(may_claim: bool, packets: &[&[u8]]) -> ModuleVerdict {
    let mut conversation = Conversation::new(may_claim);
    for packet in packets {
        if let Some(verdict) = conversation.accept_packet(packet) {
            return verdict;
        }
    }
    conversation.ended(HostEnd::Status(0))
}

/// One conversation under way.
#[derive(Debug)]
pub(crate) struct Conversation {
    may_claim: bool,
    during: Callback,
    /// Calls that the host has said to begin, each once and in order.
    calls_begun: u32,
    packets_left: usize,
    claim: Option<Claim>,
    notes: Vec<String>,
}

/// A claim whose pairs are being collected.
#[derive(Debug)]
struct Claim {
    event_name: String,
    pairs_expected: u32,
    parameters: Vec<Parameter>,
    /// A signature callback failed: the report keeps the system's own event and parameters.
    reverted: bool,
}

type Step = Result<Option<ModuleVerdict>, String>;

impl Conversation {
    pub(crate) fn new(may_claim: bool) -> Self {
        Self {
            may_claim,
            during: Callback::Loading,
            calls_begun: 0,
            packets_left: MAX_PACKETS,
            claim: None,
            notes: Vec::new(),
        }
    }

    /// Sentences worth keeping whatever the verdict: confinement refused, answers cut or reverted.
    pub(crate) fn into_notes(self) -> Vec<String> {
        self.notes
    }

    /// A number that grows with every new call; each has its own time.
    pub(crate) fn calls_begun(&self) -> u32 {
        self.calls_begun
    }

    /// Takes in one packet. `Some` ends the conversation.
    pub(crate) fn accept_packet(&mut self, packet: &[u8]) -> Option<ModuleVerdict> {
        let Some(left) = self.packets_left.checked_sub(1) else {
            return Some(invalid("its host sent more than it may"));
        };
        self.packets_left = left;
        let Ok(message) = serde_json::from_slice::<HostMessage>(packet) else {
            return Some(invalid("its host sent what is no answer"));
        };
        self.accept(message).unwrap_or_else(|reason| Some(ModuleVerdict::Invalid { reason }))
    }

    /// The verdict when the host ended before there was one.
    pub(crate) fn ended(&self, end: HostEnd) -> ModuleVerdict {
        let during = self.during.to_string();
        match end {
            HostEnd::Signal(signal) => ModuleVerdict::Crashed { signal, during },
            HostEnd::Status(status) => ModuleVerdict::Exited { status, during },
            HostEnd::Deadline => ModuleVerdict::TimedOut { during },
        }
    }

    fn accept(&mut self, message: HostMessage) -> Step {
        match message {
            HostMessage::Note { text } => {
                self.note(text::reason(&text));
                Ok(None)
            }
            HostMessage::Entering { callback } => {
                // A host gains no time by saying again what it has said.
                if order_of(callback) >= self.calls_begun {
                    self.calls_begun = order_of(callback) + 1;
                }
                self.during = callback;
                Ok(None)
            }
            HostMessage::NotLoaded { reason } => self.not_loaded(&reason),
            HostMessage::Event { result, claimed, name, signature_count } => {
                self.event(Hresult(result), claimed, &name, signature_count)
            }
            HostMessage::Signature { index, result, name, value } => {
                self.signature(index, Hresult(result), &name, &value)
            }
            HostMessage::DebuggerLaunch { result, is_custom, command, autolaunch } => {
                self.debugger_launch(Hresult(result), is_custom, &command, autolaunch)
            }
        }
    }

    fn not_loaded(&self, reason: &str) -> Step {
        if self.during != Callback::Loading || self.claim.is_some() {
            return Err(out_of_turn());
        }
        Ok(Some(ModuleVerdict::NotLoaded { reason: text::reason(reason) }))
    }

    fn event(&mut self, result: Hresult, claimed: bool, name: &WideAnswer, count: u32) -> Step {
        if self.claim.is_some() || self.during != Callback::Event {
            return Err(out_of_turn());
        }
        if !claimed {
            if !result.is_success() {
                self.note(format!("{} answered {result}", Callback::Event));
            }
            return Ok(Some(ModuleVerdict::Declined));
        }
        if !self.may_claim {
            return Ok(Some(ModuleVerdict::ClaimRefused));
        }
        let event_name = match result {
            // It needed more room than there is: it has not written its name.
            Hresult::WER_E_INSUFFICIENT_BUFFER => String::new(),
            _ => self.text("event name", name, WER_MAX_EVENT_NAME_LENGTH)?,
        };
        if count > MAX_SIGNATURE_PAIRS {
            self.note(format!(
                "it counted {count} signature pairs; the first {MAX_SIGNATURE_PAIRS} are used"
            ));
        }
        let pairs_expected = count.min(MAX_SIGNATURE_PAIRS);
        self.claim = Some(Claim { event_name, pairs_expected, parameters: Vec::new(), reverted: false });
        Ok(None)
    }

    fn signature(&mut self, index: u32, result: Hresult, name: &WideAnswer, value: &WideAnswer) -> Step {
        let expected = self.claim.as_ref().filter(|claim| !claim.reverted).map(Claim::next_index);
        if expected != Some(Some(index)) {
            return Err(out_of_turn());
        }
        if !result.is_success() {
            self.note(format!(
                "{} {index} answered {result}; the system's own event and parameters are used",
                Callback::SIGNATURE_EXPORT
            ));
            self.revert();
            return Ok(None);
        }
        let name = self.text("name of a signature pair", name, WER_MAX_SIGNATURE_NAME_LENGTH)?;
        let value = self.text("value of a signature pair", value, WER_MAX_PARAM_LENGTH - 1)?;
        if let Some(claim) = &mut self.claim {
            claim.parameters.push(Parameter { name, value });
        }
        Ok(None)
    }

    fn debugger_launch(
        &mut self,
        result: Hresult,
        is_custom: bool,
        command: &WideAnswer,
        autolaunch: bool,
    ) -> Step {
        if self.claim.as_ref().is_none_or(|claim| !claim.reverted && claim.next_index().is_some()) {
            return Err(out_of_turn());
        }
        let mut debugger = None;
        if result.is_success() && is_custom {
            debugger = Some(self.text("debugger's command line", command, command.units.len())?);
        }
        let debugger = debugger.filter(|command| !command.is_empty());
        let claim = self.claim.take().ok_or_else(out_of_turn)?;
        Ok(Some(ModuleVerdict::Claimed {
            event_name: claim.event_name,
            parameters: claim.parameters,
            debugger_autolaunch: debugger.is_some() && autolaunch,
            debugger,
        }))
    }

    fn revert(&mut self) {
        if let Some(claim) = &mut self.claim {
            claim.reverted = true;
            claim.event_name.clear();
            claim.parameters.clear();
        }
    }

    /// A text answer, checked and brought to its documented length.
    fn text(&mut self, what: &str, answer: &WideAnswer, max_units: usize) -> Result<String, String> {
        let (text, cut) = text::checked(what, answer, max_units)?;
        if cut == Cut::Yes {
            self.note(format!("its {what} was cut to {max_units} characters"));
        }
        Ok(text)
    }

    fn note(&mut self, text: String) {
        if self.notes.len() < MAX_NOTES {
            self.notes.push(text);
        }
    }
}

impl Claim {
    /// The pair that has to come next; `None` when all have come.
    fn next_index(&self) -> Option<u32> {
        let have = self.parameters.len() as u32;
        (have < self.pairs_expected).then_some(have)
    }
}

/// Where a call stands in the documented order.
fn order_of(callback: Callback) -> u32 {
    match callback {
        Callback::Loading => 0,
        Callback::Event => 1,
        Callback::Signature(index) => 2 + index.min(MAX_SIGNATURE_PAIRS - 1),
        Callback::DebuggerLaunch => 2 + MAX_SIGNATURE_PAIRS,
    }
}

fn invalid(reason: &str) -> ModuleVerdict {
    ModuleVerdict::Invalid { reason: reason.to_owned() }
}

fn out_of_turn() -> String {
    "its host answered out of turn".to_owned()
}

#[cfg(test)]
mod tests;
