//! One page on a sweep: which model, how good, how sure.
use askama::Template;

use super::html::{Cell, PictureSection, Table, rendered};
use crate::base::error::Result;
use crate::base::wording::stimuli_counted;
use crate::pictures::models;
use crate::runs::metadata::PROGRAM;
use crate::sweeps::findings::{CHOICE, FOLDS, Finding, Findings, SCORES};
use crate::sweeps::outcome::ModelTable;
use crate::sweeps::plan::Plan;

/// What stands where a number is not defined.
const UNDEFINED: &str = "–";

/// What a page on a sweep shows.
pub struct SweepReport<'a> {
    /// What was fitted.
    pub plan: &'a Plan,
    /// What came out.
    pub findings: &'a Findings,
    /// The dataset's name.
    pub data: String,
    /// The mean over neurons of the best correlation that noise allows, where it is defined.
    pub ceiling: Option<f64>,
}

impl SweepReport<'_> {
    /// The page.
    ///
    /// # Errors
    /// A value in it cannot be written as text.
    pub fn html(&self) -> Result<String> {
        let Self { plan, findings, ref data, .. } = *self;
        rendered(&Page {
            title: format!("{} models of {data} · strf report", plan.combinations.len()),
            heading: data.clone(),
            program: PROGRAM,
            answer: self.answer(),
            warnings: findings.warnings.clone(),
            models: self.models(),
            figures: self.figures(),
            choices: findings.choices.iter().filter(|(_, times)| *times > 0).cloned().collect(),
            neurons: self.neurons(),
            how: self.how(),
        })
    }

    /// Which model, how good, how sure, in words.
    fn answer(&self) -> Vec<String> {
        let (place, name) = (0, SCORES[0].0);
        let own = |finding: &&Finding| finding.stimuli == FOLDS && !finding.is_choice;
        let all = self.findings.all.iter().filter(own);
        let defined = all.filter(|finding| finding.scores[place].single.mean.is_finite());
        let best = defined
            .max_by(|a, b| a.scores[place].single.mean.total_cmp(&b.scores[place].single.mean));
        let Some(best) = best else { return vec!["No model has a defined score.".to_owned()] };
        let single = best.scores[place].single;
        let mut answer = vec![format!(
            "{} predicts best: {name} {:.3} ({:.3} to {:.3}) on stimuli that its fits did not see{}.",
            best.name,
            single.mean,
            single.interval.low,
            single.interval.high,
            self.ceiling.map_or_else(String::new, |own| format!(", where noise allows {own:.3}"))
        )];
        answer.extend(best.scores[place].difference.map(|own| {
            let q = if own.q.is_nan() { String::new() } else { format!(", q = {:.2e}", own.q) };
            let interval = own.estimate.interval;
            format!(
                "It differs from {} by {:+.3} ({:+.3} to {:+.3}{q}).",
                self.findings.against, own.estimate.mean, interval.low, interval.high
            )
        }));
        let chosen = self.findings.all.iter().find(|own| own.is_choice);
        answer.extend(chosen.map(|own| {
            let single = own.scores[place].single;
            format!(
                "Chosen anew in each fold without its stimuli, the best model reaches {:.3} ({:.3} to {:.3}): \
                 what can be claimed for the choice itself.",
                single.mean, single.interval.low, single.interval.high
            )
        }));
        answer
    }

    fn models(&self) -> Table {
        let findings = self.findings;
        let table = ModelTable { findings, others: true, absent: "", undefined: UNDEFINED };
        let cell = |cell: String| Cell::Plain(cell.replace('-', "−"));
        let row = |row: Vec<String>| row.into_iter().map(cell).collect();
        Table::new(table.header(), table.rows().into_iter().map(row).collect())
    }

    fn figures(&self) -> Vec<PictureSection> {
        let figure = |(place, (name, _)): (usize, &(&str, _))| {
            let ceiling = self.ceiling.filter(|_| place == 0);
            let drawn = models::draw(self.findings, place, &self.data, ceiling);
            PictureSection::new(&format!("{name} of each model"), drawn)
        };
        SCORES.iter().enumerate().map(figure).collect()
    }

    /// Each neuron's correlation by each model.
    fn neurons(&self) -> Table {
        let own = |finding: &&Finding| finding.stimuli == FOLDS && !finding.is_choice;
        let models: Vec<&Finding> = self.findings.all.iter().filter(own).collect();
        let header = std::iter::once("neuron".to_owned());
        let header = header.chain(models.iter().map(|own| own.name.clone())).collect();
        let row = |(place, id): (usize, &String)| {
            let values = models.iter().map(|own| own.scores[0].of_neurons[place]);
            let cells = values.map(|value| match value {
                value if value.is_nan() => UNDEFINED.to_owned(),
                value => format!("{value:.3}").replace('-', "−"),
            });
            let cells = cells.map(Cell::Plain);
            std::iter::once(Cell::Plain(id.clone())).chain(cells).collect()
        };
        Table::new(header, self.findings.neurons.iter().enumerate().map(row).collect())
    }

    /// How it was done, a sentence each.
    fn how(&self) -> Vec<String> {
        let Self { plan, findings, .. } = *self;
        let mut how = vec![format!("{}.", plan.summary())];
        if let Some(fold) = plan.folds_of(0).first() {
            let parts = fold.parts.parts().map(|(name, ids)| format!("{} for {name}", ids.len()));
            how.push(format!("Stimuli of the first fold: {}.", parts.join(", ")));
        }
        if !plan.test.is_empty() {
            let stimuli = stimuli_counted(plan.test.len());
            how.push(format!("Out of all fits, and predicted last: {stimuli}."));
        }
        let over = match findings.paired_over {
            "" => "no test of differences".to_owned(),
            over => format!(
                "p of Wilcoxon's signed-rank test over {over}, q its false-discovery rate over models"
            ),
        };
        how.push(format!(
            "95 % intervals are over stimuli (bootstrap), differences are to {}; {over}.",
            findings.against
        ));
        let by = if plan.folds_of(0).iter().any(|fold| !fold.inner.is_empty()) {
            "by fits within the rest of each fold"
        } else {
            "by the validation stimuli of each fold"
        };
        how.push(format!("“{CHOICE}”: the model is chosen {by}, which its score does not see."));
        how
    }
}

/// The whole file; nothing in it may load or send anything.
#[derive(Template)]
#[template(path = "report/sweep.html")]
struct Page {
    title: String,
    heading: String,
    program: &'static str,
    answer: Vec<String>,
    warnings: Vec<String>,
    models: Table,
    figures: Vec<PictureSection>,
    /// How often each model was chosen.
    choices: Vec<(String, usize)>,
    neurons: Table,
    how: Vec<String>,
}
