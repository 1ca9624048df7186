//! `strf plot`: a run -> pictures.
use std::path::PathBuf;

use clap::builder::PossibleValuesParser;
use clap::{Args, ValueEnum};

use crate::base::error::Result;
use crate::base::files::{self, Existing};
use crate::base::progress::Console;
use crate::pictures;
use crate::pictures::{Drawn, TABLE};
use crate::runs::trained::Trained;

/// File format of pictures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum PictureFormat {
    /// Pixels
    Png,
    /// Shapes and text
    Svg,
}

/// `strf plot`.
#[derive(Debug, Args)]
pub struct PlotArgs {
    /// Run folder
    pub run: PathBuf,
    /// Pictures to draw [default: all]
    #[arg(value_parser = PossibleValuesParser::new(pictures::names()))]
    pub pictures: Vec<String>,
    /// Folder to write to [default: RUN/pictures]
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// File format
    #[arg(long, value_enum, default_value = "png")]
    pub format: PictureFormat,
    /// Replace files that exist
    #[arg(long)]
    pub force: bool,
}

/// Name of the folder of pictures in a run folder.
const FOLDER: &str = "pictures";

/// Draws the pictures of a run, those that it can be drawn of.
pub fn run(args: &PlotArgs, console: &Console) -> Result<()> {
    let trained = Trained::open(&args.run)?;
    let folder = args.out.clone().unwrap_or_else(|| args.run.join(FOLDER));
    let existing = Existing::from_force(args.force);
    let ending = match args.format {
        PictureFormat::Png => "png",
        PictureFormat::Svg => "svg",
    };
    let wanted = TABLE.iter().filter(|row| {
        args.pictures.is_empty() || args.pictures.iter().any(|name| name == row.name)
    });
    let wanted: Vec<_> =
        wanted.map(|row| (row, folder.join(format!("{}.{ending}", row.name)))).collect();
    match &args.out {
        Some(folder) => files::create_folder(folder)?,
        None => drop(files::folder_inside(&args.run, FOLDER)?),
    }
    for (_, path) in &wanted {
        files::check(path, existing)?;
    }
    let bar = console.bar("pictures", wanted.len())?;
    for (row, path) in &wanted {
        bar.say(row.name);
        match (row.draw)(&trained)? {
            Drawn::Picture(canvas) => {
                let title = format!("{} of {}", row.summary, args.run.display());
                canvas.write(path, &title, existing)?;
                console.result(&path.display().to_string())?;
            }
            Drawn::Nothing(why) => console.warn(&format!("no picture {}: {why}", row.name)),
        }
        bar.step("");
    }
    Ok(())
}
