//! `strf init`: the chosen parts -> a commented run file.
use std::io::Write;
use std::path::Path;

use crate::cli::InitArgs;
use crate::config::part::{Row, find, names};
use crate::config::wording::{did_you_mean, one_of};
use crate::config::{Others, RunConfig, Template, relative};
use crate::error::{Error, Problem, Result};
use crate::progress::Console;
use crate::{models, parameterizations, prefilters};

/// Writes or prints a run file that says what it would do by default.
pub fn run(args: &InitArgs, console: &Console) -> Result<()> {
    let file = args.file.as_deref().unwrap_or_else(|| Path::new("run.toml"));
    let text = template(args, file)?;
    RunConfig::parse(&text, file, &[])?;
    match &args.file {
        None => console.result(&text),
        Some(file) => {
            write_new(file, &text)?;
            console.note(&format!("wrote {0}; next: strf train {0}", file.display()));
            Ok(())
        }
    }
}

fn template(args: &InitArgs, file: &Path) -> Result<String> {
    let parent = file.parent().unwrap_or_else(|| Path::new(""));
    let folder = if parent.as_os_str().is_empty() { Path::new(".") } else { parent };
    let data = relative(&args.data, folder)?;
    let prefilter = args.prefilter.as_deref().filter(|name| *name != "none");
    let parameterization = args.parameterization.as_deref().unwrap_or("full");
    let template = Template {
        model: named("--model", models::TABLE, &args.model)?,
        prefilter: prefilter
            .map(|name| named("--prefilter", prefilters::TABLE, name))
            .transpose()?,
        parameterization: named("--parameterization", parameterizations::TABLE, parameterization)?,
        data: &data,
        others: if args.all_keys { Others::Commented } else { Others::LeftOut },
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

/// Writes a file that must not exist yet; a reader never sees half of it.
fn write_new(file: &Path, text: &str) -> Result<()> {
    let doing = || format!("writing {}", file.display());
    let parent = file.parent().filter(|parent| !parent.as_os_str().is_empty());
    let folder = parent.unwrap_or_else(|| Path::new("."));
    let beside = tempfile::NamedTempFile::new_in(folder);
    let mut beside = beside.map_err(|source| Error::file(doing(), source))?;
    beside.write_all(text.as_bytes()).map_err(|source| Error::file(doing(), source))?;
    match beside.persist_noclobber(file) {
        Ok(_) => Ok(()),
        Err(error) if error.error.kind() == std::io::ErrorKind::AlreadyExists => {
            Err(Error::Refused(format!(
                "{}: found a file, expected none; give another name or move it away",
                file.display()
            )))
        }
        Err(error) => Err(Error::file(doing(), error.error)),
    }
}
