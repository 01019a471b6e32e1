//! The listeners of the whole market, bound before anything is started.

use std::io::ErrorKind;
use std::net::Ipv4Addr;

use anyhow::{Context as _, Result, bail};
use service::http::Listener;

/// One listener for each part.
#[derive(Debug)]
pub struct Ports {
    /// 8001.
    pub control_plane: Listener,
    /// 8002.
    pub bidder: Listener,
    /// 8003.
    pub exchange_ssp: Listener,
    /// 8004.
    pub exchange_rtb: Listener,
    /// 8005.
    pub dmp: Listener,
    /// 8012.
    pub rival_a: Listener,
    /// 8013.
    pub rival_b: Listener,
}

impl Ports {
    /// Binds all of them on 127.0.0.1 and ::1, counted from `base`; 0 takes free ports.
    ///
    /// # Errors
    /// When one is in use or not allowed; the sentence says what to do.
    pub fn bind(base: u16) -> Result<Self> {
        let at = |offset: u16, name: &str| -> Result<Listener> {
            let port = match base {
                0 => 0,
                base => base
                    .checked_add(offset)
                    .context("--port-base is too high: it needs twelve ports above it")?,
            };
            bind(port, name)
        };
        Ok(Self {
            control_plane: at(0, "control plane")?,
            bidder: at(1, "bidder")?,
            exchange_ssp: at(2, "exchange (SSP side)")?,
            exchange_rtb: at(3, "exchange (RTB side)")?,
            dmp: at(4, "DMP")?,
            rival_a: at(11, "demo DSP rival-a")?,
            rival_b: at(12, "demo DSP rival-b")?,
        })
    }
}

fn bind(port: u16, name: &str) -> Result<Listener> {
    match Listener::bind((Ipv4Addr::LOCALHOST, port), true) {
        Ok(listener) => Ok(listener),
        Err(error) if error.kind() == ErrorKind::AddrInUse => bail!(
            "port {port} ({name}) is in use: stop what listens there (see `ss -ltnp 'sport = :{port}'`) \
             or start with another --port-base, such as 18001"
        ),
        Err(error) => Err(error).with_context(|| format!("port {port} ({name}) cannot be opened")),
    }
}

/// `http://127.0.0.1:PORT` of a listener.
///
/// # Errors
/// When the listener has no address.
pub(super) fn url_of(listener: &Listener) -> Result<String> {
    Ok(format!("http://{}", listener.local_addr()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_in_use_is_one_sentence_that_says_what_to_do() {
        let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = taken.local_addr().unwrap().port();
        let sentence = bind(port, "bidder").unwrap_err().to_string();
        assert!(
            sentence.contains(&format!("port {port} (bidder) is in use")),
            "{sentence}"
        );
        assert!(sentence.contains("--port-base"), "{sentence}");
    }
}
