//! `ExceptionStream` with Breakpad's Linux convention: the code is the signal's number, the flags its `si_code`, the
//! address its `si_addr`. Three parameters carry what Windows would have said: how memory was touched (0 read, 1 write,
//! 8 execute, all ones where unknown), the data address, and the NTSTATUS.

use wer_snapshot::ExceptionSnapshot;

use crate::flags::stream;
use crate::layout::{Layout, Location, Put};

const STREAM_BYTES: usize = 168;
const MAX_PARAMETERS: usize = 15;

pub(crate) fn write(layout: &mut Layout, exception: &ExceptionSnapshot, context: Location) {
    let access = exception.access.map_or(u64::MAX, |access| access as u64);
    let parameters = [access, exception.signal.address, u64::from(exception.status.0)];
    let mut record = Vec::with_capacity(STREAM_BYTES);
    record.put_u32(exception.tid);
    record.put_u32(0);
    record.put_u32(exception.signal.number as u32);
    record.put_u32(exception.signal.code as u32);
    record.put_u64(0);
    record.put_u64(exception.signal.address);
    record.put_u32(parameters.len() as u32);
    record.put_u32(0);
    for parameter in parameters {
        record.put_u64(parameter);
    }
    record.put_zeros(8 * (MAX_PARAMETERS - parameters.len()));
    record.put_location(context);
    layout.stream(stream::EXCEPTION, &record);
}
