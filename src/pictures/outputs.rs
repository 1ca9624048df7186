//! Output nonlinearities over their drives, and the responses that were recorded at these drives.
use candle_core::{DType, Device, Tensor};
use ndarray::{Array2, ArrayView1, Axis};

use super::drawn::{Drawn, HEAD, head, response_unit};
use super::quantiles::{density, quantile_bins};
use super::test_clips::{best_first, predicted};
use crate::base::error::{Error, Result};
use crate::dataset::{OfNeurons, ResponseFile};
use crate::figures::axes;
use crate::figures::canvas::Canvas;
use crate::figures::chart::{Chart, legend};
use crate::figures::colour::{BLUE, GREY, Rgb, VERMILION, WHITE, mix};
use crate::figures::fonts::Fonts;
use crate::figures::grid::{NUMBERS, PanelGrid};
use crate::figures::ticks;
use crate::preparation::psth;
use crate::runs::SplitName;
use crate::runs::clips::Clips;
use crate::runs::trained::{Needs, Trained};
use crate::scores::repeats::ResponseValues;

/// Most neurons that are shown.
const MOST: usize = 12;
/// Quantiles of the drive at which the PSTH is shown.
const BINS: usize = 20;
/// Points of the curve of an output nonlinearity.
const POINTS: usize = 200;
/// Cells of the density of drives, and how high the fullest stands in its panel.
const CELLS: usize = 60;
const DENSITY: f64 = 0.16;
/// Room for the legend above the first row.
const LEGEND: usize = 40;
const DOT: f32 = 6.0;
/// Pixels of the height of a panel for each of its numbers.
const TICK_ROOM: usize = 80;

/// One neuron's panel.
struct OutputPanel {
    name: String,
    /// Drive and PSTH at each bin that has a PSTH.
    pairs: Vec<(f64, f64)>,
    /// Drive and response of the model.
    curve: Vec<(f64, f64)>,
}

/// Draws the output nonlinearities of neurons and their responses to the test clips.
pub(super) fn draw(trained: &Trained) -> Result<Drawn> {
    if trained.network.changes_output() {
        let reason = "the output nonlinearity changes from bin to bin";
        return Ok(Drawn::Nothing(reason.into()));
    }
    let clips = trained.clips(None, SplitName::Test, Needs::Responses)?;
    let mut file = ResponseFile::open(&clips.recording.file)?;
    let (_predictions, cc) = predicted(trained, &clips, &mut file)?;
    let sorted = best_first(&cc);
    if sorted.is_empty() {
        return Ok(Drawn::Nothing("no neuron has a correlation on the test stimuli".into()));
    }
    let shown = spread(&sorted, MOST);
    let recorded = Recorded::read(trained, &clips, &shown, &mut file)?;
    let pairs = pairs(trained, &clips, &shown, &recorded)?;
    let curves = curves(trained, &shown, &pairs)?;
    let name =
        |n: &usize| format!("{}   CC {}", trained.metadata.neurons[*n], ticks::fixed(cc[*n], 2));
    let panels = shown.iter().map(name).zip(pairs).zip(curves);
    let (factor, unit) = response_unit(recorded.counts, clips.recording.dt_ms);
    let scaled = |points: Vec<(f64, f64)>| points.into_iter().map(|(x, y)| (x, y * factor));
    let panels: Vec<OutputPanel> = panels
        .map(|((name, pairs), curve)| OutputPanel {
            name,
            pairs: scaled(pairs).collect(),
            curve: scaled(curve).collect(),
        })
        .collect();
    Ok(Drawn::Picture(Box::new(page(trained, &panels, (cc.len(), unit))?)))
}

/// At most so many of a list, at equal steps from the first to the last.
fn spread(sorted: &[usize], most: usize) -> Vec<usize> {
    let last = sorted.len() - 1;
    let shown = sorted.len().min(most);
    (0..shown).map(|place| sorted[(place * last + (shown - 1) / 2) / (shown - 1).max(1)]).collect()
}

/// Responses of the shown neurons, clip by clip.
struct Recorded {
    /// The PSTH of each clip as it is scored, `(neurons, T)`.
    psths: Vec<Array2<f32>>,
    /// Whether all recorded values are counts.
    counts: bool,
}

impl Recorded {
    fn read(
        trained: &Trained,
        clips: &Clips,
        shown: &[usize],
        file: &mut ResponseFile,
    ) -> Result<Self> {
        let treatment = trained.preparation().treatment;
        let (mut psths, mut counts) = (Vec::new(), true);
        for clip in clips.iter() {
            let responses = file.read(&clip.responses.clone().of_neurons(shown))?;
            let mut neurons = responses.axis_iter(Axis(0));
            counts = counts && neurons.all(|repeats| ResponseValues::of(repeats).are_counts());
            psths.push(psth(&treatment.repeats(responses)));
        }
        Ok(Self { psths, counts })
    }
}

/// Drive and PSTH of each shown neuron at each bin of the clips that has both.
fn pairs(
    trained: &Trained,
    clips: &Clips,
    shown: &[usize],
    recorded: &Recorded,
) -> Result<Vec<Vec<(f64, f64)>>> {
    let samples = trained.sounds(clips)?;
    let mut pairs = vec![Vec::new(); shown.len()];
    for (sample, psth) in samples.iter().zip(&recorded.psths) {
        let drives = array(&trained.network.drive(&sample.member.sound)?.get(0)?)?;
        for (place, neuron) in shown.iter().enumerate() {
            let both = together(drives.row(*neuron), psth.row(place));
            pairs[place].extend(both.filter(|(drive, rate)| (drive + rate).is_finite()));
        }
    }
    Ok(pairs)
}

fn together<'a>(
    x: ArrayView1<'a, f32>,
    y: ArrayView1<'a, f32>,
) -> impl Iterator<Item = (f64, f64)> + use<'a> {
    x.into_iter().zip(y).map(|(x, y)| (f64::from(*x), f64::from(*y)))
}

/// The output nonlinearity of each shown neuron from its lowest to its highest drive.
fn curves(
    trained: &Trained,
    shown: &[usize],
    pairs: &[Vec<(f64, f64)>],
) -> Result<Vec<Vec<(f64, f64)>>> {
    let mut drives = Array2::<f32>::zeros((trained.metadata.neurons.len(), POINTS));
    for (neuron, pairs) in shown.iter().zip(pairs) {
        let (low, high) = ends(pairs);
        let step = (high - low) / (POINTS - 1) as f64;
        for (point, drive) in drives.row_mut(*neuron).iter_mut().enumerate() {
            #[expect(clippy::cast_possible_truncation, reason = "drives are f32")]
            let value = (low + step * point as f64) as f32;
            *drive = value;
        }
    }
    let shape = (1, drives.nrows(), POINTS);
    let tensor = Tensor::from_iter(drives.iter().copied(), &trained.device)?.reshape(shape)?;
    let responses = array(&trained.network.output(&tensor)?.get(0)?)?;
    Ok(shown.iter().map(|n| together(drives.row(*n), responses.row(*n)).collect()).collect())
}

/// The lowest and the highest drive, apart.
fn ends(pairs: &[(f64, f64)]) -> (f64, f64) {
    let drives = pairs.iter().map(|(drive, _)| *drive);
    let (low, high) =
        (drives.clone().fold(f64::INFINITY, f64::min), drives.fold(f64::MIN, f64::max));
    if high > low { (low, high) } else { (low - 0.5, low + 0.5) }
}

/// A matrix as an array.
fn array(matrix: &Tensor) -> Result<Array2<f32>> {
    let shape = matrix.dims2()?;
    let values = matrix.to_device(&Device::Cpu)?.to_dtype(DType::F32)?.flatten_all()?;
    Array2::from_shape_vec(shape, values.to_vec1()?)
        .map_err(|source| Error::failed("reading drives", source))
}

fn page(
    trained: &Trained,
    panels: &[OutputPanel],
    (neurons, unit): (usize, &str),
) -> Result<Canvas> {
    let (columns, panel) = match panels.len() {
        1 => (1, (960, 640)),
        2 => (2, (800, 560)),
        3 | 5 | 6 | 9 => (3, (590, 430)),
        _ => (4, (425, 330)),
    };
    let grid = PanelGrid { panels: panels.len(), columns, panel, top: HEAD, left: NUMBERS };
    let (width, height) = grid.size();
    let mut canvas = Canvas::new(width, height, Fonts::new()?);
    head(&mut canvas, trained, &remark(trained, panels.len(), neurons));
    let above = axes::above(grid.area(0), LEGEND);
    let names =
        [("output nonlinearity", VERMILION), ("PSTH", BLUE), ("how often a drive occurs", pale())];
    legend(&mut canvas, above, &names);
    for (place, panel) in panels.iter().enumerate() {
        panel.draw(&mut canvas, &grid, place);
    }
    grid.name_left(&mut canvas, unit);
    grid.name_below(&mut canvas, "drive: what enters the output nonlinearity");
    Ok(canvas)
}

/// The remark below the title: what is shown, and of how many.
fn remark(trained: &Trained, shown: usize, neurons: usize) -> String {
    let which = match (shown, neurons) {
        (1, 1) => "1 neuron".to_owned(),
        (shown, all) if shown == all => format!("{all} neurons, best CC first"),
        (shown, all) => format!("{shown} of {all} neurons, from best CC to worst"),
    };
    let left_out =
        if trained.network.output_decays() { "; leaky output units left out" } else { "" };
    format!("test stimuli; {which}; dots: mean ± SE over {BINS} quantiles of the drive{left_out}")
}

impl OutputPanel {
    fn draw(&self, canvas: &mut Canvas, grid: &PanelGrid, place: usize) {
        let (area, across) = (grid.area(place), ends(&self.pairs));
        let bins = quantile_bins(self.pairs.clone(), BINS);
        let spans = bins.iter().flat_map(|bin| [bin.mean - bin.error, bin.mean + bin.error]);
        let means = bins.iter().map(|bin| bin.mean);
        let values = self.curve.iter().map(|(_, y)| *y).chain(spans).chain(means);
        let chart = Chart::around(area, across, values);
        self.density(canvas, &chart);
        chart.curve(canvas, &self.curve, VERMILION);
        for bin in &bins {
            if bin.error.is_finite() {
                let ends = [-bin.error, bin.error].map(|e| chart.point((bin.at, bin.mean + e)));
                canvas.line(&ends, 2.0, BLUE);
            }
            canvas.dot(chart.point((bin.at, bin.mean)), DOT, BLUE);
        }
        grid.name(canvas, place, &self.name);
        axes::frame(canvas, area);
        let most = (area.height / TICK_ROOM) as f64;
        axes::left(canvas, area, &ticks::values(chart.up.0, chart.up.1, most));
        axes::below(canvas, area, &ticks::values(across.0, across.1, 4.0));
    }

    /// Draws how often each drive occurs, along the lower edge.
    fn density(&self, canvas: &mut Canvas, chart: &Chart) {
        let drives: Vec<f64> = self.pairs.iter().map(|(drive, _)| *drive).collect();
        let cells = density(&drives, chart.across, CELLS);
        for (cell, share) in cells.iter().enumerate().filter(|(_, share)| **share > 0.0) {
            let along = |cell: usize| cell as f64 / CELLS as f64;
            let across = (along(cell), along(cell + 1));
            canvas.fill(axes::part(chart.area, across, (0.0, share * DENSITY)), pale());
        }
    }
}

fn pale() -> Rgb {
    mix(GREY, WHITE, 0.72)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neurons_are_shown_at_equal_steps_from_the_best_to_the_worst() {
        let sorted: Vec<usize> = (0..23).collect();
        assert_eq!(spread(&sorted, 12), (0..12).map(|i| 2 * i).collect::<Vec<_>>());
        assert_eq!(spread(&sorted[..3], 12), [0, 1, 2]);
        assert_eq!(spread(&sorted[..1], 12), [0]);
        let many = spread(&(0..119).collect::<Vec<_>>(), 12);
        assert_eq!((many.len(), many[0], many[11]), (12, 0, 118));
    }
}
