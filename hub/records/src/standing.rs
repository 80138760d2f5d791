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

/// One fold.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct FoldStanding {
    /// Its name.
    pub name: &'static str,
    /// The last entry that is in its rows.
    pub number: u64,
    /// Why it goes no further.
    pub broken: Option<Broken>,
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

    /// Folds that go no further.
    pub fn broken(&self) -> impl Iterator<Item = (&'static str, &Broken)> {
        let folds = self.folds.iter();
        folds.filter_map(|fold| Some((fold.name, fold.broken.as_ref()?)))
    }
}
