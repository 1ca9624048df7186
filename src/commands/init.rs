//! `strf init`: the chosen parts -> a commented run file.
use std::path::Path;
use std::path::PathBuf;

use clap::Args;

use crate::base::error::{Error, Problem, Result};
use crate::base::files::{self, Existing};
use crate::base::progress::Console;
use crate::base::wording::{did_you_mean, one_of};
use crate::config::part::{Row, find, names};
use crate::models::{self, parameterizations, prefilters};
use crate::run_file::{DEEPSTRF, Others, RunConfig, Template, relative};

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
    /// Dataset file that the run file names, relative to where you are
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
    let text = template(args, file)?;
    RunConfig::parse(&text, file, &[])?;
    match &args.file {
        None => console.result(&text),
        Some(file) => {
            files::write(file, Existing::from_force(args.force), text.as_bytes())?;
            console.note(&format!("wrote {0}; next: strf train {0}", file.display()));
            Ok(())
        }
    }
}

fn template(args: &InitArgs, file: &Path) -> Result<String> {
    let parent = file.parent().unwrap_or_else(|| Path::new(""));
    let folder = if parent.as_os_str().is_empty() { Path::new(".") } else { parent };
    let data = relative(&args.data, folder)?;
    let prefilters = args.prefilter.iter().filter(|name| *name != "none");
    let parameterization = args.parameterization.as_deref().unwrap_or("full");
    let template = Template {
        model: named("--model", models::TABLE, &args.model)?,
        prefilters: prefilters
            .map(|name| named("--prefilter", prefilters::TABLE, name))
            .collect::<Result<_>>()?,
        parameterization: named("--parameterization", parameterizations::TABLE, parameterization)?,
        data: &data,
        others: if args.all_keys { Others::Commented } else { Others::LeftOut },
        like: if args.like.is_some() { DEEPSTRF } else { &[] },
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
