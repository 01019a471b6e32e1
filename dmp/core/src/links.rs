//! Other names of a user: ids under which requests find the same person.

use serde_json::Value;
use units::UserId;

use crate::fault::Faults;
use crate::user::{User, refuse_id};

/// Ids that one call may name.
const MOST_AT_ONCE: usize = 16;
/// Names that one user may have beside its id.
const MOST: usize = 64;

/// Reads `{"ids":["eid.example:77"]}`: names to give to `user`.
///
/// # Errors
/// All [`Faults`] of the body.
pub fn read(body: &Value, user: &UserId) -> Result<Vec<UserId>, Faults> {
    let mut faults = Faults::default();
    let mut ids: Vec<UserId> = Vec::new();
    let members = body.as_object();
    for name in members.into_iter().flat_map(|it| it.keys()) {
        if name != "ids" {
            faults.form(format!("/{name}"), "is not a key of this call");
        }
    }
    match members
        .and_then(|it| it.get("ids"))
        .and_then(Value::as_array)
    {
        None => faults.form("/ids", "must be a list of ids"),
        Some(given) if given.is_empty() || given.len() > MOST_AT_ONCE => {
            faults.meaning("/ids", format!("must have 1 to {MOST_AT_ONCE} ids"));
        }
        Some(given) => {
            for (at, value) in given.iter().enumerate() {
                let pointer = format!("/ids/{at}");
                match value.as_str() {
                    None => faults.form(pointer, "must be a string"),
                    Some(id) if id == user.as_str() => {
                        faults.meaning(pointer, "is the user's own id");
                    }
                    Some(id) => match refuse_id(id) {
                        Some(says) => faults.meaning(pointer, says),
                        None if ids.iter().any(|it| it.as_str() == id) => {}
                        None => ids.push(id.into()),
                    },
                }
            }
        }
    }
    faults.or(ids)
}

/// Notes names of a user, so that an erasure finds them.
///
/// # Errors
/// [`Faults`] when there would be too many; nothing is noted then.
pub fn add(user: &mut User, ids: &[UserId]) -> Result<(), Faults> {
    let known = &user.memory.links;
    let new = ids.iter().filter(|id| !known.contains(*id));
    if known.len() + new.count() > MOST {
        let mut faults = Faults::default();
        faults.meaning("/ids", format!("would be more than {MOST} ids of one user"));
        return Err(faults);
    }
    user.memory.links.extend(ids.iter().cloned());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn names_of_a_user() {
        let many: Vec<String> = (0..17).map(|at| at.to_string()).collect();
        let cases = [
            (json!({"ids": ["a", "b", "a"]}), Ok(vec!["a", "b"])),
            (json!({"ids": []}), Err("/ids")),
            (json!({"ids": many}), Err("/ids")),
            (json!({"ids": "a"}), Err("/ids")),
            (json!([]), Err("/ids")),
            (json!({"ids": ["a", 7]}), Err("/ids/1")),
            (json!({"ids": ["u"]}), Err("/ids/0")),
            (json!({"ids": [" "]}), Err("/ids/0")),
            (json!({"ids": ["a"], "why": 1}), Err("/why")),
        ];
        for (body, want) in cases {
            let got = read(&body, &"u".into());
            let got = got.map_err(|faults| faults.0[0].pointer.clone());
            let want = want
                .map(|ids| ids.into_iter().map(UserId::from).collect())
                .map_err(str::to_owned);
            assert_eq!(got, want, "{body}");
        }
    }

    #[test]
    fn a_user_has_so_many_names_and_no_more() {
        let mut user = User::unknown("u".into());
        let ids: Vec<UserId> = (0..MOST).map(|at| at.to_string().into()).collect();
        assert_eq!(add(&mut user, &ids), Ok(()));
        assert_eq!(add(&mut user, &ids), Ok(()), "known ones take no room");
        assert!(add(&mut user, &["more".into()]).is_err());
        assert_eq!(user.memory.links.len(), MOST);
    }
}
