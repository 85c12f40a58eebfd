//! What the intake counted of its quotas, as the API tells it.

use watson_api::quotas::{ProductUse, Quotas, SourceUse};
use watson_db::time;
use watson_intake::Intake;
use watson_intake::usage::{ProductUsage, SourceUsage};

/// Quotas in force in this process, and what was used of them.
pub(crate) fn quotas(intake: &Intake) -> Quotas {
    let usage = intake.usage(time::now_ms());
    let source = |SourceUsage { source, uploads, used, of: allowance }| SourceUse {
        source,
        of: if uploads { "uploads" } else { "reports" },
        used,
        allowance,
    };
    let product = |used: ProductUsage| ProductUse {
        tenant: used.tenant,
        product: used.product,
        name: used.name,
        this_minute: used.this_minute,
        usual_per_minute: used.usual_per_minute,
        learnt_limit: used.learnt_limit,
    };
    Quotas {
        reports_per_minute: usage.rates.small_per_minute,
        uploads_per_minute: usage.rates.uploads_per_minute,
        burst_minutes: usage.burst_minutes,
        sources: usage.sources,
        busiest: usage.busiest.into_iter().map(source).collect(),
        products: usage.products.into_iter().map(product).collect(),
    }
}
