//! How the records stand, for health, metrics and whoever waits.

/// Why a fold goes no further.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Broken {
    /// The entry that it could not take in; everything before it is in its rows.
    pub entry: u64,
    /// The code.
    pub code: String,
    /// In words.
    pub words: String,
}

/// What rows lack because it had expired, or was removed, when they were built.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Missing {
    /// How many entries.
    pub entries: u64,
    /// The last of them: from there on the rows are whole.
    pub last: u64,
    /// When that was written, microseconds since 1970; 0 where that is not known.
    pub time_micros: i64,
}

impl Missing {
    /// Both together.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        let later = if other.last >= self.last { other } else { self };
        Self {
            entries: self.entries.saturating_add(other.entries),
            ..later
        }
    }

    /// In words, for log and health.
    pub fn words(&self) -> String {
        let time = cordon_model::Timestamp::from_micros(self.time_micros);
        let since = match self.time_micros {
            0 => String::new(),
            _ => format!(", written {time}"),
        };
        let (entries, last) = (self.entries, self.last);
        format!("{entries} entries had no body any more; whole from behind entry {last}{since}")
    }
}

/// One fold.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct FoldStanding {
    /// Its name.
    pub name: &'static str,
    /// The last entry that is in its rows.
    pub number: u64,
    /// Why it goes no further.
    pub broken: Option<Broken>,
    /// What its rows lack.
    pub missing: Option<Missing>,
}

/// All of them.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Standing {
    /// The folds.
    pub folds: Vec<FoldStanding>,
    /// The last durable entry, as far as the records know.
    pub durable: u64,
    /// For how long they have not been at the end of the journal, milliseconds; 0 while they are.
    pub behind_ms: u64,
    /// Why nothing can be written or read at present.
    pub stopped: Option<String>,
    /// Why a file was set aside, while what stands for it is being built.
    pub rebuilding: Option<String>,
}

impl Standing {
    /// The last entry that is in the rows of every fold which goes on.
    pub fn reached(&self) -> u64 {
        let going = self.folds.iter().filter(|fold| fold.broken.is_none());
        going.map(|fold| fold.number).min().unwrap_or_default()
    }

    /// Entries that a fold which goes on has not taken in yet.
    pub fn behind(&self) -> u64 {
        match self.folds.iter().any(|fold| fold.broken.is_none()) {
            true => self.durable.saturating_sub(self.reached()),
            false => 0,
        }
    }

    /// One fold.
    pub fn of(&self, fold: &str) -> Option<&FoldStanding> {
        self.folds.iter().find(|known| known.name == fold)
    }

    /// Folds whose rows lack something.
    pub fn lacking(&self) -> impl Iterator<Item = (&'static str, Missing)> {
        let folds = self.folds.iter();
        folds.filter_map(|fold| Some((fold.name, fold.missing?)))
    }

    /// Folds that go no further.
    pub fn broken(&self) -> impl Iterator<Item = (&'static str, &Broken)> {
        let folds = self.folds.iter();
        folds.filter_map(|fold| Some((fold.name, fold.broken.as_ref()?)))
    }
}
