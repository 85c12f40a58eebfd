//! `TokenStream`: Windows' container around one entry of our own type, identity and rights as JSON
//! (`docs/formats/private-streams.md`).

use serde_json::{Map, Value, json};
use wer_snapshot::TokenSnapshot;

use crate::flags::stream;
use crate::layout::{Layout, Put, clamp_u32};

const LIST_HEADER_BYTES: usize = 16;
const ENTRY_HEADER_BYTES: usize = 16;
/// Ours; Windows counts from 0.
const TYPE_LINUX: u32 = 0x8000_0001;

pub(crate) fn write(layout: &mut Layout, token: &TokenSnapshot) {
    let data = json_of(token).to_string();
    let entry_bytes = ENTRY_HEADER_BYTES + data.len();
    let total = LIST_HEADER_BYTES + entry_bytes;
    let mut list = Vec::with_capacity(total);
    list.put_u32(clamp_u32(total));
    list.put_u32(1);
    list.put_u32(LIST_HEADER_BYTES as u32);
    list.put_u32(ENTRY_HEADER_BYTES as u32);
    list.put_u32(clamp_u32(entry_bytes));
    list.put_u32(TYPE_LINUX);
    list.put_u64(0);
    list.extend_from_slice(data.as_bytes());
    layout.stream(stream::TOKEN, &list);
}

fn json_of(token: &TokenSnapshot) -> Value {
    let sets = &token.capabilities;
    let set = |bits: u64| format!("{bits:016x}");
    let namespaces: Map<String, Value> =
        token.namespaces.iter().map(|(kind, inode)| (kind.clone(), json!(inode))).collect();
    json!({
        "uids": token.uids,
        "gids": token.gids,
        "groups": token.groups,
        "capabilities": {
            "inheritable": set(sets.inheritable),
            "permitted": set(sets.permitted),
            "effective": set(sets.effective),
            "bounding": set(sets.bounding),
            "ambient": set(sets.ambient),
        },
        "no_new_privileges": token.no_new_privileges,
        "seccomp": token.seccomp,
        "security_label": token.security_label,
        "namespaces": namespaces,
    })
}
