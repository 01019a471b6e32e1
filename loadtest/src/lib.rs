//! Load generator, scripted DSPs and the reports about them.
