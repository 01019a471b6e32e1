//! Parts of a tree, joined into a program.

use contracts::catalog::{Test, Tree};

use super::program::Op;

/// Parts of a program that are joined from the left; the rest is left out once the end is certain.
pub(super) struct Joined {
    join: Op,
    ops: Vec<Op>,
    /// Where the jumps are whose aim is the end.
    jumps: Vec<usize>,
}

impl Joined {
    pub(super) const fn new(join: Op) -> Self {
        Self {
            join,
            ops: Vec::new(),
            jumps: Vec::new(),
        }
    }

    pub(super) fn push(&mut self, part: &[Op]) {
        let first = self.ops.is_empty();
        if !first {
            self.jumps.push(self.ops.len());
            // Aimed when the end is known.
            self.ops.push(self.jump(0));
        }
        let at = u32::try_from(self.ops.len()).unwrap_or(u32::MAX);
        self.ops.extend(part.iter().map(|op| moved(*op, at)));
        if !first {
            self.ops.push(self.join);
        }
    }

    pub(super) fn finish(mut self) -> Vec<Op> {
        let end = u32::try_from(self.ops.len()).unwrap_or(u32::MAX);
        let aimed = self.jump(end);
        for at in &self.jumps {
            if let Some(op) = self.ops.get_mut(*at) {
                *op = aimed;
            }
        }
        self.ops
    }

    fn jump(&self, to: u32) -> Op {
        if self.join == Op::Or {
            Op::IfTrue(to)
        } else {
            Op::IfFalse(to)
        }
    }
}

/// A step that stands further behind.
pub(super) const fn moved(op: Op, by: u32) -> Op {
    match op {
        Op::IfFalse(to) => Op::IfFalse(to + by),
        Op::IfTrue(to) => Op::IfTrue(to + by),
        Op::Term(_) | Op::True | Op::False | Op::And | Op::Or | Op::Not => op,
    }
}

/// The parts in their order, those that look at places of the request last.
pub(super) fn by_cost(parts: &[Tree]) -> Vec<&Tree> {
    let mut parts: Vec<_> = parts.iter().collect();
    parts.sort_by_key(|it| looks_at_paths(it));
    parts
}

fn looks_at_paths(tree: &Tree) -> bool {
    match tree {
        Tree::All(parts) | Tree::Any(parts) => parts.iter().any(looks_at_paths),
        Tree::Not(part) => looks_at_paths(part),
        Tree::Term(term) => matches!(term.test, Test::Path(_)),
    }
}
