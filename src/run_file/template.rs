//! Commented run files to start from, made of the tables of keys.
use super::PREFILTER;
use super::sections::SECTIONS;
use crate::base::wording::one_of;
use crate::config::keys::{Default, Key};
use crate::config::part::{Part, Row};
use crate::config::render::quoted;
use crate::config::sections::{Holds, Section};
use crate::models::ModelRow;
use crate::models::parameterizations::ParameterizationRow;
use crate::models::prefilters::PrefilterRow;

/// A run file with every key of the chosen parts at its default.
#[derive(Debug)]
pub struct Template<'a> {
    /// Of `[model]`.
    pub model: &'static ModelRow,
    /// Of each `[prefilter]`, in their order.
    pub prefilters: Vec<&'static PrefilterRow>,
    /// Of `[parameterization]`.
    pub parameterization: &'static ParameterizationRow,
    /// Dataset that it names.
    pub data: &'a str,
    /// What becomes of the parts that were not chosen.
    pub others: Others,
    /// Values that stand in place of defaults.
    pub like: &'a [Likened<'a>],
}

/// A value that stands in place of a default: section, key, and the value as TOML.
pub type Likened<'a> = (&'static str, &'static str, &'a str);

/// What deepSTRF 0.1.0 does in its example scripts, as far as keys can say it: AdamW at a constant
/// rate from one random start, squared errors as they are, the epoch with the best correlation.
pub static DEEPSTRF: &[Likened<'static>] = &[
    ("data", "standardize", "\"band\""),
    ("train", "optimizer", "\"adamw\""),
    ("train", "loss_scale", "\"none\""),
    ("train", "l2", "0.0"),
    ("train", "smooth", "0.0"),
    ("train", "epochs", "500"),
    ("train", "batch", "1"),
    ("train", "lr", "0.001"),
    ("train", "patience", "50"),
    ("train", "monitor", "\"valid_cc_norm\""),
    ("train", "best", "\"mean\""),
    ("train", "clip_norm", "0.0"),
    ("train", "schedule", "\"constant\""),
    ("train", "start", "\"random\""),
    ("train", "starts", "1"),
    ("train", "average", "false"),
    ("train", "calibrate", "false"),
];

/// What becomes of the parts that were not chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Others {
    /// They are left out.
    LeftOut,
    /// They are shown behind the chosen ones as comments.
    Commented,
}

impl Template<'_> {
    /// The text of the run file.
    pub fn text(&self) -> String {
        let sections: Vec<String> = SECTIONS.iter().map(|section| self.section(section)).collect();
        format!("{HEADING}\n{}", sections.join("\n"))
    }

    fn section(&self, section: &Section) -> String {
        let Section { name, doc, .. } = section;
        let heading = comment(&format!("--- {name}: {doc}"));
        match section.holds {
            Holds::Keys(keys) => {
                let keys: Vec<String> = keys.iter().map(|key| self.key(name, key)).collect();
                format!("{heading}[{name}]\n{}", keys.join("\n"))
            }
            Holds::Part { table, absent, .. } => heading + &self.parts(name, &table(), absent),
            Holds::Paths(_) => format!("{heading}[{name}]\n"),
        }
    }

    fn parts(&self, section: &str, table: &[&'static Part], absent: Option<&str>) -> String {
        let mut names: Vec<&str> = table.iter().map(|part| part.name).collect();
        names.extend(absent.filter(|absent| !names.contains(absent)));
        let types = comment(&format!("types: {}", one_of(&names)));
        let chosen = self.chosen(section);
        let first = chosen.iter().map(|part| match chosen.as_slice() {
            [_, _, ..] => self.part(&format!("[{section}]"), part),
            _ => self.part(section, part),
        });
        let others = table.iter().filter(|part| chosen.iter().all(|own| own.name != part.name));
        let others = others.map(|part| commented(&self.part(section, part)));
        let others = others.filter(|_| self.others == Others::Commented);
        types + &first.chain(others).collect::<Vec<_>>().join("\n")
    }

    fn part(&self, section: &str, part: &Part) -> String {
        let Part { name, summary, .. } = part;
        let head = format!("[{section}]\n{}type = {}\n", comment(summary), quoted(name));
        let keys = part.keys.iter().map(|key| self.key(section, key));
        std::iter::once(head).chain(keys).collect::<Vec<_>>().join("\n")
    }

    /// The parts that the sections of a name have.
    fn chosen(&self, section: &str) -> Vec<&'static Part> {
        match section {
            "model" => vec![self.model.part()],
            PREFILTER => self.prefilters.iter().map(|row| row.part()).collect(),
            "parameterization" => vec![self.parameterization.part()],
            _ => Vec::new(),
        }
    }

    fn key(&self, section: &str, key: &Key) -> String {
        let Key { name, kind, default, doc } = key;
        let expected = kind.expected();
        let like = self.like.iter().find(|(of, key, _)| (*of, *key) == (section, *name));
        let (default, line) = match default {
            Default::Is(value) => {
                let own = like.map_or(*value, |(_, _, own)| *own);
                (format!("default {value}"), format!("{name} = {own}"))
            }
            Default::Follows(how) => {
                let line = match like {
                    Some((_, _, own)) => format!("{name} = {own}"),
                    None => format!("# {name} = {}", kind.example()),
                };
                (format!("default: {how}"), line)
            }
            Default::Required(_) if (section, *name) == ("data", "file") => {
                ("required".into(), format!("{name} = {}", quoted(self.data)))
            }
            Default::Required(value) => ("required".into(), format!("{name} = {value}")),
        };
        format!("{}{}{line}\n", comment(doc), comment(&format!("{expected}; {default}")))
    }
}

const HEADING: &str = "\
# Run file of strf: `strf train` with this file fits the model that it describes.
# Above each key stand what it does, the values it takes, and its default, which holds where the
# key is left out. `strf list` tells more of each part.
";

/// Text as comments of at most 100 columns.
fn comment(text: &str) -> String {
    const WIDTH: usize = 100;
    let mut lines = vec!["#".to_owned()];
    for word in text.split(' ') {
        match lines.last_mut() {
            Some(line) if line.chars().count() + word.chars().count() < WIDTH => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(format!("#   {word}")),
        }
    }
    lines.join("\n") + "\n"
}

/// Lines of TOML as comments; what says nothing to TOML stays as it is.
fn commented(text: &str) -> String {
    let prefix = |line: &str| if line.starts_with(['#', '\n']) { "" } else { "# " };
    text.split_inclusive('\n').flat_map(|line| [prefix(line), line]).collect()
}
