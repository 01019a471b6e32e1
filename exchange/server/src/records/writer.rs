//! The thread that writes records, and removes what is too old or too much.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use contracts::catalog::Catalog;
use serde_json::value::to_raw_value;

use super::store::{self, CatalogMark, Line, RecordFile};
use super::{Draft, RecordCounters, RecordsConfig};

/// How often it is looked for what is too old, when nothing else happens.
const PRUNE_EVERY: Duration = Duration::from_secs(30);
/// A file is gone on with for at most this part of the time that records are kept, so that none of it is
/// kept much shorter.
const FILE_AGE: u32 = 8;

pub(super) struct Writer {
    records: PathBuf,
    config: RecordsConfig,
    counters: RecordCounters,
    open: Option<Open>,
    /// The catalog that was last written.
    catalog: Option<CatalogMark>,
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
            records: store::records(data_dir),
            config,
            counters,
            open: None,
            catalog: None,
            pruned: Instant::now(),
        }
    }

    /// Writes until nobody is left who sends.
    pub(super) fn run(&mut self, drafts: &Receiver<Box<Draft>>) {
        self.prune();
        loop {
            match drafts.recv_timeout(PRUNE_EVERY) {
                Ok(draft) => self.write(*draft),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
            if self.pruned.elapsed() >= PRUNE_EVERY {
                self.prune();
            }
        }
    }

    fn write(&mut self, draft: Draft) {
        match self.append(draft) {
            Ok(true) => self.counters.written.inc(),
            Ok(false) => self.counters.dropped.inc(),
            Err(error) => {
                self.counters.failed.inc();
                self.open = None;
                self.catalog = None;
                tracing::warn!(%error, "an auction's record could not be written");
            }
        }
    }

    /// `false` for a record that is too long to keep.
    fn append(&mut self, draft: Draft) -> io::Result<bool> {
        let catalog = self.mark(&draft.in_force.catalog)?;
        let seen = to_raw_value(&draft.seen)?;
        let outcome = draft.outcome.with_bodies(&draft.bodies);
        let line = Line {
            id: draft.seen.auction,
            digest: Line::digest_of(&catalog, seen.get()),
            catalog,
            seen,
            outcome: to_raw_value(&outcome)?,
        };
        let mut text = serde_json::to_vec(&line)?;
        text.push(b'\n');
        let length = u64::try_from(text.len()).unwrap_or(u64::MAX);
        if length > self.config.longest.0 {
            return Ok(false);
        }
        let open = self.open_for(draft.seen.catalog, length)?;
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
                let folder = store::auctions(&self.records);
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

    /// The catalog's checksum; its first record brings it to disk.
    fn mark(&mut self, catalog: &Catalog) -> io::Result<CatalogMark> {
        if let Some(known) = &self.catalog
            && known.version == catalog.version
        {
            return Ok(known.clone());
        }
        let mark = store::keep_catalog(&self.records, catalog)?;
        self.catalog = Some(mark.clone());
        Ok(mark)
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
        let mut files = store::files(&self.records)?;
        let mut catalogs = store::kept_catalogs(&self.records).unwrap_or_default();
        let keep = i64::try_from(self.config.keep.0.as_millis()).unwrap_or(i64::MAX);
        let now = service::clock::now().0;
        let written = self.open.as_ref().map(|open| (open.version, open.begun));
        let current = self.catalog.as_ref().map(|mark| mark.version);
        loop {
            let held = |catalog: &(u64, PathBuf, u64)| {
                current == Some(catalog.0) || files.iter().any(|file| file.version == catalog.0)
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
            ("a catalog without records, and the one in use", 1_000, &[(2, 50, 10)], &[1, 2, 9], &[2], &[2, 9]),
        ];
        for (says, most, files, catalogs, files_left, catalogs_left) in cases {
            let folder = std::env::temp_dir().join(format!("gavel-xprune-{}", std::process::id()));
            let _ = fs::remove_dir_all(&folder);
            let config = RecordsConfig {
                won: true,
                one_in: 1,
                queue: 1,
                longest: service::config::Bytes(1 << 20),
                file: service::config::Bytes(1 << 20),
                most: service::config::Bytes(*most),
                keep: service::config::Millis::new(3_600_000),
            };
            let metrics = service::Ops::new("exchange", "0").metrics;
            let mut writer = Writer::new(&folder, config, RecordCounters::register(&metrics));
            writer.catalog = Some(CatalogMark {
                version: 9,
                sha256: String::new(),
            });
            let records = writer.records.clone();
            store::private_folder(&store::auctions(&records)).unwrap();
            store::private_folder(&store::catalogs(&records)).unwrap();
            for (version, age, bytes) in *files {
                let name = RecordFile::name(*version, now - age);
                fs::write(store::auctions(&records).join(name), vec![b'x'; *bytes]).unwrap();
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
            fs::remove_dir_all(&folder).unwrap();
        }
    }
}
