//! A level 1 request as it may be kept.

use watson_db::Treatment;
use wer_wire::{ApplicationInfo, Level1Request};

use crate::privacy::keys::Holds;
use crate::privacy::{Cleaner, Left};

impl Cleaner<'_> {
    /// A level 1 request as it may be kept. Learns from all of it first.
    #[must_use]
    pub fn level1(&mut self, request: &Level1Request) -> Level1Request {
        self.learn_user(&request.user_name);
        self.learn_machine(&request.machine_name);
        let texts = [&request.friendly_event_name, &request.event_description, &request.oem];
        texts.into_iter().flatten().for_each(|text| self.learn_text(text));
        if let Some(application) = &request.application {
            self.learn_text(&application.path);
        }
        for (_, name, value) in &request.parameters {
            self.learn_pair(name, value);
        }
        for (name, value) in &request.secondary_parameters {
            self.learn_pair(name, value);
        }
        request.files.iter().for_each(|(name, _)| self.learn_text(name));
        self.cleaned(request)
    }

    fn cleaned(&self, request: &Level1Request) -> Level1Request {
        let program = request.application.as_ref().map_or("", |application| &application.name);
        let user_name = match self.rules.user {
            Treatment::Drop => String::new(),
            _ if request.user_name.is_empty() => String::new(),
            treatment => self.instead(treatment, Holds::User, &request.user_name),
        };
        let value = |name: &str, value: &str| {
            if value == program { self.program(value) } else { self.pair_left(name, value, Left::Last) }
        };
        let text = |text: &Option<String>| text.as_ref().map(|text| self.text(text));
        Level1Request {
            user_name,
            machine_name: self.machine(&request.machine_name),
            oem: text(&request.oem),
            application: request.application.as_ref().map(|application| ApplicationInfo {
                name: self.program(&application.name),
                path: self.name(&application.path),
                company: application.company.clone(),
            }),
            friendly_event_name: text(&request.friendly_event_name),
            event_description: text(&request.event_description),
            parameters: request
                .parameters
                .iter()
                .map(|(id, name, of)| (*id, self.text(name), value(name, of)))
                .collect(),
            secondary_parameters: request
                .secondary_parameters
                .iter()
                .map(|(name, of)| (self.text(name), value(name, of)))
                .collect(),
            files: request.files.iter().map(|(name, kind)| (self.name(name), *kind)).collect(),
            ..request.clone()
        }
    }
}
