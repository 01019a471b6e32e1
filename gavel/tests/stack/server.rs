//! A server of the test, on a thread of its own.

use service::http::{Handler, Limits, serve};
use service::{Ops, Shutdown, Trigger};

/// Answers requests as long as it is there.
pub(crate) struct Server {
    pub(crate) url: String,
    _trigger: Trigger,
}

impl Server {
    pub(crate) fn start(handler: impl Handler + Send + 'static) -> Self {
        let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (trigger, shutdown) = Shutdown::new();
        std::thread::spawn(move || {
            let runtime = service::runtime::current_thread("of-the-test").unwrap();
            let (limits, ops) = (Limits::default(), Ops::new("of-the-test", "0"));
            let serving = serve(listener, &limits, handler, shutdown, ops);
            runtime.block_on(serving).unwrap();
        });
        Self {
            url,
            _trigger: trigger,
        }
    }
}
