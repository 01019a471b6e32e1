//! Lines on their way to the disk: a bounded queue and one thread, so that no request waits for a write.

use std::{
    io::{self, Write},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    thread::{self, JoinHandle},
};

use tracing_subscriber::fmt::MakeWriter;

/// Lines that may wait; further ones are dropped and counted.
const WAITING: usize = 8_192;

pub(super) type Writer = Box<dyn Write + Send>;

#[derive(Debug)]
pub(super) struct LineQueue {
    sender: SyncSender<Message>,
    dropped: Arc<AtomicU64>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug)]
enum Message {
    Line(Vec<u8>),
    End,
}

/// Where one event is written; sent whole when it is complete.
pub(super) struct Line {
    bytes: Vec<u8>,
    sender: SyncSender<Message>,
    dropped: Arc<AtomicU64>,
}

#[derive(Debug, Clone)]
pub(super) struct LineMaker {
    sender: SyncSender<Message>,
    dropped: Arc<AtomicU64>,
}

impl LineQueue {
    pub(super) fn start(to: Writer) -> io::Result<Self> {
        let (sender, receiver) = sync_channel(WAITING);
        let thread = thread::Builder::new()
            .name("log".to_owned())
            .spawn(move || write_out(&receiver, to))?;
        Ok(Self {
            sender,
            dropped: Arc::default(),
            thread: Some(thread),
        })
    }

    pub(super) fn writer(&self) -> LineMaker {
        LineMaker {
            sender: self.sender.clone(),
            dropped: Arc::clone(&self.dropped),
        }
    }

    pub(super) fn dropped(&self) -> u64 {
        self.dropped.load(Relaxed)
    }
}

impl Drop for LineQueue {
    fn drop(&mut self) {
        // The global subscriber keeps senders alive for ever, so the end is a message of its own.
        if self.sender.send(Message::End).is_ok()
            && let Some(thread) = self.thread.take()
        {
            let _panicked = thread.join();
        }
    }
}

fn write_out(lines: &Receiver<Message>, mut to: Writer) {
    while let Ok(Message::Line(line)) = lines.recv() {
        // A full disk must not end logging, nor anything else (R46).
        let _lost = to.write_all(&line);
    }
    let _lost = to.flush();
}

impl<'a> MakeWriter<'a> for LineMaker {
    type Writer = Line;

    fn make_writer(&'a self) -> Line {
        Line {
            bytes: Vec::with_capacity(256),
            sender: self.sender.clone(),
            dropped: Arc::clone(&self.dropped),
        }
    }
}

impl Write for Line {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        let line = std::mem::take(&mut self.bytes);
        if !line.is_empty() && self.sender.try_send(Message::Line(line)).is_err() {
            self.dropped.fetch_add(1, Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Mutex, mpsc};

    use super::*;

    #[derive(Clone, Default)]
    struct Memory(Arc<Mutex<Vec<u8>>>);

    impl Write for Memory {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn what_waits_is_written_before_the_end() {
        let memory = Memory::default();
        let queue = LineQueue::start(Box::new(memory.clone())).unwrap();
        let maker = queue.writer();
        for number in 0..100 {
            writeln!(maker.make_writer(), "line {number}").unwrap();
        }
        drop(queue);
        let written = String::from_utf8(memory.0.lock().unwrap().clone()).unwrap();
        assert_eq!(written.lines().count(), 100);
        assert!(written.ends_with("line 99\n"));
    }

    /// Holds its first write until the test lets go.
    struct Stuck(Option<mpsc::Receiver<()>>);

    impl Write for Stuck {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            if let Some(gate) = self.0.take() {
                let _open = gate.recv();
            }
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn r_46_a_stuck_disk_drops_lines_and_blocks_nobody() {
        let (open, gate) = mpsc::channel();
        let queue = LineQueue::start(Box::new(Stuck(Some(gate)))).unwrap();
        let maker = queue.writer();
        for _ in 0..WAITING * 2 {
            writeln!(maker.make_writer(), "line").unwrap();
        }
        assert!(queue.dropped() > 0);
        open.send(()).unwrap();
    }
}
