//! Letters: the fonts that are part of the program, and how wide a text is.
use ab_glyph::{Font, FontRef, GlyphId, PxScale, PxScaleFont, ScaleFont, point};

use crate::base::error::{Error, Result};
use crate::figures::canvas::whole;
use crate::figures::colour::Rgb;

/// Height of a capital letter of `DejaVu Sans` in em.
const CAPITAL_EM: f32 = 0.729;

/// Thickness of letters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weight {
    Regular,
    Bold,
}

/// How a text looks.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Type {
    pub weight: Weight,
    /// Pixels of one em.
    pub em: f32,
    pub colour: Rgb,
}

impl Type {
    /// Pixels of a capital letter above its baseline.
    pub fn capital(self) -> usize {
        whole(self.em * CAPITAL_EM)
    }
}

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

    /// Pixels that a text takes.
    pub fn text_width(&self, text: &str, look: Type) -> usize {
        whole(advances(&self.sized(look), text).last().map_or(0.0, |(_, end)| end).ceil())
    }

    /// `text`, or as much of its start and its end as fits into `room` pixels with an ellipsis
    /// between: ids often differ at their end.
    pub fn shorten(&self, text: &str, look: Type, room: usize) -> String {
        let letters: Vec<char> = text.chars().collect();
        (0..letters.len())
            .map(|cut| shortened(&letters, cut))
            .find(|short| self.text_width(short, look) <= room)
            .unwrap_or_default()
    }

    /// Pixels along and below the baseline, each with the share of it that is covered.
    pub fn ink(&self, text: &str, look: Type, start: f32) -> Vec<(f32, f32, f32)> {
        let font = self.sized(look);
        let mut ink = Vec::new();
        let mut x = start;
        for (glyph, end) in advances(&font, text) {
            let glyph = glyph.with_scale_and_position(font.scale(), point(x, 0.0));
            // A space has none.
            let Some(outline) = font.outline_glyph(glyph) else {
                x = start + end;
                continue;
            };
            let corner = outline.px_bounds().min;
            outline.draw(|u, v, share| ink.push((corner.x + u as f32, corner.y + v as f32, share)));
            x = start + end;
        }
        ink
    }

    fn sized(&self, look: Type) -> PxScaleFont<FontRef<'static>> {
        let font = match look.weight {
            Weight::Regular => &self.regular,
            Weight::Bold => &self.bold,
        };
        let em = font.units_per_em().unwrap_or(1.0);
        font.clone().into_scaled(PxScale::from(look.em * font.height_unscaled() / em))
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

    const LOOK: Type = Type { weight: Weight::Regular, em: 20.0, colour: INK };

    #[test]
    fn long_names_keep_their_start_and_end_and_fit() {
        let fonts = Fonts::new().unwrap();
        let name = "2019-01-03_probe1_unit0034";
        assert_eq!(fonts.shorten(name, LOOK, 1000), name);
        let short = fonts.shorten(name, LOOK, 120);
        assert!(fonts.text_width(&short, LOOK) <= 120, "{short}");
        assert!(short.starts_with("2019") && short.ends_with("034"), "{short}");
        assert!(short.contains('…') && short.chars().count() == 8, "{short}");
    }
}
