//! Draws an export: panels, axes, colour bar, titles.
use ndarray::{ArrayView2, Axis as Dim};

use crate::base::error::Result;
use crate::figures::axes::{AROUND_TICK, FRAME, MARK};
use crate::figures::canvas::Canvas;
use crate::figures::colour::{GREY, INK, diverging};
use crate::figures::fonts::Fonts;
use crate::figures::marks::{Anchor, Direction, Rect, TextStyle, Weight};
use crate::figures::text_styles::{LABEL, NAME, REMARK, TICK, TITLE};
use crate::figures::ticks::{self, Tick};
use crate::strf::plot::layout::{Content, MARGIN, PanelLayout};
use crate::strf::plot::{ColourScale, MOST_PANELS, name, outline};
use crate::strf::significance::{Mark, Significance};
use crate::strf::strf_export::{Method, StrfExport, StrfRows, Which};

const PEAK: TextStyle = TextStyle { weight: Weight::Regular, em: 18.0, colour: GREY };

/// Baselines below the upper edge of the picture, and below the grid.
const TITLE_BASELINE: usize = MARGIN + 22;
const REMARK_BASELINE: usize = MARGIN + 60;
const TIME_BASELINE: usize = 80;
/// Baselines above an image.
const CHANNEL_BASELINE: usize = 10;
const NAME_BASELINE: usize = 12;
const NAME_OVER_CHANNELS_BASELINE: usize = 36;

/// An export with what its picture needs beside it.
struct Figure<'a> {
    exported: &'a StrfExport,
    which: Which,
    layout: PanelLayout,
    /// Largest magnitude of each panel.
    peaks: Vec<f32>,
    /// What the full colours of each panel stand for.
    full: Vec<f32>,
    frequency: Vec<Tick>,
    lag: Vec<Tick>,
    /// From 0 at its lower end to 1.
    bar: Vec<Tick>,
    canvas: Canvas,
}

/// The picture of the first STRFs of `exported`, at least one.
pub fn draw(exported: &StrfExport, which: Which, scale: ColourScale) -> Result<Canvas> {
    let mut figure = Figure::new(exported, which, scale)?;
    figure.head(scale);
    for panel in 0..figure.peaks.len() {
        figure.panel(panel);
    }
    figure.axis_labels();
    figure.bar();
    Ok(figure.canvas)
}

impl<'a> Figure<'a> {
    fn new(exported: &'a StrfExport, which: Which, scale: ColourScale) -> Result<Self> {
        let fonts = Fonts::new()?;
        let (rows, channels, bands, lags) = exported.strfs.dim();
        let panels = rows.min(MOST_PANELS);
        let peaks: Vec<f32> = (0..panels).map(|row| peak(exported, which, row)).collect();
        let largest = peaks.iter().copied().fold(0.0, f32::max);
        let full = match scale {
            ColourScale::EachPanel => peaks.clone(),
            ColourScale::Common => vec![largest; panels],
        };
        let bar = match scale {
            ColourScale::EachPanel if panels > 1 => named_bar(),
            _ => ticks::colour(largest.into()),
        };
        let widest = |ticks: &[Tick]| {
            ticks.iter().map(|tick| fonts.text_width(&tick.label, TICK)).max().unwrap_or(0)
        };
        let content = Content {
            panels,
            channels,
            bands,
            lags,
            frequency_labels: 0,
            bar_labels: widest(&bar),
        };
        // The size of cells does not depend on the labels.
        let (width, height) = PanelLayout::new(content).cell_size();
        let line = f64::from(TICK.em) * 1.35 / height as f64;
        let frequency = ticks::frequency(exported.frequencies_hz.as_deref(), bands, line);
        let longest = exported.lags_ms.last().map_or(String::new(), |lag| ticks::number(*lag, 6));
        let apart = fonts.text_width(&longest, TICK) + AROUND_TICK;
        let lag = ticks::lag(&exported.lags_ms, apart as f64 / width as f64);
        let layout = PanelLayout::new(Content { frequency_labels: widest(&frequency), ..content });
        let (width, height) = layout.size();
        let canvas = Canvas::new(width, height, fonts);
        Ok(Self { exported, which, layout, peaks, full, frequency, lag, bar, canvas })
    }

    fn head(&mut self, scale: ColourScale) {
        let (x, right) = (self.layout.grid().x, self.layout.size().0);
        let room = right - x - MARGIN;
        let title = self.canvas.shorten(&self.exported.title, TITLE, room);
        self.text(&title, TITLE, (x, TITLE_BASELINE), Anchor::Left);
        let remark = self.canvas.shorten(&self.remark(scale), REMARK, room);
        self.text(&remark, REMARK, (x, REMARK_BASELINE), Anchor::Left);
    }

    /// How many of what are shown, and what the colours stand for.
    fn remark(&self, scale: ColourScale) -> String {
        let (shown, all) = (self.peaks.len(), self.exported.strfs.dim().0);
        let what = match (&self.exported.rows, all) {
            (StrfRows::Neurons(_), 1) => "neuron",
            (StrfRows::Neurons(_), _) => "neurons",
            (StrfRows::Hidden { .. }, 1) => "hidden unit",
            (StrfRows::Hidden { .. }, _) => "hidden units",
        };
        let count = if shown < all {
            format!("{shown} of {all} {what} shown")
        } else {
            format!("{all} {what}")
        };
        let count = match self.significance() {
            Some(found) if found.mark == Mark::Significant => {
                format!("{count}; outlined: {}", found.summary)
            }
            // What matters comes first, for a narrow picture cuts the line.
            Some(found) => {
                let share = 100.0 * found.share();
                format!("{count}; stable over seeds, no significance: {share:.0} % of weights")
            }
            None => count,
        };
        match scale {
            ColourScale::EachPanel if shown > 1 => {
                format!("{count}; colours from − to + the value above each panel")
            }
            _ => count,
        }
    }

    fn panel(&mut self, panel: usize) {
        let first = self.layout.image(panel, 0);
        let channels = self.exported.channels.clone();
        for (channel, name) in channels.iter().enumerate() {
            let image = self.layout.image(panel, channel);
            self.image(panel, channel, image);
            if self.layout.is_lowest(panel) {
                self.lag_axis(image);
            }
            if channels.len() > 1 {
                self.text(
                    name,
                    TICK,
                    (image.centre_x(), image.y - CHANNEL_BASELINE),
                    Anchor::Centre,
                );
            }
        }
        if self.layout.is_leftmost(panel) {
            self.frequency_axis(first);
        }
        let above = if channels.len() > 1 { NAME_OVER_CHANNELS_BASELINE } else { NAME_BASELINE };
        self.name(panel, (first.x, first.y - above));
    }

    fn name(&mut self, panel: usize, (x, baseline): (usize, usize)) {
        let width = self.layout.panel_width();
        let peak = format!("±{}", ticks::number(self.peaks[panel].into(), 2));
        let room = width.saturating_sub(self.canvas.text_width(&peak, PEAK) + AROUND_TICK);
        let name = self.canvas.shorten(&name(self.exported, panel), NAME, room);
        self.text(&name, NAME, (x, baseline), Anchor::Left);
        self.text(&peak, PEAK, (x + width, baseline), Anchor::Right);
    }

    fn image(&mut self, panel: usize, channel: usize, image: Rect) {
        self.canvas.fill(image.grow(FRAME), GREY);
        let strf = image_of(self.exported, self.which, panel, channel);
        let cell = |((band, lag), weight): ((usize, usize), &f32)| {
            (self.layout.cell(image, band, lag), diverging(*weight, self.full[panel]))
        };
        self.canvas.image(image, strf.indexed_iter().map(cell));
        self.outline(panel, channel, image);
    }

    /// Draws the border of the weights that are significant.
    fn outline(&mut self, panel: usize, channel: usize, image: Rect) {
        let significant = |found: &&Significance| found.mark == Mark::Significant;
        let Some(found) = self.significance().filter(significant) else { return };
        let mask = found.mask.index_axis(Dim(0), panel).index_axis_move(Dim(0), channel);
        for side in outline::sides(mask, |band, lag| self.layout.cell(image, band, lag)) {
            self.canvas.fill(side, INK);
        }
    }

    /// What is known of the weights that are shown.
    fn significance(&self) -> Option<&'a Significance> {
        self.exported.significance.as_ref().filter(|_| self.which == Which::Effective)
    }

    fn frequency_axis(&mut self, image: Rect) {
        let height = self.layout.cell_size().1;
        for tick in self.frequency.clone() {
            let y = image.bottom() - along(tick.at + 0.5, height);
            let mark = Rect { x: image.x - FRAME - MARK, y: y - 1, width: MARK, height: 2 };
            self.canvas.fill(mark, GREY);
            let at = (image.x - FRAME - AROUND_TICK + 4, y + TICK.capital() / 2);
            self.text(&tick.label, TICK, at, Anchor::Right);
        }
    }

    fn lag_axis(&mut self, image: Rect) {
        let (width, overhang) = (self.layout.cell_size().0, self.layout.overhang());
        for tick in self.lag.clone() {
            let x = image.right() - along(tick.at + 0.5, width);
            let mark = Rect { x: x - 1, y: image.bottom() + FRAME, width: 2, height: MARK };
            self.canvas.fill(mark, GREY);
            if x < image.x
                + (self.canvas.text_width(&tick.label, TICK) / 2).saturating_sub(overhang)
            {
                continue;
            }
            let at = (x, image.bottom() + FRAME + AROUND_TICK + TICK.capital() - 4);
            self.text(&tick.label, TICK, at, Anchor::Centre);
        }
    }

    fn axis_labels(&mut self) {
        let grid = self.layout.grid();
        self.text(
            "time before now (ms)",
            LABEL,
            (grid.centre_x(), grid.bottom() + TIME_BASELINE),
            Anchor::Centre,
        );
        let frequency = match self.exported.frequencies_hz {
            Some(_) => "frequency (kHz)",
            None => "band",
        };
        let at = (MARGIN + LABEL.capital(), grid.centre_y());
        self.canvas.text(frequency, LABEL, at, Anchor::Centre, Direction::Up);
    }

    fn bar(&mut self) {
        let bar = self.layout.bar();
        self.canvas.fill(bar.grow(FRAME), GREY);
        for line in 0..bar.height {
            let share = (line as f32 + 0.5) / bar.height as f32;
            let row = Rect { y: bar.y + line, height: 1, ..bar };
            self.canvas.fill(row, diverging(1.0 - 2.0 * share, 1.0));
        }
        let mut widest = 0;
        for tick in self.bar.clone() {
            let y = bar.bottom() - along(tick.at, bar.height);
            let mark = Rect { x: bar.right() + FRAME, y: y - 1, width: MARK, height: 2 };
            self.canvas.fill(mark, GREY);
            let at = (bar.right() + FRAME + AROUND_TICK - 4, y + TICK.capital() / 2);
            self.text(&tick.label, TICK, at, Anchor::Left);
            widest = widest.max(self.canvas.text_width(&tick.label, TICK));
        }
        let what = match (self.which, self.exported.method) {
            (_, Method::Gradient) => "mean gradient",
            (Which::Raw, Method::Kernel) => "STRF",
            (Which::Effective, Method::Kernel) => "effective STRF",
        };
        let x = bar.right() + AROUND_TICK + widest + 14 + LABEL.capital();
        self.canvas.text(what, LABEL, (x, bar.centre_y()), Anchor::Centre, Direction::Up);
        let at = (x + 32, bar.centre_y());
        self.canvas.text(self.exported.unit(self.which), REMARK, at, Anchor::Centre, Direction::Up);
    }

    fn text(&mut self, text: &str, look: TextStyle, at: (usize, usize), anchor: Anchor) {
        self.canvas.text(text, look, at, anchor, Direction::Right);
    }
}

/// `(F, K)`.
fn image_of(
    exported: &StrfExport,
    which: Which,
    row: usize,
    channel: usize,
) -> ArrayView2<'_, f32> {
    exported.strfs(which).index_axis(Dim(0), row).index_axis_move(Dim(0), channel)
}

/// The largest magnitude of an STRF; what is not a number does not count.
fn peak(exported: &StrfExport, which: Which, row: usize) -> f32 {
    let strf = exported.strfs(which).index_axis(Dim(0), row);
    strf.iter().filter(|w| w.is_finite()).fold(0.0, |peak, w| peak.max(w.abs()))
}

fn named_bar() -> Vec<Tick> {
    [("−max", 0.0), ("0", 0.5), ("max", 1.0)]
        .map(|(label, at)| Tick { at, label: label.into() })
        .into()
}

/// Pixels of `steps` of one width.
fn along(steps: f64, width: usize) -> usize {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "ticks lie on axes"
    )]
    let pixels = (steps * width as f64).round() as usize;
    pixels
}

#[cfg(test)]
mod tests {
    use ndarray::Array4;

    use super::*;
    use crate::figures::colour::WHITE;
    use crate::strf::strf_export::Effect;

    /// Two neurons, ON and OFF, three bands, four lags.
    fn exported() -> StrfExport {
        let mut strfs = Array4::zeros((2, 2, 3, 4));
        strfs[[0, 0, 2, 0]] = 0.5; // highest band, now
        strfs[[0, 1, 0, 3]] = -0.5; // lowest band, longest ago
        strfs[[1, 1, 1, 2]] = 0.1;
        StrfExport {
            title: "ln".into(),
            effective: strfs.mapv(|w: f32| -w),
            strfs,
            lags_ms: vec![0.0, 5.0, 10.0, 15.0],
            frequencies_hz: Some(vec![1000.0, 2000.0, 4000.0]),
            channels: vec!["ON".into(), "OFF".into()],
            rows: StrfRows::Neurons(vec!["a".into(), "b".into()]),
            extras: Vec::new(),
            config: String::new(),
            version: String::new(),
            method: Method::Kernel,
            effect: Effect::Drive,
            significance: None,
        }
    }

    /// The corners of a cell: all of it has one colour, up to its edges.
    fn cell(which: Which, scale: ColourScale, [panel, channel, band, lag]: [usize; 4]) -> [u8; 3] {
        let exported = exported();
        let layout = Figure::new(&exported, which, scale).unwrap().layout;
        let canvas = draw(&exported, which, scale).unwrap();
        let cell = layout.cell(layout.image(panel, channel), band, lag);
        let pixels = canvas.pixels().unwrap();
        let at = |x: usize, y: usize| pixels[y * canvas.width() + x];
        let colour = at(cell.x, cell.y);
        for (x, y) in [(cell.right() - 1, cell.y), (cell.x, cell.bottom() - 1)] {
            assert_eq!(at(x, y), colour, "{panel} {channel} {band} {lag}");
        }
        colour
    }

    #[test]
    fn positive_weights_are_red_and_negative_ones_blue_where_they_belong() {
        let (red, blue) = (diverging(1.0, 1.0), diverging(-1.0, 1.0));
        assert_eq!(cell(Which::Raw, ColourScale::EachPanel, [0, 0, 2, 0]), red);
        assert_eq!(cell(Which::Raw, ColourScale::EachPanel, [0, 1, 0, 3]), blue);
        assert_eq!(cell(Which::Effective, ColourScale::EachPanel, [0, 0, 2, 0]), blue);
        assert_eq!(cell(Which::Raw, ColourScale::EachPanel, [0, 1, 2, 0]), WHITE);
        assert_eq!(cell(Which::Raw, ColourScale::EachPanel, [0, 0, 0, 0]), WHITE);
        assert_eq!(cell(Which::Raw, ColourScale::EachPanel, [0, 0, 2, 3]), WHITE);
    }

    #[test]
    fn a_common_scale_keeps_weak_panels_pale() {
        let weak = [1, 1, 1, 2];
        assert_eq!(cell(Which::Raw, ColourScale::EachPanel, weak), diverging(1.0, 1.0));
        assert_eq!(cell(Which::Raw, ColourScale::Common, weak), diverging(0.2, 1.0));
    }
}
