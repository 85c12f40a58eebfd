//! Processor time that a process has had.

use anyhow::{Context, Result};

pub(super) struct Spent {
    pub(super) parent: u32,
    pub(super) seconds: f64,
    pub(super) of_ended_children: f64,
}

impl Spent {
    pub(super) fn of(pid: u32) -> Result<Self> {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat"))?;
        let fields: Vec<&str> = stat.rsplit_once(')').context("no name")?.1.split_whitespace().collect();
        let ticks = |at: usize| fields.get(at).and_then(|field| field.parse::<f64>().ok()).context("no time");
        let second = rustix::param::clock_ticks_per_second() as f64;
        Ok(Self {
            parent: fields.get(1).and_then(|field| field.parse().ok()).context("no parent")?,
            seconds: (ticks(11)? + ticks(12)?) / second,
            of_ended_children: (ticks(13)? + ticks(14)?) / second,
        })
    }
}
