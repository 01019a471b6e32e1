//! `cargo xtask bench`: the figures of the bidder and the exchange, into `docs/performance.md`.
//!
//! Everything that is measured is the real thing: Postgres and Redis started privately, a control plane that
//! publishes a seeded catalog, the bidder alone on one core, load and stores on the other. Ratios to a bare
//! hyper server in the same minutes count; absolute times are of one machine.

mod bidder;
mod crowds;
mod exchange;
mod figures;
mod hostile;
mod latency;
mod loading;
mod machine;
mod measure;
mod micro;
mod overload;
mod plan;
mod process;
mod redis;
mod stage;
mod table;
mod users;
mod yardstick;

use std::path::Path;
use std::time::Instant;

use anyhow::{Context as _, Result, ensure};

use figures::Must;
pub(crate) use plan::Plan;
use stage::{Stage, said};
use table::Row;

/// Builds, measures what the plan wants, and writes the table after each part, so that a run that is
/// stopped has told what it found.
///
/// # Errors
/// When something cannot be built or started, or does not answer.
pub(crate) fn run(root: &Path, plan: &Plan) -> Result<()> {
    let begun = Instant::now();
    let mut report = Report {
        root,
        plan,
        conditions: conditions(root, plan),
        rows: Vec::new(),
    };
    if plan.wants_any(&["p4", "p5"]) {
        let rows = micro::criterion(root, plan)?;
        report.add(rows)?;
    }
    if plan.wants("p6") {
        report.add(vec![micro::allocations(root)?])?;
    }
    if plan.wants_any(&[
        "p1", "p2", "p3", "p7", "p8", "p9", "p10", "p11", "p12", "p13", "p14", "p15", "p16", "p17",
        "r21", "r24", "r25", "r26", "r27", "r29", "r31",
    ]) {
        on_stage(&mut report)?;
    }
    said("done", begun);
    Ok(())
}

fn on_stage(report: &mut Report<'_>) -> Result<()> {
    let (root, plan) = (report.root, report.plan);
    let built = crate::cargo()
        .args([
            "build",
            "--profile",
            "dist",
            "--locked",
            "--package",
            "gavel",
        ])
        .current_dir(root)
        .status()?;
    ensure!(built.success(), "the build failed");
    let mut stage = Stage::start(&root.join("target/dist/gavel"), plan)?;
    let must_p1 = Must::AtLeast(0.25);
    if plan.wants("p1") {
        let count = plan.line_items(1_000);
        stage.catalog(count)?;
        let bidder = stage.bidder()?;
        let small = bidder::full_function(&mut stage, plan, &bidder, ("P1", count, must_p1))?;
        report.rows.push(small);
    }
    if plan.wants_any(&["p1", "p3", "p7", "p11", "p12", "p16", "p17"]) {
        let count = plan.line_items(10_000);
        stage.catalog(count)?;
        let stage = &mut stage;
        if plan.wants("p1") {
            let forgetful = stage.bidder_with(&bidder::NO_MEMORY)?;
            let row = bidder::full_function(stage, plan, &forgetful, ("P1", count, must_p1))?;
            report.add(vec![row])?;
        }
        let mut bidder = stage.bidder()?;
        if plan.wants("p1") {
            let row = bidder::full_function(stage, plan, &bidder, ("P1", count, must_p1))?;
            report.add(vec![row])?;
        }
        if plan.wants("p3") {
            report.add(vec![bidder::no_bid(stage, plan, &bidder)?])?;
        }
        if plan.wants("p11") {
            report.add(vec![latency::half(stage, plan, &bidder)?])?;
        }
        if plan.wants("p12") {
            report.add(vec![latency::twice(stage, plan, &bidder)?])?;
        }
        if plan.wants("p16") {
            report.add(vec![bidder::notices(stage, plan, &bidder)?])?;
        }
        if plan.wants("p17") {
            report.add(vec![bidder::worst(stage, plan, &bidder)?])?;
        }
        if plan.wants("p7") {
            drop(bidder);
            report.add(vec![bidder::redis(stage, plan)?])?;
            bidder = stage.bidder()?;
        }
        if plan.hold {
            hold(bidder.pid())?;
        }
    }
    if plan.wants_any(&["p14", "p15"]) {
        stage.catalog(plan.line_items(50_000))?;
        if plan.wants("p14") {
            report.add(vec![loading::load(&mut stage, plan)?])?;
        }
        if plan.wants("p15") {
            report.add(vec![loading::edit(&stage, plan)?])?;
        }
    }
    if plan.wants("p2") {
        let count = plan.line_items(100_000);
        stage.catalog(count)?;
        let bidder = stage.bidder()?;
        let must = Must::AtLeast(0.08);
        let row = bidder::full_function(&mut stage, plan, &bidder, ("P2", count, must))?;
        report.add(vec![row])?;
        if plan.hold {
            hold(bidder.pid())?;
        }
    }
    if plan.wants_any(&["p8", "p9", "p10", "p11", "p12", "p13", "p17"]) {
        let rows = exchange::auctions(&mut stage, plan)?;
        report.add(rows)?;
    }
    if plan.wants_any(&["r21", "r24"]) {
        report.add(overload::rows(&mut stage, plan)?)?;
    }
    if plan.wants_any(&["r25", "r26", "r27"]) {
        report.add(crowds::rows(&mut stage, plan)?)?;
    }
    if plan.wants_any(&["r29", "r31"]) {
        report.add(hostile::rows(&mut stage, plan)?)?;
    }
    Ok(())
}

/// For profiles: the stage stays until a line comes.
fn hold(server: u32) -> Result<()> {
    eprintln!("       Bench holding: server {server}; press Enter to go on");
    let mut line = String::new();
    std::io::stdin().read_line(&mut line)?;
    Ok(())
}

/// The rows so far, and where they go.
struct Report<'a> {
    root: &'a Path,
    plan: &'a Plan,
    conditions: String,
    rows: Vec<Row>,
}

impl Report<'_> {
    fn add(&mut self, rows: Vec<Row>) -> Result<()> {
        for row in &rows {
            println!("{}: {} [{}]", row.id, row.measured, row.verdict);
        }
        self.rows.extend(rows);
        if self.plan.quick {
            return Ok(());
        }
        let file = self.root.join("docs/performance.md");
        table::write(&file, &self.rows, &self.conditions).context("writing the table")
    }
}

fn conditions(root: &Path, plan: &Plan) -> String {
    format!(
        "{}; {}; {} interleaved rounds of {} s, bare hyper half as long; {} users, seed 1; server on core {}, load, Redis, Postgres and control plane on core {}.",
        machine::name(),
        machine::state(root),
        plan.rounds,
        plan.seconds,
        plan.users,
        process::SERVER_CORE,
        process::OTHER_CORE
    )
}
