//! Runs a check on every input that fuzzing kept, without the fuzzer.

use std::path::PathBuf;

/// Replays the corpus of a target; panics when there is none, or at the first input that fails.
pub fn replay(target: &str, check: fn(&[u8])) {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../../fuzz/corpus")
        .join(target);
    let entries =
        std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.expect("a file").path()).collect();
    files.sort();
    assert!(files.len() >= 20, "{}: too few inputs", folder.display());
    for file in files {
        // The name of the input comes before the panic's own message.
        let input = std::fs::read(&file).expect("readable");
        if std::panic::catch_unwind(|| check(&input)).is_err() {
            panic!("{target}: {} fails", file.display());
        }
    }
}
