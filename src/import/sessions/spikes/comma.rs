//! What a comma in spike times means: decided once for all files, since `161,717` can be read both
//! ways, and a decimal comma that is taken for a separator makes two spikes of one.
use clap::ValueEnum;

use super::text::{Line, SpikeText};
use crate::base::error::{Error, Result};
use crate::import::report::ImportReport;

/// What a comma in a line of spike times is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Comma {
    /// A decimal comma: 161,717 is one time
    Decimal,
    /// Stands between times: 161,717 are two
    Separator,
}

impl Comma {
    /// The words of a line that should be numbers, each with the number as Rust reads it.
    pub fn words(self, line: &str) -> Vec<(&str, String)> {
        let pieces: Vec<&str> = match self {
            Self::Decimal => line.split(divides).map(|word| word.trim_end_matches(',')).collect(),
            Self::Separator => line.split(|c: char| divides(c) || c == ',').collect(),
        };
        let words = pieces.into_iter().filter(|word| !word.is_empty());
        words.map(|word| (word, word.replace(',', "."))).collect()
    }

    /// What the commas of all files mean: as the files show, or else what stands between times.
    ///
    /// # Errors
    /// The files contradict each other, or commas are used in another way.
    pub fn of(texts: &[SpikeText], report: &mut ImportReport) -> Result<Self> {
        let mut shown = Shown::default();
        for text in texts {
            for line in text.lines() {
                shown.look(text, line)?;
            }
        }
        let Shown { decimal, separator, either } = shown;
        match (decimal, separator, either) {
            (Some(decimal), Some(separator), _) => Err(Error::Refused(format!(
                "{decimal} has a decimal comma, but {separator} has a point or a comma that says \
                 otherwise; expected one meaning of the comma in all files; say which with --comma \
                 decimal or --comma separator"
            ))),
            (Some(decimal), None, _) => {
                report.inferred(format!("commas are decimal commas, as in {decimal}"));
                Ok(Self::Decimal)
            }
            (None, None, Some(either)) => {
                report.inferred(format!(
                    "commas stand between times, though nothing decides it, as in {either}; give \
                     --comma decimal if they are decimal commas"
                ));
                Ok(Self::Separator)
            }
            (None, ..) => Ok(Self::Separator),
        }
    }
}

fn divides(letter: char) -> bool {
    letter.is_whitespace() || letter == ';'
}

/// The first place that shows each meaning.
#[derive(Default)]
struct Shown {
    decimal: Option<String>,
    separator: Option<String>,
    either: Option<String>,
}

impl Shown {
    fn look(&mut self, text: &SpikeText, line: Line) -> Result<()> {
        let alone = line.text.split(divides).filter(|word| !word.is_empty()).count() == 1;
        for word in line.text.split(divides).filter(|word| !word.is_empty()) {
            let sign = match sign(word, alone) {
                Some(Sign::Either) if text.is_toe_lis() => Some(Sign::Decimal),
                sign => sign,
            };
            let place = || Some(text.place(line));
            match sign {
                Some(Sign::Decimal) if self.decimal.is_none() => self.decimal = place(),
                Some(Sign::Separator) if self.separator.is_none() => self.separator = place(),
                Some(Sign::Either) if self.either.is_none() => self.either = place(),
                Some(Sign::Neither) => {
                    return Err(Error::Refused(format!(
                        "{}: found {word:?}, in which a comma may divide times, decimals or \
                         thousands; expected commas of one meaning; write times without groups of \
                         thousands, or say what a comma is with --comma decimal or --comma separator",
                        text.place(line)
                    )));
                }
                _ => {}
            }
            if word.starts_with(',') || word.ends_with(',') {
                self.separator.get_or_insert_with(|| text.place(line));
            }
        }
        Ok(())
    }
}

/// What a word shows.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Sign {
    Decimal,
    Separator,
    Either,
    Neither,
}

/// What a word shows, which stands alone in its line or beside other ones; nothing where it has
/// neither comma nor point, or is no number.
fn sign(word: &str, alone: bool) -> Option<Sign> {
    let inner = word.trim_matches(',');
    let pieces: Vec<&str> = inner.split(',').collect();
    if pieces.iter().any(|piece| !piece.parse::<f64>().is_ok_and(f64::is_finite)) {
        return None;
    }
    let pointed = |piece: &&str| piece.contains('.');
    match pieces.as_slice() {
        [one] => one.contains('.').then_some(Sign::Separator),
        all if all.iter().all(pointed) => Some(Sign::Separator),
        all if thousands(all) => Some(Sign::Neither),
        all if all.iter().any(pointed) => Some(Sign::Separator),
        [whole, fraction] if is_fraction(fraction) && !whole.contains(['e', 'E']) => {
            let decided = !alone || begins_with_zero(fraction);
            Some(if decided { Sign::Decimal } else { Sign::Either })
        }
        all if !alone || all.iter().skip(1).any(|piece| begins_with_zero(piece)) => {
            Some(Sign::Neither)
        }
        _ => Some(Sign::Separator),
    }
}

/// Digits, and perhaps an exponent behind them.
fn is_fraction(piece: &str) -> bool {
    let digits = piece.split(['e', 'E']).next().unwrap_or_default();
    !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
}

/// `093`: nobody writes whole numbers so.
fn begins_with_zero(piece: &str) -> bool {
    piece.len() > 1 && piece.starts_with('0')
}

/// `1,234.5` or `1.234,5`: groups of three digits before the decimals.
fn thousands(pieces: &[&str]) -> bool {
    let all_digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let grouped = |groups: &[&str]| {
        let (first, others) = groups.split_first().unwrap_or((&"", &[]));
        let first = first.trim_start_matches(['+', '-']);
        all_digits(first)
            && first.len() <= 3
            && others.iter().all(|group| group.len() == 3 && all_digits(group))
    };
    let english = pieces.split_last().is_some_and(|(last, first)| {
        last.split_once('.').is_some_and(|(last, _)| grouped(&[first, &[last]].concat()))
    });
    let german = matches!(pieces, [whole, decimals]
        if whole.contains('.') && all_digits(decimals)
            && grouped(&whole.split('.').collect::<Vec<_>>()));
    english || german
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_comma_is_what_stands_around_it() {
        for (word, alone, want) in [
            ("161,717", true, Some(Sign::Either)),
            ("-161,717", true, Some(Sign::Either)),
            ("161,717", false, Some(Sign::Decimal)),
            ("11,093", true, Some(Sign::Decimal)),
            ("1,5e3", false, Some(Sign::Decimal)),
            ("161.9,717.2", true, Some(Sign::Separator)),
            ("161.9,717.2", false, Some(Sign::Separator)),
            ("161.9", true, Some(Sign::Separator)),
            ("161,-5", true, Some(Sign::Separator)),
            ("1,2,3", true, Some(Sign::Separator)),
            ("1,2,3", false, Some(Sign::Neither)),
            ("11,093,25,906", true, Some(Sign::Neither)),
            ("1,234.5", true, Some(Sign::Neither)),
            ("1,234,567.25", true, Some(Sign::Neither)),
            ("1.234,5", true, Some(Sign::Neither)),
            ("12,23.4", true, Some(Sign::Separator)),
            ("161", true, None),
            ("x,1", true, None),
        ] {
            assert_eq!(sign(word, alone), want, "{word} alone: {alone}");
        }
    }

    #[test]
    fn words_are_numbers_under_both_meanings() {
        let read = |comma: Comma, line: &str| -> Vec<f64> {
            comma.words(line).into_iter().map(|(_, number)| number.parse().unwrap()).collect()
        };
        assert_eq!(read(Comma::Decimal, "1,5;-2,25\t,5 3, 4"), [1.5, -2.25, 0.5, 3.0, 4.0]);
        assert_eq!(read(Comma::Separator, "1,5; 2 ,,7,"), [1.0, 5.0, 2.0, 7.0]);
    }
}
