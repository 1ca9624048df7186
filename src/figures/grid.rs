//! Panels of one size in rows, each with axes of its own.
use super::text_styles::{LABEL, NAME};
use crate::figures::axes;
use crate::figures::canvas::Canvas;
use crate::figures::marks::{Anchor, Direction, Rect, TextStyle, Weight};
use crate::figures::page::{MARGIN, name_at};

/// Room for the name of a panel above it.
const ABOVE: usize = 56;
/// Room for the numbers to the left of a panel.
pub const NUMBERS: usize = 104;
/// Room for the numbers to the left of a panel and the name of an axis of its own.
pub const NUMBERS_AND_NAME: usize = 160;
/// Room for the numbers below a panel.
const BELOW: usize = 44;
/// Room for the names of axes at the left and at the foot of the grid.
const AXIS_NAME: usize = 44;
/// Pixels from the baseline of a panel's name to the panel.
const BASELINE: usize = 14;

const PANEL: TextStyle = TextStyle { weight: Weight::Bold, ..NAME };

/// Where panels of one size lie on a page.
#[derive(Debug, Clone, Copy)]
pub struct PanelGrid {
    /// How many panels there are.
    pub panels: usize,
    /// How many panels stand side by side, 1 or more.
    pub columns: usize,
    /// Width and height of a panel.
    pub panel: (usize, usize),
    /// The line of the page where the grid begins.
    pub top: usize,
    /// Room to the left of each panel: [`NUMBERS`] or [`NUMBERS_AND_NAME`].
    pub left: usize,
}

impl PanelGrid {
    /// Width and height of the paper that the grid needs.
    pub fn size(&self) -> (usize, usize) {
        let whole = self.whole();
        (whole.right() + 2 * MARGIN, whole.bottom() + BELOW + AXIS_NAME + MARGIN)
    }

    /// Where a panel lies, by its place from left to right, row by row.
    pub fn area(&self, place: usize) -> Rect {
        let (column, row) = (place % self.columns, place / self.columns);
        let (width, height) = self.panel;
        Rect {
            x: MARGIN + AXIS_NAME + self.left + column * (width + self.left),
            y: self.top + ABOVE + row * (height + BELOW + ABOVE),
            width,
            height,
        }
    }

    /// The rectangle from the first panel to the last.
    pub fn whole(&self) -> Rect {
        let Rect { x, y, .. } = self.area(0);
        let last_row = self.panels.div_ceil(self.columns).max(1) - 1;
        let last = self.area(last_row * self.columns + self.columns.min(self.panels.max(1)) - 1);
        Rect { x, y, width: last.right() - x, height: last.bottom() - y }
    }

    /// Writes the name of a panel above it.
    pub fn name(&self, canvas: &mut Canvas, place: usize, name: &str) {
        let area = self.area(place);
        let name = canvas.shorten(name, PANEL, area.width);
        canvas.text(&name, PANEL, (area.x, area.y - BASELINE), Anchor::Left, Direction::Right);
    }

    /// Writes the name of the left axis that all panels share.
    pub fn name_left(&self, canvas: &mut Canvas, name: &str) {
        axes::name_left(canvas, self.whole(), name_at(), name);
    }

    /// Writes the name of the left axis of one panel.
    pub fn name_left_of(&self, canvas: &mut Canvas, place: usize, name: &str) {
        let area = self.area(place);
        axes::name_left(canvas, area, area.x - NUMBERS, name);
    }

    /// Writes the name of the lower axis that all panels share.
    pub fn name_below(&self, canvas: &mut Canvas, name: &str) {
        let whole = self.whole();
        let baseline = whole.bottom() + BELOW + LABEL.capital() + BASELINE;
        canvas.text(name, LABEL, (whole.centre_x(), baseline), Anchor::Centre, Direction::Right);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn panels_lie_on_the_paper_and_leave_room_for_numbers_and_names() {
        for (panels, columns) in [(1, 1), (5, 3), (12, 4)] {
            let grid = PanelGrid { panels, columns, panel: (400, 300), top: 160, left: NUMBERS };
            let (width, height) = grid.size();
            let areas: Vec<Rect> = (0..panels).map(|place| grid.area(place)).collect();
            for area in &areas {
                assert!(area.right() + MARGIN <= width && area.bottom() + BELOW < height);
                assert!(area.x >= NUMBERS && area.y >= grid.top + ABOVE, "{area:?}");
            }
            let pairs = (0..panels).flat_map(|b| (0..b).map(move |a| (a, b)));
            for (one, other) in pairs.map(|(a, b)| (areas[a], areas[b])) {
                let beside = one.right() + NUMBERS <= other.x || other.right() <= one.x;
                let below = one.bottom() + BELOW + ABOVE <= other.y;
                assert!(beside || below, "{one:?}, {other:?}");
            }
            assert_eq!(areas[0].x, grid.whole().x);
            assert_eq!(areas[panels - 1].bottom(), grid.whole().bottom());
        }
    }
}
