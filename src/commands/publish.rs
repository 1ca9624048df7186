//! `strf publish`: a finished run → a folder for others, with a card.
use std::path::PathBuf;

use clap::Args;

use crate::base::error::{Error, Result};
use crate::base::files::Existing;
use crate::base::progress::Console;
use crate::publication::{Licence, Publication, PublisherWords, gradients, require_room};
use crate::runs::trained::Trained;
use crate::sweeps::folder::SweepFolder;

/// `strf publish`.
#[derive(Debug, Args)]
pub struct PublishArgs {
    /// Run folder of a finished run
    pub run: PathBuf,
    /// Folder to write: weights, metadata, scores, a picture, and a model card, README.md
    pub folder: PathBuf,
    /// Where the dataset of the run lies now, if it has been moved
    #[arg(long, value_name = "FILE")]
    pub data: Option<PathBuf>,
    /// What others may do with the model, as the SPDX list has it, e.g. CC-BY-4.0
    #[arg(long, visible_alias = "license", value_name = "ID")]
    pub licence: Option<String>,
    /// Who made the model; may be repeated
    #[arg(long = "author", value_name = "NAME")]
    pub authors: Vec<String>,
    /// Heading of the card [default: what model of how many neurons]
    #[arg(long)]
    pub title: Option<String>,
    /// How the model or its data are cited; may be repeated
    #[arg(long = "citation", value_name = "TEXT")]
    pub citations: Vec<String>,
    /// Replace a folder that strf publish wrote
    #[arg(long)]
    pub force: bool,
}

/// Writes the folder and says where.
pub fn run(args: &PublishArgs, console: &Console) -> Result<()> {
    if SweepFolder::lies_in(&args.run) {
        return Err(Error::Refused(format!(
            "{}: found the folder of a sweep, expected that of one run; publish one of its fits, {}",
            args.run.display(),
            args.run.join("jobs/NUMBER").display()
        )));
    }
    let existing = Existing::from_force(args.force);
    let words = PublisherWords {
        title: args.title.clone(),
        licence: args.licence.as_deref().map(Licence::of).transpose()?,
        authors: args.authors.clone(),
        citations: args.citations.clone(),
    };
    let mut trained = Trained::open(&args.run)?;
    require_room(&args.run, &args.folder, existing)?;
    if let Some(data) = &args.data {
        trained.data.clone_from(data);
    }
    if !trained.data.exists() {
        return Err(Error::Refused(format!(
            "{}: there is no such file, expected the dataset of {}, on which the model is scored for its card; say \
             where it lies now with --data",
            trained.data.display(),
            args.run.display()
        )));
    }
    let stimuli = trained.metadata.stimuli.test.len();
    let bar = console.bar("receptive fields", gradients(&trained)? * stimuli)?;
    let publication = Publication::gather(&trained, &words, || bar.step(""))?;
    drop(bar);
    for note in &publication.notes {
        console.note(note);
    }
    if words.licence.is_none() {
        console.warn(
            "no licence: others may not use the model without asking; name one with --licence, e.g. CC-BY-4.0",
        );
    }
    publication.write(&args.folder, existing)?;
    console.result(&args.folder.display().to_string())
}
