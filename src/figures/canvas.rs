//! Paper: rectangles, lines, dots and text, on pixels and as a list of what was drawn.
use std::path::Path;

use crate::base::error::{Cause, Error, Result};
use crate::base::files::{self, Existing};
use crate::figures::colour::{Rgb, WHITE, mix};
use crate::figures::coverage::Coverage;
use crate::figures::fonts::{Fonts, Type};
use crate::figures::svg;

/// Pixels of a metre at 144 to the inch: twice what a screen shows, so that text stays crisp.
const PIXELS_PER_METRE: u32 = 5669;

/// Pixels from `x` and `y` of the upper left corner, right and down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rect {
    pub x: usize,
    pub y: usize,
    pub width: usize,
    pub height: usize,
}

impl Rect {
    /// The same with `edge` more pixels on every side.
    pub fn grow(self, edge: usize) -> Self {
        let Self { x, y, width, height } = self;
        Self { x: x - edge, y: y - edge, width: width + 2 * edge, height: height + 2 * edge }
    }

    /// First column to the right of it.
    pub fn right(self) -> usize {
        self.x + self.width
    }

    /// First line below it.
    pub fn bottom(self) -> usize {
        self.y + self.height
    }

    /// Column of its middle.
    pub fn centre_x(self) -> usize {
        self.x + self.width / 2
    }

    /// Line of its middle.
    pub fn centre_y(self) -> usize {
        self.y + self.height / 2
    }
}

/// Which point of a text is placed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Anchor {
    Left,
    Centre,
    Right,
}

/// Which way a text runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Run {
    Right,
    Up,
}

/// A point: pixels from the upper left corner, right and down.
pub type Point = (f32, f32);

/// Something that was drawn.
#[derive(Debug, Clone, PartialEq)]
pub enum Mark {
    /// A filled rectangle.
    Fill(Rect, Rgb),
    /// A line through points.
    Line { points: Vec<Point>, width: f32, colour: Rgb },
    /// A filled circle.
    Dot { centre: Point, radius: f32, colour: Rgb },
    /// The pixels of a rectangle, line by line.
    Image { area: Rect, pixels: Vec<Rgb> },
    /// A text, its anchor and baseline at a point, and the pixels that it takes.
    Text { text: String, look: Type, at: (usize, usize), anchor: Anchor, run: Run, width: usize },
}

/// White paper of a fixed size.
pub struct Canvas {
    width: usize,
    height: usize,
    pixels: Vec<Rgb>,
    marks: Vec<Mark>,
    fonts: Fonts,
}

impl Canvas {
    /// Nothing but white.
    pub fn new(width: usize, height: usize, fonts: Fonts) -> Self {
        Self { width, height, pixels: vec![WHITE; width * height], marks: Vec::new(), fonts }
    }

    /// Pixels from left to right.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Pixels from top to bottom.
    pub fn height(&self) -> usize {
        self.height
    }

    /// Fills a rectangle; what lies outside the paper is cut off.
    pub fn fill(&mut self, rect: Rect, colour: Rgb) {
        self.marks.push(Mark::Fill(rect, colour));
        self.paint(rect, colour);
    }

    /// Fills cells of an area, which are one image in a picture of shapes.
    pub fn image(&mut self, area: Rect, cells: impl Iterator<Item = (Rect, Rgb)>) {
        for (cell, colour) in cells {
            self.paint(cell, colour);
        }
        let lines = (area.y..area.bottom()).map(|y| y * self.width + area.x);
        let lines = lines.map(|start| &self.pixels[start..start + area.width]);
        let pixels = lines.collect::<Vec<_>>().concat();
        self.marks.push(Mark::Image { area, pixels });
    }

    fn paint(&mut self, rect: Rect, colour: Rgb) {
        let right = rect.right().min(self.width);
        for y in rect.y..rect.bottom().min(self.height) {
            self.pixels[y * self.width + rect.x.min(right)..y * self.width + right].fill(colour);
        }
    }

    /// Draws a line of so many pixels through points.
    pub fn line(&mut self, points: &[Point], width: f32, colour: Rgb) {
        self.marks.push(Mark::Line { points: points.to_vec(), width, colour });
        self.cover(&Coverage::of_line(points, width), colour);
    }

    /// Draws a filled circle.
    pub fn dot(&mut self, centre: Point, radius: f32, colour: Rgb) {
        self.marks.push(Mark::Dot { centre, radius, colour });
        self.cover(&Coverage::of_line(&[centre, centre], 2.0 * radius), colour);
    }

    fn cover(&mut self, coverage: &Coverage, colour: Rgb) {
        for (x, y, share) in coverage.pixels() {
            self.blend(x, y, colour, share);
        }
    }

    /// Writes `text` with its anchor and baseline at `at`.
    pub fn text(&mut self, text: &str, look: Type, at: (usize, usize), anchor: Anchor, run: Run) {
        let width = self.fonts.text_width(text, look);
        let mark = Mark::Text { text: text.to_owned(), look, at, anchor, run, width };
        self.marks.push(mark);
        let start = match anchor {
            Anchor::Left => 0.0,
            Anchor::Centre => -(width as f32 / 2.0).floor(),
            Anchor::Right => -(width as f32),
        };
        for (along, down, share) in self.fonts.ink(text, look, start) {
            let (dx, dy) = match run {
                Run::Right => (along, down),
                Run::Up => (down, -along - 1.0),
            };
            self.blend(at.0 as f32 + dx, at.1 as f32 + dy, look.colour, share);
        }
    }

    /// Pixels that a text takes.
    pub fn text_width(&self, text: &str, look: Type) -> usize {
        self.fonts.text_width(text, look)
    }

    /// See [`Fonts::shorten`].
    pub fn shorten(&self, text: &str, look: Type, room: usize) -> String {
        self.fonts.shorten(text, look, room)
    }

    fn blend(&mut self, x: f32, y: f32, colour: Rgb, share: f32) {
        if x < 0.0 || y < 0.0 || whole(x) >= self.width || whole(y) >= self.height {
            return;
        }
        let (x, y) = (whole(x), whole(y));
        self.pixels[y * self.width + x] = mix(self.at(x, y), colour, share.clamp(0.0, 1.0));
    }

    /// The colour of a pixel of the paper.
    pub fn at(&self, x: usize, y: usize) -> Rgb {
        self.pixels[y * self.width + x]
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
        png_of((self.width, self.height), &self.pixels, Some(title))
    }
}

/// Pixels, line by line, as the bytes of a PNG file; one with a title also says how large it is
/// meant and what made it.
///
/// # Errors
/// They are too many for one.
pub fn png_of(
    (width, height): (usize, usize),
    pixels: &[Rgb],
    title: Option<&str>,
) -> Result<Vec<u8>, Cause> {
    let mut bytes = Vec::new();
    let mut png = png::Encoder::new(&mut bytes, u32::try_from(width)?, u32::try_from(height)?);
    png.set_color(png::ColorType::Rgb);
    // Lines of cells repeat the line above.
    png.set_filter(png::FilterType::Up);
    png.set_compression(png::Compression::Best);
    if let Some(title) = title {
        png.set_pixel_dims(Some(png::PixelDimensions {
            xppu: PIXELS_PER_METRE,
            yppu: PIXELS_PER_METRE,
            unit: png::Unit::Meter,
        }));
        png.add_itxt_chunk("Title".into(), title.into())?;
        png.add_text_chunk("Software".into(), concat!("strf ", env!("CARGO_PKG_VERSION")).into())?;
    }
    let mut writer = png.write_header()?;
    writer.write_image_data(pixels.as_flattened())?;
    writer.finish()?;
    Ok(bytes)
}

/// The pixel that `pixels` lies in.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates")]
pub fn whole(pixels: f32) -> usize {
    pixels as usize
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figures::colour::INK;
    use crate::figures::fonts::Weight;

    const LOOK: Type = Type { weight: Weight::Regular, em: 20.0, colour: INK };

    #[test]
    fn text_lies_where_it_is_anchored() {
        let inked = |anchor, run| {
            let mut canvas = Canvas::new(200, 160, Fonts::new().unwrap());
            canvas.text("HHHH", LOOK, (100, 80), anchor, run);
            let inked = (0..200 * 160).filter(|i| canvas.pixels[*i] != WHITE);
            let (x, y): (Vec<_>, Vec<_>) = inked.map(|i| (i % 200, i / 200)).unzip();
            (
                *x.iter().min().unwrap(),
                *x.iter().max().unwrap(),
                *y.iter().min().unwrap(),
                *y.iter().max().unwrap(),
            )
        };
        let (left, right, top, bottom) = inked(Anchor::Left, Run::Right);
        assert!((100..105).contains(&left) && (150..165).contains(&right), "{left} {right}");
        assert!((64..68).contains(&top) && (78..81).contains(&bottom), "{top} {bottom}");
        let (left, right, ..) = inked(Anchor::Centre, Run::Right);
        assert!((199..203).contains(&(left + right + 1)), "{left} {right}");
        let (left, right, top, bottom) = inked(Anchor::Right, Run::Up);
        assert!((84..88).contains(&left) && (98..101).contains(&right), "{left} {right}");
        assert!((80..85).contains(&top) && (130..145).contains(&bottom), "{top} {bottom}");
    }
}
