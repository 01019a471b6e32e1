//! What is measured on: real Postgres and Redis, a control plane, a catalog and users of one seed.

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow};
use embedded::{Embedded, Options, Part};

use super::plan::Plan;
use super::process::{Connection, OTHER_CORE, Process, SERVER_CORE, metric, pin, until, wait_for};

pub(super) const CONTROL_PLANE: u16 = 28_001;
pub(super) const BIDDER: u16 = 28_002;
pub(super) const EXCHANGE: u16 = 28_004;
const SSP: u16 = 28_003;
const DMP: u16 = 28_005;
const ECHO: u16 = 28_100;
/// First of the scripted DSPs.
pub(super) const PARTNERS: u16 = 28_110;
/// The one that means harm.
pub(super) const HOSTILE: u16 = 28_180;
/// Of the calls between services; loopback only, and only while the bench runs.
const SERVICE_TOKEN: &str = "bench-service-token-of-one-run";

const SEED_SQL: &str = include_str!("seed.sql");

/// The stage; dropping it ends everything.
pub(super) struct Stage {
    pub(super) gavel: PathBuf,
    data: PathBuf,
    control_plane: Option<Process>,
    pub(super) stores: Embedded,
    /// Numbers of bid requests that were sent already: no two are the same opportunity.
    sent: u64,
    /// The exchange's scripted DSPs, by id, and whether they are asked.
    pub(super) dsps: Vec<(String, bool)>,
}

impl Stage {
    /// Starts stores and control plane, and tells the DMP of the users.
    pub(super) fn start(gavel: &Path, plan: &Plan) -> Result<Self> {
        nobody_else()?;
        pin(std::process::id(), OTHER_CORE)?;
        let data = std::env::temp_dir().join(format!("gavel-bench-{}", std::process::id()));
        fs::create_dir_all(&data)?;
        let options = Options {
            progress: Arc::new(|step| eprintln!("       Bench {step}")),
            allow_apt: true,
            ephemeral: true,
            ..Options::new(data.join("stores"))
        };
        let stores = Embedded::start(options).map_err(|refused| anyhow!("{refused}"))?;
        let mut stage = Self {
            gavel: gavel.to_owned(),
            data,
            control_plane: None,
            stores,
            sent: 1,
            dsps: Vec::new(),
        };
        stage.start_control_plane()?;
        stage.tell_users(plan.users)?;
        Ok(stage)
    }

    pub(super) fn start_control_plane(&mut self) -> Result<()> {
        self.control_plane = Some(self.service(
            &["control-plane", "--migrate"],
            "CONTROL_PLANE",
            CONTROL_PLANE,
            &[],
            OTHER_CORE,
        )?);
        wait_for(CONTROL_PLANE, "/readyz")
    }

    pub(super) fn stop_control_plane(&mut self) {
        self.control_plane = None;
    }

    fn tell_users(&self, count: u64) -> Result<()> {
        let start = Instant::now();
        let _dmp = self.service(&["dmp"], "DMP", DMP, &[], SERVER_CORE)?;
        wait_for(DMP, "/readyz")?;
        self.run(&[
            "users".into(),
            format!("--count={count}"),
            format!("--target=http://127.0.0.1:{DMP}"),
        ])?;
        said(&format!("{count} users told to the DMP"), start);
        Ok(())
    }

    /// Grows the catalog to so many line items.
    pub(super) fn catalog(&self, line_items: u64) -> Result<()> {
        let start = Instant::now();
        let rows = self.data.join("rows.tsv");
        self.run(&[
            "catalog".into(),
            format!("--line-items={line_items}"),
            format!("--out={}", rows.display()),
        ])?;
        let sql = SEED_SQL.replace("{rows}", &rows.display().to_string());
        self.sql(&sql)?;
        fs::remove_file(&rows)?;
        // The control plane looks for edits of others once a second.
        self.until_version(CONTROL_PLANE)?;
        // Asked for as a bidder asks, so that it is read and rendered.
        Connection::open(CONTROL_PLANE)?.get_as("/internal/catalog", SERVICE_TOKEN)?;
        let unread = metric(CONTROL_PLANE, "gavel_catalog_quarantined_rows")?;
        anyhow::ensure!(
            unread == 0.0,
            "the control plane cannot read {unread} rows of the seeded catalog: does it write other documents now?"
        );
        said(&format!("{line_items} line items copied"), start);
        Ok(())
    }

    /// Runs SQL; statements of one text are one transaction.
    pub(super) fn sql(&self, sql: &str) -> Result<Vec<String>> {
        self.stores
            .run_sql(sql)
            .map_err(|refused| anyhow!("{refused}"))
    }

    /// The bidder on the server's core, with the catalog in force that the database has.
    pub(super) fn bidder(&self) -> Result<Process> {
        self.bidder_with(&[])
    }

    /// The same with more settings.
    pub(super) fn bidder_with(&self, more: &[(&str, &str)]) -> Result<Process> {
        let more: Vec<(&str, String)> = more.iter().map(|(k, v)| (*k, (*v).to_owned())).collect();
        let bidder = self.start_bidder(&more)?;
        wait_for(BIDDER, "/readyz")?;
        self.until_current()?;
        Ok(bidder)
    }

    /// The bidder, not waited for; its copy of the catalog stays where it was.
    pub(super) fn start_bidder(&self, more: &[(&str, String)]) -> Result<Process> {
        let mut told = vec![
            ("GAVEL__BIDDER__WORKERS", "1".to_owned()),
            (
                "GAVEL__BIDDER__DATA_DIR",
                self.data.join("bidder").display().to_string(),
            ),
            ("GAVEL__BIDDER__CONTROL_PLANE_URL", control_plane_url()),
        ];
        told.extend(more.iter().cloned());
        self.service(&["bidder"], "BIDDER", BIDDER, &told, SERVER_CORE)
    }

    /// Removes the bidder's copy of the catalog.
    pub(super) fn forget_copy(&self) -> Result<()> {
        let dir = self.data.join("bidder");
        if dir.exists() {
            fs::remove_dir_all(dir)?;
        }
        Ok(())
    }

    /// Waits until the bidder decides by the newest version.
    pub(super) fn until_current(&self) -> Result<()> {
        self.until_version(BIDDER)
    }

    /// Waits until a service has the newest version of the catalog.
    pub(super) fn until_version(&self, port: u16) -> Result<()> {
        let version = self.sql("SELECT version::text FROM catalog_version")?;
        let version: f64 = version.first().context("no version")?.parse()?;
        until(Duration::from_secs(60), || {
            Ok(metric(port, "gavel_catalog_version")? >= version)
        })
        .with_context(|| format!("waiting for the catalog on port {port}"))
    }

    /// The exchange on the server's core, with further settings.
    pub(super) fn exchange(&self, more: &[(&str, &str)]) -> Result<Process> {
        self.exchange_within(more, None)
    }

    /// The same with so many file descriptors at most.
    pub(super) fn exchange_within(
        &self,
        more: &[(&str, &str)],
        open_files: Option<u32>,
    ) -> Result<Process> {
        let urls = self.stores.urls();
        let mut told = vec![
            ("GAVEL__EXCHANGE__WORKERS", "1".to_owned()),
            ("GAVEL__EXCHANGE__SSP_LISTEN", format!("127.0.0.1:{SSP}")),
            (
                "GAVEL__EXCHANGE__DATA_DIR",
                self.data.join("exchange").display().to_string(),
            ),
            ("GAVEL__EXCHANGE__CONTROL_PLANE_URL", control_plane_url()),
        ];
        told.extend(more.iter().map(|(key, value)| (*key, (*value).to_owned())));
        let exchange = match open_files {
            None => self.service(&["exchange"], "EXCHANGE", EXCHANGE, &told, SERVER_CORE)?,
            Some(most) => {
                told.extend([
                    ("EVENTS_REDIS_URL", urls.events_redis.clone()),
                    ("GAVEL_SERVICE_TOKEN", SERVICE_TOKEN.to_owned()),
                    ("GAVEL__EXCHANGE__LISTEN", format!("127.0.0.1:{EXCHANGE}")),
                    ("GAVEL__EXCHANGE__LOCAL_MODE", "true".to_owned()),
                ]);
                let limit = format!("--nofile={most}:{most}");
                let gavel = self.gavel.display().to_string();
                let arguments = [limit.as_str(), &gavel, "exchange"];
                let log = self.exchange_log();
                Process::start(Path::new("prlimit"), &arguments, &told, SERVER_CORE, &log)?
            }
        };
        wait_for(EXCHANGE, "/readyz")?;
        Ok(exchange)
    }

    /// What the exchange has logged goes here.
    pub(super) fn exchange_log(&self) -> PathBuf {
        self.data.join("exchange.log")
    }

    /// Bare hyper on the server's core, answering so many bytes.
    pub(super) fn echo(&self, answer: u64) -> Result<(Process, String)> {
        let listen = format!("127.0.0.1:{ECHO}");
        let bytes = answer.to_string();
        let arguments = ["loadtest", "echo", "--listen", &listen, "--answer", &bytes];
        let log = self.data.join("echo.log");
        let echo = Process::start(&self.gavel, &arguments, &[], SERVER_CORE, &log)?;
        wait_for_any(ECHO)?;
        Ok((echo, format!("http://{listen}/")))
    }

    /// Scripted DSPs on ports in a row that bid on nearly everything, and ask for notices or for none.
    pub(super) fn partners(&self, count: u16, notices: bool) -> Result<Process> {
        let count = count.to_string();
        let mut more = vec!["--behaviour", "quick", "--count", &count];
        if !notices {
            more.push("--without-notices");
        }
        self.scripted(PARTNERS, &more)
    }

    /// A DSP that means harm: what it does is in the path.
    pub(super) fn hostile(&self) -> Result<Process> {
        self.scripted(HOSTILE, &["--behaviour", "hostile"])
    }

    fn scripted(&self, port: u16, more: &[&str]) -> Result<Process> {
        let listen = format!("127.0.0.1:{port}");
        let mut arguments = vec!["loadtest", "partners", "--listen", &listen];
        arguments.extend_from_slice(more);
        let log = self.data.join("partner.log");
        let partner = Process::start(&self.gavel, &arguments, &[], OTHER_CORE, &log)?;
        wait_for_any(port)?;
        Ok(partner)
    }

    /// The process of a store.
    pub(super) fn store(&self, part: Part) -> Result<u32> {
        self.stores
            .pid(part)
            .with_context(|| format!("{part} has no process"))
    }

    /// The number of the next bid request; `count` of them are then taken.
    pub(super) fn take_numbers(&mut self, count: u64) -> u64 {
        let first = self.sent;
        self.sent += count;
        first
    }

    fn run(&self, arguments: &[String]) -> Result<()> {
        let status = std::process::Command::new(&self.gavel)
            .arg("loadtest")
            .args(arguments)
            .status()?;
        anyhow::ensure!(status.success(), "gavel loadtest {}", arguments.join(" "));
        Ok(())
    }

    fn service(
        &self,
        arguments: &[&str],
        name: &str,
        port: u16,
        more: &[(&str, String)],
        core: &str,
    ) -> Result<Process> {
        let urls = self.stores.urls();
        let listen = format!("GAVEL__{name}__LISTEN");
        let local = format!("GAVEL__{name}__LOCAL_MODE");
        let drain = format!("GAVEL__{name}__LIMITS__DRAIN_DELAY");
        let control_plane = format!("GAVEL__{name}__CONTROL_PLANE_URL");
        let mut told = vec![
            ("DATABASE_URL", urls.database.clone()),
            ("REDIS_URL", urls.state_redis.clone()),
            ("EVENTS_REDIS_URL", urls.events_redis.clone()),
            ("GAVEL_SERVICE_TOKEN", SERVICE_TOKEN.to_owned()),
            (listen.as_str(), format!("127.0.0.1:{port}")),
            (local.as_str(), "true".to_owned()),
            (drain.as_str(), "0ms".to_owned()),
        ];
        if name == "DMP" {
            told.push((control_plane.as_str(), control_plane_url()));
        }
        told.extend(more.iter().cloned());
        let log = self.data.join(format!("{}.log", name.to_lowercase()));
        Process::start(&self.gavel, arguments, &told, core, &log)
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        // Before the stores, which it would otherwise miss.
        self.control_plane = None;
        let data = self.data.clone();
        // What is left in the temporary directory harms nobody.
        let _ = fs::remove_dir_all(data);
    }
}

/// Whoever else listens on our ports would be measured in place of ours: another bench, as one that was told to hold.
fn nobody_else() -> Result<()> {
    for port in [
        CONTROL_PLANE,
        BIDDER,
        SSP,
        EXCHANGE,
        DMP,
        ECHO,
        PARTNERS,
        HOSTILE,
    ] {
        TcpListener::bind(("127.0.0.1", port))
            .with_context(|| format!("port {port} is in use: does another bench run?"))?;
    }
    Ok(())
}

fn control_plane_url() -> String {
    format!("http://127.0.0.1:{CONTROL_PLANE}")
}

fn wait_for_any(port: u16) -> Result<()> {
    until(Duration::from_secs(10), || {
        Ok(std::net::TcpStream::connect(("127.0.0.1", port)).is_ok())
    })
    .with_context(|| format!("waiting for 127.0.0.1:{port}"))
}

/// Tells a person who waits.
pub(super) fn said(what: &str, since: Instant) {
    eprintln!(
        "       Bench {what} ({:.1} s)",
        since.elapsed().as_secs_f64()
    );
}
