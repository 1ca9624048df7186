//! An inspection as a terminal shows it, and its table as CSV.
use std::collections::BTreeMap;

use ndarray::ArrayView1;

use super::inspect::Inspection;
use super::overview::{Entities, Neuron};
use crate::base::error::Result;
use crate::base::table::{self, Notation, aligned};
use crate::base::wording::range;
use crate::scores::quality::{MEASURES, Measure, names};

/// Neurons that the terminal shows one by one.
const SHOWN_NEURONS: usize = 20;
/// Values of an attribute that are listed.
const SHOWN_VALUES: usize = 6;
/// Characters of a value that are shown.
const LONGEST_VALUE: usize = 40;
/// Where texts start behind the name of their line.
const INDENT: &str = "           ";
const LEGEND: &str = "\
repeats: the most that a stimulus has; mean: response per bin, as stored; rate_hz: spikes per second
signal_power, noise_power: variance over time that repeats share, and the rest of a single
  repeat's, in squared units of the response (Sahani & Linden 2003); snr: the first over the second
cc_max: the best correlation with the PSTH that noise allows, 0 where no signal was found
  (Schoppe et al. 2016); its square, below 0 by chance, is cc_max_squared with --csv and --json
reliability: mean correlation of two repeats of a stimulus, over stimuli
";

/// Which neurons a table shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ShownNeurons {
    /// The first ones, as many as a terminal takes.
    First,
    /// Every one.
    All,
}

impl Inspection {
    /// What is in the file, notes and warnings, and neurons one by one.
    pub fn text(&self, shown: ShownNeurons) -> String {
        let notes = self.notes.iter().map(|note| format!("note: {note}\n"));
        let warnings = self.warnings.iter().map(|warning| format!("warning: {warning}\n"));
        let remarks: String = notes.chain(warnings).collect();
        let gap = if remarks.is_empty() { "" } else { "\n" };
        let neurons = self.neuron_table(shown);
        format!("{}\n{}{gap}{remarks}\n{neurons}", self.file, self.contents())
    }

    /// The table of neurons as CSV with the header `neuron,repeats,bins,mean,…`: every number with
    /// the fewest digits that give it back exactly, `NaN` where undefined.
    ///
    /// # Errors
    /// None that a user can cause.
    pub fn csv(&self) -> Result<String> {
        let row = |neuron: &Neuron| {
            let numbers = MEASURES.iter().map(|measure| exact(measure, neuron));
            std::iter::once(neuron.id.clone()).chain(numbers).collect::<Vec<_>>()
        };
        let header = std::iter::once("neuron").chain(names());
        table::csv("writing the table of neurons", header, self.per_neuron.iter().map(row))
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
        let level = bands.level.map(|level| format!(", level {level}")).unwrap_or_default();
        match (bands.lowest_hz, bands.highest_hz) {
            (Some(lowest), Some(highest)) => {
                format!("{}, from {lowest:.0} to {highest:.0} Hz{level}", bands.count)
            }
            _ => format!("{}, frequencies not given{level}", bands.count),
        }
    }

    fn responses_text(&self) -> String {
        let responses = &self.responses;
        let numbers = if responses.whole_numbers { "whole numbers" } else { "numbers" };
        let (lowest, highest) = (responses.lowest, responses.highest);
        let missing = 100.0 * responses.missing_share;
        format!("{numbers} from {lowest} to {highest}, {missing:.1} % missing")
    }

    fn neuron_table(&self, shown: ShownNeurons) -> String {
        let most = if shown == ShownNeurons::All { usize::MAX } else { SHOWN_NEURONS };
        let shown = &self.per_neuron[..self.per_neuron.len().min(most)];
        let more = match self.per_neuron.len() - shown.len() {
            0 => String::new(),
            more => format!("... and {more} more: --all shows them, --csv FILE writes them\n"),
        };
        let measures = || MEASURES.iter().filter(|measure| measure.shown);
        let columns: Vec<Vec<String>> = measures().map(|measure| column(measure, shown)).collect();
        let names = measures().map(|measure| measure.name);
        let header = std::iter::once("neuron").chain(names).map(str::to_owned).collect();
        let row = |(place, neuron): (usize, &Neuron)| {
            let numbers = columns.iter().map(|column| column[place].clone());
            std::iter::once(neuron.id.clone()).chain(numbers).collect()
        };
        let rows: Vec<Vec<String>> =
            std::iter::once(header).chain(shown.iter().enumerate().map(row)).collect();
        aligned(&rows) + &more + "\n" + LEGEND
    }
}

/// A number of every neuron, whole ones without decimals.
fn column(measure: &Measure, neurons: &[Neuron]) -> Vec<String> {
    if measure.counts {
        return neurons.iter().map(|neuron| exact(measure, neuron)).collect();
    }
    let numbers: Vec<f64> = neurons.iter().map(|neuron| (measure.of)(&neuron.quality)).collect();
    let notation = Notation::of(ArrayView1::from(&numbers));
    numbers.into_iter().map(|number| notation.write(number)).collect()
}

/// A number of a neuron with all of its digits.
fn exact(measure: &Measure, neuron: &Neuron) -> String {
    let number = (measure.of)(&neuron.quality);
    if measure.counts { number.to_string() } else { format!("{number:?}") }
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
