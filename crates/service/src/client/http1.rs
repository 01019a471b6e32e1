//! HTTP/1.1 on one connection, one call after the other and without a task of its own: the caller itself
//! writes and reads, through memory that stays with the connection.

use std::{
    io::Write as _,
    mem::MaybeUninit,
    pin::Pin,
    task::{Context, Waker},
    time::{Duration, Instant},
};

use bytes::{Buf, Bytes, BytesMut};
use http::{Method, StatusCode};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};

use super::{
    CallError, Fields,
    call::{Failed, Outgoing},
};

/// What a connection reads from and writes to.
pub(super) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

/// A connection.
pub(super) struct Http1 {
    stream: Box<dyn Stream>,
    outgoing: Vec<u8>,
    incoming: BytesMut,
    /// Bytes that were read since the call began.
    received: usize,
}

/// An answer as it arrived.
pub(super) struct Arrived {
    pub(super) status: StatusCode,
    pub(super) headers: Fields,
    pub(super) body: Bytes,
    /// Until its head was there.
    pub(super) head: Duration,
    /// Whether the connection can be used again.
    pub(super) is_reusable: bool,
}

/// Largest head of an answer, in bytes, and most of its fields.
const MAX_HEAD: usize = 64 * 1024;
const MAX_FIELDS: usize = 64;
/// Memory that a connection keeps between calls, each way.
const KEPT: usize = 64 * 1024;
/// What is read at once, at least.
const READ: usize = 4 * 1024;

/// Where a body ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Framing {
    Length(usize),
    Chunked,
    UntilClosed,
}

struct Head {
    status: StatusCode,
    fields: Fields,
    keeps_alive: bool,
    body: Result<Framing, BadFraming>,
}

/// Why nobody can tell where a body ends (R40).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct BadFraming(&'static str);

impl Http1 {
    pub(super) fn new(stream: impl Stream + 'static) -> Self {
        Self {
            stream: Box::new(stream),
            outgoing: Vec::new(),
            incoming: BytesMut::new(),
            received: 0,
        }
    }

    /// Whether nobody closed it and nothing came unasked: only then it is fit for a further call.
    pub(super) fn is_idle(&mut self) -> bool {
        let mut byte = [0];
        let mut buffer = ReadBuf::new(&mut byte);
        let mut context = Context::from_waker(Waker::noop());
        Pin::new(&mut self.stream)
            .poll_read(&mut context, &mut buffer)
            .is_pending()
    }

    /// Sends a request and reads its answer, with a body of at most `max_body` bytes.
    pub(super) async fn call(
        &mut self,
        request: &Outgoing,
        max_body: usize,
    ) -> Result<Arrived, Failed> {
        self.received = 0;
        let outcome = self.exchange(request, max_body).await;
        if self.outgoing.capacity() > KEPT {
            self.outgoing = Vec::new();
        }
        if self.incoming.capacity() > KEPT {
            self.incoming = BytesMut::new();
        }
        outcome.map_err(|error| Failed {
            error,
            unanswered: self.received == 0,
        })
    }

    async fn exchange(
        &mut self,
        request: &Outgoing,
        max_body: usize,
    ) -> Result<Arrived, CallError> {
        let began = Instant::now();
        self.write(request).await?;
        let head = self.read_head().await?;
        let took = began.elapsed();
        let (body, ends) = match self.read_body(&head, request, max_body).await {
            Ok((body, framing)) => (body, framing != Framing::UntilClosed),
            // The rest of it is in the way of any further answer.
            Err(CallError::TooLarge) => (request.too_large()?, false),
            Err(error) => return Err(error),
        };
        Ok(Arrived {
            status: head.status,
            headers: head.fields,
            body,
            head: took,
            is_reusable: head.keeps_alive
                && ends
                // What follows an answer belongs to nobody.
                && self.incoming.is_empty(),
        })
    }

    async fn read_body(
        &mut self,
        head: &Head,
        request: &Outgoing,
        max: usize,
    ) -> Result<(Bytes, Framing), CallError> {
        let framing = framing(head, request.start.method(), max)?;
        let body = match framing {
            Framing::Length(length) => self.read_length(length).await?,
            Framing::Chunked => self.read_chunks(max).await?,
            Framing::UntilClosed => self.read_to_end(max).await?,
        };
        Ok((body, framing))
    }

    async fn write(&mut self, request: &Outgoing) -> Result<(), CallError> {
        let out = &mut self.outgoing;
        out.clear();
        request.start.write_to(out);
        let body = &request.body;
        if !body.is_empty() || !matches!(*request.start.method(), Method::GET | Method::HEAD) {
            // Writing to memory does not fail.
            let _written = write!(out, "content-length: {}\r\n", body.len());
        }
        out.extend_from_slice(b"\r\n");
        let in_one = out.len() + body.len() <= KEPT;
        if in_one {
            out.extend_from_slice(body);
        }
        self.stream.write_all(out).await.map_err(closed)?;
        if !in_one {
            self.stream.write_all(body).await.map_err(closed)?;
        }
        self.stream.flush().await.map_err(closed)
    }

    /// Reads until the head of the final answer is there.
    async fn read_head(&mut self) -> Result<Head, CallError> {
        loop {
            if let Some(head) = parse(&mut self.incoming)? {
                match head.status {
                    StatusCode::SWITCHING_PROTOCOLS => return Err(protocol("switches protocols")),
                    status if status.is_informational() => continue,
                    _ => return Ok(head),
                }
            }
            if self.incoming.len() >= MAX_HEAD {
                return Err(protocol("the head is too large"));
            }
            self.read().await?;
        }
    }

    async fn read_length(&mut self, length: usize) -> Result<Bytes, CallError> {
        self.incoming
            .reserve(length.saturating_sub(self.incoming.len()));
        while self.incoming.len() < length {
            self.read().await?;
        }
        Ok(self.incoming.split_to(length).freeze())
    }

    async fn read_chunks(&mut self, max: usize) -> Result<Bytes, CallError> {
        let mut body = BytesMut::new();
        loop {
            let size = self.read_chunk_size().await?;
            if size == 0 {
                self.read_trailers().await?;
                return Ok(body.freeze());
            }
            if size > max.saturating_sub(body.len()) {
                return Err(CallError::TooLarge);
            }
            while self.incoming.len() < size + 2 {
                self.read().await?;
            }
            if self.incoming.get(size..size + 2) != Some(b"\r\n") {
                return Err(protocol("a chunk does not end where it should"));
            }
            body.extend_from_slice(self.incoming.get(..size).unwrap_or_default());
            self.incoming.advance(size + 2);
            // Sizes and their extensions are not for nothing either: a chunk of a byte comes with five (R31).
            if self.received > max.saturating_mul(2).saturating_add(MAX_HEAD) {
                return Err(CallError::TooLarge);
            }
        }
    }

    async fn read_chunk_size(&mut self) -> Result<usize, CallError> {
        loop {
            match httparse::parse_chunk_size(&self.incoming) {
                Ok(httparse::Status::Complete((line, size))) => {
                    self.incoming.advance(line);
                    return usize::try_from(size).map_err(|_huge| CallError::TooLarge);
                }
                Ok(httparse::Status::Partial) if self.incoming.len() < MAX_HEAD => {
                    self.read().await?;
                }
                Ok(httparse::Status::Partial) | Err(_) => {
                    return Err(protocol("not the size of a chunk"));
                }
            }
        }
    }

    /// Fields behind a body are read and forgotten.
    async fn read_trailers(&mut self) -> Result<(), CallError> {
        loop {
            if let Some(end) = end_of_fields(&self.incoming)? {
                self.incoming.advance(end);
                return Ok(());
            }
            if self.incoming.len() >= MAX_HEAD {
                return Err(protocol("the trailers are too large"));
            }
            self.read().await?;
        }
    }

    async fn read_to_end(&mut self, max: usize) -> Result<Bytes, CallError> {
        while self.incoming.len() <= max {
            self.incoming.reserve(READ);
            let read = self.stream.read_buf(&mut self.incoming).await;
            if read.map_err(closed)? == 0 {
                return Ok(self.incoming.split().freeze());
            }
        }
        Err(CallError::TooLarge)
    }

    async fn read(&mut self) -> Result<(), CallError> {
        self.incoming.reserve(READ);
        let read = self.stream.read_buf(&mut self.incoming).await;
        match read.map_err(closed)? {
            0 => Err(CallError::Closed),
            length => {
                self.received = self.received.saturating_add(length);
                Ok(())
            }
        }
    }
}

fn closed(_error: std::io::Error) -> CallError {
    CallError::Closed
}

fn protocol(says: &'static str) -> CallError {
    CallError::Protocol(says.into())
}

/// Where fields end that stand at the beginning, once all of them are there.
fn end_of_fields(incoming: &[u8]) -> Result<Option<usize>, CallError> {
    let mut fields = [httparse::EMPTY_HEADER; MAX_FIELDS];
    match httparse::parse_headers(incoming, &mut fields) {
        Ok(httparse::Status::Complete((end, _))) => Ok(Some(end)),
        Ok(httparse::Status::Partial) => Ok(None),
        Err(error) => Err(CallError::Protocol(error.into())),
    }
}

/// Takes the head off, once all of it is there.
fn parse(incoming: &mut BytesMut) -> Result<Option<Head>, CallError> {
    if incoming.is_empty() {
        return Ok(None);
    }
    let mut fields = [const { MaybeUninit::uninit() }; MAX_FIELDS];
    let mut answer = httparse::Response::new(&mut []);
    let parser = httparse::ParserConfig::default();
    let parsed = parser.parse_response_with_uninit_headers(&mut answer, incoming, &mut fields);
    let end = match parsed {
        Ok(httparse::Status::Complete(end)) => end,
        Ok(httparse::Status::Partial) => return Ok(None),
        Err(error) => return Err(CallError::Protocol(error.into())),
    };
    let status = StatusCode::from_u16(answer.code.unwrap_or_default())
        .map_err(|error| CallError::Protocol(error.into()))?;
    let is_1_1 = answer.version == Some(1);
    let (mut closes, mut stays, mut framing) = (false, false, FramingFields::default());
    for field in answer.headers.iter() {
        match field.name.len() {
            10 if field.name.eq_ignore_ascii_case("connection") => {
                closes |= lists(field.value, b"close");
                stays |= lists(field.value, b"keep-alive");
            }
            14 if field.name.eq_ignore_ascii_case("content-length") => framing.length(field.value),
            17 if field.name.eq_ignore_ascii_case("transfer-encoding") => {
                framing.coding(field.value);
            }
            _ => {}
        }
    }
    let body = framing.end(is_1_1);
    Ok(Some(Head {
        status,
        keeps_alive: !closes && (is_1_1 || stays),
        fields: Fields::of_head(incoming.split_to(end).freeze()),
        body,
    }))
}

/// Whether a list has a token.
fn lists(list: &[u8], token: &[u8]) -> bool {
    let mut tokens = list.split(|byte| *byte == b',');
    tokens.any(|of| of.trim_ascii().eq_ignore_ascii_case(token))
}

/// What a head says of where its body ends (RFC 9112 §6.3); two answers to that are none.
#[derive(Default)]
struct FramingFields {
    length: Option<u64>,
    is_chunked: bool,
    fault: Option<&'static str>,
}

impl FramingFields {
    fn length(&mut self, value: &[u8]) {
        match (digits(value), self.length) {
            (None, _) => self.fault = Some("not a length"),
            (Some(length), Some(other)) if length != other => self.fault = Some("two lengths"),
            (Some(length), _) => self.length = Some(length),
        }
    }

    fn coding(&mut self, value: &[u8]) {
        if self.is_chunked || !value.trim_ascii().eq_ignore_ascii_case(b"chunked") {
            self.fault = Some(UNASKED_CODING);
        }
        self.is_chunked = true;
    }

    fn end(&self, is_1_1: bool) -> Result<Framing, BadFraming> {
        match (self.fault, self.is_chunked, self.length) {
            (Some(fault), ..) => Err(BadFraming(fault)),
            (None, true, Some(_)) => Err(BadFraming("both a length and a transfer coding")),
            (None, true, None) if is_1_1 => Ok(Framing::Chunked),
            (None, true, None) => Err(BadFraming(UNASKED_CODING)),
            (None, false, None) => Ok(Framing::UntilClosed),
            // What is no size here is larger than all that is allowed.
            (None, false, Some(length)) => Ok(Framing::Length(
                usize::try_from(length).unwrap_or(usize::MAX),
            )),
        }
    }
}

const UNASKED_CODING: &str = "a transfer coding that was not asked for";

/// Where the body ends, when it may be read.
fn framing(head: &Head, method: &Method, max: usize) -> Result<Framing, CallError> {
    let has_none = matches!(
        head.status,
        StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED
    );
    if has_none || *method == Method::HEAD {
        return Ok(Framing::Length(0));
    }
    match head.body {
        // Before anything is read: `Content-Length: 10GB` costs nothing (R31).
        Ok(Framing::Length(length)) if length > max => Err(CallError::TooLarge),
        Ok(framing) => Ok(framing),
        Err(BadFraming(fault)) => Err(protocol(fault)),
    }
}

/// A number of digits and nothing else; one beyond the largest is the largest.
fn digits(text: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(text).ok()?;
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    Some(text.parse().unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests;
