//! The processor and the clock, as far as reports name them.

use wer_snapshot::XStateFeature;

/// CPUID's words about the processor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Processor {
    /// Vendor, 12 bytes, e.g. "GenuineIntel".
    pub vendor: String,
    /// Leaf 1 EAX.
    pub version: u32,
    /// Leaf 1 EDX.
    pub features: u32,
}

/// Asks the processor that we run on.
#[must_use]
pub fn processor() -> Processor {
    use std::arch::x86_64::__cpuid;
    let (zero, one) = (__cpuid(0), __cpuid(1));
    let vendor: Vec<u8> = [zero.ebx, zero.edx, zero.ecx].iter().flat_map(|word| word.to_le_bytes()).collect();
    Processor { vendor: String::from_utf8_lossy(&vendor).into_owned(), version: one.eax, features: one.edx }
}

/// What an XSAVE area holds beyond x87 and SSE, for features that the kernel has switched on (CPUID leaf 0xD).
#[must_use]
pub fn xstate_features() -> Vec<XStateFeature> {
    use std::arch::x86_64::{__cpuid, __cpuid_count};
    /// Bits 2 to 62 can be components of the user's state.
    const COMPONENTS: std::ops::Range<u32> = 2..63;
    /// Leaf 1 ECX: XSAVE, switched on by the system.
    const OSXSAVE: u32 = 1 << 27;
    if __cpuid(0).eax < 0xD || __cpuid(1).ecx & OSXSAVE == 0 {
        return Vec::new();
    }
    let main = __cpuid_count(0xD, 0);
    let enabled = u64::from(main.edx) << 32 | u64::from(main.eax);
    let present = COMPONENTS.filter(|bit| enabled & 1 << bit != 0);
    present
        .map(|bit| {
            let component = __cpuid_count(0xD, bit);
            XStateFeature { bit, offset: component.ebx, size: component.eax }
        })
        .filter(|feature| feature.size > 0)
        .collect()
}

/// Nanoseconds since 1970 of a moment given in clock ticks after boot.
#[must_use]
pub fn unix_ns_of_boot_ticks(ticks: u64) -> u64 {
    use rustix::time::{ClockId, clock_gettime};
    let now = |clock| {
        let time = clock_gettime(clock);
        i128::from(time.tv_sec) * 1_000_000_000 + i128::from(time.tv_nsec)
    };
    let boot = now(ClockId::Realtime) - now(ClockId::Boottime);
    let since_boot = i128::from(ticks) * 1_000_000_000 / i128::from(ticks_per_second());
    u64::try_from(boot + since_boot).unwrap_or(0)
}

/// Milliseconds of clock ticks.
#[must_use]
pub fn ms_of_ticks(ticks: u64) -> u64 {
    ticks.saturating_mul(1000) / ticks_per_second()
}

fn ticks_per_second() -> u64 {
    rustix::param::clock_ticks_per_second().max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_processor_has_a_name_and_a_version() {
        let processor = processor();
        assert_eq!(processor.vendor.len(), 12);
        assert!(processor.version != 0 && processor.features & 1 << 25 != 0, "x86-64 always has SSE");
    }

    #[test]
    fn components_lie_behind_the_legacy_area() {
        let features = xstate_features();
        assert!(features.iter().all(|feature| feature.offset >= 576), "{features:?}");
        assert!(features.is_sorted_by_key(|feature| feature.bit));
    }

    #[test]
    fn we_started_before_now() {
        let me = crate::Process::open(std::process::id()).expect("ours");
        let start = u128::from(unix_ns_of_boot_ticks(me.identity().start_ticks));
        let now = std::time::UNIX_EPOCH.elapsed().expect("a clock after 1970").as_nanos();
        assert!(start <= now && now - start < 3_600_000_000_000, "{start} {now}");
        assert_eq!(ms_of_ticks(ticks_per_second()), 1000);
    }
}
