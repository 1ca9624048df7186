//! Rows of tables by stimulus and repeat, and arrays of bins out of them.
use std::collections::BTreeMap;

use ndarray::{Array3, Axis};

use super::columns::{ColumnOptions, Columns, TimeStep};
use crate::base::error::{Error, Result};
use crate::base::wording::counted;
use crate::import::report::{ImportReport, listed};
use crate::import::sessions::spikes::natural_order;
use crate::import::text_tables::{Table, TableRow};
use crate::import::unrecorded::unrecorded;

/// Parts of a bin that a time may lie beside the grid of bins.
const BESIDE: f64 = 0.02;

/// Rows of one or several tables.
#[derive(Default)]
pub struct Series {
    /// Names of the columns of values: neurons or bands.
    pub columns: Vec<String>,
    /// In the order in which they came up.
    pub stimuli: Vec<StimulusRows>,
    /// What times are counted in, where there are any.
    step: Option<TimeStep>,
}

/// Rows of a stimulus.
pub struct StimulusRows {
    /// Its id.
    pub id: String,
    /// The table, for messages.
    pub file: String,
    /// Which of the columns these rows have.
    columns: Vec<usize>,
    repeats: BTreeMap<RepeatName, RepeatRows>,
}

/// What a table calls a repeat; sorted as people count.
#[derive(Debug, Clone, PartialEq, Eq)]
struct RepeatName(String);

impl RepeatName {
    /// ` in repeat 2`, or nothing where a table has no repeats.
    fn of(&self) -> String {
        if self.0.is_empty() { String::new() } else { format!(" in repeat {}", self.0) }
    }
}

impl Ord for RepeatName {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        natural_order(&self.0, &other.0).then_with(|| self.0.cmp(&other.0))
    }
}

impl PartialOrd for RepeatName {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

/// Rows of one repeat.
#[derive(Default)]
struct RepeatRows {
    lines: Vec<u64>,
    /// Empty where the table has none.
    times: Vec<f64>,
    /// Row by row.
    values: Vec<f32>,
}

impl RepeatRows {
    fn add(&mut self, row: TableRow, columns: &Columns) -> Result<()> {
        self.lines.push(row.line());
        if let Some((at, _)) = columns.time {
            let time: f64 = row.number(at)?;
            if !time.is_finite() {
                return Err(row.refused("found no time, expected one in each row"));
            }
            self.times.push(time);
        }
        columns.values.iter().try_for_each(|(at, _)| {
            self.values.push(row.number(*at)?);
            Ok(())
        })
    }
}

/// Whether a table tells stimuli, and has values.
fn check(table: &Table, columns: &Columns, stimulus: Option<&str>) -> Result<()> {
    if stimulus.is_none() && columns.stimulus.is_none() {
        let found = match &table.header {
            None => "no line with the names of the columns".into(),
            Some(header) => format!("the columns {}", listed(header)),
        };
        return Err(Error::Refused(format!(
            "{}: found {found}, expected a column that names the stimulus; say which with \
             --stimulus-column, or give a folder of one table a stimulus",
            table.file
        )));
    }
    if columns.values.is_empty() {
        return Err(Error::Refused(format!(
            "{}: found no column of numbers, expected one for each neuron or band",
            table.file
        )));
    }
    Ok(())
}

/// The bins of a stimulus.
pub struct Binned {
    /// `(columns, R, T)`, NaN where a table lacks a column or a row.
    pub values: Array3<f32>,
    /// Time of the first bin in milliseconds, where the table has times.
    pub start_ms: Option<f64>,
    /// How many rows are missing.
    pub missing: usize,
}

impl Series {
    /// Adds the rows of a table, all of one stimulus where that is named.
    ///
    /// # Errors
    /// Columns that are not told, or cells that are no numbers.
    pub fn add(
        &mut self,
        table: &Table,
        stimulus: Option<&str>,
        options: &ColumnOptions,
        letter: &str,
        report: &mut ImportReport,
    ) -> Result<()> {
        let columns = Columns::of(table, options, letter, report)?;
        check(table, &columns, stimulus)?;
        if let Some((_, step)) = columns.time {
            self.step = self.step.or(Some(step));
            if self.step != Some(step) {
                return Err(Error::Refused(format!(
                    "{}: found times in another unit than in the tables before, expected one unit \
                     in all",
                    table.file
                )));
            }
        }
        let places: Vec<usize> = columns.values.iter().map(|(_, name)| self.column(name)).collect();
        let mut known: BTreeMap<String, usize> = BTreeMap::new();
        let mut count = 0;
        table.each_row(|row| {
            count += 1;
            let id = stimulus.unwrap_or_else(|| columns.stimulus.map_or("", |at| row.text(at)));
            if id.is_empty() {
                return Err(row.refused("found no name of a stimulus, expected one in each row"));
            }
            if !known.contains_key(id) {
                known.insert(id.to_owned(), self.stimulus(id, table, &places)?);
            }
            let place = known.get(id).copied().unwrap_or_default();
            let repeat = columns.repeat.map_or("", |at| row.text(at));
            let repeats = &mut self.stimuli[place].repeats;
            repeats.entry(RepeatName(repeat.to_owned())).or_default().add(row, &columns)
        })?;
        if table.header.is_none() && count < table.width {
            return Err(Error::Refused(format!(
                "{}: found {} of {}, expected a row for each bin; transpose the table, or name its \
                 columns in a first line if it is right",
                table.file,
                counted(count, "row"),
                counted(table.width, "number")
            )));
        }
        if table.header.is_none()
            && let Some(place) = known.values().next()
        {
            self.stimuli[*place].refuse_header(table.width)?;
        }
        Ok(())
    }

    fn column(&mut self, name: &str) -> usize {
        let known = self.columns.iter().position(|known| known == name);
        known.unwrap_or_else(|| {
            self.columns.push(name.to_owned());
            self.columns.len() - 1
        })
    }

    fn stimulus(&mut self, id: &str, table: &Table, columns: &[usize]) -> Result<usize> {
        if let Some(other) = self.stimuli.iter().find(|known| known.id == id) {
            return Err(Error::Refused(format!(
                "{}: found the stimulus {id:?}, which {} has too, expected each in one table",
                table.file, other.file
            )));
        }
        self.stimuli.push(StimulusRows {
            id: id.to_owned(),
            file: table.file.clone(),
            columns: columns.to_vec(),
            repeats: BTreeMap::new(),
        });
        Ok(self.stimuli.len() - 1)
    }

    /// What times are counted in; none where there are no times.
    ///
    /// # Errors
    /// Nothing says it.
    pub fn unit_ms(&self, dt_ms: Option<f64>) -> Result<Option<f64>> {
        let file = self.stimuli.first().map_or("", |stimulus| stimulus.file.as_str());
        match self.step {
            None => Ok(None),
            Some(TimeStep::Ms(ms)) => Ok(Some(ms)),
            Some(TimeStep::Bin) => Ok(dt_ms),
            Some(TimeStep::Unsaid) => {
                let step = self.spacing().unwrap_or(f64::NAN);
                let near = |ms: &&f64| {
                    dt_ms.is_some_and(|dt_ms| (step * **ms / dt_ms - 1.0).abs() < BESIDE)
                };
                let found = [1.0, 1000.0].iter().find(near).copied();
                found.map(Some).ok_or_else(|| {
                    Error::Refused(format!(
                        "{file}: found times {step} apart, expected times whose unit is told; give \
                         --time-unit s or --time-unit ms"
                    ))
                })
            }
        }
    }

    /// How far the times of the first repeat lie apart, in the unit of the table.
    fn spacing(&self) -> Option<f64> {
        let repeats = self.stimuli.iter().flat_map(|stimulus| stimulus.repeats.values());
        let mut times = repeats.map(|rows| rows.times.clone()).find(|times| times.len() > 1)?;
        times.sort_by(f64::total_cmp);
        let mut steps: Vec<f64> = times.windows(2).map(|pair| pair[1] - pair[0]).collect();
        steps.sort_by(f64::total_cmp);
        let middle = steps[steps.len() / 2];
        // Times have so many digits.
        let scale = 10f64.powf(9.0 - middle.abs().log10().ceil());
        let rounded = (middle * scale).round() / scale;
        (rounded > 0.0 && rounded.is_finite()).then_some(rounded)
    }

    /// The width of bins that times tell, in milliseconds.
    pub fn dt_ms(&self) -> Option<f64> {
        match self.step {
            Some(TimeStep::Ms(ms)) => {
                let dt_ms = self.spacing()? * ms;
                Some((dt_ms * 1e9).round() / 1e9)
            }
            _ => None,
        }
    }

    /// The bins of a stimulus, whose times are so many milliseconds each.
    ///
    /// # Errors
    /// Times that lie beside the bins or come twice, or repeats of different lengths without times.
    pub fn binned(&self, rows: &StimulusRows, unit_ms: Option<f64>, dt_ms: f64) -> Result<Binned> {
        let timed = unit_ms.filter(|_| rows.repeats.values().all(|rows| !rows.times.is_empty()));
        let start = rows.repeats.values().flat_map(|rows| &rows.times).copied();
        let start = start.fold(f64::INFINITY, f64::min);
        let bins: Vec<Vec<usize>> = rows
            .repeats
            .iter()
            .map(|(name, repeat)| match timed {
                Some(unit_ms) => rows.places(name, repeat, |time| (time - start) * unit_ms / dt_ms),
                None => Ok((0..repeat.lines.len()).collect()),
            })
            .collect::<Result<_>>()?;
        let longest = bins.iter().flatten().map(|bin| bin + 1).max().unwrap_or(0);
        if timed.is_none() {
            rows.require_one_length()?;
        }
        let all = bins.len() * longest;
        let missing = all.saturating_sub(bins.iter().map(Vec::len).sum());
        if longest > LONGEST_BINS || missing > all / 2 {
            return Err(Error::Refused(format!(
                "{}: {}: found {missing} of {all} bins without a row, expected at most half; check \
                 the unit of the times and --dt-ms",
                rows.file, rows.id
            )));
        }
        let mut values = unrecorded((self.columns.len(), bins.len(), longest))?;
        for ((bins, rows_of), mut repeat) in
            bins.iter().zip(rows.repeats.values()).zip(values.axis_iter_mut(Axis(1)))
        {
            for (bin, row) in bins.iter().zip(rows_of.values.chunks(rows.columns.len())) {
                let columns = rows.columns.iter().zip(row);
                columns.for_each(|(column, value)| repeat[[*column, *bin]] = *value);
            }
        }
        let start_ms = timed.map(|unit_ms| start * unit_ms);
        Ok(Binned { values, start_ms, missing })
    }
}

/// No clip has more bins.
const LONGEST_BINS: usize = 1 << 30;

impl StimulusRows {
    /// The bin of each row.
    fn places(
        &self,
        name: &RepeatName,
        rows: &RepeatRows,
        bin: impl Fn(f64) -> f64,
    ) -> Result<Vec<usize>> {
        let mut seen = BTreeMap::new();
        let mut places = Vec::with_capacity(rows.times.len());
        for (time, line) in rows.times.iter().zip(&rows.lines) {
            let exact = bin(*time);
            if (exact - exact.round()).abs() > BESIDE || exact > LONGEST_BINS as f64 {
                return Err(Error::Refused(format!(
                    "{}: line {line}: found the time {time}, {exact:.3} bins after the first of {}, \
                     expected whole numbers of bins; check --dt-ms and the unit of the times",
                    self.file, self.id
                )));
            }
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "in range")]
            let place = exact.round() as usize;
            if let Some(other) = seen.insert(place, *line) {
                let of = name.of();
                return Err(Error::Refused(format!(
                    "{}: line {line}: found the time {time} of {} twice{of}, also in line {other}, \
                     expected each once; say with --repeat-column what tells repeats apart",
                    self.file, self.id
                )));
            }
            places.push(place);
        }
        Ok(places)
    }

    /// Refuses a first row of numbers that look like the names of columns: they count the columns, or
    /// rise like frequencies to more than all that follows.
    fn refuse_header(&self, width: usize) -> Result<()> {
        const LEAST: usize = 3;
        let values = self.repeats.values().next().map_or(&[][..], |rows| &rows.values);
        let (first, rest) = values.split_at(width.min(values.len()));
        let rises = first.windows(2).all(|pair| pair[0] < pair[1]);
        let whole = first.windows(2).all(|pair| (pair[1] - pair[0] - 1.0).abs() < f32::EPSILON);
        let counts = whole && first.first().is_some_and(|first| *first * (*first - 1.0) == 0.0);
        let most = rest.iter().copied().fold(0.0, f32::max);
        let beyond = first.first().is_some_and(|first| *first > 0.0)
            && first.last().is_some_and(|last| *last > most);
        if first.len() < LEAST || !(rises && (counts || beyond)) {
            return Ok(());
        }
        let shown: Vec<String> = first.iter().map(ToString::to_string).collect();
        Err(Error::Refused(format!(
            "{}: line 1: found {}, which rise like names of columns, expected the values of the first \
             bin; give one of the names a letter, as in {}Hz, or if these are values, put a \
             line of names in front",
            self.file,
            listed(&shown),
            shown[0]
        )))
    }

    fn require_one_length(&self) -> Result<()> {
        let mut repeats = self.repeats.iter().map(|(name, rows)| (name, rows.lines.len()));
        let Some((first, length)) = repeats.next() else { return Ok(()) };
        match repeats.find(|(_, other)| *other != length) {
            None => Ok(()),
            Some((name, other)) => Err(Error::Refused(format!(
                "{}: {}: found {} of repeat {} and {} of repeat {}, expected as many of each; a \
                 column of times says which bins are missing",
                self.file,
                self.id,
                counted(length, "row"),
                first.0,
                counted(other, "row"),
                name.0
            ))),
        }
    }
}
