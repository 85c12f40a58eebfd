//! The programs that are not reported: `WerAddExcludedApplication` and its opposite.

use wer_abi::Hresult;
use wer_abi::store_requests::{Operation, StoreRequest};
use wer_settings::FileLevel;
use wer_settings::edit::{self, EditError};

use super::stores::Stores;

/// Writes the list of the user, or of the machine.
pub(super) fn change(request: &StoreRequest<'_>, stores: &Stores) -> Result<(), Hresult> {
    let level = match request.argument {
        0 => FileLevel::User,
        1 => FileLevel::System,
        _ => return Err(Hresult::E_INVALIDARG),
    };
    // The user's context knows the user's file and the machine's.
    let locations = &stores.user.locations;
    let changed = match request.operation {
        Operation::Exclude => edit::add_excluded_application(locations, level, request.text),
        _ => edit::remove_excluded_application(locations, level, request.text),
    };
    changed.map_err(|error| {
        tracing::warn!(%error, "the list of excluded programs was not changed");
        match error {
            EditError::BadName(_) => Hresult::E_INVALIDARG,
            EditError::NotListed { .. } => Hresult::ENVVAR_NOT_FOUND,
            EditError::Busy(_) => Hresult::BUSY,
            error if error.is_access_denied() => Hresult::E_ACCESSDENIED,
            _ => Hresult::E_FAIL,
        }
    })
}
