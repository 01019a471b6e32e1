//! What was repaired or dropped while reading: the reading is tolerant, and every tolerance is counted (C-24).

/// What was done to make a message readable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum RepairKind {
    /// `300.0` for an integer.
    IntegralFloat,
    /// `"300"` for a number.
    NumericString,
    /// `true` for a 0/1 flag.
    BoolFlag,
    /// A number for a text.
    NumberAsText,
    /// A single value where an array is meant.
    SingleAsArray,
    /// A negative floor, taken as 0.
    NegativeFloor,
    /// A value that cannot be read: the attribute counts as absent (C-32).
    DroppedField,
    /// An element that cannot be read, left out of its array.
    DroppedElement,
    /// An object without what it cannot do without (C-60, C-66).
    DroppedObject,
    /// A key came again; the last one counts (C-31).
    DuplicateKey,
    /// Two attributes that exclude each other; the newer one counts (C-42 to C-46).
    Exclusive,
    /// A signal stands in its 2.6 and in its 2.5 place with different values; the 2.6 one counts
    /// (C-170).
    Contradiction,
}

impl RepairKind {
    /// All of them.
    pub const ALL: [Self; 12] = [
        Self::IntegralFloat,
        Self::NumericString,
        Self::BoolFlag,
        Self::NumberAsText,
        Self::SingleAsArray,
        Self::NegativeFloor,
        Self::DroppedField,
        Self::DroppedElement,
        Self::DroppedObject,
        Self::DuplicateKey,
        Self::Exclusive,
        Self::Contradiction,
    ];

    /// The name of the repair as a metric label.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::IntegralFloat => "integral_float",
            Self::NumericString => "numeric_string",
            Self::BoolFlag => "bool_flag",
            Self::NumberAsText => "number_as_text",
            Self::SingleAsArray => "single_as_array",
            Self::NegativeFloor => "negative_floor",
            Self::DroppedField => "dropped_field",
            Self::DroppedElement => "dropped_element",
            Self::DroppedObject => "dropped_object",
            Self::DuplicateKey => "duplicate_key",
            Self::Exclusive => "exclusive",
            Self::Contradiction => "contradiction",
        }
    }
}

/// One repair, and where.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Repair {
    /// The object as the model names it, such as `Imp`.
    pub object: &'static str,
    /// The attribute as the standard spells it, such as `bidfloor`; empty for the object itself.
    pub field: &'static str,
    /// Offset of the value; [`crate::pointer_at`] makes a JSON pointer of it.
    pub at: u32,
    /// What was done.
    pub kind: RepairKind,
}

/// The repairs of one message, the first [`Repairs::KEPT`] of them in detail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repairs {
    list: Vec<Repair>,
    total: u32,
    /// How many are kept in detail.
    room: usize,
}

impl Default for Repairs {
    fn default() -> Self {
        Self::with_room(Self::KEPT)
    }
}

impl Repairs {
    /// Repairs that are kept in detail.
    pub const KEPT: usize = 64;

    /// None yet, of which so many will be kept in detail.
    pub(crate) const fn with_room(room: usize) -> Self {
        Self {
            list: Vec::new(),
            total: 0,
            room,
        }
    }

    /// Counts one more.
    pub fn push(&mut self, repair: Repair) {
        self.total = self.total.saturating_add(1);
        if self.list.len() < self.room {
            self.list.push(repair);
        }
    }

    /// How many there were.
    #[must_use]
    pub const fn total(&self) -> u32 {
        self.total
    }

    /// Whether the message needed none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.total == 0
    }

    /// How many of each kind there are among those kept in detail; kinds without any are left out.
    pub fn by_kind(&self) -> impl Iterator<Item = (RepairKind, u64)> {
        let count = |kind| {
            self.list
                .iter()
                .map(move |repair| u64::from(repair.kind == kind))
                .sum()
        };
        let counts = RepairKind::ALL
            .into_iter()
            .map(move |kind| (kind, count(kind)));
        counts.filter(|(_, count)| *count > 0)
    }

    /// The repairs kept in detail.
    pub fn iter(&self) -> std::slice::Iter<'_, Repair> {
        self.list.iter()
    }
}

impl<'r> IntoIterator for &'r Repairs {
    type Item = &'r Repair;
    type IntoIter = std::slice::Iter<'r, Repair>;
    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}
