//! What the journal says last of each part, and of what the present plug-ins were made.

use std::collections::BTreeMap;
use std::sync::Arc;

use cordon_contract::{EntryKind, Fault, Plugin, Rows, Table};
use cordon_model::{Digest, PartyId};
use cordon_wire::digest_of_bytes;
use serde::{Deserialize, Serialize};

use super::{Made, Maker, PART_BYTES_MAX, PARTS_MAX, PLUGINS, Part, SettingsLabel};
use crate::decide::draft::Draft;

/// A part as the journal says it last.
#[derive(Clone, Debug, Deserialize, Serialize)]
struct Held {
    /// The entry that says it.
    number: u64,
    form: u16,
    digest: Digest,
    body: Vec<u8>,
    /// It was found that this program cannot use it, and that is counted.
    is_unusable: bool,
}

/// By what a part is told from another of its name.
type Likeness = (u16, Digest);

/// The settings that hold. What the journal says of them is state; who makes plug-ins of them comes with the program.
pub(crate) struct Settings {
    parts: Table<String, Held>,
    maker: Option<Arc<dyn Maker>>,
    /// What the present plug-ins were made of.
    made_of: BTreeMap<String, Likeness>,
    /// Something was said of which the plug-ins were not made yet.
    is_news: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            parts: Table::new("parts", 1),
            maker: None,
            made_of: BTreeMap::new(),
            is_news: false,
        }
    }
}

impl Settings {
    /// Nothing known of the journal, and plug-ins that were made by this maker of no parts.
    pub(crate) fn by(maker: Option<Arc<dyn Maker>>) -> Self {
        let today = maker.iter().flat_map(|maker| maker.today());
        let unsaid = today.map(Part::unsaid);
        let made_of = unsaid.map(|part| (part.name.clone(), (part.form, part.digest())));
        Self {
            made_of: made_of.collect(),
            maker,
            ..Self::default()
        }
    }

    pub(crate) fn maker(&self) -> Option<Arc<dyn Maker>> {
        self.maker.clone()
    }

    /// Today's are those of this maker from here on.
    pub(crate) fn go_by(&mut self, maker: Arc<dyn Maker>) {
        self.maker = Some(maker);
    }

    /// What the configuration says today.
    pub(crate) fn today(&self) -> &[Part] {
        self.maker.as_ref().map_or(&[], |maker| maker.today())
    }

    /// All that is stored.
    pub(crate) fn tables(&mut self) -> Vec<&mut dyn Rows> {
        vec![&mut self.parts]
    }

    /// Its table was filled or emptied.
    pub(crate) fn restored(&mut self) {
        self.is_news = true;
    }

    /// Goes on from what was said before this entry and holds still, where another knows what that is: for whoever
    /// steps a journal whose first entries are gone.
    pub(crate) fn begin_with(&mut self, known: &Self, number: u64) {
        for (name, held) in known.parts.iter().filter(|(_, it)| it.number < number) {
            self.parts.insert(name.clone(), held.clone());
            self.is_news = true;
        }
    }

    /// Nothing is known of the journal any more; the plug-ins stay as they are.
    pub(crate) fn forget(&mut self) {
        self.parts.begin_anew();
    }

    /// The last entry that says anything of settings; 0 for none. Together with the order of entries it names
    /// everything that holds.
    pub(crate) fn last(&self) -> u64 {
        let numbers = self.parts.values().map(|held| held.number);
        numbers.max().unwrap_or(0)
    }

    /// Takes in one entry.
    pub(crate) fn apply(&mut self, number: u64, draft: &Draft) {
        if draft.kind != EntryKind::Settings {
            return;
        }
        let Some(label) = SettingsLabel::read(&draft.label) else {
            return;
        };
        let is_known = self.parts.contains_key(&label.name);
        if !is_known && self.parts.len() >= PARTS_MAX || draft.body.len() > PART_BYTES_MAX {
            // No program writes so much; what holds stays.
            return;
        }
        let held = Held {
            number,
            form: label.form,
            digest: digest_of_bytes(&draft.body),
            body: draft.body.to_vec(),
            is_unusable: false,
        };
        self.parts.insert(label.name, held);
        self.is_news = true;
    }

    /// Entries for the parts of `today` that are another than the journal says last. `first` is the number the first
    /// of them gets.
    pub(crate) fn drafts(
        &self,
        hub: &PartyId,
        (today, why): (&[Part], &str),
        first: u64,
    ) -> Vec<Draft> {
        let other = today.iter().filter(|part| {
            let held = self.parts.get(&part.name);
            // Where nothing runs, and nothing ever did, there is nothing to say.
            held.map_or(!part.is_nothing(), |held| {
                (held.form, held.digest) != (part.form, part.digest())
            })
        });
        let gone = self.gone(today);
        let mut before = self.last();
        let numbered = other.chain(&gone).zip(first..);
        let drafts = numbered.map(|(part, number)| {
            let label = SettingsLabel::of(part, why, before);
            before = number;
            Draft {
                label: label.to_string(),
                digest: part.digest(),
                body: part.body.clone(),
                ..Draft::bare(EntryKind::Settings, hub.clone())
            }
        });
        drafts.collect()
    }

    /// What is to be said of plug-ins that ran and that this program does not know: they do not run from here on, so
    /// that a program which knows them again does not take it that they did.
    fn gone(&self, today: &[Part]) -> Vec<Part> {
        let held = self.parts.iter();
        let held = held.filter(|(name, _)| name.starts_with(PLUGINS));
        let unknown = held.filter(|(name, _)| today.iter().all(|part| part.name != **name));
        let nothing = unknown.map(|(name, held)| (Part::nothing(name, held.form), held.digest));
        let runs = nothing.filter(|(nothing, held)| nothing.digest() != *held);
        runs.map(|(nothing, _)| nothing).collect()
    }

    /// Plug-ins by what holds now, where those there are were made of something else; and the entries that this
    /// program cannot use, which nobody was told of yet. Those that are `ready` were made of what is said of today.
    pub(crate) fn remade(
        &mut self,
        ready: Vec<Box<dyn Plugin>>,
    ) -> Option<(Made, Vec<(u64, Fault)>)> {
        if !std::mem::take(&mut self.is_news) {
            return None;
        }
        let maker = Arc::clone(self.maker.as_ref()?);
        let holds = self.holds(maker.as_ref());
        let of = |(name, part): (&String, &Part)| (name.clone(), (part.form, part.digest()));
        let made_of: BTreeMap<String, Likeness> = holds.iter().map(of).collect();
        if made_of == self.made_of {
            return None;
        }
        let parts = holds.iter().map(|(name, part)| (name.as_str(), part));
        let made = match is_of_today(maker.today(), &made_of) && !ready.is_empty() {
            true => Ok(Made {
                plugins: ready,
                unusable: Vec::new(),
            }),
            false => maker.make(&parts.collect()),
        };
        let made = match made {
            Ok(made) => made,
            Err(fault) => {
                tracing::error!(%fault, "no plug-ins can be made of the settings; those there are stay");
                return None;
            }
        };
        self.made_of = made_of;
        let mut marked = Vec::new();
        for unusable in &made.unusable {
            let is_new = |held: &Held| !held.is_unusable;
            if let Some(held) = self.parts.get(&unusable.name).filter(|it| is_new(it)) {
                marked.push((held.number, unusable.why.clone()));
            }
            self.parts
                .change_if(&unusable.name, is_new, |held| held.is_unusable = true);
        }
        Some((made, marked))
    }

    /// Each part as it holds: as the journal says last, else as it is where that says nothing.
    fn holds(&self, maker: &dyn Maker) -> BTreeMap<String, Part> {
        let today = maker.today().iter();
        let mut holds: BTreeMap<String, Part> = today
            .map(|part| (part.name.clone(), part.unsaid()))
            .collect();
        // What no program of today reads any more is nobody's setting.
        for (name, holds) in &mut holds {
            if let Some(held) = self.parts.get(name) {
                *holds = Part::new(name, held.form, held.body.clone());
            }
        }
        holds
    }
}

/// Whether what plug-ins are made of is what is said of today.
fn is_of_today(today: &[Part], made_of: &BTreeMap<String, Likeness>) -> bool {
    let is_held = |part: &Part| made_of.get(&part.name) == Some(&(part.form, part.digest()));
    today.iter().all(is_held)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(part: &Part) -> Draft {
        Draft {
            label: SettingsLabel::of(part, "start", 0).to_string(),
            body: part.body.clone(),
            ..Draft::bare(EntryKind::Settings, PartyId::new("HUB-1").unwrap())
        }
    }

    /// Names of the parts for which entries are to be written, and the numbers they get.
    fn written(settings: &Settings, today: &[Part]) -> Vec<(String, String)> {
        let hub = PartyId::new("HUB-1").unwrap();
        let drafts = settings.drafts(&hub, (today, "start"), 10).into_iter();
        let told = drafts.map(|draft| {
            let name = SettingsLabel::read(&draft.label).unwrap().name;
            (name, String::from_utf8(draft.body.to_vec()).unwrap())
        });
        told.collect()
    }

    #[test]
    fn of_a_plug_in_that_does_not_run_and_never_did_nothing_is_said() {
        let (on, off) = (
            Part::new("plugins.a", 1, "{}"),
            Part::nothing("plugins.a", 1),
        );
        let mut settings = Settings::default();
        assert!(written(&settings, std::slice::from_ref(&off)).is_empty());
        let told = |name: &str, says: &str| vec![(name.to_owned(), says.to_owned())];
        let on_today = written(&settings, std::slice::from_ref(&on));
        assert_eq!(on_today, told("plugins.a", "{}"));
        settings.apply(3, &said(&on));
        // Its section is gone, and so is what the program knows of it.
        for today in [vec![off.clone()], Vec::new()] {
            assert_eq!(written(&settings, &today), told("plugins.a", "null"));
        }
        settings.apply(4, &said(&off));
        for today in [vec![off.clone()], Vec::new()] {
            assert!(written(&settings, &today).is_empty());
        }
        // A part of every park that a program does not know says nothing.
        settings.apply(5, &said(&Part::new("weather", 1, "{}")));
        assert!(written(&settings, &[off]).is_empty());
    }

    #[test]
    fn whoever_begins_in_the_middle_goes_by_what_was_said_before_and_holds_still() {
        let mut whole = Settings::default();
        whole.apply(3, &said(&Part::new("plugins.a", 1, "{}")));
        whole.apply(4, &said(&Part::new("plan", 1, "old")));
        whole.apply(9, &said(&Part::new("plan", 1, "new")));
        let mut alone = Settings::default();
        alone.begin_with(&whole, 5);
        let names: Vec<&String> = alone.parts.keys().collect();
        assert_eq!(names, ["plugins.a"]);
        assert_eq!(alone.last(), 3);
        let mut first = Settings::default();
        first.begin_with(&whole, 1);
        assert_eq!((first.parts.len(), first.is_news), (0, false));
    }
}
