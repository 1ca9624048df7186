//! Lines and dots over two axes of numbers.
use super::text_styles::REMARK;
use crate::figures::axes;
use crate::figures::canvas::Canvas;
use crate::figures::colour::{GREY, Rgb};
use crate::figures::marks::{Anchor, Direction, Position, Rect};
use crate::figures::ticks;

/// Pixels of the thickness of a curve.
const CURVE: f32 = 3.0;
/// Pixels of the line in front of a name in a legend.
const SAMPLE: usize = 40;
/// White around a sample in a legend.
const GAP: usize = 14;

/// An area, and the values at its edges.
#[derive(Debug, Clone, Copy)]
pub struct Chart {
    /// Where the chart lies on the paper.
    pub area: Rect,
    /// The values at the left and the right edge.
    pub across: (f64, f64),
    /// The values at the lower and the upper edge.
    pub up: (f64, f64),
}

impl Chart {
    /// A chart whose upper and lower edges leave a little room around all values that are numbers;
    /// 0 stays at the edge where nothing is negative.
    pub fn around(area: Rect, across: (f64, f64), values: impl Iterator<Item = f64>) -> Self {
        let finite = values.filter(|value| value.is_finite());
        let (low, high) = finite
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| (low.min(v), high.max(v)));
        let (low, high) = if low <= high { (low, high) } else { (0.0, 1.0) };
        let room = if high > low { 0.06 * (high - low) } else { 0.5 * high.abs().max(1e-9) };
        let bottom = if low >= 0.0 { (low - room).max(0.0) } else { low - room };
        Self { area, across, up: (bottom, high + room) }
    }

    /// Where a pair of values lies on the paper.
    pub fn point(&self, (x, y): (f64, f64)) -> Position {
        let share = |value: f64, (low, high): (f64, f64)| (value - low) / (high - low);
        let right = share(x, self.across) * self.area.width as f64;
        let down = (1.0 - share(y, self.up)) * self.area.height as f64;
        #[expect(clippy::cast_possible_truncation, reason = "pixels")]
        let (right, down) = (right as f32, down as f32);
        (self.area.x as f32 + right, self.area.y as f32 + down)
    }

    /// Draws a curve, with gaps where a value is not a number.
    pub fn curve(&self, canvas: &mut Canvas, points: &[(f64, f64)], colour: Rgb) {
        for part in points.split(|(x, y)| !(x.is_finite() && y.is_finite())) {
            let part: Vec<Position> = part.iter().map(|point| self.point(*point)).collect();
            match part[..] {
                [] => {}
                [only] => canvas.dot(only, CURVE, colour),
                _ => canvas.line(&part, CURVE, colour),
            }
        }
    }

    /// Draws a thin straight line between two pairs of values.
    pub fn rule(&self, canvas: &mut Canvas, from: (f64, f64), to: (f64, f64)) {
        canvas.line(&[self.point(from), self.point(to)], 2.0, GREY);
    }

    /// Draws the frame, and marks, numbers and the name of the left axis with its baseline at `x`.
    pub fn left(&self, canvas: &mut Canvas, name: &str, x: usize) {
        axes::frame(canvas, self.area);
        axes::left(canvas, self.area, &ticks::values(self.up.0, self.up.1, 5.0));
        axes::name_left(canvas, self.area, x, name);
    }

    /// Draws marks, numbers and the name of the lower axis.
    pub fn below(&self, canvas: &mut Canvas, name: &str) {
        axes::below(canvas, self.area, &ticks::values(self.across.0, self.across.1, 6.0));
        axes::name_below(canvas, self.area, name);
    }
}

/// Draws the names of curves in their colours, from left to right, above an area.
pub fn legend(canvas: &mut Canvas, area: Rect, curves: &[(&str, Rgb)]) {
    samples(canvas, area, curves, |canvas, from, colour| {
        canvas.line(&[from, (from.0 + SAMPLE as f32, from.1)], CURVE, colour);
        SAMPLE
    });
}

/// Draws the names of dots in their colours, from left to right, above an area.
pub fn dots(canvas: &mut Canvas, area: Rect, kinds: &[(&str, Rgb)]) {
    samples(canvas, area, kinds, |canvas, from, colour| {
        canvas.dot((from.0 + GAP as f32 / 2.0, from.1), GAP as f32 / 2.0, colour);
        GAP
    });
}

/// Writes names, each behind what `sample` draws at a place, which says how wide that is.
fn samples(
    canvas: &mut Canvas,
    area: Rect,
    names: &[(&str, Rgb)],
    sample: impl Fn(&mut Canvas, Position, Rgb) -> usize,
) {
    let (mut x, y) = (area.x, area.y - GAP);
    for (name, colour) in names {
        let width = sample(canvas, (x as f32, (y - REMARK.capital() / 2) as f32), *colour);
        canvas.text(name, REMARK, (x + width + GAP, y), Anchor::Left, Direction::Right);
        x += width + 3 * GAP + canvas.text_width(name, REMARK);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AREA: Rect = Rect { x: 100, y: 50, width: 400, height: 200 };

    #[test]
    fn values_lie_between_the_edges_from_the_lower_left() {
        let chart = Chart { area: AREA, across: (1.0, 5.0), up: (-1.0, 1.0) };
        assert_eq!(chart.point((1.0, -1.0)), (100.0, 250.0));
        assert_eq!(chart.point((5.0, 1.0)), (500.0, 50.0));
        assert_eq!(chart.point((2.0, 0.0)), (200.0, 150.0));
    }

    #[test]
    fn edges_follow_the_values_and_keep_zero_below_what_is_never_negative() {
        let up = |values: &[f64]| Chart::around(AREA, (0.0, 1.0), values.iter().copied()).up;
        assert_eq!(up(&[0.0, 1.0, f64::NAN]), (0.0, 1.06));
        assert!(up(&[-1.0, 1.0]).0 < -1.0);
        let (low, high) = up(&[0.5, 0.5]);
        assert!(low < 0.5 && high > 0.5);
        assert_eq!(up(&[f64::NAN]), (0.0, 1.06));
    }
}
