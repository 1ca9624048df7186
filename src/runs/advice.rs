//! What a recording says of settings for a first fit: how far back its neurons listen, and whether
//! its responses are smooth already.
use std::path::Path;

use candle_core::Device;

use crate::base::error::Result;
use crate::dataset::read_sound;
use crate::models::batch::Sample;
use crate::preparation::prepare::PreparedRecording;
use crate::run_file::{RunConfig, Split};
use crate::stats::moments::{correlation, median};
use crate::training::window;

/// Windows that are compared, in milliseconds.
const WINDOWS_MS: [f64; 8] = [20.0, 30.0, 45.0, 70.0, 100.0, 150.0, 200.0, 300.0];
/// Most weights of a kernel with the longest of them.
const MOST_WEIGHTS: usize = 1_600;
/// The share of what the best window explains that a shorter one must explain to be long enough.
const ENOUGH: f64 = 0.97;
/// What the best window must explain for lengths to be compared at all.
const LEAST_EXPLAINED: f64 = 0.01;
/// Correlation of neighbouring bins from which on responses are smooth already.
const SMOOTH: f64 = 0.9;

/// Settings that follow from a recording, with their reasons.
#[derive(Debug, Default)]
pub struct Advice {
    /// `model.window_ms`.
    pub window_ms: Option<f64>,
    /// `data.smooth_ms`.
    pub smooth_ms: Option<f64>,
    /// Whether responses go below 0.
    pub is_signed: bool,
    /// Why, a sentence each.
    pub reasons: Vec<String>,
}

impl Advice {
    /// Of the training stimuli of a dataset, as they are divided by default.
    ///
    /// # Errors
    /// The dataset cannot be read, or has nothing to fit.
    pub fn of(data: &Path) -> Result<Self> {
        let mut advice = Self::default();
        let as_they_are = prepared(data, &["data.smooth_ms=0".to_owned()])?;
        let neighbours = neighbours(&as_they_are.train)?;
        advice.is_signed = is_signed(&as_they_are.train)?;
        if neighbours >= SMOOTH {
            advice.smooth_ms = Some(0.0);
            advice.reasons.push(format!(
                "smooth_ms = 0: responses are smooth as they are (neighbouring bins \
                 correlate by {neighbours:.2})"
            ));
            advice.compare_windows(&as_they_are)?;
        } else {
            drop(as_they_are);
            advice.compare_windows(&prepared(data, &[])?)?;
        }
        if advice.is_signed {
            advice.reasons.push("output = \"identity\": responses go below 0".to_owned());
        }
        Ok(advice)
    }

    /// Chooses the shortest window that is long enough.
    fn compare_windows(&mut self, recording: &PreparedRecording) -> Result<()> {
        let dims = &recording.dims;
        if recording.train.len() < 2 {
            return Ok(());
        }
        let longest = recording.train.iter().map(Sample::bins).max().unwrap_or(0) / 2;
        let mut tried: Vec<(f64, usize, f64)> = Vec::new();
        for window_ms in WINDOWS_MS {
            let lags = dims.bins(window_ms);
            let fits = lags * dims.bands <= MOST_WEIGHTS && lags <= longest;
            let is_new = tried.last().is_none_or(|(_, last, _)| *last < lags);
            if fits && is_new {
                tried.push((window_ms, lags, window::explained(&recording.train, lags)?));
            }
        }
        let most = tried.iter().map(|(_, _, explained)| *explained).fold(0.0, f64::max);
        let enough = tried.iter().find(|(_, _, explained)| *explained >= ENOUGH * most);
        let Some((window_ms, _, explained)) = enough.filter(|_| most >= LEAST_EXPLAINED) else {
            return Ok(());
        };
        let shown = |(window_ms, _, explained): &(f64, usize, f64)| {
            format!("{window_ms} ms {:.1}", 100.0 * explained)
        };
        let all: Vec<String> = tried.iter().map(shown).collect();
        self.reasons.push(format!(
            "window_ms = {window_ms}: the shortest window with which linear fits explain {:.0} % of \
             the variance of training stimuli that they were not fitted to, at least {:.0} % of what the \
             best explains (in %: {})",
            100.0 * explained,
            100.0 * ENOUGH,
            all.join(", ")
        ));
        self.window_ms = Some(*window_ms);
        Ok(())
    }
}

/// The recording as a linear fit meets it.
fn prepared(data: &Path, settings: &[String]) -> Result<PreparedRecording> {
    let path = toml::Value::from(data.to_string_lossy().into_owned());
    let text = format!("[data]\nfile = {path}\n[model]\ntype = \"linear\"\n");
    let mut config = RunConfig::parse(&text, Path::new(""), settings)?;
    let recording = read_sound(&config.data.file)?.recording;
    config.resolve(&recording)?;
    let split = config.data.split.clone().unwrap_or(Split::UNSAID);
    PreparedRecording::new(recording, &config, (&split, None), &Device::Cpu)
}

/// The correlation of neighbouring bins of the PSTHs, the median over neurons.
fn neighbours(clips: &[Sample]) -> Result<f64> {
    let mut pairs: Vec<(Vec<f64>, Vec<f64>)> = Vec::new();
    for clip in clips {
        let rows = clip.member.psth.squeeze(0)?.to_vec2::<f32>()?;
        pairs.resize_with(rows.len(), Default::default);
        for ((now, next), row) in pairs.iter_mut().zip(&rows) {
            let both = row.windows(2).filter(|both| both.iter().all(|y| !y.is_nan()));
            for both in both {
                now.push(f64::from(both[0]));
                next.push(f64::from(both[1]));
            }
        }
    }
    let correlations = pairs.iter().map(|(now, next)| correlation(now, next));
    Ok(median(&correlations.filter(|r| r.is_finite()).collect::<Vec<_>>()))
}

/// Whether any response is below 0.
fn is_signed(clips: &[Sample]) -> Result<bool> {
    for clip in clips {
        let rows = clip.member.psth.squeeze(0)?.to_vec2::<f32>()?;
        if rows.iter().flatten().any(|y| *y < 0.0) {
            return Ok(true);
        }
    }
    Ok(false)
}
