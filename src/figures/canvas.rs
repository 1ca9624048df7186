//! Paper on which pictures are drawn: it keeps a list of marks, which become pixels or SVG.
use std::path::Path;

use super::colour::{Rgb, WHITE};
use super::fonts::Fonts;
use super::marks::{Anchor, Direction, Mark, Position, Rect, Text, TextStyle};
use super::{png, svg};
use crate::base::error::{Cause, Error, Result};
use crate::base::files::{self, Existing};

/// White paper of a fixed size.
pub struct Canvas {
    width: usize,
    height: usize,
    marks: Vec<Mark>,
    fonts: Fonts,
}

impl Canvas {
    /// White paper with nothing on it.
    pub fn new(width: usize, height: usize, fonts: Fonts) -> Self {
        Self { width, height, marks: Vec::new(), fonts }
    }

    /// Pixels of the paper from left to right.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Pixels of the paper from top to bottom.
    pub fn height(&self) -> usize {
        self.height
    }

    /// Fills a rectangle; what lies outside the paper is cut off.
    pub fn fill(&mut self, rect: Rect, colour: Rgb) {
        self.marks.push(Mark::Fill(rect, colour));
    }

    /// Fills cells of an area, which are one image; what no cell covers is white.
    pub fn image(&mut self, area: Rect, cells: impl Iterator<Item = (Rect, Rgb)>) {
        let mut pixels = vec![WHITE; area.width * area.height];
        for (cell, colour) in cells {
            let cell = cell.within(area);
            for y in cell.y..cell.bottom() {
                let start = (y - area.y) * area.width + cell.x - area.x;
                pixels[start..start + cell.width].fill(colour);
            }
        }
        self.marks.push(Mark::Image { area, pixels });
    }

    /// Draws a line of so many pixels through points; nothing where one of them is not finite.
    pub fn line(&mut self, points: &[Position], width: f32, colour: Rgb) {
        if points.iter().all(|(x, y)| x.is_finite() && y.is_finite()) {
            self.marks.push(Mark::Line { points: points.to_vec(), width, colour });
        }
    }

    /// Draws a filled circle; nothing where its centre is not finite.
    pub fn dot(&mut self, centre: Position, radius: f32, colour: Rgb) {
        if centre.0.is_finite() && centre.1.is_finite() {
            self.marks.push(Mark::Dot { centre, radius, colour });
        }
    }

    /// Writes `text` with its anchor and baseline at `at`.
    pub fn text(
        &mut self,
        text: &str,
        style: TextStyle,
        at: (usize, usize),
        anchor: Anchor,
        direction: Direction,
    ) {
        let letters = self.fonts.legible(text);
        let width = self.fonts.text_width(&letters, style);
        let text = Text { letters, style, at, anchor, direction, width };
        self.marks.push(Mark::Text(text));
    }

    /// Pixels that a text takes.
    pub fn text_width(&self, text: &str, style: TextStyle) -> usize {
        self.fonts.text_width(&self.fonts.legible(text), style)
    }

    /// A text that fits into so many pixels; see [`Fonts::shorten`].
    pub fn shorten(&self, text: &str, style: TextStyle, room: usize) -> String {
        self.fonts.shorten(text, style, room)
    }

    /// Writes the picture: as SVG where the name of the file ends in `.svg`, else as PNG.
    ///
    /// # Errors
    /// `path` exists and is to be kept, or cannot be written; nothing is left behind then.
    pub fn write(&self, path: &Path, title: &str, existing: Existing) -> Result<()> {
        let ending = path.extension().unwrap_or_default();
        files::file(path, existing, |beside| {
            let drawn = if ending.eq_ignore_ascii_case("svg") {
                self.svg(title).map(String::into_bytes)
            } else {
                self.png(title)
            };
            let written = drawn.and_then(|bytes| Ok(std::fs::write(beside, bytes)?));
            written.map_err(|e| Error::file(format!("writing {}", path.display()), e))
        })
    }

    /// The picture as SVG.
    ///
    /// # Errors
    /// An image in it is too large for PNG.
    pub fn svg(&self, title: &str) -> Result<String, Cause> {
        svg::picture((self.width, self.height), &self.marks, title)
    }

    /// The picture as the bytes of a PNG file.
    ///
    /// # Errors
    /// It is too large for one.
    pub fn png(&self, title: &str) -> Result<Vec<u8>, Cause> {
        png::encoded((self.width, self.height), &self.pixels()?, Some(title))
    }

    /// The pixels of the picture, line by line.
    ///
    /// # Errors
    /// They are too many to be drawn.
    pub fn pixels(&self) -> Result<Vec<Rgb>, Cause> {
        png::pixels((self.width, self.height), &self.marks, &self.fonts)
    }
}
