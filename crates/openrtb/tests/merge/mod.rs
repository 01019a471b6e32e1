//! Changes one place of a message (RFC 7396, with indices for the elements of arrays).

use serde_json::Value;

/// The message with the patch laid over it; a null takes a member away.
pub(crate) fn merged(message: &str, patch: &str) -> String {
    let mut message: Value = serde_json::from_str(message).unwrap();
    lay(&mut message, serde_json::from_str(patch).unwrap());
    message.to_string()
}

fn lay(target: &mut Value, patch: Value) {
    let Value::Object(patch) = patch else {
        *target = patch;
        return;
    };
    if let Value::Array(list) = target
        && patch.keys().all(|key| key.parse::<usize>().is_ok())
    {
        for (index, value) in patch {
            let index: usize = index.parse().unwrap();
            if index >= list.len() {
                list.push(Value::Null);
            }
            lay(&mut list[index], value);
        }
        return;
    }
    if !target.is_object() {
        *target = Value::Object(serde_json::Map::new());
    }
    let members = target.as_object_mut().unwrap();
    for (name, value) in patch {
        if value.is_null() {
            members.remove(&name);
        } else {
            lay(members.entry(name).or_insert(Value::Null), value);
        }
    }
}
