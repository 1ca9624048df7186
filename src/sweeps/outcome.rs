//! What came of a sweep as tables for a terminal, and for programs.
use serde_json::{Map, Value as Json, json};

use super::Combination;
use super::findings::{CHOICE, DRAWS, Estimate, Finding, Findings, ModelScore};
use super::plan::Plan;
use super::table::{AVERAGED, OfCombination};
use crate::base::table::aligned;

/// The mean scores of each combination over its fits.
pub fn means(plan: &Plan, collected: &[OfCombination]) -> String {
    let header = ["combination", "fits", "cc", "cc_norm", "valid_cc", "seconds a fit"];
    let row = |(of, own): (&OfCombination, &Combination)| {
        let number = |score: usize| match of.deviation(score) {
            deviation if deviation.is_nan() => format!("{:.3}", of.mean(score)),
            deviation => format!("{:.3} ± {deviation:.3}", of.mean(score)),
        };
        let (fits, seconds) = (of.done.to_string(), format!("{:.2}", of.seconds()));
        vec![own.name.clone(), fits, number(0), number(1), number(2), seconds]
    };
    let rows = collected.iter().zip(&plan.combinations).map(row);
    let header = std::iter::once(header.map(str::to_owned).to_vec());
    aligned(&header.chain(rows).collect::<Vec<_>>())
}

/// The same for programs, with what followed from predictions of stimuli that fits did not see.
pub fn json(plan: &Plan, collected: &[OfCombination], findings: Option<&Findings>) -> Json {
    let entry = |(of, own): (&OfCombination, &Combination)| {
        let score = |(place, name): (usize, &&str)| {
            let value =
                json!({ "mean": of.mean(place), "deviation_of_seeds": of.deviation(place) });
            ((*name).to_owned(), value)
        };
        let scores: Map<String, Json> = AVERAGED.iter().enumerate().map(score).collect();
        json!({ "combination": own.name, "values": own.values, "fits": of.done, "scores": scores })
    };
    let entries: Vec<Json> = collected.iter().zip(&plan.combinations).map(entry).collect();
    let held_out = findings.map(Findings::json);
    json!({ "fits": plan.len(), "combinations": entries, "held_out": held_out })
}

/// Models by the stimuli that their fits did not see.
pub fn compared(findings: &Findings) -> String {
    if findings.all.is_empty() {
        return String::new();
    }
    let others = findings.all.iter().any(|own| own.scores.iter().any(|s| s.difference.is_some()));
    let table = ModelTable { findings, others, absent: "-", undefined: "-" };
    let rows: Vec<Vec<String>> = std::iter::once(table.header()).chain(table.rows()).collect();
    let mut text = aligned(&rows);
    if others {
        let over = match findings.paired_over {
            "" => String::new(),
            over => {
                format!("; p: Wilcoxon's signed-rank test over {over}, q: its false-discovery rate")
            }
        };
        text.extend(
            [
                &format!("differences to {}; 95 % intervals: ", findings.against),
                &format!("{DRAWS} bootstraps over stimuli{over}\n"),
            ]
            .map(String::as_str),
        );
    }
    let times = findings.choices.iter().filter(|(_, times)| *times > 0);
    let times: Vec<String> = times.map(|(name, times)| format!("{name} in {times}")).collect();
    if !times.is_empty() {
        text.extend([CHOICE, ": ", &times.join(", "), "\n"]);
    }
    text
}

/// Models by the stimuli that their fits did not see: one row for each of them and each score.
#[derive(Clone, Copy)]
pub struct ModelTable<'a> {
    /// What came out.
    pub findings: &'a Findings,
    /// Whether differences to another model are shown.
    pub others: bool,
    /// What stands where a model has no such number.
    pub absent: &'static str,
    /// What stands where a number is not defined.
    pub undefined: &'static str,
}

impl ModelTable<'_> {
    /// Whether several fits together are worth something else than one.
    fn several(&self) -> bool {
        self.findings.all.iter().any(|own| own.fits > 1)
    }

    /// The names of the columns.
    pub fn header(&self) -> Vec<String> {
        let mut header = vec!["model", "stimuli", "score", "mean", "95 %"];
        if self.others {
            header.extend(["difference", "95 %", "p", "q"]);
        }
        if self.several() {
            header.extend(["together", "gain", "95 %"]);
        }
        header.into_iter().map(str::to_owned).collect()
    }

    /// As many cells as the header has names.
    pub fn rows(&self) -> Vec<Vec<String>> {
        let all = self.findings.all.iter();
        all.flat_map(|own| own.scores.iter().map(|scored| self.row(own, scored))).collect()
    }

    fn row(&self, finding: &Finding, scored: &ModelScore) -> Vec<String> {
        let stimuli = format!("{} of {}", finding.clips, finding.stimuli);
        let mut row = vec![finding.name.clone(), stimuli, scored.score.to_owned()];
        row.extend(self.estimate(Some(scored.single), plain));
        if self.others {
            let difference = scored.difference;
            row.extend(self.estimate(difference.map(|own| own.estimate), signed));
            let p = difference.map(|own| [own.p, own.q].map(|p| self.number(p, probability)));
            row.extend(p.unwrap_or_else(|| [self.absent, self.absent].map(str::to_owned)));
        }
        if self.several() {
            let [together, _interval] = self.estimate(scored.ensemble, plain);
            row.push(together);
            row.extend(self.estimate(scored.gain, signed));
        }
        row
    }

    /// A number and its interval.
    fn estimate(&self, estimate: Option<Estimate>, write: fn(f64) -> String) -> [String; 2] {
        let Some(Estimate { mean, interval }) = estimate else {
            return [self.absent, self.absent].map(str::to_owned);
        };
        let range = |low| format!("{} to {}", write(low), self.number(interval.high, write));
        let ends =
            if interval.low.is_nan() { self.undefined.to_owned() } else { range(interval.low) };
        [self.number(mean, write), ends]
    }

    fn number(&self, value: f64, write: fn(f64) -> String) -> String {
        if value.is_nan() { self.undefined.to_owned() } else { write(value) }
    }
}

fn plain(value: f64) -> String {
    format!("{value:.3}")
}

fn signed(value: f64) -> String {
    format!("{value:+.3}")
}

fn probability(value: f64) -> String {
    format!("{value:.2e}")
}
