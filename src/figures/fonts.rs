//! Letters: the fonts that are part of the program, and how wide a text is.
use ab_glyph::{
    Font, FontRef, GlyphId, OutlineCurve, Point, PxScale, PxScaleFont, ScaleFont, point,
};

use crate::base::error::{Error, Result};
use crate::figures::marks::{TextStyle, Weight, whole};

/// `DejaVu Sans`, which is part of the program: pictures look the same on every machine.
pub struct Fonts {
    regular: FontRef<'static>,
    bold: FontRef<'static>,
}

impl Fonts {
    /// Reads the fonts out of the program.
    pub fn new() -> Result<Self> {
        let load = |bytes| {
            FontRef::try_from_slice(bytes)
                .map_err(|e| Error::failed("reading the built-in font", e))
        };
        Ok(Self { regular: load(dejavu::sans::regular())?, bold: load(dejavu::sans::bold())? })
    }

    /// `text` with letters that the font lacks written as `\u{4E2D}`, so that names stay different.
    pub fn legible(&self, text: &str) -> String {
        let written = |letter: char| match self.regular.glyph_id(letter) {
            GlyphId(0) => format!("\\u{{{:X}}}", u32::from(letter)),
            _ => letter.to_string(),
        };
        text.chars().map(written).collect()
    }

    /// Pixels that a text takes.
    pub fn text_width(&self, text: &str, style: TextStyle) -> usize {
        whole(advances(&self.sized(style), text).last().map_or(0.0, |(_, end)| end).ceil())
    }

    /// `text`, or as much of its start and its end as fits into `room` pixels with an ellipsis
    /// between: ids often differ at their end.
    pub fn shorten(&self, text: &str, style: TextStyle, room: usize) -> String {
        let letters: Vec<char> = self.legible(text).chars().collect();
        (0..letters.len())
            .map(|cut| shortened(&letters, cut))
            .find(|short| self.text_width(short, style) <= room)
            .unwrap_or_default()
    }

    /// The curves around the letters of a text that starts at `start` on a baseline at 0: pixels
    /// along and below it.
    pub fn outlines(&self, text: &str, style: TextStyle, start: f32) -> Vec<OutlineCurve> {
        let font = self.sized(style);
        let (along, up) = (font.h_scale_factor(), font.v_scale_factor());
        let mut curves = Vec::new();
        let mut x = start;
        for (glyph, end) in advances(&font, text) {
            let place = |p: Point| point(x + along * p.x, -up * p.y);
            // A space has none.
            let outline = font.font.outline(glyph).into_iter().flat_map(|outline| outline.curves);
            curves.extend(outline.map(|curve| match curve {
                OutlineCurve::Line(a, b) => OutlineCurve::Line(place(a), place(b)),
                OutlineCurve::Quad(a, b, c) => OutlineCurve::Quad(place(a), place(b), place(c)),
                OutlineCurve::Cubic(a, b, c, d) => {
                    OutlineCurve::Cubic(place(a), place(b), place(c), place(d))
                }
            }));
            x = start + end;
        }
        curves
    }

    fn sized(&self, style: TextStyle) -> PxScaleFont<FontRef<'static>> {
        let font = match style.weight {
            Weight::Regular => &self.regular,
            Weight::Bold => &self.bold,
        };
        let em = font.units_per_em().unwrap_or(1.0);
        font.clone().into_scaled(PxScale::from(style.em * font.height_unscaled() / em))
    }
}

/// `letters` without `cut` of them in the middle.
fn shortened(letters: &[char], cut: usize) -> String {
    if cut == 0 {
        return letters.iter().collect();
    }
    let kept = letters.len() - cut;
    let (start, end) = (&letters[..kept.div_ceil(2)], &letters[letters.len() - kept / 2..]);
    start.iter().chain(&['…']).chain(end).collect()
}

/// Each letter and where the next one starts.
fn advances(
    font: &PxScaleFont<FontRef<'static>>,
    text: &str,
) -> impl Iterator<Item = (GlyphId, f32)> {
    let glyphs: Vec<_> = text.chars().map(|letter| font.glyph_id(letter)).collect();
    let ends: Vec<f32> = glyphs
        .iter()
        .enumerate()
        .scan(0.0, |x, (i, glyph)| {
            let kern = glyphs.get(i + 1).map_or(0.0, |next| font.kern(*glyph, *next));
            *x += font.h_advance(*glyph) + kern;
            Some(*x)
        })
        .collect();
    glyphs.into_iter().zip(ends)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figures::colour::INK;

    const STYLE: TextStyle = TextStyle { weight: Weight::Regular, em: 20.0, colour: INK };

    #[test]
    fn letters_that_the_font_lacks_are_written_as_their_numbers() {
        let fonts = Fonts::new().unwrap();
        assert_eq!(fonts.legible("µ-é_1 −…"), "µ-é_1 −…");
        assert_eq!(fonts.legible("中1"), "\\u{4E2D}1");
        assert_eq!(fonts.legible("🦜"), "\\u{1F99C}");
        assert!(fonts.shorten("中文名字", STYLE, 500).starts_with("\\u{4E2D}"));
    }

    #[test]
    fn long_names_keep_their_start_and_end_and_fit() {
        let fonts = Fonts::new().unwrap();
        let name = "2019-01-03_probe1_unit0034";
        assert_eq!(fonts.shorten(name, STYLE, 1000), name);
        let short = fonts.shorten(name, STYLE, 120);
        assert!(fonts.text_width(&short, STYLE) <= 120, "{short}");
        assert!(short.starts_with("2019") && short.ends_with("034"), "{short}");
        assert!(short.contains('…') && short.chars().count() == 8, "{short}");
    }
}
