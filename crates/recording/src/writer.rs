//! The thread that writes records, and removes what is too old or too much.

use std::fs;
use std::io::{self, Write as _};
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::value::RawValue;

use crate::bounds::{Bounds, Counters};
use crate::frame::{self, FORMAT, FileHead};
use crate::kind::{Kind, NO_CATALOG};
use crate::queue::{Batch, Entry, Next, Notes};
use crate::store::{self, CatalogMark, KeptCatalog, RecordFile, Store};

/// How often it is looked for what is too old, when nothing else happens.
const PRUNE_EVERY: Duration = Duration::from_secs(30);
/// A file is gone on with for at most this part of the time that records are kept, so that none of it is
/// kept much shorter.
const FILE_AGE: u32 = 8;
/// Bytes that are written in one call.
const AT_ONCE: usize = 256 << 10;

pub(crate) struct Writer<K: Kind> {
    store: Store,
    bounds: Bounds,
    counters: Counters,
    /// What all records have in common.
    common: Box<RawValue>,
    open: Option<Open>,
    /// The catalog that was last referred to.
    catalog: Option<Arc<CatalogMark>>,
    /// The version that was last replaced: a record of it may still be on its way.
    superseded: Option<u64>,
    pruned: Instant,
    /// Records of this kind.
    kind: std::marker::PhantomData<fn(K)>,
    /// What is to be written next.
    out: Vec<u8>,
    /// How many records are in it.
    pending: u64,
}

struct Open {
    file: fs::File,
    catalog: Arc<CatalogMark>,
    begun: i64,
    /// Those that are to be written included.
    bytes: u64,
}

impl<K: Kind> Writer<K> {
    pub(crate) fn new(
        store: Store,
        bounds: Bounds,
        counters: Counters,
        common: Box<RawValue>,
    ) -> Self {
        Self {
            store,
            bounds,
            counters,
            common,
            open: None,
            catalog: None,
            superseded: None,
            pruned: Instant::now(),
            kind: std::marker::PhantomData,
            out: Vec::new(),
            pending: 0,
        }
    }

    /// Writes until nobody is left who leaves records.
    pub(crate) fn run(&mut self, notes: &Notes<K>) {
        self.prune();
        let mut batch = Batch::default();
        loop {
            let next = notes.next(&mut batch, PRUNE_EVERY);
            self.superseded = batch.superseded;
            match next {
                Next::Taken => self.write(&batch),
                Next::Nothing => {}
                Next::Closed => return,
            }
            if self.pruned.elapsed() >= PRUNE_EVERY {
                self.prune();
            }
        }
    }

    fn write(&mut self, batch: &Batch<K::Catalog>) {
        let now = service::clock::now().0;
        for (entry, parts) in batch.records() {
            if let Err(error) = self.append(entry, parts, now) {
                self.counters.failed.inc();
                self.fail(&error);
            } else if self.out.len() >= AT_ONCE {
                self.flush_or_fail();
            }
        }
        self.flush_or_fail();
    }

    fn flush_or_fail(&mut self) {
        if let Err(error) = self.flush() {
            self.fail(&error);
        }
    }

    /// What was to be written is lost; the next record begins a file.
    fn fail(&mut self, error: &io::Error) {
        self.counters.failed.add(self.pending);
        self.pending = 0;
        self.out.clear();
        self.open = None;
        self.catalog = None;
        let what = K::NAMES.folder;
        tracing::warn!(%error, what, "records could not be written");
    }

    fn append(&mut self, entry: &Entry<K::Catalog>, parts: &[u8], now: i64) -> io::Result<()> {
        let catalog = self.mark(&entry.catalog)?;
        let length = u64::try_from(entry.lengths.record()).unwrap_or(u64::MAX);
        if !self.goes_on(&catalog, length, now) {
            self.flush()?;
            self.begin(&catalog, now)?;
        }
        let common = self.common.get();
        frame::write(
            &mut self.out,
            entry.id,
            entry.lengths,
            parts,
            &catalog,
            common,
        );
        if let Some(open) = &mut self.open {
            open.bytes = open.bytes.saturating_add(length);
        }
        self.pending += 1;
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        if let Some(open) = &mut self.open {
            open.file.write_all(&self.out)?;
            self.counters.written.add(self.pending);
            self.pending = 0;
            self.out.clear();
        }
        Ok(())
    }

    /// Whether the open file takes the record: it is of the same catalog, not too old, and has room.
    fn goes_on(&self, catalog: &Arc<CatalogMark>, length: u64, now: i64) -> bool {
        let oldest = i64::try_from((self.bounds.keep / FILE_AGE).as_millis()).unwrap_or(i64::MAX);
        self.open.as_ref().is_some_and(|open| {
            open.catalog == *catalog
                && open.bytes.saturating_add(length) <= self.bounds.file
                && now.saturating_sub(open.begun) < oldest
        })
    }

    /// Begins a file, of which the first line is to be written first.
    fn begin(&mut self, catalog: &Arc<CatalogMark>, now: i64) -> io::Result<()> {
        self.open = None;
        self.prune();
        let head = FileHead {
            format: FORMAT,
            catalog: CatalogMark::clone(catalog),
            common: self.common.clone(),
        };
        serde_json::to_writer(&mut self.out, &head)?;
        self.out.push(b'\n');
        let folder = self.store.folder();
        store::private_folder(&folder)?;
        let mut begun = now;
        let file = loop {
            let path = folder.join(RecordFile::name(catalog.version, begun));
            match store::new_private_file(&path) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => begun += 1,
                file => break file?,
            }
        };
        self.open = Some(Open {
            file,
            catalog: Arc::clone(catalog),
            begun,
            bytes: u64::try_from(self.out.len()).unwrap_or(u64::MAX),
        });
        Ok(())
    }

    /// The catalog's checksum, looked up once a version.
    fn mark(&mut self, catalog: &K::Catalog) -> io::Result<Arc<CatalogMark>> {
        let version = K::version(catalog);
        if let Some(known) = self.catalog.as_ref().filter(|it| it.version == version) {
            return Ok(Arc::clone(known));
        }
        let mark = Arc::new(match version {
            NO_CATALOG => CatalogMark {
                version,
                sha256: None,
            },
            _ => K::mark(catalog, &self.store)?,
        });
        self.catalog = Some(Arc::clone(&mark));
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
        let mut files = self.store.files()?;
        let mut catalogs = self.store.kept_catalogs().unwrap_or_default();
        let keep = i64::try_from(self.bounds.keep.as_millis()).unwrap_or(i64::MAX);
        let now = service::clock::now().0;
        let open = self.open.as_ref();
        let written = open.map(|open| (open.catalog.version, open.begun));
        let current = self.catalog.as_ref().map(|mark| mark.version);
        loop {
            let held = |catalog: &KeptCatalog| {
                let version = Some(catalog.version);
                version == current
                    || version == self.superseded
                    || files.iter().any(|file| file.version == catalog.version)
            };
            let (kept, unheld): (Vec<_>, Vec<_>) = catalogs.into_iter().partition(held);
            for catalog in unheld {
                fs::remove_file(catalog.path)?;
            }
            catalogs = kept;
            let of_files: u64 = files.iter().map(|file| file.bytes).sum();
            let of_catalogs: u64 = catalogs.iter().map(|catalog| catalog.bytes).sum();
            let Some(oldest) = files.first() else {
                return Ok(());
            };
            let is_old = now.saturating_sub(oldest.begun) >= keep;
            let is_much = of_files + of_catalogs > self.bounds.most
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
    use units::{AuctionId, UnixMillis};

    use crate::frame::Lengths;
    use crate::store::RecordFile;
    use crate::tests::{Things, bounds, counters, fresh_folder};

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
            ("the oldest goes, of whichever version", 30, &[(3, 300, 20), (1, 100, 20)], &[], &[1], &[]),
            ("a catalog without records, the one in use, and the one just replaced", 1_000, &[(2, 50, 10)], &[1, 2, 8, 9], &[2], &[2, 8, 9]),
        ];
        for (says, most, files, catalogs, files_left, catalogs_left) in cases {
            // Files of both formats are kept alike.
            for ending in ["records", "ndjson"] {
                let folder = fresh_folder("prune");
                let store = Store::of::<Things>(&folder);
                let bounds = Bounds {
                    most: *most,
                    ..bounds()
                };
                let common = RawValue::NULL.to_owned();
                let mut writer = Writer::<Things>::new(store, bounds, counters(), common);
                writer.catalog = Some(Arc::new(CatalogMark {
                    version: 9,
                    sha256: None,
                }));
                // A record of the version that was just replaced may still be on its way.
                writer.superseded = Some(8);
                let store = writer.store.clone();
                store::private_folder(&store.folder()).unwrap();
                store::private_folder(&store.catalogs()).unwrap();
                for (version, age, bytes) in *files {
                    let name = RecordFile::name(*version, now - age);
                    let path = store.folder().join(name).with_extension(ending);
                    fs::write(path, vec![b'x'; *bytes]).unwrap();
                }
                for version in *catalogs {
                    fs::write(store.catalog(*version), [b'x'; 10]).unwrap();
                }
                writer.prune();
                let left = store.files().unwrap();
                let left: Vec<u64> = left.iter().map(|it| it.version).collect();
                assert_eq!(left, *files_left, "{says}, {ending}");
                let kept = store.kept_catalogs().unwrap();
                let mut kept: Vec<u64> = kept.iter().map(|it| it.version).collect();
                kept.sort_unstable();
                assert_eq!(kept, *catalogs_left, "{says}, {ending}");
                fs::remove_dir_all(&folder).unwrap();
            }
        }
    }
    fn writer(name: &str, bounds: Bounds) -> (Writer<Things>, std::path::PathBuf) {
        let folder = fresh_folder(name);
        let store = Store::of::<Things>(&folder);
        let common = RawValue::NULL.to_owned();
        let writer = Writer::<Things>::new(store, bounds, counters(), common);
        (writer, folder)
    }

    fn entry(catalog: u64) -> Entry<u64> {
        Entry {
            id: AuctionId::new(UnixMillis(1_790_000_000_000), [7; 10]),
            catalog,
            lengths: Lengths {
                seen: 2,
                outcome: 1,
                bodies: 0,
            },
        }
    }

    const PARTS: &[u8] = b"{}1";

    #[test]
    fn a_file_is_gone_on_with_while_it_has_room_and_is_young() {
        let (mut first, folder) = writer("goes-on", bounds());
        first.append(&entry(7), PARTS, 0).unwrap();
        first.append(&entry(7), PARTS, 0).unwrap();
        let two = first.open.as_ref().unwrap().bytes;
        // An hour is kept: a file is gone on with for an eighth of it.
        let eighth = 450_000;
        for (says, room, version, age, files) in [
            ("the same", two, 7, 0, 1),
            ("one byte less", two - 1, 7, 0, 2),
            ("another catalog", two, 8, 0, 2),
            ("young", two, 7, eighth - 1, 1),
            ("old", two, 7, eighth, 2),
        ] {
            fs::remove_dir_all(&folder).unwrap();
            let bounds = Bounds {
                file: room,
                ..bounds()
            };
            let (mut writer, folder) = writer("goes-on", bounds);
            let begun = service::clock::now().0;
            writer.append(&entry(7), PARTS, begun).unwrap();
            writer.append(&entry(version), PARTS, begun + age).unwrap();
            writer.flush().unwrap();
            let count = fs::read_dir(folder.join("records/things")).unwrap().count();
            assert_eq!(count, files, "{says}");
        }
        fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn what_a_disk_did_not_take_is_counted_and_the_next_begins_a_file() {
        let (mut writer, folder) = writer("not-taken", bounds());
        let now = service::clock::now().0;
        writer.append(&entry(7), PARTS, now).unwrap();
        writer.append(&entry(7), PARTS, now).unwrap();
        // A file that cannot be written to.
        writer.open.as_mut().unwrap().file = fs::File::open("/dev/null").unwrap();
        writer.flush_or_fail();
        let counted = |writer: &Writer<Things>| {
            let Counters {
                written, failed, ..
            } = &writer.counters;
            (written.get(), failed.get())
        };
        assert_eq!(counted(&writer), (0, 2));
        writer.append(&entry(7), PARTS, now).unwrap();
        writer.flush_or_fail();
        assert_eq!(counted(&writer), (1, 2));
        fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn the_file_that_is_written_is_not_removed_for_its_size() {
        let bounds = Bounds {
            most: 1,
            ..bounds()
        };
        let (mut writer, folder) = writer("written", bounds);
        let now = service::clock::now().0;
        writer.append(&entry(7), PARTS, now).unwrap();
        writer.flush().unwrap();
        writer.prune();
        assert_eq!(writer.store.files().unwrap().len(), 1);
        writer.open = None;
        writer.prune();
        assert_eq!(writer.store.files().unwrap(), []);
        fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn the_version_that_was_replaced_is_known_to_the_end() {
        let (records, notes) = crate::Records::<Things>::new(bounds(), counters());
        records.supersede(6);
        drop(records);
        let (mut writer, _folder) = writer("replaced", bounds());
        writer.run(&notes);
        assert_eq!(writer.superseded, Some(6));
    }
}
