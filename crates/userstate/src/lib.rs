//! User profiles and frequency stamps in Redis.
