//! A report on runs: one HTML file that needs nothing beside it.
//!
//! What is text is text in the file, so that it can be read and searched without a script; the
//! script sorts, searches, and draws receptive fields and predictions from numbers.
mod columns;
mod compared;
mod html;
mod packed;
mod run;
mod section;
pub mod sweep;

use askama::Template;

use crate::base::error::Result;
use crate::runs::comparison::{self, Scored};
use crate::runs::metadata::PROGRAM;
use crate::runs::trained::Trained;
use compared::ComparisonSection;
use html::{ScriptJson, rendered};
use run::RunPage;
use section::RunSection;

const STYLE: &str = include_str!("assets/style.css");
const SCRIPT: &str = include_str!("assets/script.js");
/// Scores by which runs are compared.
const COMPARED: [&str; 2] = ["cc", "cc_norm"];
/// The seed of the bootstraps over neurons.
const SEED: u64 = 0;

/// A report on one or several runs.
pub struct HtmlReport<'a> {
    /// The trained models of the runs.
    pub trained: &'a [Trained],
    /// The scores of the runs, in the same order.
    pub scored: &'a [Scored],
    /// How many neurons show a receptive field that is taken from gradients.
    pub fields: usize,
}

impl HtmlReport<'_> {
    /// The page; `step` is told after each receptive field that is taken from gradients, at each
    /// stimulus.
    ///
    /// # Errors
    /// The files of a run are damaged, several runs were not scored on the same responses, or a
    /// tensor operation fails.
    pub fn html(&self, mut step: impl FnMut()) -> Result<String> {
        let names: Vec<String> = self.trained.iter().map(name).collect();
        let comparison = self.comparison(&names)?;
        let runs = self.trained.iter().zip(self.scored);
        let pages: Vec<RunPage> =
            runs.map(|run| RunPage::gather(run, self.fields, &mut step)).collect::<Result<_>>()?;
        let (title, heading) = match self.trained {
            [only] => (only.title(), only.title()),
            many => (format!("{} runs compared", many.len()), format!("{} runs", many.len())),
        };
        rendered(&Page {
            title: format!("{title} · strf report"),
            heading,
            program: PROGRAM,
            comparison,
            runs: sections(&pages, &names)?,
            data: ScriptJson(pages.iter().map(RunPage::json).collect()),
            names: &names,
        })
    }

    /// How several runs compare; none of one alone.
    fn comparison(&self, names: &[String]) -> Result<Option<ComparisonSection>> {
        let scores: Vec<String> = COMPARED.map(str::to_owned).to_vec();
        let pairs = comparison::pairs(self.scored, &scores, comparison::DRAWS, SEED)?;
        let section = || ComparisonSection::new((self.scored, names), &pairs, &COMPARED, SEED);
        Ok((self.scored.len() > 1).then(section))
    }
}

/// A section of each run; several are headed by their names.
fn sections<'a>(pages: &'a [RunPage], names: &'a [String]) -> Result<Vec<RunSection<'a>>> {
    let section = |(place, page): (usize, &'a RunPage)| {
        let name = (pages.len() > 1).then_some(names[place].as_str());
        RunSection::new(page, (place, name))
    };
    pages.iter().enumerate().map(section).collect()
}

/// What a run is called in a page of several: its folder.
fn name(trained: &Trained) -> String {
    trained.folder.path().display().to_string()
}

/// The whole file; nothing in it may load or send anything.
#[derive(Template)]
#[template(path = "report/page.html")]
struct Page<'a> {
    title: String,
    heading: String,
    program: &'static str,
    comparison: Option<ComparisonSection>,
    runs: Vec<RunSection<'a>>,
    /// What each run is called.
    names: &'a [String],
    /// What the page's script reads.
    data: ScriptJson,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figures::colour::{BLUE, GREY, INK, VERMILION};
    use crate::figures::svg::hex;

    #[test]
    fn the_colours_of_pictures_have_a_counterpart_in_the_dark() {
        for colour in [INK, GREY, BLUE, VERMILION] {
            for what in ["fill", "stroke"] {
                let rule = format!(".figure [{what}=\"{}\"] {{ {what}:", hex(colour));
                assert!(STYLE.contains(&rule), "{rule}");
            }
        }
    }
}
