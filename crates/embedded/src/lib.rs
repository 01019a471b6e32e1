//! A private Postgres and Redis: found, provided, supervised.
