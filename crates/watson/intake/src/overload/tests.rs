use super::*;

const CALM: Load = Load {
    waiting: 0,
    max_waiting: 8,
    commits_waiting: 0,
    max_commits_waiting: 100,
    has_database: true,
    has_blobs: true,
    room: Room::Enough,
};
const ALL: [Dialect; 7] = [
    Dialect::Level1,
    Dialect::Cab,
    Dialect::Socorro,
    Dialect::Breakpad,
    Dialect::Crashpad,
    Dialect::Sentry,
    Dialect::Symbols,
];

#[test]
fn a_calm_server_takes_everything() {
    for dialect in ALL {
        assert_eq!(decide(dialect, &CALM, true), Decision::Take, "{dialect:?}");
        assert_eq!(decide(dialect, &CALM, false), Decision::Take, "{dialect:?}");
    }
}

/// The table of `docs/watson/overload.md`.
#[test]
fn every_dialect_is_shed_by_its_manners() {
    use Decision::{Later, Lost, Spool, Take};
    use Shortage::{Blobs, Commits, Database, Disk, Turns};
    let loads = [
        ("turns", Load { waiting: 8, ..CALM }),
        ("half the commits", Load { commits_waiting: 50, ..CALM }),
        ("all commits", Load { commits_waiting: 100, ..CALM }),
        ("no database", Load { has_database: false, ..CALM }),
        ("no blobs", Load { has_blobs: false, ..CALM }),
        ("low disk", Load { room: Room::Low, ..CALM }),
        ("no disk", Load { room: Room::None, ..CALM }),
    ];
    let later = [
        Later(Turns),
        Later(Commits),
        Later(Commits),
        Later(Database),
        Later(Blobs),
        Later(Disk),
        Later(Disk),
    ];
    let level1 = [Later(Turns), Take, Later(Commits), Later(Database), Take, Take, Later(Disk)];
    let spool = [
        Spool(Turns),
        Spool(Commits),
        Spool(Commits),
        Spool(Database),
        Spool(Blobs),
        Spool(Disk),
        Lost(Disk),
    ];
    let table = [
        (Dialect::Level1, level1),
        (Dialect::Cab, later),
        (Dialect::Socorro, later),
        (Dialect::Breakpad, later),
        (Dialect::Symbols, later),
        (Dialect::Crashpad, spool),
        (Dialect::Sentry, spool),
    ];
    for (dialect, row) in table {
        for ((name, load), expected) in loads.iter().zip(row) {
            assert_eq!(decide(dialect, load, true), expected, "{dialect:?}, {name}");
        }
    }
}

#[test]
fn a_full_reserve_loses_and_says_so() {
    let load = Load { has_database: false, ..CALM };
    for dialect in ALL {
        let expected = match dialect.manners() {
            Manners::SendsAgain => Decision::Later(Shortage::Database),
            Manners::NeverAgain => Decision::Lost(Shortage::Database),
        };
        assert_eq!(decide(dialect, &load, false), expected, "{dialect:?}");
    }
}

#[test]
fn level_1_is_shed_last() {
    // Whatever sheds level 1 sheds everything else.
    for waiting in [0, 8] {
        for commits_waiting in [0, 49, 50, 99, 100] {
            for has_database in [true, false] {
                for has_blobs in [true, false] {
                    for room in [Room::Enough, Room::Low, Room::None] {
                        let load = Load { waiting, commits_waiting, has_database, has_blobs, room, ..CALM };
                        if decide(Dialect::Level1, &load, true) != Decision::Take {
                            assert!(
                                ALL.iter().all(|other| decide(*other, &load, true) != Decision::Take),
                                "{load:?}"
                            );
                        }
                    }
                }
            }
        }
    }
}

#[test]
fn senders_are_told_apart_by_their_head() {
    use crate::Route;
    use axum::http::HeaderMap;
    let with = |agent: &str| HeaderMap::from_iter([(axum::http::header::USER_AGENT, agent.parse().unwrap())]);
    let of = |agent: &str| dialect(&Route::Minidump, &with(agent));
    assert_eq!(of("Breakpad/1.0 (Windows)"), Dialect::Breakpad);
    assert_eq!(of("Breakpad/1.0 (Linux)"), Dialect::Breakpad);
    assert_eq!(of("Crashpad/1.0 Linux/6"), Dialect::Crashpad);
    assert_eq!(of("Electron"), Dialect::Crashpad);
    assert_eq!(dialect(&Route::Minidump, &HeaderMap::new()), Dialect::Crashpad);
    let sentry = Route::SentryEnvelope { project: "1".into() };
    assert_eq!(dialect(&sentry, &with("Breakpad/1.0 (Linux)")), Dialect::Sentry);
}
