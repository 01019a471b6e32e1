//! Messages that own their text, for queues, tools and tests.

use crate::error::ReadError;
use crate::limits::Limits;
use crate::repairs::Repairs;
use crate::request::BidRequest;
use crate::response::BidResponse;
use std::fmt;
use std::sync::Arc;

type ReadRequest<'a> = (BidRequest<'a>, Repairs);
type ReadResponse<'a> = (BidResponse<'a>, Repairs);

self_cell::self_cell!(
    struct RequestCell {
        owner: Vec<u8>,
        #[covariant]
        dependent: ReadRequest,
    }
);

self_cell::self_cell!(
    struct ResponseCell {
        owner: Vec<u8>,
        #[covariant]
        dependent: ReadResponse,
    }
);

macro_rules! owned {
    ($(#[$doc:meta])* $owned:ident, $cell:ident, $message:ident) => {
        $(#[$doc])*
        #[derive(Clone)]
        pub struct $owned(Arc<$cell>);

        impl $owned {
            /// Reads a message once and keeps it with its text.
            ///
            /// # Errors
            /// As reading the borrowed message.
            pub fn read(body: impl Into<Vec<u8>>, limits: &Limits) -> Result<Self, ReadError> {
                let cell = $cell::try_new(body.into(), |body| $message::read(body, limits))?;
                Ok(Self(Arc::new(cell)))
            }

            /// The message.
            #[must_use]
            pub fn get(&self) -> &$message<'_> {
                &self.0.borrow_dependent().0
            }

            /// What was tolerated while reading it.
            #[must_use]
            pub fn repairs(&self) -> &Repairs {
                &self.0.borrow_dependent().1
            }

            /// Its text, byte for byte.
            #[must_use]
            pub fn body(&self) -> &[u8] {
                self.0.borrow_owner()
            }
        }

        impl fmt::Debug for $owned {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.get().fmt(f)
            }
        }

        impl PartialEq for $owned {
            fn eq(&self, other: &Self) -> bool {
                self.body() == other.body()
            }
        }
    };
}

owned! {
    /// A bid request with its text; clones share both, and equal ones have equal text.
    ///
    /// ```
    /// use openrtb::{Limits, OwnedBidRequest};
    /// let body = br#"{"id":"1","imp":[{"id":"a","banner":{}}]}"#;
    /// let request = OwnedBidRequest::read(*body, &Limits::REQUEST)?;
    /// let worker = std::thread::spawn({
    ///     let request = request.clone();
    ///     move || request.get().imp.len()
    /// });
    /// assert_eq!(worker.join().ok(), Some(1));
    /// assert_eq!(request.body(), body);
    /// # Ok::<(), openrtb::ReadError>(())
    /// ```
    OwnedBidRequest, RequestCell, BidRequest
}

owned! {
    /// A bid response with its text; clones share both, and equal ones have equal text.
    OwnedBidResponse, ResponseCell, BidResponse
}
