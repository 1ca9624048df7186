//! What commas in spike times mean: decided once for all files, since `161,717` can be read both ways,
//! and a decimal comma that is taken for a separator makes two spikes of one.
use super::comma::{Comma, CommaSign, divides, sign};
use super::text::{Line, SpikeText};
use crate::base::error::{Error, Result};
use crate::import::report::ImportReport;

/// What the commas of all files mean: as the files show, or else what stands between times.
///
/// # Errors
/// The files contradict each other, or commas are used in another way.
pub fn of(texts: &[SpikeText], report: &mut ImportReport) -> Result<Comma> {
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
            Ok(Comma::Decimal)
        }
        (None, None, Some(either)) => {
            report.inferred(format!(
                "commas stand between times, though nothing decides it, as in {either}; give \
                 --comma decimal if they are decimal commas"
            ));
            Ok(Comma::Separator)
        }
        (None, ..) => Ok(Comma::Separator),
    }
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
                Some(CommaSign::Either) if text.is_toe_lis() => Some(CommaSign::Decimal),
                sign => sign,
            };
            let place = || Some(text.place(line));
            match sign {
                Some(CommaSign::Decimal) if self.decimal.is_none() => self.decimal = place(),
                Some(CommaSign::Separator) if self.separator.is_none() => self.separator = place(),
                Some(CommaSign::Either) if self.either.is_none() => self.either = place(),
                Some(CommaSign::Neither) => {
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
