//! The gavel command: the whole market in one process, or one service of it.
