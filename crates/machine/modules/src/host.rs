//! The asked side: the process that loads one module and calls it.
//!
//! Order matters: descriptors are closed, the job is received, every right is given up ([`confinement`]), and only then
//! is a byte of the module touched. From that moment nothing here is to be trusted by anybody: module and host share
//! their memory.

mod callbacks;
mod confinement;
mod exception;
mod signals;
mod syscall_filter;

use std::os::fd::{AsFd, AsRawFd, BorrowedFd, IntoRawFd, OwnedFd};
use std::process::ExitCode;

use crate::limits::MAX_SIGNATURE_PAIRS;
use crate::protocol::{Callback, HostMessage, Job, PacketError, receive_with_descriptors, send};

use wer_abi::module_host::{FOLDER_DESCRIPTOR, MEMORY_DESCRIPTOR, PIDFD_DESCRIPTOR, REQUEST_DESCRIPTOR};

pub(crate) use self::confinement::FOLDER_PATH;

use self::callbacks::Module;
use self::exception::ExceptionInformation;

/// Why a host could not do its job.
#[derive(Debug, thiserror::Error)]
enum HostError {
    #[error("this mode is started by werfault only, with a socket as its standard input: {0}")]
    NoJob(PacketError),
    #[error("the job came without its descriptors")]
    Descriptors,
    #[error("werfault could not be told: {0}")]
    Report(#[from] PacketError),
}

/// `werfault --module-host`: does the one job that comes through standard input, then ends.
///
/// Call it first in `main`: it closes every descriptor above standard error, and must be the process's only thread.
pub fn host_main() -> ExitCode {
    match serve() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("werfault --module-host: {error}");
            ExitCode::from(2)
        }
    }
}

fn serve() -> Result<(), HostError> {
    signals::close_inherited_descriptors();
    let input = std::io::stdin();
    let socket = input.as_fd();
    let (job, descriptors) = receive_with_descriptors::<Job>(socket).map_err(HostError::NoJob)?;
    keep_descriptors(descriptors, job.has_folder)?;
    match confinement::enter(&job) {
        Ok(refused) => {
            for text in refused {
                send(socket, &HostMessage::Note { text })?;
            }
        }
        Err(error) => {
            let reason = format!("its host could not give up its rights: {error}");
            return Ok(send(socket, &HostMessage::NotLoaded { reason })?);
        }
    }
    Ok(ask_module(socket, &job)?)
}

/// The descriptors must be where the handles will say they are: the lowest free numbers, in order.
fn keep_descriptors(descriptors: Vec<OwnedFd>, has_folder: bool) -> Result<(), HostError> {
    let always = [PIDFD_DESCRIPTOR, MEMORY_DESCRIPTOR, REQUEST_DESCRIPTOR];
    let expected = always.into_iter().chain(has_folder.then_some(FOLDER_DESCRIPTOR)).map(i32::from);
    if !descriptors.iter().map(AsRawFd::as_raw_fd).eq(expected) {
        return Err(HostError::Descriptors);
    }
    for descriptor in descriptors {
        // They are the module's from here on, by number, until the process ends.
        let _ = descriptor.into_raw_fd();
    }
    Ok(())
}

/// Loads the module and runs its callbacks in the documented order, saying before each what comes.
fn ask_module(socket: BorrowedFd<'_>, job: &Job) -> Result<(), PacketError> {
    let entering = |callback| send(socket, &HostMessage::Entering { callback });
    entering(Callback::Loading)?;
    let module = match Module::load(&job.path) {
        Ok(module) => module,
        Err(error) => return send(socket, &HostMessage::NotLoaded { reason: error.to_string() }),
    };
    let mut information = ExceptionInformation::new(job);
    let information = information.as_mut_ptr();

    entering(Callback::Event)?;
    let event = module.event(job.context, information);
    let (claimed, count) = (event.claimed, event.signature_count.min(MAX_SIGNATURE_PAIRS));
    send(socket, &event.into_message())?;
    if !claimed || !job.may_claim {
        return Ok(());
    }
    for index in 0..count {
        entering(Callback::Signature(index))?;
        let answer = module.signature(job.context, information, index);
        let failed = answer.failed();
        send(socket, &answer.into_message(index))?;
        if failed {
            break;
        }
    }
    entering(Callback::DebuggerLaunch)?;
    send(socket, &module.debugger_launch(job.context, information))
}
