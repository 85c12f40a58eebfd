//! Which names of fields say that their value is a person's, a machine's, or a network address. Pure.

/// What a field holds, by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Holds {
    User,
    Machine,
    Address,
    /// A version or a build: never taken for an address.
    Version,
    Other,
}

const USERS: [&str; 4] = ["user", "account", "owner", "person"];
const USER_ENDS: [&str; 10] = [
    "username",
    "useremail",
    "userid",
    "email",
    "logname",
    "login",
    "sudouser",
    "accountname",
    "userprincipalname",
    "realname",
];
const MACHINES: [&str; 8] =
    ["host", "machine", "guid", "clientid", "nodename", "computer", "userdomain", "device"];
const MACHINE_ENDS: [&str; 9] = [
    "hostname",
    "computername",
    "machinename",
    "servername",
    "machineid",
    "deviceid",
    "devicename",
    "hostid",
    "telemetryclientid",
];
const ADDRESSES: [&str; 2] = ["ip", "addr"];
const ADDRESS_ENDS: [&str; 8] =
    ["ipaddress", "clientip", "userip", "remoteaddr", "remoteip", "forwardedfor", "realip", "macaddress"];
const VERSIONS: [&str; 4] = ["ver", "version", "release", "build"];

/// By name, in any letters and with any punctuation: `COMPUTERNAME`, `user.name`, `sentry[user][email]`.
pub(super) fn holds(key: &str) -> Holds {
    let plain: String =
        key.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).take(128).collect();
    let is = |names: &[&str], ends: &[&str]| {
        let own = plain.strip_prefix("tag").unwrap_or(&plain);
        names.contains(&own) || names.contains(&plain.as_str()) || ends.iter().any(|end| plain.ends_with(end))
    };
    if is(&ADDRESSES, &ADDRESS_ENDS) {
        Holds::Address
    } else if is(&USERS, &USER_ENDS) {
        Holds::User
    } else if is(&MACHINES, &MACHINE_ENDS) {
        Holds::Machine
    } else if VERSIONS.iter().any(|word| plain.contains(word)) {
        Holds::Version
    } else {
        Holds::Other
    }
}
