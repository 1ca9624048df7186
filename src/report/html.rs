//! Pieces of a page: templates, in which every text is escaped, and types for what is markup.
use std::fmt;

use askama::Template;
use askama::filters::HtmlSafe;
use serde_json::Value;

use crate::base::error::{Error, Result};
use crate::pictures::Drawn;

/// A cell of a [`Table`].
pub enum Cell {
    /// A number or a short text.
    Plain(String),
    /// A sentence.
    Words(String),
}

/// A table under a header, in a frame that scrolls sideways.
#[derive(Template)]
#[template(path = "report/table.html")]
pub struct Table {
    header: Vec<String>,
    rows: Vec<Vec<Cell>>,
}

impl HtmlSafe for Table {}

impl Table {
    /// Rows of as many cells as the header has names.
    pub fn new(header: Vec<String>, rows: Vec<Vec<Cell>>) -> Self {
        Self { header, rows }
    }

    /// How many rows stand under the header.
    pub fn rows(&self) -> usize {
        self.rows.len()
    }

    /// Whether a column holds a sentence.
    fn holds_words(&self, place: usize) -> bool {
        self.rows.iter().any(|row| matches!(row.get(place), Some(Cell::Words(_))))
    }
}

/// A picture under its name, or why there is none.
#[derive(Template)]
#[template(path = "report/figure.html")]
pub struct PictureSection {
    name: String,
    picture: Result<Svg, String>,
}

impl HtmlSafe for PictureSection {}

impl PictureSection {
    /// What was drawn, or the error that kept it from being drawn.
    pub fn new(name: &str, drawn: Result<Drawn>) -> Self {
        let picture = match drawn {
            Ok(drawn) => drawn.svg(name).map(Svg),
            Err(error) => Err(error.to_string()),
        };
        Self { name: name.to_owned(), picture }
    }
}

/// An SVG picture, which is markup.
struct Svg(String);

impl HtmlSafe for Svg {}

impl fmt::Display for Svg {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// JSON inside a script element, which no text in it can end.
pub struct ScriptJson(pub Value);

impl HtmlSafe for ScriptJson {}

impl fmt::Display for ScriptJson {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.to_string().replace('<', "\\u003c"))
    }
}

/// Fills in a template.
///
/// # Errors
/// A value in it cannot be written as text.
pub fn rendered(page: &impl Template) -> Result<String> {
    page.render().map_err(|error| Error::failed("putting together the page", error))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn no_text_becomes_markup() {
        let evil = "</script><script>alert(1)</script>";
        let data = ScriptJson(json!([evil])).to_string();
        assert!(!data.contains('<'), "{data}");
        assert_eq!(serde_json::from_str::<Value>(&data).unwrap(), json!([evil]));
        let row = vec![Cell::Plain(evil.into()), Cell::Words("\"&".into())];
        let table = Table::new(["a<b", "c"].map(str::to_owned).into(), vec![row]);
        let figure = PictureSection { name: "f<g".into(), picture: Err(evil.into()) };
        let html = rendered(&table).unwrap() + &rendered(&figure).unwrap();
        assert!(!html.contains("<script>") && html.contains("a&#60;b"), "{html}");
        assert!(html.contains("<td class=\"words\">&#34;&#38;</td>"), "{html}");
    }
}
