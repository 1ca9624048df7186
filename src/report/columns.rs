//! The numbers of each neuron that a report shows: scores, and measures of receptive fields.
use ndarray::ArrayView1;
use serde_json::{Value, json};

use crate::base::error::Result;
use crate::base::table::Notation;
use crate::config::part::find;
use crate::figures::ticks::number;
use crate::runs::comparison::Scored;
use crate::scores::{self, Visibility};
use crate::strf::measures::Measures;

/// Digits that a page keeps of a number.
const DIGITS: usize = 6;
/// Significant digits of a measure.
const MEASURE_DIGITS: i32 = 4;
/// The measures that stand in the table of neurons; the others stand with the single neuron.
const MEASURES_IN_TABLE: [&str; 2] = ["best_frequency_hz", "best_latency_ms"];
/// What the columns beside the scores mean.
const OTHERS: [(&str, &str); 6] = [
    ("cc_low", "lower end of the 95 % interval of cc over clips"),
    ("cc_high", "upper end of the 95 % interval of cc over clips"),
    ("cc_norm_low", "lower end of the 95 % interval of cc_norm over clips"),
    ("cc_norm_high", "upper end of the 95 % interval of cc_norm over clips"),
    ("p", "probability that an unrelated prediction reaches this cc"),
    ("q", "false-discovery rate over neurons at this p"),
];

/// A column of the report: one number of each neuron.
pub struct NeuronColumn {
    pub name: String,
    pub unit: &'static str,
    pub meaning: &'static str,
    /// The number of each neuron of the model; NaN where undefined.
    pub values: Vec<f64>,
    /// Whether the column stands in the table of neurons.
    pub in_table: bool,
    notation: Digits,
}

/// How numbers of a column are written.
enum Digits {
    /// Scores, which stand below each other.
    OfColumn(Notation),
    /// Measures, each with so many significant digits.
    Significant(i32),
}

impl NeuronColumn {
    fn new(name: &str, (unit, meaning): (&'static str, &'static str), values: Vec<f64>) -> Self {
        let notation = Digits::OfColumn(Notation::of(ArrayView1::from(&values)));
        Self { name: name.to_owned(), unit, meaning, values, in_table: true, notation }
    }

    /// A value as the table shows it.
    pub fn cell(&self, neuron: usize) -> String {
        let value = self.values[neuron];
        match self.notation {
            _ if value.is_nan() => "–".to_owned(),
            _ if value.is_infinite() => "∞".to_owned(),
            Digits::Significant(digits) => number(value, digits),
            _ if value.fract() == 0.0 && value.abs() < 1e6 => format!("{value}"),
            Digits::OfColumn(notation) => notation.write(value),
        }
        .replace('-', "−")
    }

    /// What the numbers of the column mean, with their unit.
    pub fn title(&self) -> String {
        let Self { meaning, unit, .. } = self;
        if unit.is_empty() { (*meaning).to_owned() } else { format!("{meaning} ({unit})") }
    }

    /// The column as the page's script reads it; null where undefined.
    pub fn json(&self) -> Value {
        let values: Vec<Value> = self.values.iter().map(|value| rounded(*value)).collect();
        let Self { name, unit, meaning, .. } = self;
        json!({ "name": name, "unit": unit, "meaning": meaning, "values": values })
    }
}

/// A number with the digits that a page keeps; null where it is not finite.
fn rounded(value: f64) -> Value {
    let text = format!("{value:.*e}", DIGITS - 1);
    match text.parse::<f64>() {
        Ok(whole) if whole.fract() == 0.0 && whole.abs() < 1e15 => {
            #[expect(clippy::cast_possible_truncation, reason = "a whole number below 1e15")]
            let whole = whole as i64;
            whole.into()
        }
        Ok(number) if number.is_finite() => number.into(),
        _ => Value::Null,
    }
}

/// Repeats, bins and every score of the run, in the order of `neurons`.
///
/// # Errors
/// The table of scores lacks a neuron, or counts that are numbers.
pub fn of_scores(scored: &Scored, neurons: &[String]) -> Result<Vec<NeuronColumn>> {
    let rows = neurons.iter().map(|id| scored.row(id)).collect::<Result<Vec<_>>>()?;
    let count = |text: &str| text.parse().unwrap_or(f64::NAN);
    let repeats = rows.iter().map(|row| count(&row.repeats)).collect();
    let bins = rows.iter().map(|row| count(&row.bins)).collect();
    let mut columns = vec![
        NeuronColumn::new(
            "repeats",
            ("", "the most repeats that a test stimulus has recorded"),
            repeats,
        ),
        NeuronColumn::new("bins", ("", "test bins with at least one recorded repeat"), bins),
    ];
    for (place, name) in scored.scores.iter().enumerate() {
        let known = find(scores::TABLE, name);
        let other = OTHERS.iter().find(|(other, _)| other == name);
        let meaning = known.map(|row| row.part.summary).or(other.map(|(_, meaning)| *meaning));
        let values = rows.iter().map(|row| row.values[place]).collect();
        let column = NeuronColumn::new(name, ("", meaning.unwrap_or_default()), values);
        let in_table = known.is_none_or(|row| row.shown == Visibility::Everywhere);
        columns.push(NeuronColumn { in_table, ..column });
    }
    Ok(columns)
}

/// The measures of receptive fields; `of` says which of `count` neurons each belongs to.
pub fn of_fields(measures: &Measures, of: &[usize], count: usize) -> Vec<NeuronColumn> {
    let column = |measure: &crate::strf::measures::MeasureColumn| {
        let mut values = vec![f64::NAN; count];
        for (neuron, value) in of.iter().zip(&measure.values) {
            values[*neuron] = *value;
        }
        let part = &measure.row.part;
        let unit = if measure.row.unit == "1" { "" } else { measure.row.unit };
        let in_table = MEASURES_IN_TABLE.contains(&part.name);
        let notation = Digits::Significant(MEASURE_DIGITS);
        NeuronColumn {
            in_table,
            notation,
            ..NeuronColumn::new(part.name, (unit, part.summary), values)
        }
    };
    let columns: Vec<NeuronColumn> = measures.columns.iter().map(column).collect();
    columns.into_iter().filter(|column| column.values.iter().any(|v| !v.is_nan())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_keep_six_digits_and_what_is_undefined_is_null() {
        let values = [0.123_456_789, 20.0, f64::NAN, f64::INFINITY, -1.234_567_8e-9];
        let json = NeuronColumn::new("x", ("", ""), values.to_vec()).json();
        assert_eq!(json["values"].to_string(), "[0.123457,20,null,null,-1.23457e-9]");
    }

    #[test]
    fn cells_show_what_there_is_in_a_column() {
        let column = NeuronColumn::new("cc", ("", ""), vec![0.123_456, -0.5, f64::NAN, 20.0]);
        let cells: Vec<String> = (0..4).map(|neuron| column.cell(neuron)).collect();
        assert_eq!(cells, ["0.123", "−0.500", "–", "20"]);
        let small = NeuronColumn::new("mse", ("", ""), vec![1.5e-5]);
        assert_eq!(small.cell(0), "1.50e−5");
    }
}
