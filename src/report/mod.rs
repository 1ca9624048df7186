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

use std::fmt::Write as _;

use crate::base::error::Result;
use crate::runs::comparison::{self, Scored};
use crate::runs::metadata::PROGRAM;
use crate::runs::trained::Trained;
use html::{escaped, script_json};
use run::RunPage;

const STYLE: &str = include_str!("assets/style.css");
const SCRIPT: &str = include_str!("assets/script.js");
/// Scores by which runs are compared.
const COMPARED: [&str; 2] = ["cc", "cc_norm"];
/// Of the bootstraps over neurons.
const SEED: u64 = 0;

/// Runs with their scores, one or more.
pub struct Report<'a> {
    /// The models.
    pub trained: &'a [Trained],
    /// Their scores.
    pub scored: &'a [Scored],
    /// How many neurons show a receptive field that is taken from gradients.
    pub fields: usize,
}

impl Report<'_> {
    /// The page; `step` is told after each receptive field that is taken from gradients, at each
    /// stimulus.
    ///
    /// # Errors
    /// The files of a run are damaged, several runs were not scored on the same responses, or a
    /// tensor operation fails.
    pub fn html(&self, mut step: impl FnMut()) -> Result<String> {
        let scores: Vec<String> = COMPARED.map(str::to_owned).to_vec();
        let pairs = comparison::pairs(self.scored, &scores, comparison::DRAWS, SEED)?;
        let runs = self.trained.iter().zip(self.scored);
        let pages: Vec<RunPage> =
            runs.map(|run| RunPage::gather(run, self.fields, &mut step)).collect::<Result<_>>()?;
        let names: Vec<String> = self.trained.iter().map(name).collect();
        let title = match &self.trained {
            [only] => format!("{} · strf report", only.title()),
            many => format!("{} runs compared · strf report", many.len()),
        };
        let mut body = head(self.trained, &names);
        body += "<main>\n";
        if pages.len() > 1 {
            let figures = COMPARED.map(|score| compared::picture(self.scored, score, SEED));
            body += &compared::section((self.scored, &names), &pairs, &figures);
        }
        for (place, page) in pages.iter().enumerate() {
            let name = (pages.len() > 1).then_some(names[place].as_str());
            body += &section::of_run(page, (place, name))?;
        }
        body += "</main>\n";
        let data = serde_json::Value::Array(pages.iter().map(RunPage::json).collect());
        Ok(document(&title, &body, &script_json(&data)))
    }
}

/// What a run is called in a page of several: its folder.
fn name(trained: &Trained) -> String {
    trained.folder.path().display().to_string()
}

/// The top of the page.
fn head(runs: &[Trained], names: &[String]) -> String {
    let heading = match runs {
        [only] => only.title(),
        many => format!("{} runs", many.len()),
    };
    let mut html = format!("<header>\n<div>\n<h1>{}</h1>\n", escaped(&heading));
    if let [only] = names {
        let _written = writeln!(html, "<p class=\"quiet folder\">{}</p>", escaped(only));
    } else {
        html += "<nav aria-label=\"runs\">\n<a href=\"#compared\">comparison</a>\n";
        for (place, (run, name)) in runs.iter().zip(names).enumerate() {
            let text = format!("{} ({name})", run.title());
            let _written = writeln!(html, "<a href=\"#run-{place}\">{}</a>", escaped(&text));
        }
        html += "</nav>\n";
    }
    html + "</div>\n<button id=\"theme\" type=\"button\">light / dark</button>\n</header>\n"
}

/// The whole file; nothing in it may load or send anything.
fn document(title: &str, body: &str, data: &str) -> String {
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; \
         style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:\">\n\
         <meta name=\"generator\" content=\"{PROGRAM}\">\n\
         <title>{title}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n{body}\
         <footer>made by {PROGRAM}</footer>\n\
         <dialog id=\"neuron\" aria-labelledby=\"neuron-name\">\n<header>\n\
         <h3 id=\"neuron-name\"></h3>\n\
         <button id=\"previous\" type=\"button\" aria-label=\"previous neuron\">◀</button>\n\
         <button id=\"next\" type=\"button\" aria-label=\"next neuron\">▶</button>\n\
         <button id=\"close\" type=\"button\">close</button>\n</header>\n\
         <div class=\"body\"></div>\n</dialog>\n\
         <script type=\"application/json\" id=\"data\">{data}</script>\n\
         <script>\n{SCRIPT}</script>\n</body>\n</html>\n",
        title = escaped(title),
    )
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
