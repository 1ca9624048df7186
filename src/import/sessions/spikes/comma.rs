//! Commas in spike times: what they may be, and what a word with a comma shows.
use clap::ValueEnum;

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
}

/// Whether a letter stands between words whatever a comma means.
pub fn divides(letter: char) -> bool {
    letter.is_whitespace() || letter == ';'
}

/// What a word shows.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum CommaSign {
    /// Its comma is a decimal comma.
    Decimal,
    /// Its comma stands between times, or a point is what divides decimals.
    Separator,
    /// It can be read both ways.
    Either,
    /// It can be read in no way that is sure.
    Neither,
}

/// What a word shows, which stands alone in its line or beside other ones; nothing where it has
/// neither comma nor point, or is no number.
pub fn sign(word: &str, alone: bool) -> Option<CommaSign> {
    let inner = word.trim_matches(',');
    let pieces: Vec<&str> = inner.split(',').collect();
    if pieces.iter().any(|piece| !piece.parse::<f64>().is_ok_and(f64::is_finite)) {
        return None;
    }
    let pointed = |piece: &&str| piece.contains('.');
    match pieces.as_slice() {
        [one] => one.contains('.').then_some(CommaSign::Separator),
        all if all.iter().all(pointed) => Some(CommaSign::Separator),
        all if thousands(all) => Some(CommaSign::Neither),
        all if all.iter().any(pointed) => Some(CommaSign::Separator),
        [whole, fraction] if is_fraction(fraction) && !whole.contains(['e', 'E']) => {
            let decided = !alone || begins_with_zero(fraction);
            Some(if decided { CommaSign::Decimal } else { CommaSign::Either })
        }
        all if !alone || all.iter().skip(1).any(|piece| begins_with_zero(piece)) => {
            Some(CommaSign::Neither)
        }
        _ => Some(CommaSign::Separator),
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
            ("161,717", true, Some(CommaSign::Either)),
            ("-161,717", true, Some(CommaSign::Either)),
            ("161,717", false, Some(CommaSign::Decimal)),
            ("11,093", true, Some(CommaSign::Decimal)),
            ("1,5e3", false, Some(CommaSign::Decimal)),
            ("161.9,717.2", true, Some(CommaSign::Separator)),
            ("161.9,717.2", false, Some(CommaSign::Separator)),
            ("161.9", true, Some(CommaSign::Separator)),
            ("161,-5", true, Some(CommaSign::Separator)),
            ("1,2,3", true, Some(CommaSign::Separator)),
            ("1,2,3", false, Some(CommaSign::Neither)),
            ("11,093,25,906", true, Some(CommaSign::Neither)),
            ("1,234.5", true, Some(CommaSign::Neither)),
            ("1,234,567.25", true, Some(CommaSign::Neither)),
            ("1.234,5", true, Some(CommaSign::Neither)),
            ("12,23.4", true, Some(CommaSign::Separator)),
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
