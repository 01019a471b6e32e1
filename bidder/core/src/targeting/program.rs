//! A line item's conditions as a postfix program over numbered terms.

/// What a condition is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Truth {
    /// It holds.
    True,
    /// It does not hold.
    False,
    /// The request does not say.
    Unknown,
}

impl Truth {
    /// A known truth.
    #[must_use]
    pub const fn of(holds: bool) -> Self {
        if holds { Self::True } else { Self::False }
    }

    /// Its name in explanations.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::True => "true",
            Self::False => "false",
            Self::Unknown => "unknown",
        }
    }
}

/// A step of a program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Op {
    /// Pushes a term of the catalog.
    Term(u32),
    /// Pushes what an empty AND is.
    True,
    /// Pushes what an empty OR is.
    False,
    /// Joins the upper two.
    And,
    /// Joins the upper two.
    Or,
    /// Turns the uppermost.
    Not,
    /// Goes on at a later step if the uppermost is known to be false.
    IfFalse(u32),
    /// Goes on at a later step if the uppermost is known to be true.
    IfTrue(u32),
}

/// Steps over terms; the stack is two words, known true and known false, a bit per entry.
///
/// Every entry of the stack stands for at least one term, of which a tree has at most 64.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Program(pub(super) Box<[Op]>);

impl Program {
    /// Runs the program in Kleene's logic. Terms are asked for only where they can change the end.
    pub fn run(&self, mut truth: impl FnMut(u32) -> Truth) -> Truth {
        // The uppermost entry is bit 0.
        let (mut yes, mut no) = (0_u64, 0_u64);
        let mut at = 0;
        while let Some(op) = self.0.get(at) {
            at += 1;
            match *op {
                Op::Term(number) => {
                    let truth = truth(number);
                    yes = yes << 1 | u64::from(truth == Truth::True);
                    no = no << 1 | u64::from(truth == Truth::False);
                }
                Op::True => (yes, no) = (yes << 1 | 1, no << 1),
                Op::False => (yes, no) = (yes << 1, no << 1 | 1),
                Op::And => (yes, no) = (yes >> 1 & (yes | !1), no >> 1 | no & 1),
                Op::Or => (yes, no) = (yes >> 1 | yes & 1, no >> 1 & (no | !1)),
                Op::Not => {
                    let turned = (yes ^ no) & 1;
                    (yes, no) = (yes ^ turned, no ^ turned);
                }
                Op::IfFalse(to) if no & 1 == 1 => at = to as usize,
                Op::IfTrue(to) if yes & 1 == 1 => at = to as usize,
                Op::IfFalse(_) | Op::IfTrue(_) => {}
            }
        }
        match (yes & 1, no & 1) {
            (1, _) => Truth::True,
            (_, 1) => Truth::False,
            _ => Truth::Unknown,
        }
    }

    /// The terms that it may ask for.
    pub fn terms(&self) -> impl Iterator<Item = u32> + '_ {
        self.0.iter().filter_map(|op| match op {
            Op::Term(number) => Some(*number),
            Op::True | Op::False | Op::And | Op::Or | Op::Not | Op::IfFalse(_) | Op::IfTrue(_) => {
                None
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Truth::{False, True, Unknown};

    #[test]
    fn kleenes_tables() {
        // (a, b, and, or)
        let table = [
            (True, True, True, True),
            (True, False, False, True),
            (True, Unknown, Unknown, True),
            (False, False, False, False),
            (False, Unknown, False, Unknown),
            (Unknown, Unknown, Unknown, Unknown),
        ];
        let run = |ops: &[Op], terms: [Truth; 2]| {
            Program(ops.into()).run(|number| terms[number as usize])
        };
        for (a, b, and, or) in table {
            for terms in [[a, b], [b, a]] {
                let join = |op| run(&[Op::Term(0), Op::Term(1), op], terms);
                assert_eq!((join(Op::And), join(Op::Or)), (and, or), "{terms:?}");
            }
        }
        for (a, not) in [(True, False), (False, True), (Unknown, Unknown)] {
            assert_eq!(run(&[Op::Term(0), Op::Not], [a, a]), not);
        }
    }

    #[test]
    fn what_cannot_change_the_end_is_not_asked() {
        let program = Program([Op::Term(0), Op::IfFalse(4), Op::Term(1), Op::And].into());
        let mut asked = Vec::new();
        let end = program.run(|number| {
            asked.push(number);
            False
        });
        assert_eq!((end, asked), (False, vec![0]));
    }
}
