//! Proxies that are listed, and headers of those that are not.

use watson_db::time;
use watson_intake::quota::Rates;
use watson_server::settings::trust::Https;
use watson_server::settings::{TenantRuleSettings, TenantsSettings, TrustSettings};

use crate::client::send;
use crate::world::{Rules, World, crash, empty_reading, folder};

async fn start(data: &std::path::Path, proxies: &[&str], small_per_minute: u32) -> World {
    let rules = Rules {
        trust: TrustSettings {
            proxies: proxies.iter().map(|p| (*p).to_owned()).collect(),
            ..TrustSettings::default()
        },
        tenants: TenantsSettings {
            rules: vec![TenantRuleSettings {
                tenant: "acme".into(),
                networks: vec!["192.0.2.0/24".into()],
                ..TenantRuleSettings::default()
            }],
            strict: false,
        },
        rates: Rates { small_per_minute, uploads_per_minute: 0 },
        ..Rules::default()
    };
    World::start_trusting(data, None, empty_reading(), &rules).await
}

async fn report(world: &World, source: &str, moment: u64) -> u16 {
    let body = crash("app", moment).to_xml_utf16();
    send(world.address, "POST", "/stage2.htm", &[("X-Forwarded-For", source)], &body).await.status
}

#[tokio::test]
async fn a_forwarded_address_makes_a_tenant_only_where_the_proxy_is_listed() {
    for (proxies, tenants) in [(&["127.0.0.1"][..], 2), (&["10.0.0.1"][..], 1), (&[][..], 1)] {
        let dir = folder();
        let world = start(dir.path(), proxies, 0).await;
        assert_eq!(report(&world, "192.0.2.1", 1).await, 200);
        assert_eq!(report(&world, "198.51.100.1", 1).await, 200);
        // The same crash of two tenants is two, of one it is one.
        assert_eq!(world.counter("watson_hits").await, tenants, "{proxies:?}");
        assert!(world.store.tenant("acme", "test", time::now_ms()).await.unwrap() > 1);
    }
}

#[tokio::test]
async fn one_source_spends_its_own_quota_and_nobody_elses() {
    let dir = folder();
    let world = start(dir.path(), &["127.0.0.1"], 1).await;
    let mut statuses = Vec::new();
    for moment in 0..7 {
        // What stands before the last address is the client's own word, and buys nothing.
        statuses.push(report(&world, &format!("203.0.113.{moment}, 198.51.100.1"), moment).await);
    }
    assert_eq!(statuses[..5], [200; 5]);
    assert!(statuses[5..].contains(&429), "{statuses:?}");
    assert_eq!(report(&world, "198.51.100.2", 100).await, 200);
    assert!(world.counter("watson_refused_total{reason=\"source_quota\"}").await >= 1);
}

#[tokio::test]
async fn where_https_is_required_nobody_reports_in_the_clear() {
    let dir = folder();
    let trust = TrustSettings {
        proxies: vec!["127.0.0.1".into()],
        https: Https::Required,
        ..TrustSettings::default()
    };
    let world =
        World::start_trusting(dir.path(), None, empty_reading(), &Rules { trust, ..Rules::default() }).await;
    let body = crash("app", 1).to_xml_utf16();
    let said = async |method: &str, path: &str, more: &[(&str, &str)]| {
        let headers = [&[("X-Forwarded-For", "198.51.100.1")], more].concat();
        send(world.address, method, path, &headers, if method == "GET" { b"" } else { &body }).await
    };
    for (method, path) in [("POST", "/stage2.htm"), ("POST", "/crash"), ("GET", "/"), ("GET", "/login")] {
        let refused = said(method, path, &[]).await;
        assert_eq!(refused.status, 403, "{path}");
        assert!(refused.text().starts_with("https_required"), "{path}: {}", refused.text());
        assert_eq!(said(method, path, &[("X-Forwarded-Proto", "http")]).await.status, 403, "{path}");
    }
    assert_eq!(world.counter("watson_hits").await, 0);
    assert_eq!(world.counter("watson_refused_total{reason=\"https_required\"}").await, 8);
    assert_eq!(said("POST", "/stage2.htm", &[("X-Forwarded-Proto", "https")]).await.status, 200);
    assert_eq!(world.post("/stage2.htm", &body).await.status, 200, "this machine itself");
}
