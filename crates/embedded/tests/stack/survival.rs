//! Deaths: of a server, of the process that keeps them, and what the next start finds.

use std::os::unix::fs::symlink;

use crate::rig::{Dir, Second, alive, kill, poll, redis, sql_in};
use embedded::{Embedded, Options, Part};

#[test]
fn second_process() {
    crate::rig::as_second_process();
}

#[test]
fn a_server_that_is_killed_comes_back_with_its_data() {
    let dir = Dir::new("killed");
    let stores = Embedded::start(Options::new(dir.data())).unwrap();
    sql_in(&stores, "CREATE TABLE kept AS SELECT 7 AS seven").unwrap();
    redis(stores.events_redis_url(), "SET kept 7").unwrap();
    for part in [Part::Postgres, Part::Events] {
        let before = stores.pid(part).unwrap();
        kill("KILL", before);
        poll("another process", || {
            stores.pid(part).filter(|pid| *pid != before)
        });
    }
    let seven = poll("Postgres answers", || {
        sql_in(&stores, "SELECT seven FROM kept").ok()
    });
    assert_eq!(seven, "7");
    let kept = poll("Redis answers", || {
        redis(stores.events_redis_url(), "GET kept").ok()
    });
    assert!(kept.ends_with('7'), "{kept}");
    assert_eq!(stores.failed(), None);
}

#[test]
fn a_server_that_dies_five_times_in_a_minute_is_given_up() {
    let dir = Dir::new("given-up");
    let stores = Embedded::start(dir.options()).unwrap();
    let mut before = 0;
    let why = poll("given up", || {
        let pid = stores
            .pid(Part::State)
            .filter(|pid| *pid != before && alive(*pid));
        if let Some(pid) = pid {
            kill("KILL", pid);
            before = pid;
        }
        stores.failed()
    });
    assert!(
        why.contains("Redis (user state) ended again and again (signal 9)"),
        "{why}"
    );
    assert_eq!(
        sql_in(&stores, "SELECT 1").as_deref(),
        Ok("1"),
        "the others go on"
    );
    stores.bring_back(Part::State).unwrap();
    assert_eq!(redis(stores.state_redis_url(), "PING").unwrap(), "+PONG");
    assert_eq!(stores.failed(), None);
}

#[test]
fn servers_end_when_the_process_that_keeps_them_is_killed() {
    // Where setpriv is not on the PATH, a shell and a pipe do its work.
    let dir = Dir::new("orphans");
    let bin = dir.0.join("bin");
    std::fs::create_dir(&bin).unwrap();
    for tool in [
        "sh",
        "test",
        "cat",
        "ps",
        "python3",
        "redis-server",
        "valkey-server",
    ] {
        if let Some(path) = on_path(tool) {
            symlink(path, bin.join(tool)).unwrap();
        }
    }
    let without_setpriv = bin.to_str().unwrap().to_owned();
    let path = std::env::var("PATH").unwrap();
    for (says, path) in [
        ("as the machine is", path),
        ("without setpriv", without_setpriv),
    ] {
        let second = Second::start(&dir.data(), &[("PATH", &path)]);
        let pids = second.told.clone().unwrap();
        assert!(pids.iter().all(|pid| alive(*pid)), "{says}");
        second.kill();
        for pid in &pids {
            poll("the orphan ends", || (!alive(*pid)).then_some(()));
        }
        let second = Second::start(&dir.data(), &[("PATH", &path)]);
        assert!(
            second.told.is_ok(),
            "{says}: the next start is not in the way of itself"
        );
        second.kill();
        // At once, while the orphans of the last one are still ending.
        let stores = Embedded::start(dir.options()).unwrap();
        assert_eq!(sql_in(&stores, "SELECT 1").as_deref(), Ok("1"), "{says}");
    }
}

#[test]
fn a_stack_of_another_process_is_not_touched() {
    let dir = Dir::new("two");
    let second = Second::start(&dir.data(), &[]);
    let pids = second.told.clone().unwrap();
    let refused = Embedded::start(dir.options()).unwrap_err().to_string();
    assert!(
        refused.contains(&format!("process {}", second.child.id())),
        "{refused}"
    );
    assert!(pids.iter().all(|pid| alive(*pid)));
    second.finish();
    assert!(
        pids.iter().all(|pid| !alive(*pid)),
        "an orderly end leaves none"
    );
}

#[test]
fn the_pinned_packages_serve_as_well() {
    let dir = Dir::new("pinned");
    let pinned = [("GAVEL_PG_BIN", "wheel"), ("GAVEL_REDIS_BIN", "wheel")];
    let second = Second::start(&dir.data(), &pinned);
    match &second.told {
        Ok(pids) => {
            assert!(pids.iter().all(|pid| alive(*pid)));
            assert!(
                dir.data().join("pg-18").is_dir(),
                "Postgres 18 is what is pinned"
            );
        }
        // Without pip or a way to its registry there is nothing to try.
        Err(refused) => {
            let command = refused.contains("apt-get install") || refused.contains("brew install");
            assert!(command, "{refused}");
            crate::rig::skip("the_pinned_packages_serve_as_well", "no way to fetch them");
        }
    }
    second.finish();
}

fn on_path(tool: &str) -> Option<std::path::PathBuf> {
    std::env::split_paths(&std::env::var_os("PATH")?)
        .map(|dir| dir.join(tool))
        .find(|path| path.is_file())
}
