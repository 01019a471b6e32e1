//! Durable events on Redis streams: append, fence, consume, acknowledge.
