//! Just enough of HTTP/1.1 to take what an exchange sends.

use std::io;
use std::str;

use tokio::io::AsyncReadExt as _;
use tokio::net::TcpStream;

/// What a request may have in front of its body, and how long that may be; an exchange sends less.
const MAX_HEAD: usize = 16 * 1024;
const MAX_BODY: usize = 1 << 20;

/// A request that is there as a whole, from the first byte on.
pub(super) struct Asked {
    /// Bytes of its head.
    pub(super) head: usize,
    /// Bytes of its body.
    pub(super) length: usize,
}

/// Reads until a request is whole; `None` where its sender has gone instead.
pub(super) async fn read_request(
    stream: &mut TcpStream,
    incoming: &mut Vec<u8>,
) -> io::Result<Option<Asked>> {
    let mut head = None;
    loop {
        if head.is_none() {
            head = whole_head(incoming)?;
        }
        if let Some((head, length)) = head
            && incoming.len() >= head + length
        {
            return Ok(Some(Asked { head, length }));
        }
        incoming.reserve(4 * 1024);
        if stream.read_buf(incoming).await? == 0 {
            return Ok(None);
        }
    }
}

/// The path of a request.
pub(super) fn path_of(head: &[u8]) -> &str {
    let line = head.split(|byte| *byte == b'\r').next();
    let text = line.and_then(|line| str::from_utf8(line).ok());
    text.and_then(|line| line.split(' ').nth(1)).unwrap_or("/")
}

/// Where a head ends and how long the body behind it is.
fn whole_head(incoming: &[u8]) -> io::Result<Option<(usize, usize)>> {
    let Some(end) = incoming.windows(4).position(|four| four == b"\r\n\r\n") else {
        if incoming.len() > MAX_HEAD {
            return Err(io::ErrorKind::InvalidData.into());
        }
        return Ok(None);
    };
    let head = str::from_utf8(incoming.get(..end).unwrap_or_default());
    let head = head.map_err(|_| io::ErrorKind::InvalidData)?;
    let length = head.split("\r\n").find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length")
            .then(|| value.trim())
    });
    let length = length.map_or(Ok(0), str::parse);
    match length {
        Ok(length) if length <= MAX_BODY => Ok(Some((end + 4, length))),
        Ok(_) | Err(_) => Err(io::ErrorKind::InvalidData.into()),
    }
}
