//! The stores as a caller meets them: addresses that answer, refusals that say what to do.

use std::os::unix::fs::PermissionsExt;
use std::sync::{Arc, Mutex};

use crate::rig::{Dir, alive, poll, redis, sql, sql_in};
use embedded::{Embedded, EmbeddedError, Options, Part, Progress, TcpPorts};

#[test]
fn a_first_start_serves_and_a_stop_leaves_nothing_but_data() {
    let dir = Dir::new("first");
    let steps = Arc::new(Mutex::new(Vec::new()));
    let heard = Arc::clone(&steps);
    let stores = Embedded::start(Options {
        progress: Arc::new(move |step| heard.lock().unwrap().push(step.clone())),
        ..dir.options()
    })
    .unwrap();
    assert!(
        steps
            .lock()
            .unwrap()
            .contains(&Progress::InitialisingPostgres),
        "{steps:?}"
    );
    assert_eq!(
        sql_in(&stores, "SELECT current_database()").as_deref(),
        Ok("gavel")
    );
    assert_eq!(
        stores.run_sql("SELECT current_database()").unwrap(),
        ["gavel"],
        "a bench's own statements"
    );
    let refused = stores.run_sql("SELEKT").unwrap_err().to_string();
    assert!(refused.contains("42601"), "{refused}");
    assert_eq!(
        sql_in(&stores, "SHOW listen_addresses").as_deref(),
        Ok(""),
        "no TCP"
    );
    for (url, says) in [
        (stores.state_redis_url(), "state"),
        (stores.events_redis_url(), "events"),
    ] {
        assert_eq!(redis(url, "PING").unwrap(), "+PONG", "{says}");
        let policy = redis(url, "CONFIG GET maxmemory-policy").unwrap();
        assert!(policy.contains("noeviction"), "R16 {says}: {policy}");
        let appends = redis(url, "CONFIG GET appendonly").unwrap();
        assert!(appends.contains("yes"), "R16 {says}: {appends}");
    }
    let sockets = socket_dir(&stores);
    let mode = std::fs::metadata(&sockets).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o700, "other users stay out");

    let refused = Embedded::start(dir.options()).unwrap_err();
    assert!(matches!(refused, EmbeddedError::InUse { .. }), "{refused}");
    let text = refused.to_string();
    assert!(
        text.contains(&format!("process {}", std::process::id())),
        "{text}"
    );

    let pids = Part::ALL.map(|part| stores.pid(part).unwrap());
    assert!(pids.iter().all(|pid| alive(*pid)));
    stores.stop();
    assert!(pids.iter().all(|pid| !alive(*pid)), "no process is left");
    assert!(!sockets.exists(), "no socket is left");
}

#[test]
fn durable_stores_force_events_to_disk_before_they_answer() {
    let dir = Dir::new("durable");
    let stores = Embedded::start(Options::new(dir.data())).unwrap();
    for (url, expect) in [
        (stores.state_redis_url(), "everysec"),
        (stores.events_redis_url(), "always"),
    ] {
        let answer = redis(url, "CONFIG GET appendfsync").unwrap();
        assert!(answer.contains(expect), "R16 {expect}: {answer}");
    }
    for setting in ["fsync", "synchronous_commit", "full_page_writes"] {
        let answer = sql_in(&stores, &format!("SHOW {setting}"));
        assert_eq!(answer.as_deref(), Ok("on"), "{setting}");
    }
}

#[test]
fn a_second_start_finds_the_data_and_a_fresh_one_does_not() {
    let dir = Dir::new("kept");
    let stores = Embedded::start(dir.options()).unwrap();
    sql_in(&stores, "CREATE TABLE kept AS SELECT 7 AS seven").unwrap();
    redis(stores.events_redis_url(), "SET kept 7").unwrap();
    stores.stop();
    // A machine that lost power leaves the number of a process that is somebody else's by now.
    let pid_file = dir
        .data()
        .join(format!("pg-{}", major(&dir)))
        .join("postmaster.pid");
    std::fs::write(&pid_file, format!("{}\n/elsewhere\n", std::process::id())).unwrap();
    let half = dir.data().join("pg-15.init");
    std::fs::create_dir_all(half.join("base")).unwrap();

    let stores = Embedded::start(dir.options()).unwrap();
    assert_eq!(
        sql_in(&stores, "SELECT seven FROM kept").as_deref(),
        Ok("7")
    );
    assert!(
        redis(stores.events_redis_url(), "GET kept")
            .unwrap()
            .ends_with('7')
    );
    stores.stop();

    let stores = Embedded::start(Options {
        fresh: true,
        ..dir.options()
    })
    .unwrap();
    assert!(sql_in(&stores, "SELECT seven FROM kept").is_err());
    assert_eq!(redis(stores.events_redis_url(), "GET kept").unwrap(), "$-1");
}

#[test]
fn stores_for_tests_take_the_next_free_directory_and_leave_no_data() {
    let one = Embedded::start_for_tests(&Options::for_tests("unused")).unwrap();
    let two = Embedded::start_for_tests(&Options::for_tests("unused")).unwrap();
    assert_ne!(one.database_url(), two.database_url());
    let data = sql_in(&two, "SHOW data_directory").unwrap();
    assert!(std::path::Path::new(&data).is_dir());
    two.stop();
    assert!(!std::path::Path::new(&data).exists(), "{data} is gone");
    assert_eq!(sql_in(&one, "SELECT 1").as_deref(), Ok("1"));
}

#[test]
fn over_tcp_the_password_is_asked_for() {
    let dir = Dir::new("tcp");
    let [postgres, state, events] = free_ports();
    let tcp = Some(TcpPorts {
        postgres,
        state,
        events,
    });
    let stores = Embedded::start(Options {
        tcp,
        ..dir.options()
    })
    .unwrap();
    let urls = stores.tcp_urls().unwrap();
    let bin_dir = &stores.binaries().postgres.bin_dir;
    assert_eq!(sql(bin_dir, &urls.database, "SELECT 1").as_deref(), Ok("1"));
    assert_eq!(
        sql_in(&stores, "SELECT 1").as_deref(),
        Ok("1"),
        "the socket serves as well"
    );
    let wrong = urls.database.replace("gavel:", "gavel:not-");
    let refused = sql(bin_dir, &wrong, "SELECT 1").unwrap_err();
    assert!(
        refused.contains("password authentication failed"),
        "{refused}"
    );
    assert!(
        redis(stores.state_redis_url(), "PING")
            .unwrap()
            .contains("NOAUTH")
    );

    let taken = Dir::new("tcp-taken");
    let refused = Embedded::start(Options {
        tcp,
        ..taken.options()
    })
    .unwrap_err();
    let text = refused.to_string();
    assert!(
        text.contains(&format!("port {postgres} for Postgres is in use")),
        "{text}"
    );
}

#[test]
fn what_cannot_be_served_is_refused_in_one_sentence_that_says_what_to_do() {
    let dir = Dir::new("refused");
    let file = dir.0.join("file");
    std::fs::write(&file, "").unwrap();
    let closed = dir.0.join("closed");
    std::fs::create_dir(&closed).unwrap();
    let mode = if is_root() { 0o700 } else { 0o500 };
    std::fs::set_permissions(&closed, std::fs::Permissions::from_mode(mode)).unwrap();
    let old = dir.0.join("old");
    std::fs::create_dir_all(old.join("pg-14")).unwrap();
    let cases = [
        (
            "a file in the way",
            file.join("data"),
            "choose another directory with --data",
        ),
        (
            "a directory that is closed",
            closed.join("data"),
            "with --data",
        ),
        (
            "a cluster of another major version",
            old,
            "was made by Postgres 14",
        ),
    ];
    for (says, data, expect) in cases {
        let refused = Embedded::start(Options::for_tests(data))
            .unwrap_err()
            .to_string();
        assert!(refused.contains(expect), "{says}: {refused}");
        assert!(!refused.contains('\n'), "{says}: one sentence: {refused}");
    }
}

#[test]
fn an_outage_lasts_until_it_is_ended() {
    let dir = Dir::new("outage");
    let stores = Embedded::start(dir.options()).unwrap();
    for part in Part::ALL {
        let answers = || match part {
            Part::Postgres => sql_in(&stores, "SELECT 1").is_ok(),
            Part::State => redis(stores.state_redis_url(), "PING").is_ok(),
            Part::Events => redis(stores.events_redis_url(), "PING").is_ok(),
        };
        stores.take_down(part).unwrap();
        assert!(!answers(), "{part} is down");
        stores.bring_back(part).unwrap();
        poll("it answers again", || answers().then_some(()));
    }
    assert_eq!(stores.failed(), None, "what was asked for is no failure");
}

fn socket_dir(stores: &Embedded) -> std::path::PathBuf {
    let socket = stores
        .state_redis_url()
        .strip_prefix("redis+unix://")
        .unwrap();
    std::path::Path::new(socket).parent().unwrap().to_path_buf()
}

fn major(dir: &Dir) -> String {
    let names = std::fs::read_dir(dir.data()).unwrap();
    names
        .filter_map(|found| found.unwrap().file_name().into_string().ok())
        .find_map(|name| name.strip_prefix("pg-").map(str::to_owned))
        .unwrap()
}

fn free_ports() -> [u16; 3] {
    let listeners = [(); 3].map(|()| std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap());
    listeners.map(|listener| listener.local_addr().unwrap().port())
}

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}
