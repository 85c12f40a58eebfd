//! How much a bucket may ask for. Pure; the numbers are settings.

/// How many cabs a bucket collects, and how long a machine has for sending one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Cabs wanted per bucket.
    pub cabs_per_bucket: u32,
    /// How many of them with process memory.
    pub memory_dumps_per_bucket: u32,
    /// Useless cabs after which a bucket asks for no more.
    pub max_spoiled_per_bucket: u32,
    /// Milliseconds after which a cab that was asked for and never came is asked from another machine.
    pub lease_ms: i64,
}

impl Policy {
    /// Default of `cabs_per_bucket`.
    pub const DEFAULT_CABS: u32 = 3;
    /// Default of `memory_dumps_per_bucket`.
    pub const DEFAULT_MEMORY_DUMPS: u32 = 1;
    /// Default of `max_spoiled_per_bucket`.
    pub const DEFAULT_MAX_SPOILED: u32 = 10;
    /// Default of `lease_ms`: one hour.
    pub const DEFAULT_LEASE_MS: i64 = 60 * 60 * 1000;

    /// What to ask the machine for whose report has just come.
    #[must_use]
    pub fn wish(&self, taken: Taken) -> Option<Wish> {
        let wanted = taken.cabs < self.cabs_per_bucket && taken.spoiled < self.max_spoiled_per_bucket;
        wanted.then_some(Wish { memory_dump: taken.memory_dumps < self.memory_dumps_per_bucket })
    }
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            cabs_per_bucket: Self::DEFAULT_CABS,
            memory_dumps_per_bucket: Self::DEFAULT_MEMORY_DUMPS,
            max_spoiled_per_bucket: Self::DEFAULT_MAX_SPOILED,
            lease_ms: Self::DEFAULT_LEASE_MS,
        }
    }
}

/// What a bucket has, or has asked for and may still get.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Taken {
    /// Cabs: here, or asked for within the lease.
    pub cabs: u32,
    /// Those with process memory.
    pub memory_dumps: u32,
    /// Cabs that were useless.
    pub spoiled: u32,
}

/// One cab is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wish {
    /// With process memory.
    pub memory_dump: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_gives_memory_the_next_two_a_cab_and_then_none() {
        let policy = Policy::default();
        let wish = |cabs, memory_dumps, spoiled| policy.wish(Taken { cabs, memory_dumps, spoiled });
        assert_eq!(wish(0, 0, 0), Some(Wish { memory_dump: true }));
        assert_eq!(wish(1, 1, 0), Some(Wish { memory_dump: false }));
        assert_eq!(wish(2, 1, 3), Some(Wish { memory_dump: false }));
        assert_eq!(wish(3, 1, 0), None);
        assert_eq!(wish(1, 0, 0), Some(Wish { memory_dump: true }));
        assert_eq!(wish(0, 0, 10), None);
    }
}
