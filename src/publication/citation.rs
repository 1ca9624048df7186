//! What the publisher says of a model, and whom to cite for its parts and for this program.
use super::markdown::Text;
use crate::base::error::{Error, Result};
use crate::base::wording::{did_you_mean, joined};
use crate::config::part::{Part, Row, find};
use crate::models::{Architecture, outputs};

/// How this program is cited.
const CITATION: &str = include_str!("../../CITATION.cff");

/// What the publisher says of a model.
#[derive(Debug, Clone, Default)]
pub struct PublisherWords {
    /// The heading of the card.
    pub title: Option<String>,
    /// What others may do with it.
    pub licence: Option<Licence>,
    /// Who made it.
    pub authors: Vec<String>,
    /// How the model and its data are cited.
    pub citations: Vec<String>,
}

/// A licence of the list of SPDX.
#[derive(Debug, Clone, Copy)]
pub struct Licence {
    /// Its identifier.
    pub id: &'static str,
    /// What it is called.
    pub name: &'static str,
}

impl Licence {
    /// The licence with this identifier, in any case of letters.
    ///
    /// # Errors
    /// The list has none.
    pub fn of(word: &str) -> Result<Self> {
        let all = spdx::identifiers::LICENSES;
        if let Some(found) = all.iter().find(|known| known.name.eq_ignore_ascii_case(word)) {
            return Ok(Self { id: found.name, name: found.full_name });
        }
        let names = all.iter().map(|known| known.name);
        let hint = match did_you_mean(word, names) {
            hint if hint.is_empty() => hint,
            hint => format!("; {hint}"),
        };
        Err(Error::Refused(format!(
            "--licence: found {word:?}, expected an identifier of the SPDX list, such as CC-BY-4.0, CC0-1.0 \
             or MIT{hint}"
        )))
    }
}

/// What the parts of a model say of themselves, with the section of the run file.
pub fn parts(architecture: &Architecture) -> Vec<(&'static str, &'static Part)> {
    let mut parts = vec![("model", architecture.model.row.part())];
    parts.extend(architecture.prefilters.iter().map(|chosen| ("prefilter", chosen.row.part())));
    parts.push(("parameterization", architecture.parameterization.row.part()));
    let output = architecture.model.values.text("output").unwrap_or("identity");
    parts.extend(find(outputs::TABLE, output).map(|row| ("output nonlinearity", row.part())));
    let gain = architecture.output_gain.iter();
    parts.extend(gain.map(|chosen| ("output gain", chosen.row.part())));
    parts
}

/// The papers of parts, each once, with links.
pub fn sources(parts: &[(&'static str, &'static Part)]) -> Vec<String> {
    let mut sources: Vec<(&str, Vec<&str>)> = Vec::new();
    for (_, part) in parts.iter().filter(|(_, part)| !part.source.is_empty()) {
        match sources.iter_mut().find(|(source, _)| *source == part.source) {
            Some((_, names)) => names.push(part.name),
            None => sources.push((part.source, vec![part.name])),
        }
    }
    let line = |(source, names): (&str, Vec<&str>)| {
        let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
        format!("{}: {}", joined(&names, "and"), linked(source))
    };
    sources.into_iter().map(line).collect()
}

/// A source with a link for each DOI in it.
fn linked(source: &str) -> String {
    let words = source.split(' ').map(|word| {
        let end = word.trim_end_matches([',', ';', '.']);
        match end.strip_prefix("doi:") {
            Some(doi) => format!("[doi:{doi}](https://doi.org/{doi}){}", &word[end.len()..]),
            None => Text::of(word).to_string(),
        }
    });
    words.collect::<Vec<_>>().join(" ")
}

/// How this program is cited: who, what, which version.
pub fn program() -> String {
    let field = |key: &str| {
        let mut lines = CITATION.lines().map(|line| line.trim_start_matches([' ', '-']));
        let found = lines.find_map(|line| line.strip_prefix(key));
        found.unwrap_or_default().trim().trim_matches('"').to_owned()
    };
    let [authors, title, version] = ["name:", "title:", "version:"].map(field);
    format!("{authors}, {title}, version {version}.")
}
