//! The sections of a file and where its keys belong.
use serde_json::Value as Json;

use super::keys::Key;
use super::part::{Part, TYPE};
use crate::base::wording::joined;

/// A section of a TOML file.
#[derive(Debug, Clone, Copy)]
pub struct Section {
    /// As written in brackets.
    pub name: &'static str,
    /// One line on what it decides.
    pub doc: &'static str,
    /// What its keys are.
    pub holds: Holds,
}

/// What the keys of a section are.
#[derive(Debug, Clone, Copy)]
pub enum Holds {
    /// Always these.
    Keys(&'static [Key]),
    /// Those of the part that `type` names; `absent` is the type that means the same as leaving
    /// the section out.
    Part {
        /// The parts to choose from.
        table: fn() -> Vec<&'static Part>,
        /// Which type the section may be left out for.
        absent: Option<&'static str>,
        /// How often the section may stand in a file.
        times: Times,
    },
    /// Keys of other sections, each as `section.key`, quoted or not; this is the schema of what each may
    /// hold.
    Paths(fn() -> Json),
}

/// How often a section may stand in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Times {
    /// Once, as `[name]`.
    Once,
    /// Once as `[name]`, or any number of times as `[[name]]`, in an order that matters.
    Several,
}

/// How a section that may stand several times is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// `[name]`
    Table,
    /// `[[name]]`
    List,
}

/// The section called `name` of those that a file may have.
pub fn section(sections: &'static [Section], name: &str) -> Option<&'static Section> {
    sections.iter().find(|section| section.name == name)
}

/// `[model] with type nrf or dnet`, `[train]`: where a key belongs, or nothing if nowhere.
pub fn where_known(sections: &'static [Section], key: &str) -> String {
    let places: Vec<String> = sections.iter().filter_map(|section| section.place(key)).collect();
    joined(&places, "or")
}

impl Section {
    /// Every key that it may have, whatever its type; of [`Holds::Paths`] none is known.
    pub fn keys(&self) -> Vec<&'static str> {
        let names = |keys: &'static [Key]| keys.iter().map(|key| key.name);
        match self.holds {
            Holds::Keys(keys) => names(keys).collect(),
            Holds::Part { table, .. } => {
                let parts = table();
                let own = parts.iter().flat_map(|part| names(part.keys));
                std::iter::once(TYPE).chain(own).collect()
            }
            Holds::Paths(_) => Vec::new(),
        }
    }

    /// The type that means the same as leaving the section out.
    pub fn absent(&self) -> Option<&'static str> {
        match self.holds {
            Holds::Keys(_) | Holds::Paths(_) => None,
            Holds::Part { absent, .. } => absent,
        }
    }

    /// How often it may stand in a file.
    pub fn times(&self) -> Times {
        match self.holds {
            Holds::Keys(_) | Holds::Paths(_) => Times::Once,
            Holds::Part { times, .. } => times,
        }
    }

    /// Where in this section a key is known.
    fn place(&self, key: &str) -> Option<String> {
        let has = |keys: &[Key]| keys.iter().any(|known| known.name == key);
        match self.holds {
            Holds::Keys(keys) => has(keys).then(|| format!("[{}]", self.name)),
            Holds::Part { table, .. } => {
                let table = table();
                let owners = table.iter().filter(|part| has(part.keys)).map(|part| part.name);
                let owners: Vec<&str> = owners.collect();
                let all = format!("[{}] with type {}", self.name, joined(&owners, "or"));
                (!owners.is_empty()).then_some(all)
            }
            Holds::Paths(_) => None,
        }
    }
}
