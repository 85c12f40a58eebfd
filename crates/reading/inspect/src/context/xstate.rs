//! State beyond the classic context: a `CONTEXT_EX` behind it names where, and an XSAVE header says which parts are there.
//! Parts lie where the dump's misc info says, else where the processor's manual says.

use super::amd64::{CONTEXT_BYTES, XMM};
use super::registers;
use crate::bytes::Bytes;
use crate::record::{Record, mask_value};
use crate::value::Value;

/// Where misc info 5 keeps it, and the parts that it may name.
const MISC_INFO_OFFSET: u64 = 832;
const FEATURES: usize = 64;
/// Bytes of the area before the XSAVE header, and of the header.
const LEGACY_BYTES: u64 = 512;
const HEADER_BYTES: u64 = 64;
/// The compaction mask's bit that says that parts lie one after another.
const COMPACTED: u64 = 1 << 63;
const AVX: usize = 2;
const OPMASK: usize = 5;
const ZMM_HIGH: usize = 6;
const ZMM_16_TO_31: usize = 7;
const PKRU: usize = 9;

const FEATURE_BITS: &[(u64, &str)] = &[
    (1, "x87"),
    (1 << 1, "SSE"),
    (1 << 2, "AVX"),
    (1 << 3, "BNDREGS"),
    (1 << 4, "BNDCSR"),
    (1 << 5, "opmask"),
    (1 << 6, "ZMM_Hi256"),
    (1 << 7, "Hi16_ZMM"),
    (1 << 8, "PT"),
    (1 << 9, "PKRU"),
    (1 << 11, "CET_U"),
    (1 << 12, "CET_S"),
    (1 << 17, "TILECFG"),
    (1 << 18, "TILEDATA"),
    (1 << 62, "LWP"),
    (COMPACTED, "compacted"),
];

/// Offset and size of each part of the XSAVE area.
#[derive(Clone, Copy, Debug)]
pub(crate) struct XStateLayout {
    parts: [(u32, u32); FEATURES],
}

impl Default for XStateLayout {
    /// The places of the standard form on every processor so far.
    fn default() -> Self {
        let mut parts = [(0, 0); FEATURES];
        for (part, place) in [
            (AVX, (576, 256)),
            (3, (960, 64)),
            (4, (1_024, 64)),
            (OPMASK, (1_088, 64)),
            (ZMM_HIGH, (1_152, 512)),
            (ZMM_16_TO_31, (1_664, 1_024)),
            (PKRU, (2_688, 8)),
        ] {
            if let Some(entry) = parts.get_mut(part) {
                *entry = place;
            }
        }
        Self { parts }
    }
}

impl XStateLayout {
    /// From a misc info stream of version 5.
    pub(crate) fn read(misc_info: Bytes<'_>) -> Option<Self> {
        let bytes = misc_info.slice(MISC_INFO_OFFSET, 16 + FEATURES as u64 * 8)?;
        let enabled = bytes.u64(8)?;
        let mut layout = Self::default();
        for (index, part) in layout.parts.iter_mut().enumerate().skip(AVX) {
            let at = 16 + index as u64 * 8;
            let place = (bytes.u32(at)?, bytes.u32(at + 4)?);
            if enabled >> index & 1 == 1 && place.1 != 0 {
                *part = place;
            }
        }
        Some(layout)
    }

    /// Where a part is, from the area's start.
    fn place(&self, part: usize, compaction: u64) -> Option<(u64, u64)> {
        let (offset, size) = *self.parts.get(part)?;
        if compaction & COMPACTED == 0 {
            return (size > 0).then_some((u64::from(offset), u64::from(size)));
        }
        let before = self.parts.iter().enumerate().take(part).skip(AVX);
        let sizes =
            before.filter(|(index, _)| compaction >> index & 1 == 1).map(|(_, (_, size))| u64::from(*size));
        Some((LEGACY_BYTES + HEADER_BYTES + sizes.sum::<u64>(), u64::from(size)))
    }
}

/// The layout as misc info tells it.
pub(crate) fn configuration(bytes: Bytes<'_>) -> Value {
    let enabled = bytes.u64(8).unwrap_or_default();
    let feature = |index: usize| {
        let at = 16 + index as u64 * 8;
        let name = FEATURE_BITS.iter().find(|(bit, _)| *bit == 1 << index).map(|(_, name)| *name);
        let record = Record::new(bytes).with("feature", Value::named(index as u64, name));
        record.u32("offset", at).u32("size", at + 4).done()
    };
    let features = (0..FEATURES).filter(|index| enabled >> index & 1 == 1).map(feature).collect();
    Record::new(bytes)
        .u32("size_of_info", 0)
        .u32("context_size", 4)
        .mask64("enabled_features", 8, FEATURE_BITS)
        .with("features", Value::List(features))
        .done()
}

pub(super) fn read(context: Bytes<'_>, layout: &XStateLayout) -> Value {
    let Some((offset, length)) = chunk(context) else {
        return Value::Unreadable("the CONTEXT_EX behind the context is cut".into());
    };
    let (Some(mask), Some(compaction)) = (context.u64(offset), context.u64(offset.saturating_add(8))) else {
        return Value::Unreadable("its XSAVE header is beyond the context's end".into());
    };
    let part = |part: usize| -> Option<Bytes<'_>> {
        let (from_area, size) = layout.place(part, compaction)?;
        let from_header = from_area.checked_sub(LEGACY_BYTES)?;
        (mask >> part & 1 == 1).then(|| context.slice(offset.checked_add(from_header)?, size)).flatten()
    };
    let (avx, high) = (part(AVX), part(ZMM_HIGH));
    Record::new(context)
        .with("offset", Value::Hex(offset))
        .with("bytes", Value::Number(length))
        .with("mask", mask_value(mask, FEATURE_BITS))
        .with("compaction_mask", mask_value(compaction, FEATURE_BITS))
        .maybe("opmask", part(OPMASK).map(|bytes| Value::Registers(registers(bytes, 0, 8, &OPMASK_NAMES))))
        .maybe("ymm", avx.filter(|_| high.is_none()).map(|avx| joined(context, &[avx], &YMM_NAMES)))
        .maybe("zmm", high.map(|high| joined(context, &[avx.unwrap_or_default(), high], &ZMM_NAMES)))
        .maybe("zmm16_to_31", part(ZMM_16_TO_31).map(|bytes| super::wide(bytes, 0, 64, 64, &ZMM_HIGH_NAMES)))
        .maybe("pkru", part(PKRU).and_then(|bytes| bytes.u32(0)).map(|pkru| Value::Hex(u64::from(pkru))))
        .done()
}

/// Where the `CONTEXT_EX` says that the XSAVE header is, from the context's start, and the state's length.
fn chunk(context: Bytes<'_>) -> Option<(u64, u64)> {
    let offset = context.i32(CONTEXT_BYTES + 16)?;
    let length = context.u32(CONTEXT_BYTES + 20)?;
    Some((CONTEXT_BYTES.checked_add_signed(i64::from(offset))?, u64::from(length)))
}

/// Registers put together from `xmm` and the parts above it; a part in its initial state is zero.
fn joined(context: Bytes<'_>, above: &[Bytes<'_>], names: &[&'static str; 16]) -> Value {
    let widths: [u64; 2] = [16, 32];
    let value = |index: u64| {
        let mut bytes = context.upto(XMM + index * 16, 16).0.to_vec();
        for (part, width) in above.iter().zip(widths) {
            match part.slice(index * width, width) {
                Some(part) => bytes.extend_from_slice(part.0),
                None => bytes.resize(bytes.len() + usize::try_from(width).unwrap_or_default(), 0),
            }
        }
        Value::Wide(bytes)
    };
    Value::Registers(names.iter().zip(0..).map(|(name, index)| (*name, value(index))).collect())
}

const OPMASK_NAMES: [&str; 8] = ["k0", "k1", "k2", "k3", "k4", "k5", "k6", "k7"];
const YMM_NAMES: [&str; 16] = [
    "ymm0", "ymm1", "ymm2", "ymm3", "ymm4", "ymm5", "ymm6", "ymm7", "ymm8", "ymm9", "ymm10", "ymm11",
    "ymm12", "ymm13", "ymm14", "ymm15",
];
const ZMM_NAMES: [&str; 16] = [
    "zmm0", "zmm1", "zmm2", "zmm3", "zmm4", "zmm5", "zmm6", "zmm7", "zmm8", "zmm9", "zmm10", "zmm11",
    "zmm12", "zmm13", "zmm14", "zmm15",
];
const ZMM_HIGH_NAMES: [&str; 16] = [
    "zmm16", "zmm17", "zmm18", "zmm19", "zmm20", "zmm21", "zmm22", "zmm23", "zmm24", "zmm25", "zmm26",
    "zmm27", "zmm28", "zmm29", "zmm30", "zmm31",
];
