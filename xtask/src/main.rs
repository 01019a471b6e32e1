//! What the project does to itself: `cargo xtask test`, `tidy`, `bench`, `up`.

mod bench;
mod suite;
mod tidy;

use std::process::{Command, ExitCode, Stdio};

use anyhow::{Context, Result};

const USAGE: &str = "\
cargo xtask test [cargo test arguments]   the whole suite against a real Postgres and Redis pair
cargo xtask tidy                          the rules that no compiler checks
cargo xtask bench [--quick] [p1 p2 ...]   the figures of bidder and exchange, into docs/performance.md
cargo xtask up [gavel up arguments]       the five services in one process (cargo run --release)";

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let task = arguments.next().unwrap_or_default();
    let rest: Vec<String> = arguments.collect();
    let done = match task.as_str() {
        "test" => suite::run(&rest),
        "tidy" => tidy::run(),
        "bench" => bench(&rest),
        "up" => up(&rest),
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(fault) => {
            eprintln!("xtask {task}: {fault:#}");
            ExitCode::FAILURE
        }
    }
}

fn bench(arguments: &[String]) -> Result<bool> {
    let plan = bench::Plan::parse(arguments)?;
    let root = std::env::current_dir().context("the project's root")?;
    bench::run(&root, &plan)?;
    Ok(true)
}

fn up(arguments: &[String]) -> Result<bool> {
    let mut gavel = cargo();
    gavel.args(["run", "--release", "--package", "gavel"]);
    if !arguments.is_empty() {
        gavel.args(["--", "up"]).args(arguments);
    }
    let status = gavel.status().context("starting cargo run")?;
    Ok(status.success())
}

/// The cargo that runs us, in the directory it runs us in.
fn cargo() -> Command {
    let program = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(program);
    without_ours(&mut command);
    command.stdin(Stdio::inherit());
    command
}

/// Takes away what cargo tells us of ourselves: build scripts that heed it would be built again whenever a plain
/// cargo and ours take turns.
fn without_ours(command: &mut Command) {
    for (name, _) in std::env::vars_os() {
        let is_ours = name
            .to_str()
            .is_some_and(|it| it.starts_with("CARGO_PKG_") || it.starts_with("CARGO_MANIFEST_"));
        if is_ours {
            command.env_remove(name);
        }
    }
}
