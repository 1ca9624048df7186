//! Text and tables as Markdown, in which no foreign text becomes markup.
use std::fmt::{self, Write};

/// Text from elsewhere, which stands in a card as it reads.
#[derive(Debug, Clone)]
pub struct Text<'a>(&'a str);

/// What Markdown takes for more than a letter, in the middle of a line.
const MARKUP: [char; 13] = ['\\', '`', '*', '_', '[', ']', '<', '>', '|', '~', '&', '$', '#'];

impl<'a> Text<'a> {
    /// Of any text.
    pub fn of(text: &'a str) -> Self {
        Self(text)
    }
}

impl fmt::Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for letter in self.0.chars() {
            match letter {
                letter if letter.is_control() => f.write_char(' ')?,
                letter if MARKUP.contains(&letter) => write!(f, "\\{letter}")?,
                letter => f.write_char(letter)?,
            }
        }
        Ok(())
    }
}

/// How the cells of a column stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Column {
    /// Words, to the left.
    Words,
    /// Numbers, to the right.
    Numbers,
}

/// A table; cells are Markdown.
pub fn table(header: &[(&str, Column)], rows: &[Vec<String>]) -> String {
    let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
    let names: Vec<String> = header.iter().map(|(name, _)| (*name).to_owned()).collect();
    let rule = |(_, column): &(&str, Column)| match column {
        Column::Words => "---".to_owned(),
        Column::Numbers => "---:".to_owned(),
    };
    let rules: Vec<String> = header.iter().map(rule).collect();
    let rows: String = rows.iter().map(|row| line(row)).collect();
    line(&names) + &line(&rules) + &rows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_becomes_markup() {
        let evil = "a|b\n# c <script> [d](e) `f` *g* _h_ \\ &amp; ~i~ $j$";
        let want = "a\\|b \\# c \\<script\\> \\[d\\](e) \\`f\\` \\*g\\* \\_h\\_ \\\\ \\&amp; \\~i\\~ \\$j\\$";
        assert_eq!(Text::of(evil).to_string(), want);
        assert_eq!(Text::of("NCM-12 (left), 3.5 kHz").to_string(), "NCM-12 (left), 3.5 kHz");
    }

    #[test]
    fn tables_have_a_rule_below_their_header() {
        let header = [("neuron", Column::Words), ("cc", Column::Numbers)];
        let rows = [vec!["a".to_owned(), "0.5".to_owned()]];
        assert_eq!(table(&header, &rows), "| neuron | cc |\n| --- | ---: |\n| a | 0.5 |\n");
    }
}
