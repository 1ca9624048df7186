//! `strf init`: the chosen parts -> a commented run file.
use std::path::Path;
use std::path::PathBuf;

use clap::Args;

use crate::base::error::{Error, Problem, Result};
use crate::base::files::{self, Existing};
use crate::base::progress::Console;
use crate::base::wording::{did_you_mean, in_shell, one_of};
use crate::config::part::{Row, find, names};
use crate::models::{self, parameterizations, prefilters};
use crate::run_file::{DEEPSTRF, Others, RunConfig, Template, relative};
use crate::runs::advice::Advice;

/// `strf init`.
#[derive(Debug, Args)]
pub struct InitArgs {
    /// File to write; without it the run file is printed
    pub file: Option<PathBuf>,
    /// A name of `strf list models`
    #[arg(long, default_value = "ln", value_name = "NAME")]
    pub model: String,
    /// A name of `strf list prefilters`; several times for several, one behind the other
    #[arg(long, value_name = "NAME")]
    pub prefilter: Vec<String>,
    /// A name of `strf list parameterizations`
    #[arg(long, value_name = "NAME")]
    pub parameterization: Option<String>,
    /// Dataset file that the run file names, relative to where you are; where it exists, window and
    /// smoothing follow from it
    #[arg(long, default_value = "data.h5", value_name = "FILE")]
    pub data: PathBuf,
    /// Replace the file if it exists
    #[arg(long)]
    pub force: bool,
    /// Settings of another program, for comparisons: deepstrf
    #[arg(long, value_name = "NAME", value_parser = ["deepstrf"])]
    pub like: Option<String>,
    /// Show the parts that were not chosen too, as comments
    #[arg(long)]
    pub all_keys: bool,
}

/// Writes or prints a run file that says what it would do by default.
pub fn run(args: &InitArgs, console: &Console) -> Result<()> {
    let file = args.file.as_deref().unwrap_or_else(|| Path::new("run.toml"));
    let advice = advice(args)?;
    let text = template(args, file, &advice)?;
    RunConfig::parse(&text, file, &[])?;
    match &args.file {
        None => console.result(&text),
        Some(file) => {
            files::write(file, Existing::from_force(args.force), text.as_bytes())?;
            advice.reasons.iter().for_each(|reason| console.note(reason));
            console.note(&format!("wrote {}; next: strf train {}", file.display(), in_shell(file)));
            Ok(())
        }
    }
}

/// What the dataset says of settings, where there is one and no other program is followed.
fn advice(args: &InitArgs) -> Result<Advice> {
    if args.like.is_some() || args.all_keys || !args.data.is_file() {
        return Ok(Advice::default());
    }
    Advice::of(&args.data)
}

fn template(args: &InitArgs, file: &Path, advice: &Advice) -> Result<String> {
    let parent = file.parent().unwrap_or_else(|| Path::new(""));
    let folder = if parent.as_os_str().is_empty() { Path::new(".") } else { parent };
    let data = relative(&args.data, folder)?;
    let prefilters = args.prefilter.iter().filter(|name| *name != "none");
    let parameterization = args.parameterization.as_deref().unwrap_or("full");
    let model = named("--model", models::TABLE, &args.model)?;
    let has = |name: &str| model.part.keys.iter().any(|key| key.name == name);
    let number = |value: Option<f64>| value.map(|value| format!("{value:?}"));
    let (window, smooth) = (number(advice.window_ms), number(advice.smooth_ms));
    let mut like = if args.like.is_some() { DEEPSTRF.to_vec() } else { Vec::new() };
    like.extend(
        window.iter().filter(|_| has("window_ms")).map(|own| ("model", "window_ms", &**own)),
    );
    like.extend(smooth.iter().map(|own| ("data", "smooth_ms", &**own)));
    like.extend((advice.is_signed && has("output")).then_some(("model", "output", "\"identity\"")));
    let template = Template {
        model,
        prefilters: prefilters
            .map(|name| named("--prefilter", prefilters::TABLE, name))
            .collect::<Result<_>>()?,
        parameterization: named("--parameterization", parameterizations::TABLE, parameterization)?,
        data: &data,
        others: if args.all_keys { Others::Commented } else { Others::LeftOut },
        like: &like,
    };
    Ok(template.text())
}

/// The row called `name`, which the option gave.
fn named<R: Row>(option: &str, table: &'static [R], name: &str) -> Result<&'static R> {
    find(table, name).ok_or_else(|| {
        let names = names(table);
        let problem = Problem::new(option, format!("{name:?}"), one_of(&names));
        Error::Refused(problem.hint(did_you_mean(name, names)).to_string())
    })
}
