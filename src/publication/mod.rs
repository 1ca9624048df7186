//! A trained model as a folder for others: weights, metadata without where anything lies on this machine,
//! scores, a picture, and a card that says what it is and how it is used.
//!
//! The folder is read by every command that reads a run folder, by `strf adopt`, and by deepSTRF where that
//! has the parts.
mod card;
mod citation;
mod deepstrf;
mod facts;
mod fit;
mod markdown;
mod picture;
mod scored;

use std::path::Path;

use serde_json::{Map, Value as Json, json};

use crate::base::error::{Error, Result};
use crate::base::files::{self, Existing};
use crate::dataset::content::ScoredContent;
use crate::dataset::{Recording, ResponseFile, ResponseLocation};
use crate::runs::SplitName;
use crate::runs::exchange::Exchange;
use crate::runs::folder::{CONFIG, RunFolder, SCORES_CSV, SCORES_JSON, write_scores};
use crate::runs::metadata::{Metadata, PROGRAM};
use crate::runs::model_place::ModelPlace;
use crate::runs::trained::{Needs, Trained};
use crate::scores::evaluation::{Over, Scores};
use crate::scores::uncertainty::Resampling;
pub use citation::{Licence, PublisherWords};
use fit::FitRecord;
use picture::Picture;
pub use picture::gradients;

/// The card, which sites that keep models show first.
const CARD: &str = "README.md";
/// The receptive fields.
const PICTURE: &str = "strfs.png";
/// All that the folder may hold.
const ALL: [&str; 8] = [
    CARD,
    PICTURE,
    CONFIG,
    SCORES_CSV,
    SCORES_JSON,
    ModelPlace::Alone.weights(),
    ModelPlace::Alone.metadata(),
    ModelPlace::Alone.reference(),
];
/// Bootstraps over clips for the intervals of single neurons.
const DRAWS: usize = 1000;

/// What is published of a finished run.
pub struct Publication<'a> {
    trained: &'a Trained,
    words: &'a PublisherWords,
    metadata: Metadata,
    exchange: Exchange,
    fit: FitRecord,
    scores: Scores,
    /// What they were taken over, where the run says it.
    content: Option<ScoredContent>,
    recording: Recording<ResponseLocation>,
    picture: Option<Picture>,
    /// What the user should know.
    pub notes: Vec<String>,
}

impl<'a> Publication<'a> {
    /// Gathers it, and scores the model on its test stimuli; `step` is told after each receptive field that
    /// is taken from gradients, at each stimulus.
    ///
    /// # Errors
    /// The run is not finished, its files are damaged, or its dataset is not what it was.
    pub fn gather(
        trained: &'a Trained,
        words: &'a PublisherWords,
        step: impl FnMut(),
    ) -> Result<Self> {
        let (_table, summary) = trained.folder.scores()?;
        let fit = FitRecord::read(&trained.folder, &summary)?;
        let Trained { architecture, network, settings, .. } = trained;
        let exchange = Exchange::of(architecture, &trained.metadata.dims(), network.reference())?;
        let metadata = trained.metadata.published(settings, exchange.clone());
        let clips = trained.clips(None, SplitName::Test, Needs::Responses)?;
        // The card speaks of all stimuli.
        trained.require_same_sound(&clips.recording, SplitName::All)?;
        let predictions = trained.predictions(&clips)?;
        let mut file = ResponseFile::open(&clips.recording.file)?;
        let scoring = trained.scoring(&clips, &predictions, Over::AllClips, &mut file)?;
        drop(file);
        let resampling = Resampling { bootstrap: DRAWS, ..Resampling::default() };
        let sounds = trained.sounds(&clips)?;
        Ok(Self {
            picture: Picture::of(trained, &metadata, &sounds, step)?,
            scores: scoring.finish_with(&resampling),
            content: trained.scored_content(&clips),
            notes: clips.notes,
            recording: clips.recording,
            trained,
            words,
            metadata,
            exchange,
            fit,
        })
    }

    /// Writes the folder; one that lies there is replaced only where it was published.
    ///
    /// # Errors
    /// Something else lies there, or it cannot be written; nothing is left behind then.
    pub fn write(&self, path: &Path, existing: Existing) -> Result<()> {
        require_replaceable(path, existing)?;
        let card = self.card()?;
        files::folder(path, existing, |name| ALL.contains(&name), |folder| self.fill(folder, &card))
    }

    fn fill(&self, folder: &Path, card: &str) -> Result<()> {
        let write =
            |name: &str, bytes: &[u8]| files::write(&folder.join(name), Existing::Keep, bytes);
        let weights = self.trained.folder.weights_file();
        let reading = |source| Error::file(format!("reading {}", weights.display()), source);
        write(ModelPlace::Alone.weights(), &files::bytes(&weights).map_err(reading)?)?;
        let arguments = self.exchange.arguments(self.trained.network.reference());
        write(ModelPlace::Alone.reference(), files::pretty_json(&arguments)?.as_bytes())?;
        write(ModelPlace::Alone.metadata(), files::pretty_json(&self.metadata)?.as_bytes())?;
        write(CONFIG, self.fit.text()?.as_bytes())?;
        let summary = self.scores.json(self.description());
        write_scores(folder, &self.scores.csv()?, &summary, Existing::Keep)?;
        if let Some(Picture { canvas, title, .. }) = &self.picture {
            canvas.write(&folder.join(PICTURE), title, Existing::Keep)?;
        }
        write(CARD, card.as_bytes())
    }

    /// What `scores.json` says of how the scores came about.
    fn description(&self) -> Map<String, Json> {
        let mut run = Map::new();
        run.insert("program".into(), PROGRAM.into());
        run.insert("data".into(), self.data().into());
        run.insert("split".into(), "test".into());
        run.insert("over".into(), "all clips".into());
        run.insert("stimuli".into(), self.metadata.stimuli.test.clone().into());
        if let Some(content) = &self.content {
            run.insert("content".into(), json!(content));
        }
        run.insert("parameters".into(), self.trained.parameters.into());
        run.extend(self.fit.summary.clone());
        run
    }

    /// The name of the dataset.
    fn data(&self) -> &str {
        self.metadata.settings.as_ref().map_or("unnamed", |settings| &settings.data)
    }
}

/// Fails where something may not be published: asked before long work.
///
/// # Errors
/// Something lies there that was not published, or may not be replaced; or it would lie in the run.
pub fn require_room(run: &Path, path: &Path, existing: Existing) -> Result<()> {
    let parent = files::check(path, existing)?;
    let real = |path: &Path| {
        let doing = || format!("finding {}", path.display());
        path.canonicalize().map_err(|source| Error::file(doing(), source))
    };
    if real(parent)?.starts_with(real(run)?) {
        return Err(Error::Refused(format!(
            "{}: this lies in the run folder {}, expected a place outside of it, for runs hold nothing but \
             what fits write; name another folder",
            path.display(),
            run.display()
        )));
    }
    require_replaceable(path, existing)
}

fn require_replaceable(path: &Path, existing: Existing) -> Result<()> {
    files::check(path, existing)?;
    if !path.exists() || is_published(path)? {
        return Ok(());
    }
    Err(Error::Refused(format!(
        "{}: found something else than what strf publish wrote, expected a folder that it wrote or nothing; \
         name another folder",
        path.display()
    )))
}

/// Whether a folder was published and holds nothing else, or nothing at all.
fn is_published(path: &Path) -> Result<bool> {
    if !path.is_dir() {
        return Ok(false);
    }
    let names = files::names(path)?;
    let ours = names.iter().all(|name| ALL.contains(&name.as_str()));
    let says_so = || {
        let metadata = RunFolder::open(path).and_then(|folder| folder.metadata());
        metadata.is_ok_and(|metadata| metadata.published.is_some())
    };
    Ok(names.is_empty() || (ours && says_so()))
}
