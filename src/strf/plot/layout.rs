//! Where everything lies in a picture, in pixels.
use crate::figures::axes::AROUND_TICK;
use crate::figures::marks::Rect;

/// White around everything.
pub const MARGIN: usize = 40;
/// Title and subtitle.
const HEAD: usize = 96;
/// The name of a panel above it.
const NAME: usize = 44;
/// The name of a channel above it, where there are several.
const CHANNEL: usize = 28;
/// Marks, tick labels and the axis label below the grid.
const FOOT: usize = 92;
/// The axis label to the left of the grid.
const AXIS_LABEL: usize = 52;
/// Channels stand closer together than panels, so that they are seen as one.
const BETWEEN_PANELS: usize = 30;
const BETWEEN_PANELS_OF_CHANNELS: usize = 56;
const BETWEEN_CHANNELS: usize = 16;
const BETWEEN_ROWS: usize = 16;
const BEFORE_BAR: usize = 48;
const BAR_WIDTH: usize = 26;
const MOST_BAR_HEIGHT: usize = 640;
/// The two lines of text to the right of the bar.
const BAR_LABEL: usize = 76;

/// Width of a whole grid that is aimed at, and the least and most height of a panel.
const GRID_WIDTH: f64 = 2250.0;
const LEAST_SIDE: f64 = 216.0;
const MOST_SIDE: f64 = 600.0;
/// Width of a grid over its height that is aimed at.
const ASPECT: f64 = 1.5;

/// What a picture has to hold.
#[derive(Debug, Clone, Copy)]
pub struct Content {
    /// STRFs that are drawn, at least 1.
    pub panels: usize,
    /// `C`.
    pub channels: usize,
    /// `F`.
    pub bands: usize,
    /// `K`.
    pub lags: usize,
    /// Pixels of the widest tick label on the frequency axis.
    pub frequency_labels: usize,
    /// Pixels of the widest tick label on the colour bar.
    pub bar_labels: usize,
}

/// A grid of panels with a colour bar at its right.
#[derive(Debug, Clone)]
pub struct PanelLayout {
    content: Content,
    columns: usize,
    /// Of every cell, so that all bands and lags look the same.
    cell: (usize, usize),
}

impl PanelLayout {
    /// The grid that comes closest to a comfortable shape.
    pub fn new(content: Content) -> Self {
        let columns = columns(content.panels, content.channels);
        let (width, _) = proportions(content.channels);
        let side = GRID_WIDTH / (columns as f64 * width) - between_panels(content.channels) as f64;
        let side = side.clamp(LEAST_SIDE, MOST_SIDE);
        let cell =
            (cell(side * channel_width(content.channels), content.lags), cell(side, content.bands));
        Self { content, columns, cell }
    }

    /// Width and height of the picture.
    pub fn size(&self) -> (usize, usize) {
        let grid = self.grid();
        let labels = AROUND_TICK + self.content.bar_labels + BAR_LABEL;
        let right = BEFORE_BAR + BAR_WIDTH + labels + MARGIN;
        (grid.right() + right, grid.bottom() + FOOT + MARGIN)
    }

    /// From the first image to the last, without what is written around them.
    pub fn grid(&self) -> Rect {
        let rows = self.content.panels.div_ceil(self.columns);
        let (across, down) = self.pitch();
        let (panel, image) = (self.panel_width(), self.cell.1 * self.content.bands);
        Rect {
            x: MARGIN + AXIS_LABEL + self.content.frequency_labels + AROUND_TICK,
            y: MARGIN + HEAD + self.above_image(),
            width: (self.columns - 1) * across + panel,
            height: (rows - 1) * down + image,
        }
    }

    /// The cells of one channel of one panel.
    pub fn image(&self, panel: usize, channel: usize) -> Rect {
        let (grid, (across, down)) = (self.grid(), self.pitch());
        let (width, height) = self.image_size();
        Rect {
            x: grid.x + panel % self.columns * across + channel * (width + BETWEEN_CHANNELS),
            y: grid.y + panel / self.columns * down,
            width,
            height,
        }
    }

    /// One band, counted from below, and one lag, counted from the right.
    pub fn cell(&self, image: Rect, band: usize, lag: usize) -> Rect {
        let (width, height) = self.cell;
        let (x, y) = (image.right() - (lag + 1) * width, image.bottom() - (band + 1) * height);
        Rect { x, y, width, height }
    }

    /// Width and height of a cell.
    pub fn cell_size(&self) -> (usize, usize) {
        self.cell
    }

    /// All channels of a panel and the white between them.
    pub fn panel_width(&self) -> usize {
        self.content.channels * (self.image_size().0 + BETWEEN_CHANNELS) - BETWEEN_CHANNELS
    }

    /// How far a tick label may stick out of an image without touching one of the next channel.
    pub fn overhang(&self) -> usize {
        let channels = self.content.channels;
        if channels > 1 { BETWEEN_CHANNELS / 2 } else { between_panels(channels) / 2 }
    }

    /// Whether no panel stands to the left.
    pub fn is_leftmost(&self, panel: usize) -> bool {
        panel.is_multiple_of(self.columns)
    }

    /// Whether no panel stands below.
    pub fn is_lowest(&self, panel: usize) -> bool {
        panel + self.columns >= self.content.panels
    }

    /// The colour bar.
    pub fn bar(&self) -> Rect {
        let grid = self.grid();
        let height = grid.height.min(MOST_BAR_HEIGHT);
        let y = grid.y + (grid.height - height) / 2;
        Rect { x: grid.right() + BEFORE_BAR, y, width: BAR_WIDTH, height }
    }

    fn image_size(&self) -> (usize, usize) {
        (self.cell.0 * self.content.lags, self.cell.1 * self.content.bands)
    }

    fn above_image(&self) -> usize {
        NAME + if self.content.channels > 1 { CHANNEL } else { 0 }
    }

    fn pitch(&self) -> (usize, usize) {
        let (_, height) = self.image_size();
        let across = self.panel_width() + between_panels(self.content.channels);
        (across, height + BETWEEN_ROWS + self.above_image())
    }
}

fn between_panels(channels: usize) -> usize {
    if channels > 1 { BETWEEN_PANELS_OF_CHANNELS } else { BETWEEN_PANELS }
}

/// Whole pixels of a cell, at least 1.
fn cell(length: f64, cells: usize) -> usize {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "at most 600")]
    let pixels = (length / cells as f64).round() as usize;
    pixels.max(1)
}

/// Width of the image of one channel over the height of a panel.
fn channel_width(channels: usize) -> f64 {
    if channels > 1 { 0.7 } else { 1.0 }
}

/// Width and height of a panel with what is around it, about, over the height of its image.
fn proportions(channels: usize) -> (f64, f64) {
    (channel_width(channels) * channels as f64 + 0.1, if channels > 1 { 1.35 } else { 1.25 })
}

/// The columns that bring a grid closest to [`ASPECT`] with few places left empty.
fn columns(panels: usize, channels: usize) -> usize {
    let (width, height) = proportions(channels);
    let cost = |columns: usize| {
        let rows = panels.div_ceil(columns);
        let aspect = width * columns as f64 / (height * rows as f64);
        let empty = (columns * rows - panels) as f64 / panels as f64;
        (aspect / ASPECT).ln().abs() + empty
    };
    (1..=panels).min_by(|a, b| cost(*a).total_cmp(&cost(*b))).unwrap_or(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layout(panels: usize, channels: usize) -> PanelLayout {
        let (bands, lags) = (34, 9);
        let (frequency_labels, bar_labels) = (30, 60);
        PanelLayout::new(Content { panels, channels, bands, lags, frequency_labels, bar_labels })
    }

    #[test]
    fn grids_are_wider_than_high_and_full() {
        assert_eq!([1, 2, 6, 12, 60].map(|n| columns(n, 1)), [1, 2, 3, 4, 10]);
        assert_eq!([1, 6, 20, 60].map(|n| columns(n, 2)), [1, 3, 5, 9]);
    }

    #[test]
    fn images_do_not_touch_and_lie_in_the_grid() {
        for (panels, channels) in [(1, 1), (6, 2), (60, 1), (47, 3)] {
            let layout = layout(panels, channels);
            let (grid, (width, height)) = (layout.grid(), layout.size());
            let images: Vec<Rect> = (0..panels)
                .flat_map(|p| (0..channels).map(move |c| (p, c)))
                .map(|(panel, channel)| layout.image(panel, channel))
                .collect();
            let apart = |a: &Rect, b: &Rect| {
                a.right() < b.x || b.right() < a.x || a.bottom() < b.y || b.bottom() < a.y
            };
            for (i, a) in images.iter().enumerate() {
                assert!(a.x >= grid.x && a.right() <= grid.right(), "{a:?} in {grid:?}");
                assert!(a.y >= grid.y && a.bottom() <= grid.bottom(), "{a:?} in {grid:?}");
                assert!(images[..i].iter().all(|b| apart(a, b)), "{a:?}");
            }
            assert!(grid.right() < layout.bar().x && layout.bar().right() < width);
            assert!(grid.bottom() < height);
        }
    }

    #[test]
    fn cells_fill_an_image_from_its_lower_right_corner() {
        let layout = layout(6, 2);
        let image = layout.image(4, 1);
        let (now, past) = (layout.cell(image, 0, 0), layout.cell(image, 33, 8));
        assert_eq!((now.right(), now.bottom()), (image.right(), image.bottom()));
        assert_eq!((past.x, past.y), (image.x, image.y));
    }
}
