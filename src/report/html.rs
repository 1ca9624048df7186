//! Pieces of HTML in which no text is markup.
use serde_json::Value;

pub use crate::figures::svg::escaped;

/// A cell of a table.
pub enum Cell {
    /// A number or a short text.
    Plain(String),
    /// A sentence.
    Words(String),
}

/// A table under a header, in a frame that scrolls sideways.
pub fn table(header: &[&str], rows: &[Vec<Cell>]) -> String {
    let worded = |place: usize| rows.iter().any(|row| matches!(row[place], Cell::Words(_)));
    let name = |(place, name): (usize, &&str)| {
        let class = if worded(place) { " class=\"words\"" } else { "" };
        format!("<th{class}>{}</th>", escaped(name))
    };
    let head: String = header.iter().enumerate().map(name).collect();
    let cell = |cell: &Cell| match cell {
        Cell::Plain(text) => format!("<td>{}</td>", escaped(text)),
        Cell::Words(text) => format!("<td class=\"words\">{}</td>", escaped(text)),
    };
    let line = |row: &Vec<Cell>| format!("<tr>{}</tr>\n", row.iter().map(cell).collect::<String>());
    let body: String = rows.iter().map(line).collect();
    format!(
        "<div class=\"scroll\">\n<table>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{body}</tbody>\n\
         </table>\n</div>\n"
    )
}

/// A list of terms and what they are.
pub fn terms(list: &[(&str, String)]) -> String {
    let line = |(term, what): &(&str, String)| {
        format!("<dt>{}</dt><dd>{}</dd>\n", escaped(term), escaped(what))
    };
    format!("<dl>\n{}</dl>\n", list.iter().map(line).collect::<String>())
}

/// JSON inside a script element, which no text in it can end.
pub fn script_json(value: &Value) -> String {
    value.to_string().replace('<', "\\u003c")
}

/// A picture, or why there is none.
pub fn figure(name: &str, picture: &Result<String, String>) -> String {
    let name = escaped(name);
    match picture {
        Ok(svg) => format!(
            "<div class=\"figure\">\n<h3>{name}</h3>\n<div class=\"scroll\">{svg}</div>\n</div>\n"
        ),
        Err(why) => format!(
            "<div class=\"figure\">\n<h3>{name}</h3>\n<p class=\"quiet\">Not drawn: {}.</p>\n\
             </div>\n",
            escaped(why)
        ),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn no_text_becomes_markup() {
        let evil = "</script><script>alert(1)</script>";
        let data = script_json(&json!([evil]));
        assert!(!data.contains('<'), "{data}");
        assert_eq!(serde_json::from_str::<Value>(&data).unwrap(), json!([evil]));
        let html = table(&["a<b"], &[vec![Cell::Plain(evil.into()), Cell::Words("\"&".into())]])
            + &terms(&[("x", evil.into())])
            + &figure("f<g", &Err(evil.into()));
        assert!(!html.contains("<script>") && html.contains("a&lt;b"), "{html}");
    }
}
