//! The gavel command: the whole market in one process, or one service of it.

pub mod calls;
pub mod cli;
pub mod explain;
pub mod health;
pub mod replay;
pub mod settings;
pub mod single;
pub mod up;
pub mod validate;
