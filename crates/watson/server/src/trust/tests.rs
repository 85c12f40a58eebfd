//! Who is believed about what.

use axum::http::header;

use super::*;

const PUBLIC: &str = "203.0.113.5:1273";

fn trust() -> Trust {
    Trust {
        names: vec!["wer.example".into()],
        proxies: vec!["10.0.0.1/32".parse().unwrap()],
        proxy_headers: ["x-forwarded-for", "x-forwarded-proto", "x-forwarded-host"]
            .map(str::to_owned)
            .to_vec(),
        machine_header: Some(HeaderName::from_static("x-machine")),
        tenants: vec![
            TenantRule {
                tenant: 7,
                ports: vec![],
                hosts: vec![],
                networks: vec!["192.168.0.0/16".parse().unwrap()],
                realms: vec![],
            },
            TenantRule {
                tenant: 8,
                ports: vec![],
                hosts: vec!["acme.example".into()],
                networks: vec![],
                realms: vec![],
            },
            TenantRule { tenant: 9, ports: vec![1274], hosts: vec![], networks: vec![], realms: vec![] },
            TenantRule {
                tenant: 10,
                ports: vec![],
                hosts: vec![],
                networks: vec![],
                realms: vec!["corp.example".into()],
            },
        ],
        ..Trust::default()
    }
}

fn peer(address: &str, local: &str) -> Peer {
    Peer { address: format!("{address}:999").parse().unwrap(), local: local.parse().unwrap(), tls: false }
}

fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
    pairs.iter().map(|(name, value)| (HeaderName::from_static(name), value.parse().unwrap())).collect()
}

fn arrive(trust: &Trust, peer: Peer, pairs: &[(&'static str, &str)]) -> Result<Arrival, NotOurs> {
    let mut head = headers(pairs);
    head.entry(header::HOST).or_insert("wer.example".parse().unwrap());
    trust.arrival(peer, &"/".parse().unwrap(), &head)
}

fn tenant(peer: Peer, pairs: &[(&'static str, &str)]) -> i64 {
    trust().sender(&arrive(&trust(), peer, pairs).unwrap()).tenant
}

#[test]
fn forwarded_headers_are_believed_only_from_listed_proxies() {
    let said = [
        ("x-forwarded-for", "192.168.1.1"),
        ("x-forwarded-proto", "https"),
        ("x-machine", "M$@CORP.EXAMPLE"),
    ];
    let stranger = arrive(&trust(), peer("198.51.100.7", PUBLIC), &said).unwrap();
    assert_eq!(stranger.source.to_string(), "198.51.100.7");
    assert_eq!((stranger.tls, stranger.proxied, stranger.machine), (false, false, None));
    let proxy = arrive(&trust(), peer("10.0.0.1", PUBLIC), &said).unwrap();
    assert_eq!(proxy.source.to_string(), "192.168.1.1");
    assert_eq!((proxy.tls, proxy.machine.as_deref()), (true, Some("M$@CORP.EXAMPLE")));
    // This machine itself is no exception.
    let local = arrive(&trust(), peer("127.0.0.1", PUBLIC), &said).unwrap();
    assert!(local.is_local() && !local.proxied);
    assert_eq!(tenant(peer("198.51.100.7", PUBLIC), &said), DEFAULT_TENANT);
    assert_eq!(tenant(peer("10.0.0.1", PUBLIC), &said), 7);
}

#[test]
fn a_forwarded_host_is_ours_or_refused_and_a_strangers_is_not_read() {
    let said = [("x-forwarded-host", "acme.example")];
    assert_eq!(tenant(peer("10.0.0.1", PUBLIC), &said), 8);
    assert_eq!(tenant(peer("198.51.100.7", PUBLIC), &said), DEFAULT_TENANT);
    let evil = [("x-forwarded-host", "evil.example")];
    assert_eq!(arrive(&trust(), peer("10.0.0.1", PUBLIC), &evil), Err(NotOurs));
    assert_eq!(arrive(&trust(), peer("198.51.100.7", PUBLIC), &evil).unwrap().host, "wer.example");
}

#[test]
fn tenants_are_told_by_network_host_port_and_realm() {
    assert_eq!(tenant(peer("192.168.3.4", PUBLIC), &[]), 7);
    assert_eq!(tenant(peer("198.51.100.7", PUBLIC), &[("host", "ACME.example:1273")]), 8);
    assert_eq!(tenant(peer("198.51.100.7", "203.0.113.5:1274"), &[]), 9);
    assert_eq!(tenant(peer("10.0.0.1", PUBLIC), &[("x-machine", "PC$@Corp.Example")]), 10);
    assert_eq!(tenant(peer("198.51.100.7", PUBLIC), &[("x-machine", "PC$@CORP.EXAMPLE")]), DEFAULT_TENANT);
    assert_eq!(tenant(peer("198.51.100.7", PUBLIC), &[]), DEFAULT_TENANT);
}

#[test]
fn what_others_send_in_the_clear_is_refused_where_https_is_required() {
    let strict = Trust { needs_https: true, ..trust() };
    let refused = |address: &str, tls: bool, said: &[(&'static str, &str)]| {
        let peer = Peer { tls, ..peer(address, PUBLIC) };
        strict.refuses_plain(&arrive(&strict, peer, said).unwrap())
    };
    let https = [("x-forwarded-proto", "https")];
    assert!(refused("198.51.100.7", false, &[]));
    assert!(refused("198.51.100.7", false, &https), "a stranger's word");
    assert!(!refused("198.51.100.7", true, &[]));
    let for_client = |proto| [("x-forwarded-for", "198.51.100.7"), ("x-forwarded-proto", proto)];
    assert!(refused("10.0.0.1", false, &for_client("http")), "the proxy was called in the clear");
    assert!(refused("10.0.0.1", true, &for_client("http")));
    assert!(!refused("10.0.0.1", false, &for_client("https")));
    assert!(!refused("127.0.0.1", false, &[]), "this machine");
    assert!(!trust().refuses_plain(&arrive(&trust(), peer("198.51.100.7", PUBLIC), &[]).unwrap()));
}

#[test]
fn who_is_nobodys_needs_a_key_where_the_rules_are_strict() {
    let strict = Trust { strict: true, ..trust() };
    let of = |address| strict.sender(&arrive(&strict, peer(address, PUBLIC), &[]).unwrap());
    assert!(of("198.51.100.7").needs_key_for_level1);
    assert!(!of("192.168.3.4").needs_key_for_level1);
}

#[test]
fn hosts_are_ours_by_name_by_loopback_and_by_our_own_address() {
    let host = |host: &str| arrive(&trust(), peer("198.51.100.7", PUBLIC), &[("host", host)]);
    for ours in [
        "wer.example",
        "WER.EXAMPLE:1273",
        "localhost",
        "127.0.0.1:1",
        "[::1]:80",
        "203.0.113.5",
        "acme.example",
    ] {
        assert!(host(ours).is_ok(), "{ours}");
    }
    for other in ["evil.example", "wer.example.evil", "203.0.113.6", "10.0.0.1", "[::2]", "wer.example@evil"]
    {
        assert_eq!(host(other), Err(NotOurs), "{other}");
    }
    let uri: Uri = "http://evil.example/".parse().unwrap();
    assert_eq!(
        trust().arrival(peer("127.0.0.1", PUBLIC), &uri, &headers(&[("host", "wer.example")])),
        Err(NotOurs)
    );
    assert_eq!(
        trust().arrival(peer("127.0.0.1", PUBLIC), &"/".parse().unwrap(), &HeaderMap::new()),
        Err(NotOurs)
    );
    let default = Trust::default();
    assert!(arrive(&default, peer("127.0.0.1", "127.0.0.1:1273"), &[("host", "wer.example")]).is_err());
}
