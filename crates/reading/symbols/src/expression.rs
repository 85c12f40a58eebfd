//! DWARF expressions in call frame information: `_start`'s neighbours, the PLT and signal frames use them.

use gimli::{Encoding, Evaluation, EvaluationResult, Format, Location, Piece, Value};

use crate::bytes::Section;
use crate::cfi::Callee;
use crate::limits::MAX_EXPRESSION_STEPS;

const ENCODING: Encoding = Encoding { format: Format::Dwarf32, version: 4, address_size: 8 };

/// The value of an expression: `initial` lies on its stack at first, as the CFA does for register rules.
pub(crate) fn evaluate(
    expression: gimli::Expression<Section>,
    initial: Option<u64>,
    callee: &Callee<'_>,
) -> Option<u64> {
    let mut evaluation = Evaluation::new(expression.0, ENCODING);
    evaluation.set_max_iterations(MAX_EXPRESSION_STEPS);
    if let Some(value) = initial {
        evaluation.set_initial_value(value);
    }
    let mut result = evaluation.evaluate().ok()?;
    // Each answer is one step of the expression, so the step limit ends this loop too.
    for _ in 0..MAX_EXPRESSION_STEPS {
        result = match result {
            EvaluationResult::Complete => return address(&evaluation.result()),
            EvaluationResult::RequiresMemory { address, size, .. } => {
                let word = (callee.memory)(address)?;
                evaluation.resume_with_memory(Value::Generic(word & mask(size))).ok()?
            }
            EvaluationResult::RequiresRegister { register, .. } => {
                let value = (callee.register)(usize::from(register.0))?;
                evaluation.resume_with_register(Value::Generic(value)).ok()?
            }
            EvaluationResult::RequiresRelocatedAddress(address) => {
                evaluation.resume_with_relocated_address(address.wrapping_add(callee.bias)).ok()?
            }
            _ => return None,
        };
    }
    None
}

fn address(pieces: &[Piece<Section>]) -> Option<u64> {
    match pieces.first()?.location {
        Location::Address { address } => Some(address),
        Location::Value { value: Value::Generic(value) } => Some(value),
        _ => None,
    }
}

fn mask(size_bytes: u8) -> u64 {
    match size_bytes {
        0..8 => (1 << (8 * u32::from(size_bytes))) - 1,
        _ => u64::MAX,
    }
}
