//! Where a service listens: one address, and on the machine itself the other family's beside it.

use std::io::{self, ErrorKind};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, ToSocketAddrs};

use socket2::SockRef;
use tokio::net::TcpStream;

/// Bound, and not yet accepting. Every [`TcpListener`] is one.
#[derive(Debug)]
pub struct Listener {
    first: TcpListener,
    beside: Option<TcpListener>,
}

/// Connections that wait to be accepted; the kernel may have a lower limit (`net.core.somaxconn`).
const WAITING: i32 = 4_096;
/// Ports that are tried where any free one will do, until one is free in both families.
const TRIES: u32 = 16;

impl Listener {
    /// Listens on an address such as `127.0.0.1:8004`; in local mode on the same port of the other loopback address, too,
    /// because `localhost` may be either of the two. Where this machine has no IPv6 (or no IPv4) it is left at one.
    ///
    /// # Errors
    /// When a port is in use, or the address cannot be listened on.
    pub fn bind(listen: impl ToSocketAddrs, local_mode: bool) -> io::Result<Self> {
        let listen: Vec<SocketAddr> = listen.to_socket_addrs()?.collect();
        let any_port = listen.iter().all(|address| address.port() == 0);
        let mut tries = 0;
        loop {
            tries += 1;
            let first = with_room(TcpListener::bind(&listen[..])?)?;
            let other = other_loopback(first.local_addr()?).filter(|_| local_mode);
            match other.map(beside).transpose() {
                Ok(beside) => {
                    return Ok(Self {
                        first,
                        beside: beside.flatten(),
                    });
                }
                Err(_) if any_port && tries < TRIES => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Another handle of the same sockets: give one to each worker.
    ///
    /// # Errors
    /// When the operating system has no descriptors left.
    pub fn try_clone(&self) -> io::Result<Self> {
        let beside = self.beside.as_ref().map(TcpListener::try_clone);
        Ok(Self {
            first: self.first.try_clone()?,
            beside: beside.transpose()?,
        })
    }

    /// The address that it was asked for, with its port.
    ///
    /// # Errors
    /// When the operating system does not tell.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.first.local_addr()
    }

    /// Both as the runtime's.
    pub(super) fn accepting(self) -> io::Result<Accepting> {
        Ok(Accepting {
            first: prepare(self.first)?,
            beside: self.beside.map(prepare).transpose()?,
        })
    }
}

impl From<TcpListener> for Listener {
    fn from(first: TcpListener) -> Self {
        Self {
            first,
            beside: None,
        }
    }
}

/// Lets as many wait to be accepted: of more the kernel drops the first packet, and they try again a second later (R25).
fn with_room(listener: TcpListener) -> io::Result<TcpListener> {
    SockRef::from(&listener).listen(WAITING)?;
    Ok(listener)
}

fn prepare(listener: TcpListener) -> io::Result<tokio::net::TcpListener> {
    listener.set_nonblocking(true)?;
    tokio::net::TcpListener::from_std(listener)
}

/// The same port of the other family's loopback address.
fn other_loopback(address: SocketAddr) -> Option<SocketAddr> {
    let other = match address.ip() {
        IpAddr::V4(Ipv4Addr::LOCALHOST) => IpAddr::V6(Ipv6Addr::LOCALHOST),
        IpAddr::V6(Ipv6Addr::LOCALHOST) => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V4(_) | IpAddr::V6(_) => return None,
    };
    Some(SocketAddr::new(other, address.port()))
}

/// A listener on the other address, if this machine has that family.
fn beside(address: SocketAddr) -> io::Result<Option<TcpListener>> {
    match TcpListener::bind(address) {
        Ok(listener) => with_room(listener).map(Some),
        Err(error) if error.kind() == ErrorKind::AddrInUse => Err(error),
        Err(error) => {
            tracing::debug!(%address, %error, "not listened on: this machine has no such address");
            Ok(None)
        }
    }
}

/// The same in a runtime.
pub(super) struct Accepting {
    first: tokio::net::TcpListener,
    beside: Option<tokio::net::TcpListener>,
}

impl Accepting {
    pub(super) fn is_loopback(&self) -> io::Result<bool> {
        Ok(self.first.local_addr()?.ip().is_loopback())
    }

    /// The next connection of either.
    pub(super) async fn accept(&self) -> io::Result<(TcpStream, SocketAddr)> {
        match &self.beside {
            None => self.first.accept().await,
            Some(beside) => tokio::select! {
                accepted = self.first.accept() => accepted,
                accepted = beside.accept() => accepted,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATIENCE: std::time::Duration = std::time::Duration::from_secs(30);

    #[test]
    fn in_local_mode_both_loopback_addresses_are_listened_on_and_no_other() {
        if TcpListener::bind("[::1]:0").is_err() {
            return; // As on a machine without IPv6, where `bind` is left at one.
        }
        #[rustfmt::skip]
        let cases = [
            ("127.0.0.1:0", true, Some("[::1]")),
            ("[::1]:0", true, Some("127.0.0.1")),
            ("127.0.0.1:0", false, None),
            ("127.0.0.2:0", true, None),
            ("0.0.0.0:0", true, None),
        ];
        for (listen, local_mode, want) in cases {
            let listener = Listener::bind(listen, local_mode).unwrap();
            let address = listener.local_addr().unwrap();
            let clone = listener.try_clone().unwrap();
            for listener in [&listener, &clone] {
                let beside = listener.beside.as_ref().map(|it| it.local_addr().unwrap());
                let want = want.map(|host| format!("{host}:{}", address.port()));
                assert_eq!(
                    beside.map(|it| it.to_string()),
                    want,
                    "{listen} {local_mode}"
                );
            }
        }
    }

    #[test]
    fn r_25_hundreds_may_connect_before_the_first_is_accepted() {
        let listener = Listener::bind("127.0.0.1:0", true).unwrap();
        let beside = listener.beside.as_ref().map(|it| it.local_addr().unwrap());
        let addresses = [Some(listener.local_addr().unwrap()), beside];
        for address in addresses.into_iter().flatten() {
            // A dropped packet is sent again after a second.
            let connect = |_| std::net::TcpStream::connect_timeout(&address, PATIENCE).unwrap();
            let waiting: Vec<_> = (0..500).map(connect).collect();
            assert_eq!(waiting.len(), 500, "{address}");
        }
    }

    #[test]
    fn a_port_that_is_in_use_in_the_other_family_is_an_error() {
        let Ok(taken) = TcpListener::bind("[::1]:0") else {
            return; // As above.
        };
        let port = taken.local_addr().unwrap().port();
        // Where the other family's port is somebody else's, it fails before.
        let error = Listener::bind(("127.0.0.1", port), true).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::AddrInUse);
    }
}
