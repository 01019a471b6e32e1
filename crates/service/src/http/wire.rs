//! The socket under hyper: times the headers from their first byte, sees length headers that hyper
//! drops, and lingers after a refusal so that its answer is not lost in a reset.

use std::{
    future::Future,
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU8, Ordering::Relaxed},
    },
    task::{Context, Poll, ready},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    time::Sleep,
};

const IDLE: u8 = 0;
const HEADERS: u8 = 1;
const REQUEST: u8 = 2;

/// How long, and how many bytes, a refused sender is listened to after the answer.
const LINGER: Duration = Duration::from_secs(1);
const LINGER_BYTES: usize = 16 * 1024 * 1024;

const NEEDLE: &[u8; 14] = b"content-length";

/// Whether `content-length` was among the bytes that a request came with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LengthHeader {
    /// Never on this connection.
    Never,
    /// Before this request, or pipelined with an earlier one.
    Earlier,
    /// Since the last request ended.
    Here,
}

/// What the socket and the request in work tell one another.
#[derive(Debug, Default)]
pub(super) struct WireState {
    phase: AtomicU8,
    length_here: AtomicBool,
    length_ever: AtomicBool,
    lingers: AtomicBool,
}

impl WireState {
    /// A request's headers are complete.
    pub(super) fn request_began(&self) -> LengthHeader {
        self.phase.store(REQUEST, Relaxed);
        if self.length_here.swap(false, Relaxed) {
            LengthHeader::Here
        } else if self.length_ever.load(Relaxed) {
            LengthHeader::Earlier
        } else {
            LengthHeader::Never
        }
    }

    /// Its answer is ready; what comes next on this connection is another request.
    pub(super) fn request_ended(&self) {
        self.length_here.store(false, Relaxed);
        self.phase.store(IDLE, Relaxed);
    }

    /// The sender may still be sending what was refused: listen a while before closing.
    pub(super) fn linger(&self) {
        self.lingers.store(true, Relaxed);
    }
}

pub(super) struct Wire {
    stream: TcpStream,
    state: Arc<WireState>,
    header_timeout: Duration,
    header_timer: Option<Pin<Box<Sleep>>>,
    /// The last bytes of the previous read: the needle may be split between two.
    tail: Vec<u8>,
    linger_timer: Option<Pin<Box<Sleep>>>,
    linger_left: usize,
}

impl Wire {
    pub(super) fn new(stream: TcpStream, header_timeout: Duration) -> Self {
        Self {
            stream,
            state: Arc::default(),
            header_timeout,
            header_timer: None,
            tail: Vec::new(),
            linger_timer: None,
            linger_left: LINGER_BYTES,
        }
    }

    pub(super) fn state(&self) -> Arc<WireState> {
        Arc::clone(&self.state)
    }

    /// Looks for `content-length`, also across reads. hyper forgets that header when the request is
    /// chunked too, and that pair is how requests are smuggled (R40).
    fn look_for_length(&mut self, bytes: &[u8]) {
        let overlap = NEEDLE.len() - 1;
        let head = bytes.get(..overlap).unwrap_or(bytes);
        self.tail.extend_from_slice(head);
        if holds_needle(bytes) || holds_needle(&self.tail) {
            self.state.length_here.store(true, Relaxed);
            self.state.length_ever.store(true, Relaxed);
        }
        if let Some(last) = bytes
            .len()
            .checked_sub(overlap)
            .and_then(|at| bytes.get(at..))
        {
            self.tail.clear();
            self.tail.extend_from_slice(last);
        } else {
            let surplus = self.tail.len().saturating_sub(overlap);
            self.tail.drain(..surplus);
        }
    }

    /// Fails the read when a request's headers take too long.
    fn check_headers(&mut self, cx: &mut Context<'_>) -> io::Result<()> {
        if self.state.phase.load(Relaxed) != HEADERS {
            self.header_timer = None;
            return Ok(());
        }
        let timeout = self.header_timeout;
        let timer = self
            .header_timer
            .get_or_insert_with(|| Box::pin(tokio::time::sleep(timeout)));
        if timer.as_mut().poll(cx).is_ready() {
            return Err(io::ErrorKind::TimedOut.into());
        }
        Ok(())
    }
}

fn holds_needle(bytes: &[u8]) -> bool {
    memchr::memchr_iter(b'-', bytes).any(|dash| {
        dash.checked_sub(7)
            .and_then(|start| bytes.get(start..start + NEEDLE.len()))
            .is_some_and(|word| word.eq_ignore_ascii_case(NEEDLE))
    })
}

impl AsyncRead for Wire {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let wire = self.get_mut();
        wire.check_headers(cx)?;
        let before = buffer.filled().len();
        ready!(Pin::new(&mut wire.stream).poll_read(cx, buffer))?;
        let arrived = buffer.filled().get(before..).unwrap_or_default();
        if !arrived.is_empty() {
            if wire.state.phase.load(Relaxed) == IDLE {
                wire.state.phase.store(HEADERS, Relaxed);
            }
            wire.look_for_length(arrived);
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Wire {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().stream).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().stream).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let wire = self.get_mut();
        ready!(Pin::new(&mut wire.stream).poll_shutdown(cx))?;
        // Bytes that hyper itself refused leave the phase at `HEADERS`.
        let refused = wire.state.phase.load(Relaxed) == HEADERS;
        if !refused && !wire.state.lingers.load(Relaxed) {
            return Poll::Ready(Ok(()));
        }
        let timer = wire
            .linger_timer
            .get_or_insert_with(|| Box::pin(tokio::time::sleep(LINGER)));
        let mut waste = [0_u8; 8 * 1024];
        loop {
            if timer.as_mut().poll(cx).is_ready() {
                return Poll::Ready(Ok(()));
            }
            let mut buffer = ReadBuf::new(&mut waste);
            ready!(Pin::new(&mut wire.stream).poll_read(cx, &mut buffer))?;
            let length = buffer.filled().len();
            wire.linger_left = wire.linger_left.saturating_sub(length);
            if length == 0 || wire.linger_left == 0 {
                return Poll::Ready(Ok(()));
            }
        }
    }
}
