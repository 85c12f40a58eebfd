//! A thread's registers, by the processor of the dump.

mod amd64;
mod arm;
mod x86;
mod xstate;

pub(crate) use xstate::{XStateLayout, configuration};

use crate::bytes::Bytes;
use crate::file::File;
use crate::value::{Field, Value};

const INTEL: u16 = 0;
const ARM: u16 = 5;
const AMD64: u16 = 9;
const IA32_ON_WIN64: u16 = 10;
const ARM64: u16 = 12;
const ARM64_OLD: u16 = 0x8003;

/// The context that a location descriptor names.
pub(crate) fn at(file: &File<'_>, descriptor: Bytes<'_>, offset: u64) -> Value {
    match file.location(descriptor, offset) {
        None => Value::Nothing,
        Some(Ok(bytes)) if file.takes_context() => read(file, bytes),
        Some(Ok(bytes)) => Value::Unreadable(format!("{} bytes, left out after so many others", bytes.len())),
        Some(Err(reason)) => Value::Unreadable(reason),
    }
}

fn read<'a>(file: &File<'a>, bytes: Bytes<'a>) -> Value {
    let known = match file.processor {
        AMD64 => amd64::read(bytes, &file.xstate),
        INTEL | IA32_ON_WIN64 => x86::read(bytes),
        ARM64 => arm::read64(bytes),
        ARM64_OLD => arm::read64_old(bytes),
        ARM => arm::read32(bytes),
        _ => None,
    };
    known.unwrap_or_else(|| file.raw(bytes))
}

/// Registers of one width, one after another.
fn registers(bytes: Bytes<'_>, offset: u64, width: u64, names: &[&'static str]) -> Vec<Field> {
    let make = if width == 8 { Value::Address } else { Value::Hex };
    let places = (offset..).step_by(usize::try_from(width).unwrap_or(8));
    names.iter().zip(places).filter_map(|(name, at)| Some((*name, make(bytes.number(at, width)?)))).collect()
}

/// Registers that are wider than a number.
fn wide(bytes: Bytes<'_>, offset: u64, width: u64, stride: u64, names: &[&'static str]) -> Value {
    let read = |(index, name): (usize, &&'static str)| {
        let value = bytes.slice(offset + index as u64 * stride, width)?;
        Some((*name, Value::Wide(value.0.to_vec())))
    };
    Value::Registers(names.iter().enumerate().filter_map(read).collect())
}
