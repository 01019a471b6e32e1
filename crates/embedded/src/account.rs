//! As whom the servers run: ourselves, or, since Postgres refuses root, somebody smaller.

use std::fs;

use crate::error::EmbeddedError;

/// The user of the child processes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Account {
    pub(crate) uid: u32,
    pub(crate) gid: u32,
    pub(crate) name: String,
    /// Whether this is not who we are, so that a child must change to it.
    pub(crate) other: bool,
}

/// Chooses the user. As root: the owner of an existing cluster, else `postgres`, else `nobody`.
///
/// The user must have a passwd entry: `initdb` looks its own effective user up.
///
/// # Errors
/// [`EmbeddedError::NoUser`] as root on a machine without any of them.
pub(crate) fn choose(cluster_owner: Option<u32>) -> Result<Account, EmbeddedError> {
    let uid = rustix::process::geteuid();
    if !uid.is_root() {
        return Ok(Account {
            uid: uid.as_raw(),
            gid: rustix::process::getegid().as_raw(),
            name: "you".to_owned(),
            other: false,
        });
    }
    let passwd = fs::read_to_string("/etc/passwd")
        .map_err(EmbeddedError::io("reading the user list /etc/passwd"))?;
    pick(&passwd, cluster_owner).ok_or(EmbeddedError::NoUser)
}

fn pick(passwd: &str, cluster_owner: Option<u32>) -> Option<Account> {
    let entries: Vec<Account> = passwd.lines().filter_map(entry).collect();
    let owner = cluster_owner.and_then(|uid| entries.iter().find(|entry| entry.uid == uid));
    let known = || {
        ["postgres", "_postgres", "nobody"]
            .iter()
            .find_map(|name| entries.iter().find(|entry| entry.name == *name))
    };
    owner.or_else(known).cloned()
}

fn entry(line: &str) -> Option<Account> {
    let mut fields = line.split(':');
    let name = fields.next()?;
    let uid = fields.nth(1)?.parse().ok().filter(|uid| *uid != 0)?;
    let gid = fields.next()?.parse().ok()?;
    Some(Account {
        uid,
        gid,
        name: name.to_owned(),
        other: true,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn root_steps_down_to_a_user_with_a_passwd_entry() {
        let full = "root:x:0:0::/root:/bin/sh\nnobody:x:65534:65533::/:/bin/false\nada:x:1000:1000::/:/bin/sh\npostgres:x:101:104::/:/bin/sh\n";
        let bare = "root:x:0:0::/root:/bin/sh\nnobody:x:65534:65533::/:/bin/false\n";
        let mac = "nobody:*:-2:-2:U:/var/empty:/usr/bin/false\n_postgres:*:216:216:P:/var/empty:/usr/bin/false\n";
        let cases = [
            ("postgres before nobody", full, None, Some((101, 104))),
            (
                "nobody where there is no postgres",
                bare,
                None,
                Some((65534, 65533)),
            ),
            (
                "the owner of the cluster before both",
                full,
                Some(1000),
                Some((1000, 1000)),
            ),
            (
                "an owner without an entry is passed over",
                full,
                Some(54321),
                Some((101, 104)),
            ),
            (
                "a cluster of root's is not run as root",
                full,
                Some(0),
                Some((101, 104)),
            ),
            ("macOS names it _postgres", mac, None, Some((216, 216))),
            ("nobody at all", "root:x:0:0::/root:/bin/sh\n", None, None),
        ];
        for (says, passwd, owner, expect) in cases {
            let picked = pick(passwd, owner).map(|account| (account.uid, account.gid));
            assert_eq!(picked, expect, "{says}");
        }
    }
}
