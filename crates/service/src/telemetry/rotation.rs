//! A log file that never grows beyond its size, and a few older ones beside it.

use std::{
    ffi::OsString,
    fs::{self, File, OpenOptions},
    io::{self, Write},
    path::{Path, PathBuf},
};

/// `gavel.jsonl`, `gavel.jsonl.1` (the one before), …
#[derive(Debug)]
pub(super) struct RotatedFile {
    path: PathBuf,
    max_bytes: u64,
    keep: u32,
    file: File,
    size: u64,
}

impl RotatedFile {
    pub(super) fn open(path: &Path, max_bytes: u64, keep: u32) -> io::Result<Self> {
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        let file = append(path)?;
        let size = file.metadata()?.len();
        Ok(Self {
            path: path.to_owned(),
            max_bytes,
            keep,
            file,
            size,
        })
    }

    fn numbered(&self, number: u32) -> PathBuf {
        let mut name = OsString::from(&self.path);
        name.push(format!(".{number}"));
        PathBuf::from(name)
    }

    fn rotate(&mut self) -> io::Result<()> {
        if self.keep == 0 {
            fs::remove_file(&self.path)?;
        } else {
            for number in (1..self.keep).rev() {
                // Missing ones are those that were not written yet.
                let _missing = fs::rename(self.numbered(number), self.numbered(number + 1));
            }
            fs::rename(&self.path, self.numbered(1))?;
        }
        self.file = append(&self.path)?;
        self.size = 0;
        Ok(())
    }
}

impl Write for RotatedFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        if self.size > 0 && self.size.saturating_add(length) > self.max_bytes {
            // If it fails, the old file goes on: too large beats lost.
            let _failed = self.rotate();
        }
        let written = self.file.write(bytes)?;
        self.size = self
            .size
            .saturating_add(u64::try_from(written).unwrap_or(u64::MAX));
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

fn append(path: &Path) -> io::Result<File> {
    OpenOptions::new().create(true).append(true).open(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_old_files_stay_and_a_restart_appends() {
        let folder = std::env::temp_dir().join(format!("gavel-rotation-{}", std::process::id()));
        let path = folder.join("logs/gavel.jsonl");
        let mut log = RotatedFile::open(&path, 10, 3).unwrap();
        for line in ["aaaaaaaa\n", "bbbbbbbb\n", "cccccccc\n", "dddddddd\n"] {
            log.write_all(line.as_bytes()).unwrap();
        }
        drop(log);
        let mut log = RotatedFile::open(&path, 10, 3).unwrap();
        log.write_all(b"e").unwrap();
        log.write_all(b"ffffffff\n").unwrap();
        let read = |name: &str| fs::read_to_string(folder.join("logs").join(name)).ok();
        assert_eq!(read("gavel.jsonl").as_deref(), Some("ffffffff\n"));
        assert_eq!(read("gavel.jsonl.1").as_deref(), Some("dddddddd\ne"));
        assert_eq!(read("gavel.jsonl.2").as_deref(), Some("cccccccc\n"));
        assert_eq!(read("gavel.jsonl.3").as_deref(), Some("bbbbbbbb\n"));
        assert_eq!(read("gavel.jsonl.4"), None);
        fs::remove_dir_all(folder).unwrap();
    }
}
