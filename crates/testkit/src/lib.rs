//! Builders, fixtures and fakes for tests.
