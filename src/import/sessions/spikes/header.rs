//! Lines at the start of a spike file that hold one whole number each: a header of another program,
//! such as a sampling rate and a number of trials, which would be read as repeats of one spike.
use std::path::Path;

use super::comma::Comma;
use super::text::{Line, SpikeText};
use crate::base::error::{Error, Result};
use crate::base::wording::{counted, counted_that, joined};
use crate::import::report::ImportReport;

/// Lines at the start of a file that look like a header.
#[derive(Debug, Clone, PartialEq)]
pub struct Header {
    /// The file and the lines, as messages have them.
    place: String,
    /// Number of the last of them.
    last: usize,
    /// What they are unlike.
    why: &'static str,
    /// Whether it is sure enough to refuse the file.
    certain: bool,
    /// Number of the last line of one whole number below them, which may belong to them.
    may_end: usize,
    /// Whether all other lines hold one time at most.
    others_single: bool,
}

/// Numbers with decimals below a header for each that is whole.
const MOSTLY_DECIMALS: usize = 3;
/// A line of more numbers is a repeat.
const MOST_IN_HEADER: usize = 4;
/// Lines below that are as many as a number says, by which it is doubtful.
const COUNTED: usize = 3;

/// The header that a file seems to have; `end` is the end of the clip in the unit of the file, asked
/// for where nothing else decides.
///
/// # Errors
/// The end of the clip cannot be told.
pub fn header(
    text: &SpikeText,
    comma: Comma,
    end: impl FnOnce() -> Result<f64>,
) -> Result<Option<Header>> {
    let lines: Vec<(Line, Vec<String>)> =
        text.lines().map(|line| (line, numbers(line, comma))).collect();
    let few = |(_, numbers): &&(Line, Vec<String>)| all_whole(numbers);
    let (leading, others) = lines.split_at(lines.iter().take_while(few).count());
    if !leading.is_empty() && all_have_decimals(others) {
        let why = "of whole numbers where all others have decimals";
        return Ok(Some(Header::new(text, leading, others, (why, true))));
    }
    let single = |(_, numbers): &&(Line, Vec<String>)| whole(numbers).is_some();
    let (leading, others) = lines.split_at(lines.iter().take_while(single).count());
    let times = || others.iter().flat_map(|(_, numbers)| numbers);
    if leading.is_empty() || times().next().is_none() {
        return Ok(None);
    }
    let found = |count: usize, why: &'static str, certain: bool| {
        let header = Header::new(text, &leading[..count], others, (why, certain));
        let may_end = leading.last().map_or(header.last, |(line, _)| line.number);
        Header { may_end, ..header }
    };
    let end = end()?;
    let largest =
        times().filter_map(|number| number.parse().ok()).fold(f64::NEG_INFINITY, f64::max);
    let beyond = |limit: f64| {
        let above = |(_, numbers): &(Line, Vec<String>)| whole(numbers).is_some_and(|n| n > limit);
        leading.iter().rposition(above).map(|last| last + 1)
    };
    let rows = leading.len() - 1 + others.len();
    let counts_rows = whole(&leading[0].1).is_some_and(|n| (n - rows as f64).abs() < 0.5);
    Ok(if let Some(count) = beyond(end.max(largest)) {
        Some(found(count, "beyond the end of the sound and all other times", true))
    } else if let Some(count) = beyond(end) {
        Some(found(count, "beyond the end of the sound", false))
    } else {
        let many = counts_rows && rows >= COUNTED;
        many.then(|| found(1, "as the number of lines below", false))
    })
}

impl Header {
    fn new(
        text: &SpikeText,
        lines: &[(Line, Vec<String>)],
        others: &[(Line, Vec<String>)],
        (why, certain): (&'static str, bool),
    ) -> Self {
        let others_single = others.iter().all(|(_, numbers)| numbers.len() <= 1);
        let lines: Vec<Line> = lines.iter().map(|(line, _)| *line).collect();
        let last = lines.last().map_or(0, |line| line.number);
        Self { place: place(text, &lines), last, why, certain, may_end: last, others_single }
    }
}

/// Whether a line holds whole numbers, and no more than a header has.
fn all_whole(numbers: &[String]) -> bool {
    (1..=MOST_IN_HEADER).contains(&numbers.len())
        && numbers.iter().all(|number| number.parse::<i64>().is_ok())
}

/// Whether nearly all numbers have decimals, and some in each line that is not empty.
fn all_have_decimals(lines: &[(Line, Vec<String>)]) -> bool {
    let all = || lines.iter().flat_map(|(_, numbers)| numbers);
    let decimals = all().filter(|number| number.contains('.')).count();
    let in_each = lines.iter().all(|(_, numbers)| {
        numbers.is_empty() || numbers.iter().any(|number| number.contains('.'))
    });
    decimals > 0 && in_each && decimals >= MOSTLY_DECIMALS * (all().count() - decimals)
}

/// The words of a line as Rust reads numbers.
fn numbers(line: Line, comma: Comma) -> Vec<String> {
    comma.words(line.text).into_iter().map(|(_, number)| number).collect()
}

/// The value of a line of one whole number.
fn whole(numbers: &[String]) -> Option<f64> {
    match numbers {
        [one] => one.parse::<i64>().ok().map(|number| number as f64),
        _ => None,
    }
}

/// `cell/spike1: found lines 1 and 2 ("40000" and "10")`
fn place(text: &SpikeText, lines: &[Line]) -> String {
    const SHOWN: usize = 3;
    let more = if lines.len() > SHOWN { ", ..." } else { "" };
    let shown = &lines[..lines.len().min(SHOWN)];
    let numbers: Vec<String> = shown.iter().map(|line| line.number.to_string()).collect();
    let texts: Vec<String> = shown.iter().map(|line| format!("{:?}", line.text.trim())).collect();
    let lines = if lines.len() == 1 { "line" } else { "lines" };
    let (path, numbers, texts) =
        (text.path.display(), joined(&numbers, "and"), joined(&texts, "and"));
    format!("{path}: found {lines} {numbers}{more} ({texts}{more})")
}

/// Refuses files that seem to have headers.
///
/// # Errors
/// As said; the option is named where it is right for all of the files.
pub fn refuse(folder: &Path, headers: &[Header], files: usize) -> Result<()> {
    let certain: Vec<&Header> = headers.iter().filter(|header| header.certain).collect();
    if let Some(first) = certain.first() {
        let Header { place, last, why, may_end, .. } = first;
        let more = match may_end {
            end if end > last => format!(" ({end}, if the lines below belong to them)"),
            _ => String::new(),
        };
        let others = match certain.len() {
            1 => String::new(),
            count => {
                format!(" (as in {} of {})", counted(count - 1, "other file"), folder.display())
            }
        };
        let same = headers.len() == files && headers.iter().all(|header| header.last == *last);
        let what = if certain.iter().any(|header| header.others_single) {
            "all spikes of a repeat belong on one line".to_owned()
        } else if same {
            format!("give --skip-lines {last}{more} to leave out so many lines of every file")
        } else {
            format!(
                "not all of the {} begin so: take such lines out of those that do",
                counted(files, "spike file")
            )
        };
        return Err(Error::Refused(format!(
            "{place} {why}{others}, expected one line a repeat, with its spike times; {what}, or \
             give --skip-lines 0 if they are repeats"
        )));
    }
    Ok(())
}

/// Warns of lines at the start of files that may be headers.
pub fn warn(headers: &[Header], report: &mut ImportReport) {
    if let Some(Header { place, why, .. }) = headers.first() {
        let others = match headers.len() {
            1 => String::new(),
            count => format!(
                ", and {} so too",
                counted_that(count - 1, "other file", ["begins", "begin"])
            ),
        };
        report.warn(format!(
            "{place} {why}, read as repeats{others}; --skip-lines leaves out header lines"
        ));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str, end: f64) -> Option<Header> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("spike1");
        std::fs::write(&path, text).unwrap();
        let text = SpikeText::read(&path, Some(0)).unwrap();
        header(&text, Comma::Separator, || Ok(end)).unwrap()
    }

    #[test]
    fn whole_numbers_above_decimals_or_beyond_the_clip_are_a_header() {
        let lines =
            |text: &str, end: f64| found(text, end).map(|header| (header.last, header.certain));
        assert_eq!(lines("40000\n10\n11.5 20.25\n13.5\n", 1e6), Some((2, true)));
        assert_eq!(lines("# rate\n40000\n\n11.5 20.25\n", 1e6), Some((2, true)));
        assert_eq!(lines("40000 10\n11.5 20.25\n13.5\n", 1e6), Some((1, true)));
        assert_eq!(lines("40000\n10\n11 20\n13\n", 1000.0), Some((1, true)));
        assert_eq!(lines("10\n40000\n11 20\n13\n", 1000.0), Some((2, true)));
        // A spike after a short tone, as other lines have them.
        assert_eq!(lines("1500\n20 340 1900\n30 40\n", 1000.0), Some((1, false)));
        assert_eq!(lines("4\n11 20\n13 15\n\n80 90\n", 1000.0), Some((1, false)));
    }

    #[test]
    fn single_spikes_among_others_are_none() {
        for text in ["12\n13 14\n", "5\n", "1\n2\n3\n", "12\n13.5\n14\n", "12\n\n", "1.5\n2.5 3\n"]
        {
            assert_eq!(found(text, 1000.0), None, "{text:?}");
        }
    }
}
