//! Prediction over PSTH, with the sound and the single repeats, of three neurons.
use ndarray::{Array2, Array3, ArrayView1, Axis, s};

use super::drawn::{Drawn, HEAD, head, response_unit};
use super::test_clips::{best_first, predicted};
use crate::base::error::Result;
use crate::dataset::{Clip, OfNeurons, ResponseFile, ResponseLocation};
use crate::figures::axes;
use crate::figures::canvas::Canvas;
use crate::figures::chart::{Chart, legend};
use crate::figures::colour::{GREY, VERMILION};
use crate::figures::fonts::Fonts;
use crate::figures::marks::{Anchor, Direction, Rect, TextStyle, Weight};
use crate::figures::page::{self, BETWEEN, Panel, WIDTH, shown_bins, three};
use crate::figures::rasters::{self, Shades};
use crate::figures::text_styles::NAME;
use crate::figures::ticks;
use crate::preparation::Treatment;
use crate::preparation::psth;
use crate::runs::SplitName;
use crate::runs::trained::{Needs, Trained};
use crate::scores::repeats::ResponseValues;

/// Room for the legend above the lowest panel.
const LEGEND: usize = 40;
/// Sound, repeats, and prediction over PSTH.
const PANELS: [Panel; 3] = [(0, 240), (BETWEEN, 280), (BETWEEN + LEGEND, 300)];
/// The name of the neuron above its panels.
const ABOVE: usize = 40;
const FOOT: usize = 110;
const NEURON: TextStyle = TextStyle { weight: Weight::Bold, ..NAME };

/// One neuron's part of the picture.
struct Column {
    /// The rank with its colon, and the id.
    neuron: (&'static str, String),
    /// The correlation, and the id of the stimulus.
    score: f64,
    stimulus: String,
    /// `(F, T)`, the repeats `(R, T)` as recorded, and PSTH and prediction as they are compared.
    sound: Array2<f32>,
    repeats: Array2<f32>,
    psth: Vec<f64>,
    prediction: Vec<f64>,
    seconds: f64,
    /// Whether the recorded values are counts.
    counts: bool,
    /// The unit of PSTH and prediction.
    unit: &'static str,
}

/// Draws what the model predicts for test clips, beside what was recorded.
pub(super) fn draw(trained: &Trained) -> Result<Drawn> {
    let clips = trained.clips(None, SplitName::Test, Needs::Responses)?;
    let (recording, places) = (&clips.recording, &clips.places);
    let mut file = ResponseFile::open(&recording.file)?;
    let (predictions, scores) = predicted(trained, &clips, &mut file)?;
    let ranked = ranked(&scores);
    if ranked.is_empty() {
        return Ok(Drawn::Nothing("no neuron has a correlation on the test stimuli".into()));
    }
    let mut columns = Vec::new();
    for (rank, neuron) in ranked {
        let read = |clip: usize| {
            let stored = recording.clips[places[clip]].responses.clone();
            file.read(&stored.of_neurons(&[neuron]))
        };
        let (place, responses) = first_with_response(places.len(), read)?;
        let id = &trained.metadata.neurons[neuron];
        columns.push(Column::new(
            (rank, id.clone(), scores[neuron]),
            (&recording.clips[places[place]], recording.dt_ms),
            responses,
            predictions[place].row(neuron),
            &trained.preparation().treatment,
        ));
    }
    let height = HEAD + ABOVE + page::height(&PANELS) + FOOT;
    let mut canvas = Canvas::new(WIDTH, height, Fonts::new()?);
    head(&mut canvas, trained, &format!("test stimuli; {}", trained.psth_remark()));
    let hz = recording.frequencies_hz.as_deref();
    let count = columns.len();
    for (place, column) in columns.iter().enumerate() {
        column.draw(
            &mut canvas,
            page::column((place, count), HEAD + ABOVE, PANELS),
            hz,
            place == 0,
        );
    }
    Ok(Drawn::Picture(Box::new(canvas)))
}

/// The best, the median and the worst neuron, each once.
fn ranked(scores: &[f64]) -> Vec<(&'static str, usize)> {
    three(&best_first(scores), ["best: ", "median: ", "worst: "])
}

/// The first of so many clips with a response to show, or the last; `read` gives the responses to
/// one.
fn first_with_response(
    clips: usize,
    mut read: impl FnMut(usize) -> Result<Array3<f32>>,
) -> Result<(usize, Array3<f32>)> {
    let mut shown = (0, read(0)?);
    for place in 1..clips {
        if shown.1.iter().any(|value| *value > 0.0) {
            break;
        }
        shown = (place, read(place)?);
    }
    Ok(shown)
}

impl Column {
    /// The start of a clip; `responses` `(1, R, T)` and `prediction` `(T)` are the neuron's.
    fn new(
        (rank, id, score): (&'static str, String, f64),
        (clip, dt_ms): (&Clip<ResponseLocation>, f64),
        responses: Array3<f32>,
        prediction: ArrayView1<f32>,
        treatment: &Treatment,
    ) -> Self {
        let bins = shown_bins(clip.bins(), dt_ms);
        let repeats = responses.slice(s![0, .., ..bins]).to_owned();
        let counts = ResponseValues::of(responses.index_axis(Axis(0), 0)).are_counts();
        let (factor, unit) = response_unit(counts, dt_ms);
        let scaled = |value: &f32| f64::from(*value) * factor;
        let treated = psth(&treatment.repeats(responses));
        Self {
            neuron: (rank, id),
            score,
            stimulus: clip.stimulus.id.clone(),
            sound: clip.cochleagram.slice(s![.., ..bins]).to_owned(),
            repeats,
            psth: treated.row(0).iter().take(bins).map(scaled).collect(),
            prediction: prediction.iter().take(bins).map(scaled).collect(),
            seconds: bins as f64 * dt_ms / 1000.0,
            counts,
            unit,
        }
    }

    fn draw(&self, canvas: &mut Canvas, areas: [Rect; 3], hz: Option<&[f64]>, is_first: bool) {
        let [sound, repeats, response] = areas;
        let name = self.name(canvas, sound.width);
        canvas.text(&name, NEURON, (sound.x, sound.y - 14), Anchor::Left, Direction::Right);
        rasters::sound(canvas, sound, self.sound.view(), hz);
        rasters::repeats(canvas, repeats, self.repeats.view(), self.shades());
        axes::frame(canvas, sound);
        axes::frame(canvas, repeats);

        let values = self.psth.iter().chain(&self.prediction).copied();
        let chart = Chart::around(response, (0.0, self.seconds), values);
        for (values, colour) in [(&self.psth, GREY), (&self.prediction, VERMILION)] {
            chart.curve(canvas, &self.over_time(values), colour);
        }
        axes::frame(canvas, response);
        axes::left(canvas, response, &ticks::values(chart.up.0, chart.up.1, 5.0));
        chart.below(canvas, "time (s)");
        legend(canvas, response, &[("PSTH", GREY), ("prediction", VERMILION)]);
        if is_first {
            let baseline = page::name_at();
            let band = if hz.is_some() { "frequency (kHz)" } else { "band" };
            axes::name_left(canvas, sound, baseline, band);
            axes::name_left(canvas, repeats, baseline, "repeat");
            axes::name_left(canvas, response, baseline, self.unit);
        }
    }

    /// Neuron, correlation and stimulus; of those, only ids are shortened where there is no room.
    fn name(&self, canvas: &Canvas, room: usize) -> String {
        let (rank, id) = &self.neuron;
        let between = format!("   CC {}   stimulus ", ticks::fixed(self.score, 2));
        let width = |text: &str| canvas.text_width(text, NEURON);
        let room = room.saturating_sub(width(rank) + width(&between));
        let id =
            canvas.shorten(id, NEURON, (room / 2).max(room.saturating_sub(width(&self.stimulus))));
        let stimulus = canvas.shorten(&self.stimulus, NEURON, room.saturating_sub(width(&id)));
        format!("{rank}{id}{between}{stimulus}")
    }

    fn shades(&self) -> Shades {
        if self.counts {
            return Shades::Counts;
        }
        let recorded = self.repeats.iter().filter(|value| !value.is_nan());
        Shades::Signal { peak: recorded.fold(0.0, |peak, value| peak.max(value.abs())) }
    }

    /// Values at the middles of their bins.
    fn over_time(&self, values: &[f64]) -> Vec<(f64, f64)> {
        let bin = self.seconds / values.len() as f64;
        values.iter().enumerate().map(|(t, value)| ((t as f64 + 0.5) * bin, *value)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_the_median_and_the_worst_are_shown_and_undefined_ones_are_not() {
        assert_eq!(
            ranked(&[0.3, f64::NAN, 0.7, 0.1]),
            [("best: ", 2), ("median: ", 0), ("worst: ", 3)]
        );
        assert_eq!(ranked(&[f64::NAN, 0.2]), [("", 1)]);
        assert_eq!(ranked(&[f64::NAN]), []);
    }
}
