//! An inspection as a terminal shows it.
use std::collections::BTreeMap;

use ndarray::ArrayView1;

use super::{Entities, Inspection, Neuron};
use crate::table::{Notation, aligned};

/// Neurons that the terminal shows one by one.
const SHOWN_NEURONS: usize = 20;
/// Values of an attribute that are listed.
const SHOWN_VALUES: usize = 6;
/// Characters of a value that are shown.
const LONGEST_VALUE: usize = 40;
/// Where texts start behind the name of their line.
const INDENT: &str = "           ";
const LEGEND: &str = "\
mean: response per bin, as stored
signal_power, noise_power: variance over time that repeats share, and the rest of a single
  repeat's, in squared units of the response (Sahani & Linden 2003); snr: the first over the second
";

impl Inspection {
    /// What is in the file, notes and warnings, and the first neurons one by one.
    pub fn text(&self) -> String {
        let notes = self.notes.iter().map(|note| format!("note: {note}\n"));
        let warnings = self.warnings.iter().map(|warning| format!("warning: {warning}\n"));
        let remarks: String = notes.chain(warnings).collect();
        let gap = if remarks.is_empty() { "" } else { "\n" };
        format!("{}\n{}{gap}{remarks}\n{}", self.file, self.contents(), self.neuron_table())
    }

    fn contents(&self) -> String {
        let line = |name: &str, text: String| format!("{name:<0$}{text}\n", INDENT.len());
        let splits = self.splits.as_ref().map_or("none in the file".into(), |splits| {
            format!("train {}, valid {}, test {}", splits.train, splits.valid, splits.test)
        });
        [
            line("stimuli", self.stimuli.text()),
            line("bins", self.bins_text()),
            line("bands", self.bands_text()),
            line("neurons", self.neurons.text()),
            line("repeats", range(self.repeats.fewest, self.repeats.most) + " of a stimulus"),
            line("responses", self.responses_text()),
            line("splits", splits),
        ]
        .concat()
    }

    fn bins_text(&self) -> String {
        let bins = &self.bins;
        let lengths = range(bins.shortest, bins.longest);
        let (total, seconds) = (bins.total, bins.seconds);
        format!("{total} of {} ms ({seconds:.1} s), {lengths} in a stimulus", self.dt_ms)
    }

    fn bands_text(&self) -> String {
        let bands = &self.bands;
        match (bands.lowest_hz, bands.highest_hz) {
            (Some(lowest), Some(highest)) => {
                format!("{}, from {lowest:.0} to {highest:.0} Hz", bands.count)
            }
            _ => format!("{}, frequencies not given", bands.count),
        }
    }

    fn responses_text(&self) -> String {
        let responses = &self.responses;
        let numbers = if responses.whole_numbers { "whole numbers" } else { "numbers" };
        let (lowest, highest) = (responses.lowest, responses.highest);
        let missing = 100.0 * responses.missing_share;
        format!("{numbers} from {lowest} to {highest}, {missing:.1} % missing")
    }

    fn neuron_table(&self) -> String {
        let shown = &self.per_neuron[..self.per_neuron.len().min(SHOWN_NEURONS)];
        let more = match self.per_neuron.len() - shown.len() {
            0 => String::new(),
            more => format!("... and {more} more: --json lists them all\n"),
        };
        let header = ["neuron", "bins", "repeats", "mean", "signal_power", "noise_power", "snr"];
        let numbers: [fn(&Neuron) -> f64; 4] =
            [|n| n.mean, |n| n.signal_power, |n| n.noise_power, |n| n.snr];
        let columns = numbers.map(|number| shown.iter().map(number).collect::<Vec<f64>>());
        let row = |(index, neuron): (usize, &Neuron)| {
            let counts = [neuron.id.clone(), neuron.bins.to_string(), neuron.repeats.to_string()];
            let number =
                |column: &Vec<f64>| Notation::of(ArrayView1::from(column)).write(column[index]);
            counts.into_iter().chain(columns.iter().map(number)).collect()
        };
        let rows: Vec<Vec<String>> = std::iter::once(header.map(str::to_owned).to_vec())
            .chain(shown.iter().enumerate().map(row))
            .collect();
        aligned(&rows) + &more + "\n" + LEGEND
    }
}

impl Entities {
    /// How many, and a line for each attribute.
    fn text(&self) -> String {
        let attributes = self.attributes.iter();
        let lines =
            attributes.map(|(name, values)| format!("\n{INDENT}{name}: {}", counts(values)));
        format!("{}{}", self.count, lines.collect::<String>())
    }
}

/// `A1 (60), PEG (59)`
fn counts(values: &BTreeMap<String, usize>) -> String {
    if values.len() > SHOWN_VALUES {
        return format!("{} different values", values.len());
    }
    let text = |(value, count): (&String, &usize)| match value.char_indices().nth(LONGEST_VALUE) {
        Some((end, _)) => format!("{}... ({count})", &value[..end]),
        None => format!("{value} ({count})"),
    };
    values.iter().map(text).collect::<Vec<_>>().join(", ")
}

/// `10`, or `8 to 10`.
fn range(least: usize, most: usize) -> String {
    if least == most { most.to_string() } else { format!("{least} to {most}") }
}
