//! The exchange's process: the RTB side and the SSP side.
