//! What `TensorBoard` shows of a run while it is trained: scalars of each epoch, and from time to
//! time a picture of the STRFs as they are.
use crate::base::error::Result;
use crate::models::Network;
use crate::runs::experiment::Experiment;
use crate::runs::metadata::Metadata;
use crate::strf::from_model::StrfSource;
use crate::strf::plot::{ColourScale, draw};
use crate::strf::strf_export::Which;
use crate::training::history::EpochRow;
use events::Events;

pub mod events;

/// The name that `TensorBoard` shows above the pictures of STRFs.
const STRFS: &str = "strfs";

/// The events of a run that asks for them.
pub struct Board<'a> {
    events: Events,
    network: &'a Network,
    metadata: Metadata,
    title: String,
    /// Epochs from one picture to the next.
    pictures: Option<usize>,
    has_strfs: bool,
}

impl<'a> Board<'a> {
    /// The board of a run of which so many epochs are done; none where it does not ask for one.
    ///
    /// # Errors
    /// The file of events cannot be read or written.
    pub fn open(experiment: &'a Experiment, epochs: usize) -> Result<Option<Self>> {
        let Experiment { config, network, folder, .. } = experiment;
        if !config.output.tensorboard {
            return Ok(None);
        }
        let pictures = Some(config.output.tensorboard_pictures).filter(|every| *every > 0);
        Ok(Some(Self {
            events: Events::begin(&folder.events_file()?, epochs)?,
            network,
            metadata: experiment.metadata()?,
            title: config.title(),
            pictures,
            has_strfs: network.strfs()?.is_some(),
        }))
    }

    /// What the user should know of a board that lacks something that was asked for.
    pub fn note(&self) -> Option<&'static str> {
        let missing = self.pictures.is_some() && !self.has_strfs;
        missing.then_some("TensorBoard gets no pictures: the model has no kernels to draw")
    }

    /// Adds an epoch, whose weights the model has.
    ///
    /// # Errors
    /// The file of events cannot be written, or a tensor operation fails.
    pub fn epoch(&mut self, row: &EpochRow) -> Result<()> {
        self.events.scalars(row)?;
        if !self.pictures.is_some_and(|every| row.epoch.is_multiple_of(every)) {
            return Ok(());
        }
        let title = format!("{}, epoch {}", self.title, row.epoch);
        let (metadata, config) = (&self.metadata, String::new());
        let source = StrfSource { network: self.network, metadata, title, config };
        let Some(dump) = source.kernels()? else { return Ok(()) };
        let canvas = draw(&dump, Which::Effective, ColourScale::EachPanel)?;
        self.events.picture(row.epoch, STRFS, &dump.title, &canvas)
    }
}
