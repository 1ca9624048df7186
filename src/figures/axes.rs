//! A rectangle with marks and numbers along its left and lower edges.
use super::text_styles::{LABEL, TICK};
use crate::figures::canvas::Canvas;
use crate::figures::colour::GREY;
use crate::figures::marks::{Anchor, Direction, Rect};
use crate::figures::ticks::Tick;

/// Pixels of the thickness of a frame.
pub const FRAME: usize = 2;
/// Pixels of the length of a mark on an axis.
pub const MARK: usize = 8;
/// Pixels from an axis to its numbers: the mark, and white.
pub const AROUND_TICK: usize = 18;

/// Where something lies along an axis: 0 is its start, 1 its end.
pub type Share = f64;

/// Draws lines around an area.
pub fn frame(canvas: &mut Canvas, area: Rect) {
    let Rect { x, y, width, height } = area.grow(FRAME);
    let (right, bottom) = (area.right(), area.bottom());
    for line in [
        Rect { x, y, width, height: FRAME },
        Rect { x, y: bottom, width, height: FRAME },
        Rect { x, y, width: FRAME, height },
        Rect { x: right, y, width: FRAME, height },
    ] {
        canvas.fill(line, GREY);
    }
}

/// Draws marks and numbers at the left edge of an area, growing upward.
pub fn left(canvas: &mut Canvas, area: Rect, ticks: &[Tick]) {
    for tick in ticks {
        let y = area.bottom() - along(tick.at, area.height);
        let mark = Rect { x: area.x - FRAME - MARK, y: y - 1, width: MARK, height: 2 };
        canvas.fill(mark, GREY);
        let at = (area.x - AROUND_TICK + 2, y + TICK.capital() / 2);
        canvas.text(&tick.label, TICK, at, Anchor::Right, Direction::Right);
    }
}

/// Draws marks and numbers at the lower edge of an area, growing to the right.
pub fn below(canvas: &mut Canvas, area: Rect, ticks: &[Tick]) {
    for tick in ticks {
        let x = area.x + along(tick.at, area.width);
        let mark = Rect { x: x - 1, y: area.bottom() + FRAME, width: 2, height: MARK };
        canvas.fill(mark, GREY);
        let at = (x, area.bottom() + AROUND_TICK + TICK.capital());
        canvas.text(&tick.label, TICK, at, Anchor::Centre, Direction::Right);
    }
}

/// Writes the name of the left axis of an area, its baseline at `x`.
pub fn name_left(canvas: &mut Canvas, area: Rect, x: usize, name: &str) {
    canvas.text(name, LABEL, (x, area.centre_y()), Anchor::Centre, Direction::Up);
}

/// Writes the name of the lower axis of an area, under its numbers.
pub fn name_below(canvas: &mut Canvas, area: Rect, name: &str) {
    let baseline = area.bottom() + AROUND_TICK + 2 * TICK.capital() + LABEL.capital() + 8;
    canvas.text(name, LABEL, (area.centre_x(), baseline), Anchor::Centre, Direction::Right);
}

/// An area with its upper edge raised by so many pixels.
pub fn above(area: Rect, pixels: usize) -> Rect {
    Rect { y: area.y - pixels, height: area.height + pixels, ..area }
}

/// The part of an area from one share of its width to another, and from one share of its height,
/// counted from below, to another; at least a pixel each way.
pub fn part(area: Rect, (from, to): (Share, Share), (low, high): (Share, Share)) -> Rect {
    let (left, right) = (along(from, area.width), along(to, area.width));
    let (bottom, top) = (along(low, area.height), along(high, area.height));
    Rect {
        x: area.x + left,
        y: area.bottom() - top.max(bottom + 1).min(area.height),
        width: (right - left.min(right)).max(1),
        height: (top - bottom.min(top)).max(1),
    }
}

/// How many pixels a share of `length` pixels is.
fn along(share: Share, length: usize) -> usize {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to length")]
    let pixels = (share.clamp(0.0, 1.0) * length as f64).round() as usize;
    pixels
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_an_area_meet_without_gaps_and_are_never_empty() {
        let area = Rect { x: 10, y: 20, width: 100, height: 50 };
        let first = part(area, (0.0, 0.333), (0.0, 0.5));
        let second = part(area, (0.333, 1.0), (0.5, 1.0));
        assert_eq!(first, Rect { x: 10, y: 45, width: 33, height: 25 });
        assert_eq!(second, Rect { x: 43, y: 20, width: 67, height: 25 });
        let thin = part(area, (0.5, 0.5), (0.0, 0.0));
        assert_eq!(thin, Rect { x: 60, y: 69, width: 1, height: 1 });
    }
}
