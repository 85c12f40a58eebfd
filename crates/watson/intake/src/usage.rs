//! What senders have used of what they may send, for whoever administers the server. Each process counts for itself, and
//! begins anew when it starts.

use crate::Intake;
use crate::limits::{MAX_USERS_SHOWN, QUOTA_BURST_MINUTES};
use crate::quota::{Cost, Rates};
use crate::spike::limit;

/// Quotas and what was used of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Usage {
    /// What one source may send in a minute.
    pub rates: Rates,
    /// Minutes of it that one source may send at once.
    pub burst_minutes: u64,
    /// Sources that have used anything lately.
    pub sources: usize,
    /// Those that have used most, [`MAX_USERS_SHOWN`] at most.
    pub busiest: Vec<SourceUsage>,
    /// Products whose data was held to a rate, those with most crashes in this minute first, [`MAX_USERS_SHOWN`] at most.
    pub products: Vec<ProductUsage>,
}

/// What one source has used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceUsage {
    /// An address (IPv4), a network (IPv6), or "others": those for whom there was no place.
    pub source: String,
    /// Uploads, or level 1 reports and questions.
    pub uploads: bool,
    /// Requests of its allowance that are used and not yet back.
    pub used: u64,
    /// Its whole allowance.
    pub of: u64,
}

/// What one product has sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProductUsage {
    /// Whose it is.
    pub tenant: i64,
    /// Its row, where it has one.
    pub product: Option<i64>,
    /// What its senders call it, where it has none.
    pub name: String,
    /// Crashes of this minute.
    pub this_minute: u64,
    /// Crashes of a usual minute.
    pub usual_per_minute: u64,
    /// What is taken in a minute where no number is set: learnt from what is usual.
    pub learnt_limit: u64,
}

impl Intake {
    /// Quotas, and what was used of them.
    #[must_use]
    pub fn usage(&self, now_ms: i64) -> Usage {
        let rates = self.quotas.rates();
        let mut busiest: Vec<SourceUsage> = self
            .quotas
            .used(now_ms)
            .into_iter()
            .filter(|(_, _, used)| *used > 0)
            .map(|(source, cost, used)| SourceUsage {
                source,
                uploads: cost == Cost::Upload,
                used: used.div_ceil(1000),
                of: QUOTA_BURST_MINUTES * rates.per_minute(cost),
            })
            .collect();
        let sources = busiest.len();
        // Parts of the allowance, compared without fractions.
        busiest.sort_by(|a, b| (b.used * a.of).cmp(&(a.used * b.of)).then_with(|| a.source.cmp(&b.source)));
        busiest.truncate(MAX_USERS_SHOWN);
        let mut products: Vec<ProductUsage> = self
            .spikes
            .counted(now_ms)
            .into_iter()
            .map(|((tenant, key), this_minute, usual)| {
                let product = key.strip_prefix('#').and_then(|id| id.parse().ok());
                let name = if product.is_some() { String::new() } else { key };
                let learnt_limit = limit(usual);
                ProductUsage {
                    tenant,
                    product,
                    name,
                    this_minute,
                    usual_per_minute: usual / 1000,
                    learnt_limit,
                }
            })
            .collect();
        products.sort_by(|a, b| b.this_minute.cmp(&a.this_minute).then_with(|| a.name.cmp(&b.name)));
        products.truncate(MAX_USERS_SHOWN);
        Usage { rates, burst_minutes: QUOTA_BURST_MINUTES, sources, busiest, products }
    }
}
