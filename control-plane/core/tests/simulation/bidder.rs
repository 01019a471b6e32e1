//! A bidder as money.md describes it: leases in memory, no absolute time, nothing survives a restart.

use std::collections::BTreeSet;

use units::{BootId, LeaseId, Nanos, UnixMillis};
use uuid::Uuid;

use super::Plant;

#[derive(Debug, Clone)]
pub(crate) struct Held {
    pub(crate) lease: LeaseId,
    pub(crate) epoch: u64,
    pub(crate) face: i64,
    pub(crate) free: i64,
    pub(crate) next_seq: u64,
    pub(crate) ends: i64,
    pub(crate) settle_by: UnixMillis,
}

/// A grant on its way.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) boot: BootId,
    pub(crate) asked_at: i64,
    pub(crate) ttl: i64,
    pub(crate) held: Held,
}

#[derive(Debug, Clone)]
pub(crate) struct Bidder {
    pub(crate) number: u64,
    pub(crate) boot: BootId,
    /// What it was told of pauses and cuts.
    pub(crate) told_epoch: u64,
    pub(crate) active: bool,
    pub(crate) leases: Vec<Held>,
    /// Ends that are not yet reported: lease and committed sum.
    pub(crate) ended: Vec<(LeaseId, Nanos)>,
    known: BTreeSet<LeaseId>,
    boots: u64,
}

impl Bidder {
    pub(crate) fn new(number: u64) -> Self {
        let mut bidder = Self {
            number,
            boot: BootId(Uuid::nil()),
            told_epoch: 1,
            active: true,
            leases: Vec::new(),
            ended: Vec::new(),
            known: BTreeSet::new(),
            boots: 0,
        };
        bidder.restart();
        bidder
    }

    /// `kill -9` and a quick start.
    pub(crate) fn restart(&mut self) {
        self.boots += 1;
        self.boot = BootId(Uuid::from_u64_pair(self.number, self.boots));
        self.leases.clear();
        self.ended.clear();
        self.known.clear();
    }

    pub(crate) fn take(&mut self, answer: &Answer, now: i64, plant: Plant) {
        let ends = answer.asked_at + answer.ttl;
        let stranger = answer.boot != self.boot && plant != Plant::RevivedGrant;
        let outdated = answer.held.epoch < self.told_epoch && plant != Plant::EpochIgnored;
        if stranger || outdated || now >= ends || !self.known.insert(answer.held.lease) {
            return;
        }
        self.leases.push(Held {
            ends,
            ..answer.held.clone()
        });
    }

    /// Leases that are over, or of an epoch that is.
    pub(crate) fn drop_ended(&mut self, now: i64, plant: Plant) {
        let (told, ended) = (self.told_epoch, &mut self.ended);
        self.leases.retain(|held| {
            let alive = now < held.ends && (held.epoch >= told || plant == Plant::EpochIgnored);
            if !alive {
                ended.push((held.lease, Nanos(held.face - held.free)));
            }
            alive
        });
    }

    pub(crate) fn free(&self) -> i64 {
        self.leases.iter().map(|held| held.free).sum()
    }
}
