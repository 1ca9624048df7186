//! Pages of up to three neurons side by side: head, columns, and how much of a clip they show.
use super::text_styles::{LABEL, REMARK, TITLE};
use crate::base::units::bins;
use crate::figures::canvas::Canvas;
use crate::figures::marks::{Anchor, Direction, Rect};

/// Pixels of white around a page.
pub const MARGIN: usize = 40;
/// Pixels of the width of a page of columns.
pub const WIDTH: usize = 2250;
/// Pixels of white between the panels of a column.
pub const BETWEEN: usize = 28;
/// Room for the numbers to the left of a column.
const NUMBERS: usize = 100;
/// Room for the names of the axes to the left of the first column.
const AXIS_NAMES: usize = 44;
/// The pixel of a page where its first column begins.
pub const FIRST_COLUMN: usize = MARGIN + AXIS_NAMES + NUMBERS;
/// Longest stretch of a clip that is shown.
const MOST_SECONDS: f64 = 5.0;

/// A panel of a column: the pixels of white above it and those of its height.
pub type Panel = (usize, usize);

/// Writes the title of a page and a line below it.
pub fn head(canvas: &mut Canvas, title: &str, remark: &str) {
    let room = canvas.width() - 2 * MARGIN;
    let title = canvas.shorten(title, TITLE, room);
    canvas.text(&title, TITLE, (MARGIN, MARGIN + TITLE.capital()), Anchor::Left, Direction::Right);
    let remark = canvas.shorten(remark, REMARK, room);
    let at = (MARGIN, MARGIN + TITLE.capital() + 2 * REMARK.capital() + 10);
    canvas.text(&remark, REMARK, at, Anchor::Left, Direction::Right);
}

/// The baseline of the names of left axes.
pub fn name_at() -> usize {
    MARGIN + LABEL.capital()
}

/// Pixels of the width of each of `count` columns.
pub fn column_pixels(count: usize) -> usize {
    (WIDTH - 2 * MARGIN - AXIS_NAMES) / count.max(1) - NUMBERS
}

/// The panels of one of `count` columns, below each other from `top`.
pub fn column<const N: usize>(
    (place, count): (usize, usize),
    top: usize,
    panels: [Panel; N],
) -> [Rect; N] {
    let width = column_pixels(count);
    let x = FIRST_COLUMN + place * (width + NUMBERS);
    let mut bottom = top;
    panels.map(|(above, height)| {
        let area = Rect { x, y: bottom + above, width, height };
        bottom = area.bottom();
        area
    })
}

/// Pixels of the height of a column of panels.
pub fn height(panels: &[Panel]) -> usize {
    panels.iter().map(|(above, height)| above + height).sum()
}

/// How many bins of a clip are shown, at least 1.
pub fn shown_bins(all: usize, dt_ms: f64) -> usize {
    all.min(bins(1000.0 * MOST_SECONDS, dt_ms, 1))
}

/// The first, the middle and the last of some, each once, with their names; one alone has none.
pub fn three<T: Copy>(sorted: &[T], names: [&'static str; 3]) -> Vec<(&'static str, T)> {
    let [first, middle, last] = names;
    match sorted {
        [] => Vec::new(),
        [only] => vec![("", *only)],
        [highest, lowest] => vec![(first, *highest), (last, *lowest)],
        [highest, .., lowest] => {
            vec![(first, *highest), (middle, sorted[sorted.len() / 2]), (last, *lowest)]
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_lie_side_by_side_on_the_page_and_their_panels_below_each_other() {
        for count in 1..=3 {
            let columns: Vec<[Rect; 3]> = (0..count)
                .map(|place| column((place, count), 300, [(0, 260), (28, 320), (40, 220)]))
                .collect();
            for pair in columns.windows(2) {
                assert_eq!(pair[0][0].right() + NUMBERS, pair[1][0].x, "{count}");
            }
            for [sound, repeats, psth] in &columns {
                assert!(sound.bottom() < repeats.y && repeats.bottom() < psth.y, "{count}");
                assert!(psth.right() <= WIDTH - MARGIN, "{count}: {psth:?}");
            }
        }
    }

    #[test]
    fn long_clips_are_cut() {
        assert_eq!(shown_bins(999, 5.0), 999);
        assert_eq!(shown_bins(2000, 5.0), 1000);
        assert_eq!(shown_bins(7, 1e9), 1);
    }
}
