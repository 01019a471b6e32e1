//! Scripted DSPs that cost little: many on one thread, creatives written beforehand, and of HTTP only what an
//! exchange sends. A benchmark of the exchange shares the rest of its machine with them.

use std::cell::RefCell;
use std::collections::HashMap;
use std::io::{self, Write as _};
use std::net::TcpListener;
use std::rc::Rc;

use anyhow::{Context as _, Result};
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use service::{Shutdown, runtime};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio::task::spawn_local;

use super::Market;
use super::wire::{Asked, read_request};
use crate::awake::Awake;
use crate::rng::Rng;

/// Creatives that are remembered; further ones are written anew each time.
const REMEMBERED: usize = 8_192;

/// DSPs on ports in a row, which are open and served by nobody yet.
#[derive(Debug, Default)]
pub struct QuickDsps(Vec<(TcpListener, Market)>);

impl QuickDsps {
    /// So many of them from the address `first` on.
    ///
    /// # Errors
    /// When one of the ports is taken.
    pub fn open(first: &str, count: u16, market: &Market) -> Result<Self> {
        let bound = listeners(first, count)?.into_iter();
        Ok(Self(bound.map(|it| (it, market.clone())).collect()))
    }

    /// Serves them by tasks of this thread: `POST` any path for bids, any other request is a notice. `awake` hears of
    /// what they do.
    ///
    /// # Errors
    /// When a listener cannot be given to the runtime.
    pub fn serve(self, awake: &Rc<Awake>) -> Result<()> {
        for (number, (listener, market)) in self.0.into_iter().enumerate() {
            let base = format!("http://{}", listener.local_addr()?);
            listener.set_nonblocking(true)?;
            let listener = tokio::net::TcpListener::from_std(listener)?;
            let dsp = Quick {
                market,
                base,
                rng: Rng::new(number as u64),
                creatives: HashMap::new(),
                awake: Rc::clone(awake),
            };
            spawn_local(accept(listener, Rc::new(RefCell::new(dsp))));
        }
        Ok(())
    }
}

/// Serves them until shut down.
///
/// # Errors
/// When the runtime or a listener fails.
pub fn run_quick(dsps: QuickDsps, shutdown: &Shutdown) -> Result<()> {
    runtime::current_thread("partners")?.block_on(async move {
        dsps.serve(&Rc::default())?;
        shutdown.fired().await;
        Ok(())
    })
}

async fn accept(listener: tokio::net::TcpListener, dsp: Rc<RefCell<Quick>>) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                let dsp = Rc::clone(&dsp);
                // A caller that goes away ends its connection and nothing else.
                spawn_local(async move {
                    let _left = serve(stream, &dsp).await;
                });
            }
            Err(error) => {
                tracing::warn!(%error, "a connection was not accepted");
                tokio::time::sleep(std::time::Duration::from_millis(10)).await;
            }
        }
    }
}

async fn serve(mut stream: TcpStream, dsp: &RefCell<Quick>) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let (mut incoming, mut out, mut body) = (Vec::new(), Vec::new(), Vec::new());
    while let Some(Asked { head, length, .. }) = read_request(&mut stream, &mut incoming).await? {
        out.clear();
        body.clear();
        let text = incoming.get(..head).unwrap_or_default();
        if text.starts_with(b"POST ") && !text.starts_with(b"POST /notice/") {
            let asked = incoming.get(head..head + length).unwrap_or_default();
            let think = {
                let mut dsp = dsp.borrow_mut();
                dsp.awake.worked();
                dsp.answer(asked, &mut body);
                dsp.think()
            };
            tokio::time::sleep(think).await;
        }
        if body.is_empty() {
            out.extend_from_slice(b"HTTP/1.1 204 No Content\r\n\r\n");
        } else {
            write!(
                out,
                "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
                body.len()
            )?;
            out.extend_from_slice(&body);
        }
        dsp.borrow().awake.worked();
        stream.write_all(&out).await?;
        incoming.drain(..head + length);
    }
    Ok(())
}

/// Of a bid request, what a quick DSP looks at.
#[derive(Deserialize)]
struct Request<'r> {
    #[serde(borrow)]
    id: &'r RawValue,
    #[serde(borrow)]
    imp: Vec<Imp<'r>>,
    #[serde(borrow, default)]
    badv: Option<&'r RawValue>,
    #[serde(borrow, default)]
    bcat: Option<&'r RawValue>,
}

#[derive(Deserialize)]
struct Imp<'r> {
    #[serde(borrow)]
    id: &'r RawValue,
    #[serde(default)]
    bidfloor: f64,
    #[serde(borrow, default)]
    bidfloorcur: Option<&'r str>,
    #[serde(borrow, default)]
    banner: Option<&'r RawValue>,
    #[serde(borrow, default)]
    native: Option<&'r RawValue>,
}

/// One DSP.
struct Quick {
    market: Market,
    /// Where its notices go.
    base: String,
    rng: Rng,
    /// Members of a bid by what was asked for; `None`: it has nothing that fits.
    creatives: HashMap<Box<str>, Option<Rc<str>>>,
    awake: Rc<Awake>,
}

impl Quick {
    fn think(&mut self) -> std::time::Duration {
        self.market.think_time(&mut self.rng)
    }

    /// Writes its answer; nothing where it does not bid or cannot read.
    fn answer(&mut self, request: &[u8], out: &mut Vec<u8>) {
        let Ok(request) = serde_json::from_slice::<Request<'_>>(request) else {
            return;
        };
        let names = |list: Option<&RawValue>, what: &str| {
            list.is_some_and(|list| list.get().contains(&format!("\"{what}\"")))
        };
        if names(request.badv, &self.market.domain) || names(request.bcat, &self.market.category) {
            return;
        }
        let mut bids = 0;
        for imp in &request.imp {
            let start = out.len();
            if bids == 0 {
                let (id, bits, seat) = (request.id, self.rng.bits(), &self.market.seat);
                // Writing to memory does not fail, here and below.
                let _ = write!(
                    out,
                    r#"{{"id":{id},"bidid":"{bits:016x}","cur":"USD","seatbid":[{{"seat":"{seat}","bid":["#
                );
            } else {
                out.push(b',');
            }
            if self.bid(imp, out) {
                bids += 1;
            } else {
                out.truncate(start);
            }
        }
        if bids > 0 {
            out.extend_from_slice(b"]}]}");
        }
    }

    /// Writes a bid, or says that there is none.
    fn bid(&mut self, imp: &Imp<'_>, out: &mut Vec<u8>) -> bool {
        let dollars = imp.bidfloorcur.is_none_or(|cur| cur == "USD");
        if !dollars || !self.rng.chance(self.market.bids_per_mille) {
            return false;
        }
        let cents = self.market.price(&mut self.rng);
        let floor = imp.bidfloor * 100.0;
        if f64::from(u32::try_from(cents).unwrap_or(0)) < floor {
            return false;
        }
        let Some(creative) = self.creative(imp) else {
            return false;
        };
        let (impid, bits) = (imp.id, self.rng.bits());
        let (units, rest) = (cents / 100, cents % 100);
        let _ = write!(
            out,
            r#"{{"id":"{bits:016x}","impid":{impid},"price":{units}.{rest:02},{creative}"#
        );
        if self.market.asks_for_notices {
            let base = &self.base;
            for (member, kind) in [("nurl", "win"), ("burl", "bill"), ("lurl", "loss")] {
                let _ = write!(
                    out,
                    r#","{member}":"{base}/notice/{kind}?b={bits:016x}&i=${{AUCTION_IMP_ID}}&p=${{AUCTION_PRICE}}&r=${{AUCTION_LOSS}}""#
                );
            }
        }
        out.push(b'}');
        true
    }

    /// The members of a bid that do not change from one to the next.
    fn creative(&mut self, imp: &Imp<'_>) -> Option<Rc<str>> {
        let asked = imp.banner.or(imp.native)?.get();
        if let Some(known) = self.creatives.get(asked) {
            return known.clone();
        }
        let mut whole = Map::new();
        for (name, of) in [("banner", imp.banner), ("native", imp.native)] {
            if let Some(of) = of {
                whole.insert(name.into(), serde_json::from_str(of.get()).ok()?);
            }
        }
        let made = self.market.creative(&Value::Object(whole)).map(|members| {
            let text = Value::Object(members).to_string();
            Rc::from(text.trim_start_matches('{').trim_end_matches('}'))
        });
        if self.creatives.len() < REMEMBERED {
            self.creatives.insert(asked.into(), made.clone());
        }
        made
    }
}

/// Listeners on so many ports in a row.
fn listeners(first: &str, count: u16) -> Result<Vec<TcpListener>> {
    let (host, port) = first.rsplit_once(':').context("write HOST:PORT")?;
    let port: u16 = port.parse().context("write HOST:PORT")?;
    (0..count)
        .map(|number| {
            let port = port.checked_add(number).context("not so many ports")?;
            TcpListener::bind((host, port))
                .with_context(|| format!("{host}:{port} cannot be opened"))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};

    use super::*;
    use crate::seeded::requests::{Mix, prepare};

    fn quick(notices: bool) -> Quick {
        Quick {
            market: Market {
                asks_for_notices: notices,
                ..Market::broad("seat-quick", "quick.example")
            },
            base: "http://127.0.0.1:1".into(),
            rng: Rng::new(1),
            creatives: HashMap::new(),
            awake: Rc::default(),
        }
    }

    #[test]
    fn its_answers_are_legal_bids_on_what_was_asked() {
        let limits = openrtb::Limits::default();
        for notices in [false, true] {
            let (mut dsp, mut bids, mut silent) = (quick(notices), 0, 0);
            for one in prepare(Mix::default(), 500) {
                let (request, _) = openrtb::BidRequest::read(one.text(), &limits).unwrap();
                let mut out = Vec::new();
                dsp.answer(one.text(), &mut out);
                if out.is_empty() {
                    silent += 1;
                    continue;
                }
                let answer: Value = serde_json::from_slice(&out).unwrap();
                assert_eq!(answer["id"], request.id());
                for bid in answer["seatbid"][0]["bid"].as_array().unwrap() {
                    bids += 1;
                    let asked: Value = serde_json::from_slice(one.text()).unwrap();
                    let mut imps = asked["imp"].as_array().unwrap().iter();
                    let imp = imps.find(|imp| imp["id"] == bid["impid"]).unwrap();
                    assert!(bid["price"].as_f64() >= imp["bidfloor"].as_f64(), "{bid}");
                    assert!(!bid["adm"].as_str().unwrap().is_empty());
                    assert_eq!(bid.get("lurl").is_some(), notices);
                    let is_banner = imp.get("banner").is_some();
                    assert_eq!(bid["mtype"], if is_banner { 1 } else { 4 });
                }
            }
            assert!(bids > 400 && silent > 10, "{bids} bids, {silent} silent");
        }
        for unread in ["", "{}", "no JSON", r#"{"id":"1","imp":[{}]}"#] {
            let mut out = Vec::new();
            quick(true).answer(unread.as_bytes(), &mut out);
            assert!(out.is_empty(), "{unread}");
        }
        let mut blocked = Vec::new();
        let request =
            r#"{"id":"1","badv":["quick.example"],"imp":[{"id":"1","banner":{"w":300,"h":250}}]}"#;
        (0..50).for_each(|_| quick(true).answer(request.as_bytes(), &mut blocked));
        assert!(blocked.is_empty());
    }

    #[test]
    fn two_of_them_answer_on_one_thread() {
        let bound = [(); 2].map(|()| TcpListener::bind(("127.0.0.1", 0)).unwrap());
        let addresses = [&bound[0], &bound[1]].map(|it| it.local_addr().unwrap());
        let (trigger, shutdown) = Shutdown::new();
        let market = Market {
            bids_per_mille: 1_000,
            ..Market::broad("seat-quick", "quick.example")
        };
        let dsps = QuickDsps(bound.map(|it| (it, market.clone())).into());
        let running = std::thread::spawn(move || run_quick(dsps, &shutdown));
        for address in addresses {
            let mut stream = std::net::TcpStream::connect(address).unwrap();
            let body = r#"{"id":"1","imp":[{"id":"1","banner":{"w":300,"h":250}}]}"#;
            // In two pieces, with a notice behind it.
            let (first, second) = body.split_at(20);
            let head = format!(
                "POST /bid HTTP/1.1\r\nContent-Length: {}\r\n\r\n",
                body.len()
            );
            stream.write_all(head.as_bytes()).unwrap();
            stream.write_all(first.as_bytes()).unwrap();
            let notice = "GET /notice/win?b=1 HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
            stream
                .write_all(format!("{second}{notice}").as_bytes())
                .unwrap();
            stream.shutdown(std::net::Shutdown::Write).unwrap();
            let mut answers = String::new();
            stream.read_to_string(&mut answers).unwrap();
            assert!(answers.starts_with("HTTP/1.1 200 OK\r\n"), "{answers}");
            assert!(
                answers.ends_with("}]}]}HTTP/1.1 204 No Content\r\n\r\n"),
                "{answers}"
            );
        }
        trigger.fire();
        running.join().unwrap().unwrap();
    }
}
