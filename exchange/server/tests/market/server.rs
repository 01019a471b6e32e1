//! A server of the test, on a thread of its own.

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use service::http::{Handler, Limits, Request, Response};
use service::{Ops, Shutdown, Trigger};

/// Answers requests with a function until it is dropped.
pub(crate) struct Server {
    pub(crate) url: String,
    trigger: Trigger,
    running: Option<std::thread::JoinHandle<()>>,
}

type Answer = Arc<dyn Fn(&Request) -> Response + Send + Sync>;

struct Scripted {
    answer: Answer,
    /// Every answer waits so long.
    pause: fn(&Request) -> Duration,
}

impl Handler for Scripted {
    async fn handle(&self, request: Request) -> Response {
        tokio::time::sleep((self.pause)(&request)).await;
        (self.answer)(&request)
    }
}

impl Server {
    pub(crate) fn start(
        pause: fn(&Request) -> Duration,
        answer: impl Fn(&Request) -> Response + Send + Sync + 'static,
    ) -> Self {
        let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (trigger, shutdown) = Shutdown::new();
        let answer: Answer = Arc::new(answer);
        let running = std::thread::spawn(move || {
            let runtime = service::runtime::current_thread("scripted").unwrap();
            let limits = Limits {
                drain_delay: service::config::Millis(Duration::ZERO),
                drain_limit: service::config::Millis(Duration::from_millis(100)),
                ..Limits::default()
            };
            let handler = Rc::new(Scripted { answer, pause });
            let ops = Ops::new("scripted", "0");
            let serving = service::http::serve(listener, &limits, handler, shutdown, ops);
            runtime.block_on(serving).unwrap();
        });
        Self {
            url,
            trigger,
            running: Some(running),
        }
    }

    /// Ends it; nobody answers on its port from here on.
    pub(crate) fn stop(&mut self) {
        self.trigger.fire();
        if let Some(running) = self.running.take() {
            let _ = running.join();
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop();
    }
}
