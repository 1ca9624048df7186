//! What was drawn as an SVG picture: text stays text, shapes stay shapes.
use std::fmt::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::colour::Rgb;
use super::marks::{Anchor, Direction, Mark, Rect, Text, Weight};
use super::png;
use crate::base::error::Cause;

/// Pixels of the paper that make one of a screen.
const PER_SCREEN_PIXEL: usize = 2;

/// A picture of a size in pixels of the paper.
///
/// # Errors
/// An image in it is too large for PNG.
pub fn picture(
    (width, height): (usize, usize),
    marks: &[Mark],
    title: &str,
) -> Result<String, Cause> {
    let (shown, high) = (width / PER_SCREEN_PIXEL, height / PER_SCREEN_PIXEL);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" xmlns:xlink=\"http://www.w3.org/1999/xlink\" \
         width=\"{shown}\" height=\"{high}\" \
         viewBox=\"0 0 {width} {height}\" xml:space=\"preserve\" font-family=\"DejaVu Sans, Verdana, sans-serif\">\n\
         <title>{}</title>\n\
         <rect width=\"{width}\" height=\"{height}\" fill=\"#ffffff\"/>\n",
        escaped(title)
    );
    for mark in merged(marks) {
        element(&mut svg, &mark)?;
    }
    Ok(svg + "</svg>\n")
}

/// Rectangles of one colour that continue each other to the right as one.
fn merged(marks: &[Mark]) -> Vec<Mark> {
    let mut merged: Vec<Mark> = Vec::with_capacity(marks.len());
    for mark in marks {
        let last = merged.last_mut();
        match (last, mark) {
            (Some(Mark::Fill(before, one)), Mark::Fill(rect, other))
                if one == other
                    && (before.right(), before.y, before.height)
                        == (rect.x, rect.y, rect.height) =>
            {
                before.width += rect.width;
            }
            _ => merged.push(mark.clone()),
        }
    }
    merged
}

fn element(svg: &mut String, mark: &Mark) -> Result<(), Cause> {
    match mark {
        Mark::Image { area: Rect { x, y, width, height }, pixels } => {
            let png = STANDARD.encode(png::encoded((*width, *height), pixels, None)?);
            writeln!(
                svg,
                "<image x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" \
                 preserveAspectRatio=\"none\" image-rendering=\"pixelated\" \
                 xlink:href=\"data:image/png;base64,{png}\"/>"
            )
        }
        Mark::Fill(Rect { x, y, width, height }, colour) => writeln!(
            svg,
            "<rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" fill=\"{}\" \
             shape-rendering=\"crispEdges\"/>",
            hex(*colour)
        ),
        Mark::Line { points, width, colour } => {
            let points: Vec<String> =
                points.iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
            writeln!(
                svg,
                "<polyline points=\"{}\" fill=\"none\" stroke=\"{}\" stroke-width=\"{width}\" \
                 stroke-linecap=\"round\" stroke-linejoin=\"round\"/>",
                points.join(" "),
                hex(*colour)
            )
        }
        Mark::Dot { centre: (x, y), radius, colour } => writeln!(
            svg,
            "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"{radius}\" fill=\"{}\"/>",
            hex(*colour)
        ),
        Mark::Text(text) => letters(svg, text),
    }
    .map_err(Cause::from)
}

/// Text of the width that it has in the program's own font, whatever font is there.
fn letters(svg: &mut String, text: &Text) -> std::fmt::Result {
    let Text { letters, style, at: (x, y), anchor, direction, width } = text;
    let anchor = match anchor {
        Anchor::Left => "start",
        Anchor::Centre => "middle",
        Anchor::Right => "end",
    };
    let turned = match direction {
        Direction::Right => String::new(),
        Direction::Up => format!(" transform=\"rotate(-90 {x} {y})\""),
    };
    let weight = match style.weight {
        Weight::Regular => "",
        Weight::Bold => " font-weight=\"bold\"",
    };
    writeln!(
        svg,
        "<text x=\"{x}\" y=\"{y}\" font-size=\"{}\" fill=\"{}\" text-anchor=\"{anchor}\" \
         textLength=\"{width}\" lengthAdjust=\"spacingAndGlyphs\"{weight}{turned}>{}</text>",
        style.em,
        hex(style.colour),
        escaped(letters)
    )
}

/// A colour as SVG and CSS write it: `#1a1a1a`.
pub fn hex([red, green, blue]: Rgb) -> String {
    format!("#{red:02x}{green:02x}{blue:02x}")
}

/// Text in which nothing is markup.
pub fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\u{0}'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' => safe.push('\u{fffd}'),
            other => safe.push(other),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figures::colour::{GREY, INK};
    use crate::figures::marks::TextStyle;

    #[test]
    fn names_are_text_and_neighbours_of_one_colour_are_one_rectangle() {
        let style = TextStyle { weight: Weight::Bold, em: 20.0, colour: INK };
        let cell = |x| Mark::Fill(Rect { x, y: 3, width: 5, height: 7 }, GREY);
        let text = Mark::Text(Text {
            letters: "<script> & \"b\"".into(),
            style,
            at: (30, 40),
            anchor: Anchor::Right,
            direction: Direction::Up,
            width: 90,
        });
        let svg = picture((200, 100), &[cell(10), cell(15), cell(40), text], "a<b").unwrap();
        assert_eq!(svg.matches("<rect").count(), 3, "{svg}");
        assert!(svg.contains("<rect x=\"10\" y=\"3\" width=\"10\" height=\"7\""), "{svg}");
        assert!(svg.contains("&lt;script&gt; &amp; &quot;b&quot;</text>"), "{svg}");
        assert!(
            svg.contains("rotate(-90 30 40)") && svg.contains("<title>a&lt;b</title>"),
            "{svg}"
        );
    }
}
