//! The thread that writes records, and removes what is too old or too much.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use serde_json::value::to_raw_value;

use super::store::{self, CatalogMark, Line, RecordFile};
use super::{Note, Record, RecordCounters, RecordsConfig};

/// How often it is looked for what is too old, when nothing else happens.
const PRUNE_EVERY: Duration = Duration::from_secs(30);
/// The feed writes its copy right after a catalog is in force; a record may be faster.
const COPY_WITHIN: Duration = Duration::from_secs(2);
const COPY_PAUSE: Duration = Duration::from_millis(20);
/// A file is gone on with for at most this part of the time that records are kept, so that none of it is
/// kept much shorter.
const FILE_AGE: u32 = 8;

pub(super) struct Writer {
    data_dir: PathBuf,
    config: RecordsConfig,
    counters: RecordCounters,
    open: Option<Open>,
    /// The catalog that was last referred to.
    catalog: Option<CatalogMark>,
    /// The version that was last replaced: a record of it may still be on its way.
    superseded: Option<u64>,
    pruned: Instant,
}

struct Open {
    file: fs::File,
    version: u64,
    begun: i64,
    bytes: u64,
}

impl Writer {
    pub(super) fn new(data_dir: &Path, config: RecordsConfig, counters: RecordCounters) -> Self {
        Self {
            data_dir: data_dir.to_owned(),
            config,
            counters,
            open: None,
            catalog: None,
            superseded: None,
            pruned: Instant::now(),
        }
    }

    /// Writes until nobody is left who sends.
    pub(super) fn run(&mut self, notes: &Receiver<Note>) {
        self.prune();
        loop {
            match notes.recv_timeout(PRUNE_EVERY) {
                Ok(Note::Decision(record)) => self.write(&record),
                Ok(Note::Superseded(version)) => self.superseded = Some(version),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
            if self.pruned.elapsed() >= PRUNE_EVERY {
                self.prune();
            }
        }
    }

    fn write(&mut self, record: &Record) {
        match self.append(record) {
            Ok(true) => self.counters.written.inc(),
            Ok(false) => self.counters.dropped.inc(),
            Err(error) => {
                self.counters.failed.inc();
                self.open = None;
                tracing::warn!(%error, "a decision's record could not be written");
            }
        }
    }

    /// `false` for a record that is too long to keep.
    fn append(&mut self, record: &Record) -> io::Result<bool> {
        let catalog = self.mark(record.seen.catalog);
        let seen = to_raw_value(&record.seen)?;
        let line = Line {
            id: record.seen.auction,
            digest: Line::digest_of(&catalog, seen.get()),
            catalog,
            seen,
            outcome: to_raw_value(&record.outcome)?,
        };
        let mut text = serde_json::to_vec(&line)?;
        text.push(b'\n');
        let length = u64::try_from(text.len()).unwrap_or(u64::MAX);
        if length > self.config.longest.0 {
            return Ok(false);
        }
        let open = self.open_for(record.seen.catalog, length)?;
        open.file.write_all(&text)?;
        open.bytes += length;
        Ok(true)
    }

    /// The file to go on with: of the same catalog, not too old, and with room.
    fn open_for(&mut self, version: u64, length: u64) -> io::Result<&mut Open> {
        let now = service::clock::now().0;
        let oldest = i64::try_from((self.config.keep.0 / FILE_AGE).as_millis()).unwrap_or(i64::MAX);
        let goes_on = self.open.take().filter(|open| {
            open.version == version
                && open.bytes.saturating_add(length) <= self.config.file.0
                && now.saturating_sub(open.begun) < oldest
        });
        let open = match goes_on {
            Some(open) => open,
            None => {
                self.prune();
                let folder = store::decisions(&store::records(&self.data_dir));
                store::private_folder(&folder)?;
                let path = folder.join(RecordFile::name(version, now));
                let file = store::private_file(&path)?;
                Open {
                    bytes: file.metadata()?.len(),
                    file,
                    version,
                    begun: now,
                }
            }
        };
        Ok(self.open.insert(open))
    }

    /// The catalog's checksum, from the copy that a replay will read.
    fn mark(&mut self, version: u64) -> CatalogMark {
        if let Some(known) = self.catalog.as_ref().filter(|it| it.version == version) {
            return known.clone();
        }
        if version == store::NO_CATALOG {
            return CatalogMark {
                version,
                sha256: None,
            };
        }
        let until = Instant::now() + COPY_WITHIN;
        let mut text = store::catalog_text(&self.data_dir, version);
        while text.is_none() && Instant::now() < until {
            std::thread::sleep(COPY_PAUSE);
            text = store::catalog_text(&self.data_dir, version);
        }
        let mark = CatalogMark {
            version,
            sha256: text.as_deref().map(store::sha256),
        };
        self.catalog = Some(mark.clone());
        mark
    }

    fn prune(&mut self) {
        self.pruned = Instant::now();
        if let Err(error) = self.remove_old()
            && error.kind() != io::ErrorKind::NotFound
        {
            tracing::warn!(%error, "old records could not be removed");
        }
    }

    /// Removes files past their time, then the oldest until all fit, then catalogs that nothing refers to.
    fn remove_old(&self) -> io::Result<()> {
        let records = store::records(&self.data_dir);
        let mut files = store::files(&records)?;
        let mut catalogs = store::kept_catalogs(&records).unwrap_or_default();
        let keep = i64::try_from(self.config.keep.0.as_millis()).unwrap_or(i64::MAX);
        let now = service::clock::now().0;
        let written = self.open.as_ref().map(|open| (open.version, open.begun));
        loop {
            let held = |catalog: &(u64, PathBuf, u64)| {
                self.superseded == Some(catalog.0)
                    || files.iter().any(|file| file.version == catalog.0)
            };
            let (kept, unheld): (Vec<_>, Vec<_>) = catalogs.into_iter().partition(held);
            for (_, path, _) in unheld {
                fs::remove_file(path)?;
            }
            catalogs = kept;
            let of_files: u64 = files.iter().map(|file| file.bytes).sum();
            let of_catalogs: u64 = catalogs.iter().map(|catalog| catalog.2).sum();
            let Some(oldest) = files.first() else {
                return Ok(());
            };
            let is_old = now.saturating_sub(oldest.begun) >= keep;
            let is_much = of_files + of_catalogs > self.config.most.0
                && written != Some((oldest.version, oldest.begun));
            if !is_old && !is_much {
                return Ok(());
            }
            fs::remove_file(&oldest.path)?;
            files.remove(0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn writer(name: &str, most: u64) -> Writer {
        let folder = std::env::temp_dir().join(format!("gavel-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        let config = RecordsConfig {
            one_in: 1,
            queue: 1,
            longest: service::config::Bytes(1 << 20),
            file: service::config::Bytes(1 << 20),
            most: service::config::Bytes(most),
            keep: service::config::Millis::new(3_600_000),
        };
        let metrics = service::Ops::new("bidder", "0").metrics;
        Writer::new(&folder, config, RecordCounters::register(&metrics))
    }

    #[test]
    fn what_is_old_or_too_much_goes_and_catalogs_with_their_last_record() {
        let now = service::clock::now().0;
        let hour = 3_600_000;
        // Bytes that may be kept; files as version, age, bytes; catalogs of ten bytes; what stays of both.
        type Case<'a> = (
            &'a str,
            u64,
            &'a [(u64, i64, usize)],
            &'a [u64],
            &'a [u64],
            &'a [u64],
        );
        #[rustfmt::skip]
        let cases: &[Case<'_>] = &[
            ("fresh and little", 1_000, &[(1, 100, 10), (2, 50, 10)], &[1, 2], &[1, 2], &[1, 2]),
            ("past its time", 1_000, &[(1, hour, 10), (2, 50, 10)], &[1, 2], &[2], &[2]),
            ("one of two files of a version", 1_000, &[(1, hour, 10), (1, 50, 10)], &[1], &[1], &[1]),
            ("the oldest make room, catalogs counted", 40, &[(1, 300, 20), (2, 200, 20), (3, 100, 20)], &[1, 2, 3], &[3], &[3]),
            ("a catalog without records", 1_000, &[(2, 50, 10)], &[1, 2, 9], &[2], &[2, 9]),
        ];
        for (says, most, files, catalogs, files_left, catalogs_left) in cases {
            let mut writer = writer("prune", *most);
            // A record of the version that was just replaced may still be on its way.
            writer.superseded = Some(9);
            let records = store::records(&writer.data_dir);
            store::private_folder(&store::decisions(&records)).unwrap();
            store::private_folder(&store::catalogs(&records)).unwrap();
            for (version, age, bytes) in *files {
                let name = RecordFile::name(*version, now - age);
                fs::write(store::decisions(&records).join(name), vec![b'x'; *bytes]).unwrap();
            }
            for version in *catalogs {
                let name = format!("{version}.json");
                fs::write(store::catalogs(&records).join(name), [b'x'; 10]).unwrap();
            }
            writer.prune();
            let left: Vec<u64> = store::files(&records)
                .unwrap()
                .iter()
                .map(|it| it.version)
                .collect();
            assert_eq!(left, *files_left, "{says}");
            let mut kept: Vec<u64> = store::kept_catalogs(&records)
                .unwrap()
                .iter()
                .map(|it| it.0)
                .collect();
            kept.sort_unstable();
            assert_eq!(kept, *catalogs_left, "{says}");
            fs::remove_dir_all(&writer.data_dir).unwrap();
        }
    }
}
