//! An HTTP/1.1 client for tests: one connection a call, whole answers, nothing followed.

use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method, Request, header};
use http_body_util::{BodyExt, Full};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use url::Url;

/// No answer that a test waits for takes longer, on however busy a machine.
const LIMIT: Duration = Duration::from_secs(60);

/// A whole answer.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// The header fields.
    pub headers: HeaderMap,
    /// The body, as it came.
    pub body: Bytes,
}

impl Answer {
    /// The body as JSON.
    ///
    /// # Panics
    /// When it is none.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|fault| panic!("{fault} in {self}"))
    }

    /// The body as text.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// A header field, where it is there and readable.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// Itself, when the status is the expected one.
    ///
    /// # Panics
    /// With the whole answer otherwise.
    #[must_use]
    pub fn expect_status(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{self}");
        self
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} {}", self.status, self.text())
    }
}

/// `GET`.
///
/// # Panics
/// When there is no answer.
pub async fn get(url: &str) -> Answer {
    send(Method::GET, url, &[], Bytes::new()).await
}

/// `DELETE`.
///
/// # Panics
/// When there is no answer.
pub async fn delete(url: &str) -> Answer {
    send(Method::DELETE, url, &[], Bytes::new()).await
}

/// `POST` with a JSON body.
///
/// # Panics
/// When there is no answer.
pub async fn post_json(url: &str, body: &Value) -> Answer {
    send_json(Method::POST, url, body).await
}

/// `PUT` with a JSON body.
///
/// # Panics
/// When there is no answer.
pub async fn put_json(url: &str, body: &Value) -> Answer {
    send_json(Method::PUT, url, body).await
}

/// `PATCH` with a JSON body.
///
/// # Panics
/// When there is no answer.
pub async fn patch_json(url: &str, body: &Value) -> Answer {
    send_json(Method::PATCH, url, body).await
}

async fn send_json(method: Method, url: &str, body: &Value) -> Answer {
    let json = [("content-type", "application/json")];
    send(method, url, &json, body.to_string()).await
}

/// Any method, header fields and body.
///
/// # Panics
/// When there is no answer.
pub async fn send(
    method: Method,
    url: &str,
    headers: &[(&str, &str)],
    body: impl Into<Bytes>,
) -> Answer {
    let words = format!("{method} {url}");
    try_send(method, url, headers, body)
        .await
        .unwrap_or_else(|fault| panic!("{words}: {fault}"))
}

/// As [`send`], for a test that expects the server to be away.
///
/// # Errors
/// Why there is no answer, as text.
pub async fn try_send(
    method: Method,
    url: &str,
    headers: &[(&str, &str)],
    body: impl Into<Bytes>,
) -> Result<Answer, String> {
    let asked = ask(method, url, headers, body.into());
    match timeout(LIMIT, asked).await {
        Ok(answer) => answer,
        Err(_) => Err(format!("no answer within {LIMIT:?}")),
    }
}

async fn ask(
    method: Method,
    url: &str,
    headers: &[(&str, &str)],
    body: Bytes,
) -> Result<Answer, String> {
    let url = Url::parse(url).map_err(say)?;
    let (Some(host), Some(port)) = (url.host_str(), url.port_or_known_default()) else {
        return Err("a URL without host".to_owned());
    };
    let mut target = url.path().to_owned();
    if let Some(query) = url.query() {
        target = format!("{target}?{query}");
    }
    let mut request = Request::builder().method(method).uri(target);
    if !headers
        .iter()
        .any(|(name, _)| name.eq_ignore_ascii_case("host"))
    {
        request = request.header(header::HOST, format!("{host}:{port}"));
    }
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.body(Full::new(body)).map_err(say)?;

    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let stream = TcpStream::connect((bare, port)).await.map_err(say)?;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
        .await
        .map_err(say)?;
    // Ends with the sender; its faults are the sender's as well.
    let driver = tokio::spawn(connection);
    let response = sender.send_request(request).await.map_err(say)?;
    let (parts, body) = response.into_parts();
    let body = body.collect().await.map_err(say)?.to_bytes();
    drop(sender);
    driver.abort();
    Ok(Answer {
        status: parts.status.as_u16(),
        headers: parts.headers,
        body,
    })
}

/// `POST` of JSON whose body comes so long after the server has taken its head; the answer as it is written.
///
/// # Panics
/// When the server cannot be reached, or asks for no body.
pub async fn post_late(url: &str, headers: &[(&str, &str)], body: &str, after: Duration) -> String {
    const INVITED: &[u8] = b"HTTP/1.1 100 Continue\r\n\r\n";
    let later = async {
        let url = Url::parse(url).map_err(say)?;
        let address = url.socket_addrs(|| None).map_err(say)?;
        let mut stream = TcpStream::connect(address.as_slice()).await.map_err(say)?;
        let fields: String = headers
            .iter()
            .map(|(name, value)| format!("{name}: {value}\r\n"))
            .collect();
        let head = format!(
            "POST {} HTTP/1.1\r\nhost: {}\r\nexpect: 100-continue\r\nconnection: close\r\ncontent-type: application/json\r\n{fields}content-length: {}\r\n\r\n",
            url.path(),
            url.authority(),
            body.len()
        );
        stream.write_all(head.as_bytes()).await.map_err(say)?;
        let mut invited = [0; INVITED.len()];
        let _ = stream.read_exact(&mut invited).await.map_err(say)?;
        if invited != INVITED {
            return Err(String::from_utf8_lossy(&invited).into_owned());
        }
        tokio::time::sleep(after).await;
        stream.write_all(body.as_bytes()).await.map_err(say)?;
        let mut answer = String::new();
        let _ = stream.read_to_string(&mut answer).await.map_err(say)?;
        Ok(answer)
    };
    match timeout(LIMIT, later).await {
        Ok(answer) => answer.unwrap_or_else(|fault: String| panic!("{url}: {fault}")),
        Err(_) => panic!("{url}: no answer within {LIMIT:?}"),
    }
}

/// Sends bytes as they are and reads until the server closes or falls silent for `quiet`.
///
/// # Panics
/// When the server cannot be reached.
pub async fn raw(address: SocketAddr, bytes: &[u8], quiet: Duration) -> Vec<u8> {
    let mut stream = TcpStream::connect(address)
        .await
        .unwrap_or_else(|fault| panic!("connecting to {address}: {fault}"));
    // A server that refuses early may close before it has read everything.
    let _ = stream.write_all(bytes).await;
    let mut answer = Vec::new();
    let mut part = [0; 4096];
    while let Ok(Ok(read)) = timeout(quiet, stream.read(&mut part)).await {
        match part.get(..read) {
            None | Some([]) => break,
            Some(read) => answer.extend_from_slice(read),
        }
    }
    answer
}

fn say(fault: impl fmt::Display) -> String {
    fault.to_string()
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::*;

    /// Answers one connection with `answer`, and gives back what was asked.
    async fn server(answer: &'static str) -> (SocketAddr, tokio::task::JoinHandle<String>) {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let heard = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut asked = String::new();
            while !asked.ends_with("}") && !asked.starts_with("GET") {
                let mut part = [0; 1024];
                let read = stream.read(&mut part).await.unwrap();
                asked.push_str(std::str::from_utf8(&part[..read]).unwrap());
            }
            stream.write_all(answer.as_bytes()).await.unwrap();
            asked
        });
        (address, heard)
    }

    #[tokio::test]
    async fn a_call_is_sent_as_written_and_its_answer_is_whole() {
        let answer = "HTTP/1.1 201 Created\r\nx-kind: made\r\ncontent-length: 8\r\n\r\n{\"id\":1}";
        let (address, heard) = server(answer).await;
        let url = format!("http://{address}/things?dry_run=true");
        let answer = post_json(&url, &serde_json::json!({ "a": 1 }))
            .await
            .expect_status(201);
        assert_eq!(answer.header("x-kind"), Some("made"));
        assert_eq!(answer.json()["id"], 1);
        let asked = heard.await.unwrap();
        assert!(
            asked.starts_with("POST /things?dry_run=true HTTP/1.1\r\n"),
            "{asked}"
        );
        assert!(
            asked.contains("content-type: application/json\r\n"),
            "{asked}"
        );
        assert!(asked.contains(&format!("host: {address}\r\n")), "{asked}");
        assert!(asked.ends_with("{\"a\":1}"), "{asked}");
    }

    #[tokio::test]
    async fn a_redirect_is_an_answer_and_a_closed_port_is_none() {
        let (address, _heard) =
            server("HTTP/1.1 302 Found\r\nlocation: /\r\ncontent-length: 0\r\n\r\n").await;
        let url = format!("http://{address}/");
        assert_eq!(get(&url).await.status, 302);
        let gone = try_send(Method::GET, &url, &[], Bytes::new()).await;
        assert!(gone.is_err(), "{gone:?}");
    }
}
