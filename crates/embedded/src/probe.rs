//! Is it ready? Only an answer in the server's own protocol counts: a socket accepts long before.

use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

/// How long one answer may take.
const ANSWER: Duration = Duration::from_secs(10);
/// No message of a start-up or of our own few statements is longer.
const LONGEST_MESSAGE: usize = 1 << 20;
/// The one superuser, made by initdb.
pub(crate) const USER: &str = "gavel";

/// An open session on the socket of a Postgres, for the few statements that prepare it.
pub(crate) struct Session {
    stream: UnixStream,
}

impl Session {
    /// Connects to the maintenance database; an `Ok` is proof that the server is ready.
    pub(crate) fn open(socket: &Path) -> io::Result<Self> {
        Self::open_on(socket, "postgres", ANSWER)
    }

    /// Connects to a database, whose statements may take as long as `patience`.
    pub(crate) fn open_on(socket: &Path, database: &str, patience: Duration) -> io::Result<Self> {
        let mut stream = connect(socket)?;
        stream.set_read_timeout(Some(patience))?;
        let mut body = Vec::from(196_608_u32.to_be_bytes());
        for word in ["user", USER, "database", database, ""] {
            body.extend_from_slice(word.as_bytes());
            body.push(0);
        }
        write_frame(&mut stream, None, &body)?;
        let mut session = Self { stream };
        session.until_ready()?;
        Ok(session)
    }

    /// Runs one statement; answers the first column of each row as text.
    pub(crate) fn run(&mut self, sql: &str) -> io::Result<Vec<String>> {
        let mut body = Vec::from(sql.as_bytes());
        body.push(0);
        write_frame(&mut self.stream, Some(b'Q'), &body)?;
        self.until_ready()
    }

    fn until_ready(&mut self) -> io::Result<Vec<String>> {
        let mut rows = Vec::new();
        let mut refused = None;
        loop {
            let (kind, body) = self.message()?;
            match kind {
                b'E' => {
                    let text = error_text(&body);
                    // While starting up the server says this and hangs up: no ready message follows.
                    if error_field(&body, b'S').is_some_and(|severity| severity == "FATAL") {
                        return Err(io::Error::other(text));
                    }
                    refused = Some(text);
                }
                b'D' => rows.extend(first_column(&body)),
                b'Z' => return refused.map_or(Ok(rows), |text| Err(io::Error::other(text))),
                b'R' if body.get(..4) != Some(&[0; 4]) => {
                    return Err(io::Error::other("it asks for a password"));
                }
                _ => (),
            }
        }
    }

    fn message(&mut self) -> io::Result<(u8, Vec<u8>)> {
        let mut head = [0; 5];
        self.stream.read_exact(&mut head)?;
        let [kind, length @ ..] = head;
        let length = usize::try_from(u32::from_be_bytes(length)).unwrap_or(usize::MAX);
        let length = length
            .checked_sub(4)
            .filter(|length| *length <= LONGEST_MESSAGE)
            .ok_or_else(|| io::Error::other("a message of impossible length"))?;
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body)?;
        Ok((kind, body))
    }
}

/// Asks a Redis for a PONG.
pub(crate) fn ping(socket: &Path, password: Option<&str>) -> io::Result<()> {
    let mut stream = connect(socket)?;
    let mut lines = 1;
    if let Some(password) = password {
        write!(stream, "AUTH {password}\r\n")?;
        lines = 2;
    }
    stream.write_all(b"PING\r\n")?;
    let mut answer = Vec::new();
    let mut byte = [0];
    while lines > 0 && answer.len() < 256 {
        stream.read_exact(&mut byte)?;
        answer.extend_from_slice(&byte);
        lines -= usize::from(byte == *b"\n");
    }
    if answer.ends_with(b"+PONG\r\n") {
        Ok(())
    } else {
        Err(io::Error::other(
            String::from_utf8_lossy(&answer).trim().to_owned(),
        ))
    }
}

fn connect(socket: &Path) -> io::Result<UnixStream> {
    let stream = UnixStream::connect(socket)?;
    stream.set_read_timeout(Some(ANSWER))?;
    stream.set_write_timeout(Some(ANSWER))?;
    Ok(stream)
}

fn write_frame(stream: &mut UnixStream, kind: Option<u8>, body: &[u8]) -> io::Result<()> {
    let length = u32::try_from(body.len() + 4).map_err(io::Error::other)?;
    let mut frame: Vec<u8> = kind.into_iter().collect();
    frame.extend_from_slice(&length.to_be_bytes());
    frame.extend_from_slice(body);
    stream.write_all(&frame)
}

fn error_field(body: &[u8], field: u8) -> Option<String> {
    body.split(|byte| *byte == 0)
        .find_map(|part| part.strip_prefix(&[field]))
        .map(|text| String::from_utf8_lossy(text).into_owned())
}

fn error_text(body: &[u8]) -> String {
    let code = error_field(body, b'C').unwrap_or_default();
    let message = error_field(body, b'M').unwrap_or_default();
    format!("{code} {message}")
}

fn first_column(body: &[u8]) -> Option<String> {
    let length = u32::from_be_bytes(body.get(2..6)?.try_into().ok()?);
    let end = 6_usize.checked_add(usize::try_from(length).ok()?)?;
    Some(String::from_utf8_lossy(body.get(6..end)?).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_of_the_server_is_read_as_it_is_laid_out() {
        let body = b"SFATAL\0VFATAL\0C57P03\0Mthe database system is starting up\0\0";
        assert_eq!(error_text(body), "57P03 the database system is starting up");
        assert_eq!(error_field(body, b'S').as_deref(), Some("FATAL"));
        assert_eq!(error_text(b""), " ");
    }

    #[test]
    fn a_row_is_read_and_a_torn_one_is_not() {
        assert_eq!(
            first_column(&[0, 1, 0, 0, 0, 2, b'o', b'k']).as_deref(),
            Some("ok")
        );
        assert_eq!(first_column(&[0, 1, 0, 0, 0, 9, b'o', b'k']), None);
        assert_eq!(first_column(&[0, 1, 255, 255, 255, 255]), None, "a null");
        assert_eq!(first_column(&[]), None);
    }
}
