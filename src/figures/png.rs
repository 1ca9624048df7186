//! What was drawn as pixels, and pixels as the bytes of a PNG file.
use std::f32::consts::TAU;

use ab_glyph::OutlineCurve;
use tiny_skia::{
    Color, FillRule, LineCap, LineJoin, Paint, Path, PathBuilder, Pixmap, PremultipliedColorU8,
    Stroke, Transform,
};

use super::colour::Rgb;
use super::fonts::Fonts;
use super::marks::{Anchor, Direction, Mark, Position, Rect, Text};
use crate::base::error::Cause;

/// Pixels of a metre at 144 to the inch: twice what a screen shows, so that text stays crisp.
const PIXELS_PER_METRE: u32 = 5669;
/// Corners of the polygon that a dot is filled as: tiny-skia would draw a circle with 16, which
/// takes 2 % of its area.
const CORNERS: u16 = 64;

/// The pixels, line by line, of white paper of a size with marks on it, later ones over earlier
/// ones.
///
/// # Errors
/// The paper has no pixel, or more than can be drawn on.
pub fn pixels(
    (width, height): (usize, usize),
    marks: &[Mark],
    fonts: &Fonts,
) -> Result<Vec<Rgb>, Cause> {
    let pixmap = Pixmap::new(u32::try_from(width)?, u32::try_from(height)?);
    let mut pixmap = pixmap.ok_or("a picture of no pixels, or of too many")?;
    pixmap.fill(Color::WHITE);
    let mut paper = Paper { area: Rect { x: 0, y: 0, width, height }, pixmap };
    for mark in marks {
        match mark {
            Mark::Fill(rect, colour) => paper.fill(*rect, *colour),
            Mark::Line { points, width, colour } => paper.line(points, *width, *colour),
            Mark::Dot { centre, radius, colour } => paper.dot(*centre, *radius, *colour),
            Mark::Image { area, pixels } => paper.image(*area, pixels),
            Mark::Text(text) => paper.text(text, fonts),
        }
    }
    let pixels = paper.pixmap.pixels().iter();
    Ok(pixels.map(|pixel| [pixel.red(), pixel.green(), pixel.blue()]).collect())
}

/// Pixels that are drawn on; all of them are opaque.
struct Paper {
    area: Rect,
    pixmap: Pixmap,
}

impl Paper {
    fn fill(&mut self, rect: Rect, colour: Rgb) {
        let rect = rect.within(self.area);
        for y in rect.y..rect.bottom() {
            self.row(y, rect).fill(opaque(colour));
        }
    }

    fn image(&mut self, area: Rect, pixels: &[Rgb]) {
        let shown = area.within(self.area);
        let rows = pixels.chunks(area.width.max(1)).skip(shown.y.saturating_sub(area.y));
        for (y, row) in (shown.y..shown.bottom()).zip(rows) {
            for (pixel, colour) in self.row(y, shown).iter_mut().zip(row) {
                *pixel = opaque(*colour);
            }
        }
    }

    /// Pixels of a line of the paper, from left to right of a rectangle on it.
    fn row(&mut self, y: usize, rect: Rect) -> &mut [PremultipliedColorU8] {
        let start = y * self.area.width + rect.x;
        &mut self.pixmap.pixels_mut()[start..start + rect.width]
    }

    fn line(&mut self, points: &[Position], width: f32, colour: Rgb) {
        let stroke = Stroke {
            width,
            line_cap: LineCap::Round,
            line_join: LineJoin::Round,
            ..Stroke::default()
        };
        if let Some(path) = polyline(points.iter().copied()) {
            let place = Transform::identity();
            self.pixmap.stroke_path(&path, &paint(colour), &stroke, place, None);
        }
    }

    fn dot(&mut self, (x, y): Position, radius: f32, colour: Rgb) {
        let corner = |corner: u16| {
            let (sine, cosine) = (TAU * f32::from(corner) / f32::from(CORNERS)).sin_cos();
            (x + radius * cosine, y + radius * sine)
        };
        if let Some(path) = polyline((0..CORNERS).map(corner)) {
            self.fill_path(&path, colour, Transform::identity());
        }
    }

    fn text(&mut self, text: &Text, fonts: &Fonts) {
        let start = match text.anchor {
            Anchor::Left => 0.0,
            Anchor::Centre => -(text.width as f32 / 2.0).floor(),
            Anchor::Right => -(text.width as f32),
        };
        let (x, y) = (text.at.0 as f32, text.at.1 as f32);
        let place = match text.direction {
            Direction::Right => Transform::from_translate(x, y),
            // A quarter turn to the left.
            Direction::Up => Transform::from_row(0.0, -1.0, 1.0, 0.0, x, y),
        };
        if let Some(path) = outline(&fonts.outlines(&text.letters, text.style, start)) {
            self.fill_path(&path, text.style.colour, place);
        }
    }

    fn fill_path(&mut self, path: &Path, colour: Rgb, place: Transform) {
        self.pixmap.fill_path(path, &paint(colour), FillRule::Winding, place, None);
    }
}

/// The path through points; none where there are fewer than two.
fn polyline(points: impl Iterator<Item = Position>) -> Option<Path> {
    let mut path = PathBuilder::new();
    for (x, y) in points {
        if path.is_empty() { path.move_to(x, y) } else { path.line_to(x, y) }
    }
    path.finish()
}

fn opaque([red, green, blue]: Rgb) -> PremultipliedColorU8 {
    tiny_skia::ColorU8::from_rgba(red, green, blue, u8::MAX).premultiply()
}

fn paint([red, green, blue]: Rgb) -> Paint<'static> {
    let mut paint = Paint::default();
    paint.set_color_rgba8(red, green, blue, u8::MAX);
    paint
}

/// The path of curves, of which each starts where the one before ends or begins another contour;
/// none where there is nothing to fill.
fn outline(curves: &[OutlineCurve]) -> Option<Path> {
    let mut path = PathBuilder::new();
    let mut end = None;
    for curve in curves {
        let (OutlineCurve::Line(start, _)
        | OutlineCurve::Quad(start, ..)
        | OutlineCurve::Cubic(start, ..)) = curve;
        if end != Some(*start) {
            path.move_to(start.x, start.y);
        }
        end = Some(match curve {
            OutlineCurve::Line(_, to) => {
                path.line_to(to.x, to.y);
                *to
            }
            OutlineCurve::Quad(_, by, to) => {
                path.quad_to(by.x, by.y, to.x, to.y);
                *to
            }
            OutlineCurve::Cubic(_, by, then, to) => {
                path.cubic_to(by.x, by.y, then.x, then.y, to.x, to.y);
                *to
            }
        });
    }
    path.finish()
}

/// Pixels, line by line, as the bytes of a PNG file; one with a title also says how large it is
/// meant and what made it.
///
/// # Errors
/// They are too many for one.
pub fn encoded(
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figures::canvas::Canvas;
    use crate::figures::colour::{INK, WHITE};
    use crate::figures::marks::{TextStyle, Weight};

    const STYLE: TextStyle = TextStyle { weight: Weight::Regular, em: 20.0, colour: INK };
    const BLACK: Rgb = [0; 3];

    fn drawn(draw: impl FnOnce(&mut Canvas)) -> Vec<Rgb> {
        let mut canvas = Canvas::new(200, 160, Fonts::new().unwrap());
        draw(&mut canvas);
        canvas.pixels().unwrap()
    }

    /// How many pixels what is drawn in black covers.
    fn covered(draw: impl FnOnce(&mut Canvas)) -> f32 {
        drawn(draw).iter().map(|[red, ..]| f32::from(255 - red) / 255.0).sum()
    }

    #[test]
    fn a_line_covers_its_length_times_its_width() {
        let flat = covered(|canvas| canvas.line(&[(10.0, 20.5), (110.0, 20.5)], 3.0, BLACK));
        assert!((flat - 300.0).abs() < 10.0, "{flat}");
        let steep = covered(|canvas| canvas.line(&[(10.0, 10.0), (70.0, 90.0)], 2.0, BLACK));
        assert!((steep - 200.0).abs() < 8.0, "{steep}");
    }

    #[test]
    fn a_joint_is_covered_once_and_a_dot_is_round() {
        let corner = [(10.0, 10.0), (60.0, 10.0), (60.0, 60.0)];
        let bent = covered(|canvas| canvas.line(&corner, 2.0, BLACK));
        assert!((bent - 200.0).abs() < 8.0, "{bent}");
        let dot = covered(|canvas| canvas.dot((30.0, 30.0), 10.0, BLACK));
        assert!((dot - std::f32::consts::PI * 100.0).abs() < 6.0, "{dot}");
        let nowhere = covered(|canvas| canvas.line(&[(f32::NAN, 0.0), (1.0, 1.0)], 2.0, BLACK));
        assert!(nowhere.abs() < 1e-9);
    }

    #[test]
    fn rectangles_and_images_have_sharp_edges_and_end_at_those_of_the_paper() {
        let rect = Rect { x: 190, y: 150, width: 30, height: 5 };
        let pixels = drawn(|canvas| {
            canvas.fill(rect, BLACK);
            let image = Rect { x: 195, y: 155, width: 50, height: 50 };
            canvas.image(image, std::iter::once((Rect { width: 7, ..image }, INK)));
        });
        for (place, pixel) in pixels.iter().enumerate() {
            let (x, y) = (place % 200, place / 200);
            let want = match (x >= 190, x >= 195, y) {
                (true, _, 150..155) => BLACK,
                (_, true, 155..) => INK,
                _ => WHITE,
            };
            assert_eq!(*pixel, want, "{x} {y}");
        }
    }

    #[test]
    fn text_lies_where_it_is_anchored() {
        let inked = |anchor, direction| {
            let pixels = drawn(|canvas| canvas.text("HHHH", STYLE, (100, 80), anchor, direction));
            let inked = (0..200 * 160).filter(|i| pixels[*i] != WHITE);
            let (x, y): (Vec<_>, Vec<_>) = inked.map(|i| (i % 200, i / 200)).unzip();
            (
                *x.iter().min().unwrap(),
                *x.iter().max().unwrap(),
                *y.iter().min().unwrap(),
                *y.iter().max().unwrap(),
            )
        };
        let (left, right, top, bottom) = inked(Anchor::Left, Direction::Right);
        assert!((100..105).contains(&left) && (150..165).contains(&right), "{left} {right}");
        assert!((64..68).contains(&top) && (78..81).contains(&bottom), "{top} {bottom}");
        let (left, right, ..) = inked(Anchor::Centre, Direction::Right);
        assert!((199..203).contains(&(left + right + 1)), "{left} {right}");
        let (left, right, top, bottom) = inked(Anchor::Right, Direction::Up);
        assert!((84..88).contains(&left) && (98..101).contains(&right), "{left} {right}");
        assert!((80..85).contains(&top) && (130..145).contains(&bottom), "{top} {bottom}");
    }
}
