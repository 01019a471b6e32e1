//! Warnings for the person at the terminal, beside the log.

use std::io::{self, Write};

use tracing_subscriber::fmt::MakeWriter;

use super::OnWarning;

pub(super) struct Warnings(pub(super) OnWarning);

/// One event, told when it is complete.
pub(super) struct Told<'a> {
    text: Vec<u8>,
    to: &'a OnWarning,
}

impl<'a> MakeWriter<'a> for Warnings {
    type Writer = Told<'a>;

    fn make_writer(&'a self) -> Told<'a> {
        Told {
            text: Vec::new(),
            to: &self.0,
        }
    }
}

impl Write for Told<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.text.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for Told<'_> {
    fn drop(&mut self) {
        let text = String::from_utf8_lossy(&self.text);
        let line = text.trim();
        if !line.is_empty() {
            (self.to)(line);
        }
    }
}
