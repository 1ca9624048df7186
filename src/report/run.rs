//! What a report shows of one run.
use ndarray::{Array2, s};
use serde_json::{Map, Value};

use super::columns::{self, NeuronColumn};
use super::html::PictureSection;
use super::packed;
use crate::base::error::{Error, Result};
use crate::base::wording::counted;
use crate::dataset::ResponseFile;
use crate::figures::page::shown_bins;
use crate::pictures;
use crate::preparation::psth;
use crate::runs::SplitName;
use crate::runs::comparison::Scored;
use crate::runs::trained::{Needs, Trained};
use crate::scores::repeats::ResponseValues;
use crate::strf::default_lags;
use crate::strf::from_model::{StrfSource, export_mean};
use crate::strf::local::{Request, far_apart, mean};
use crate::strf::measures::Measures;
use crate::strf::strf_export::{Method, StrfExport, StrfRows, Which};

/// Bins of predictions that a page holds at most, over all neurons.
const MOST_BINS: usize = 300_000;

/// One run as a page shows it.
pub struct RunPage<'a> {
    /// The trained model.
    pub trained: &'a Trained,
    /// What `scores.json` says of the run.
    pub summary: Value,
    /// The numbers of each neuron.
    pub columns: Vec<NeuronColumn>,
    /// Which neurons have a receptive field to show, by place.
    pub with_field: Vec<usize>,
    /// Receptive fields of hidden units that a page shows.
    pub hidden_units: usize,
    /// Each picture with what it shows, or why there is none.
    pub figures: Vec<PictureSection>,
    /// What the page's script needs.
    script: Map<String, Value>,
}

/// Receptive fields of neurons.
struct Fields {
    dump: StrfExport,
    /// Places of the neurons that they belong to.
    of: Vec<usize>,
}

impl<'a> RunPage<'a> {
    /// Gathers what a page shows of a run. Where neurons have no STRF of their own, those of the
    /// `most` neurons with the best scores are taken from gradients; `step` is told after each at
    /// each stimulus.
    ///
    /// # Errors
    /// The run's files are damaged, or a tensor operation fails.
    pub fn gather(
        (trained, scored): (&'a Trained, &Scored),
        most: usize,
        step: impl FnMut(),
    ) -> Result<Self> {
        let neurons = &trained.metadata.neurons;
        let (_, summary) = trained.folder.scores()?;
        let mut columns = columns::of_scores(scored, neurons)?;
        let mut script = Map::new();
        script.insert("neurons".into(), neurons.clone().into());
        let own = source(trained)?.kernels()?;
        let (hidden, own) = match own {
            Some(dump) if matches!(dump.rows, StrfRows::Hidden { .. }) => (Some(dump), None),
            other => (None, other),
        };
        let fields = match own {
            Some(dump) => Ok(Fields { dump, of: (0..neurons.len()).collect() }),
            None => of_gradients(trained, best(&columns, most), step),
        };
        let with_field = match fields {
            Ok(fields) => {
                script.insert("fields".into(), described(&fields.dump, &fields.of));
                script.insert("noField".into(), fields.missing(neurons.len()).into());
                let measures = Measures::of(&fields.dump);
                columns.extend(columns::of_fields(&measures, &fields.of, neurons.len()));
                fields.of
            }
            Err(error) => {
                script.insert("noField".into(), format!("No receptive field: {error}").into());
                Vec::new()
            }
        };
        let hidden_units = hidden.as_ref().map_or(0, |dump| dump.strfs.dim().0);
        script.insert("hidden".into(), hidden.map_or(Value::Null, |dump| described(&dump, &[])));
        match traces(trained) {
            Ok(traces) => script.insert("traces".into(), traces),
            Err(error) => {
                script.insert("noTraces".into(), format!("No prediction: {error}").into())
            }
        };
        script.insert("columns".into(), columns.iter().map(NeuronColumn::json).collect());
        let figures = figures(trained);
        Ok(Self { trained, summary, columns, with_field, hidden_units, figures, script })
    }

    /// What the page's script reads.
    pub fn json(&self) -> Value {
        Value::Object(self.script.clone())
    }
}

impl Fields {
    /// What is said of those of so many neurons that show no receptive field.
    fn missing(&self, neurons: usize) -> String {
        let shown = counted(self.of.len(), "neuron");
        format!(
            "The receptive fields of this model are gradients, taken of the {shown} with the best \
             CC; --fields {neurons} takes all."
        )
    }
}

fn source(trained: &Trained) -> Result<StrfSource<'_>> {
    let Trained { network, metadata, folder, .. } = trained;
    Ok(StrfSource { network, metadata, title: trained.title(), config: folder.config()? })
}

/// The places of the `most` neurons with the best CC, in the model's order.
fn best(columns: &[NeuronColumn], most: usize) -> Vec<usize> {
    let Some(cc) = columns.iter().find(|column| column.name == "cc") else { return Vec::new() };
    let mut places: Vec<usize> = (0..cc.values.len()).collect();
    let score = |place: &usize| if cc.values[*place].is_nan() { -2.0 } else { cc.values[*place] };
    places.sort_by(|a, b| score(b).total_cmp(&score(a)));
    places.truncate(most);
    places.sort_unstable();
    places
}

/// The mean linear response of the whole model at the test stimuli.
fn of_gradients(trained: &Trained, of: Vec<usize>, step: impl FnMut()) -> Result<Fields> {
    let samples = trained.sounds(&trained.clips(None, SplitName::Test, Needs::Sound)?)?;
    let scale = &trained.metadata.scale;
    let network = &trained.network;
    let (lags, every) = (default_lags(network, &samples)?, far_apart(network, &samples));
    let request = Request { neurons: &of, lags, every, components: 0, scale };
    let mean = mean(network, &samples, &request, step)?;
    if !of.is_empty() && mean.iter().all(|weight| weight.is_nan()) {
        let found = "found no test stimulus that is longer than the model looks back";
        return Err(Error::Refused(format!("{found}, expected one for its gradient")));
    }
    Ok(Fields { dump: export_mean(trained, &of, &mean)?, of })
}

/// Receptive fields as the page's script reads them.
fn described(dump: &StrfExport, of: &[usize]) -> Value {
    let mut fields = packed::fields(&dump.effective);
    let unit = dump.unit(Which::Effective);
    let what = match dump.method {
        Method::Kernel => "Effective STRF",
        Method::Gradient => {
            "Mean linear response of the whole model to the cochleagram at the test stimuli"
        }
    };
    let dt_ms = dump.lags_ms.get(1).copied().unwrap_or(1.0);
    fields["channels"] = dump.channels.clone().into();
    fields["dtMs"] = dt_ms.into();
    fields["hz"] = dump.frequencies_hz.clone().map_or(Value::Null, Value::from);
    fields["of"] = of.into();
    fields["caption"] = format!("{what}, {unit}.").into();
    fields
}

/// The start of the first test stimulus: PSTH and prediction of each neuron; null where there is no
/// such stimulus.
fn traces(trained: &Trained) -> Result<Value> {
    let mut clips = trained.clips(None, SplitName::Test, Needs::Responses)?;
    clips.places.truncate(1);
    let Some(clip) = clips.iter().next() else { return Ok(Value::Null) };
    let neurons = trained.metadata.neurons.len();
    let predictions = trained.predictions(&clips)?;
    let recording = &clips.recording;
    let responses = ResponseFile::open(&recording.file)?.read(&clip.responses)?;
    let mut values = ResponseValues::default();
    for neuron in responses.outer_iter() {
        values = values.and(ResponseValues::of(neuron));
    }
    let scored = psth(&trained.preparation().treatment.repeats(responses));
    let bins = shown_bins(clip.bins(), recording.dt_ms).min(MOST_BINS / neurons.max(1)).max(2);
    let bins = bins.min(clip.bins());
    let (factor, unit) = pictures::response_unit(values.are_counts(), recording.dt_ms);
    #[expect(clippy::cast_possible_truncation, reason = "a curve on a screen")]
    let factor = factor as f32;
    let shown = |series: &Array2<f32>| series.slice(s![.., ..bins]).mapv(|y| y * factor);
    let mut traces = packed::traces(shown(&scored).view(), shown(&predictions[0]).view());
    traces["bins"] = bins.into();
    traces["dtMs"] = recording.dt_ms.into();
    traces["unit"] = unit.into();
    traces["caption"] =
        format!("Test stimulus {}; {}.", clip.stimulus.id, trained.psth_remark()).into();
    Ok(traces)
}

fn figures(trained: &Trained) -> Vec<PictureSection> {
    pictures::TABLE
        .iter()
        .map(|row| PictureSection::new(row.summary, (row.draw)(trained)))
        .collect()
}
