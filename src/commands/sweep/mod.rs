//! `strf sweep`: a sweep file → every fit that it comes to, on this machine or others, and what came out.
use std::collections::BTreeMap;
use std::path::Path;

use serde_json::json;

use live::Live;

use crate::base::error::{Error, Result};
use crate::base::files::{self, Existing};
use crate::base::interrupt;
use crate::base::progress::Console;
use crate::base::wording::{counted, in_shell};
use crate::dataset::{ReadRecording, ResponseLocation, read_sound};
use crate::pictures::{Drawn, models};
use crate::report::sweep::SweepReport;
use crate::run_file::relative;
use crate::sweeps::claim::Holder;
use crate::sweeps::findings::Findings;
use crate::sweeps::folder::{
    COMMANDS, HELD_OUT, PICTURE, REPORT, SCORES, SUMMARY, SUMMARY_CSV, SweepFolder, SweepProgress,
};
use crate::sweeps::job::{NextRound, Workshop};
use crate::sweeps::outcome;
use crate::sweeps::plan::{Job, Plan};
use crate::sweeps::sections::{Launch, LaunchOn};
use crate::sweeps::slurm::{self, Holders, Submitted};
use crate::sweeps::sweep_file::SweepFile;
use crate::sweeps::table::{self, OfCombination};
use crate::sweeps::workers;

mod args;
mod live;
pub(super) mod strfs;
mod time;

pub use args::{BeginArgs, SweepArgs};
use args::{CollectArgs, FolderArgs, NewSweep, ResumeArgs, StatusArgs, There};

/// Fits, goes on, says how far it is, or collects.
pub fn run(args: &SweepArgs, console: &Console) -> Result<()> {
    match (&args.there, &args.new.file) {
        (Some(There::Status(args)), _) => status(args, console),
        (Some(There::Resume(args)), _) => resume(args, console),
        (Some(There::Collect(args)), _) => collect(args, console),
        (Some(There::Cancel(args)), _) => cancel(args, console),
        (Some(There::Work(args)), _) => work(args, console),
        (None, Some(file)) => new(file, &args.new, console),
        (None, None) => Ok(()),
    }
}

fn new(file: &Path, args: &NewSweep, console: &Console) -> Result<()> {
    let sweep = SweepFile::load(file, &args.how.set)?;
    let folder = args.out.clone().unwrap_or_else(|| sweep.base.output.folder.clone());
    begin(&sweep, (&folder, &args.how), console)
}

/// A new sweep, to its end.
///
/// # Errors
/// The dataset cannot be read or cut so, the folder cannot be written, or the user has stopped it.
pub fn begin(sweep: &SweepFile, (path, how): (&Path, &BeginArgs), console: &Console) -> Result<()> {
    let read = read_sound(&sweep.base.data.file)?;
    for note in sweep.notes.iter().chain(&read.notes) {
        console.note(note);
    }
    let plan = Plan::new(sweep, read.recording.clone(), relative(&sweep.file, path)?)?;
    if how.plan {
        console.result(&plan.lines())?;
        return time::tell(plan, &sweep.file, (sweep.launch.at_once, read), console);
    }
    let folder = SweepFolder::claim(path, Existing::from_force(how.force))?;
    if sweep.launch.on == LaunchOn::Slurm {
        slurm::require()?;
    }
    console.note(&format!("{}, into {}", plan.summary(), path.display()));
    folder.begin(&plan)?;
    launch((folder, plan), Some(read), (&sweep.launch, how.json), console)
}

/// Lets the fits that nobody has begun be done where `[launch]` says; `read` is the dataset, where it was
/// read to make the plan.
fn launch(
    (folder, plan): (SweepFolder, Plan),
    read: Option<ReadRecording<ResponseLocation>>,
    (launch, json): (&Launch, bool),
    console: &Console,
) -> Result<()> {
    let open = folder.progress()?.open(plan.len()).len();
    let path = in_shell(folder.path());
    match launch.on {
        LaunchOn::Local => {
            let mut workshop = match read {
                Some(read) => Workshop::with(folder, plan, read)?,
                None => Workshop::open(folder, plan)?,
            };
            let at_once = match launch.at_once {
                Some(at_once) => at_once,
                None => workers::fits_at_once(&workshop)?,
            };
            fit(&mut workshop, at_once, json, console)
        }
        LaunchOn::Slurm if open > 0 => {
            let Submitted { job, tasks } = slurm::submit(&folder, launch, open)?;
            console.note(&format!("handed in as job {job} of {}", counted(tasks, "task")));
            console.result(&format!("strf sweep status {path}\nstrf sweep collect {path}"))
        }
        LaunchOn::List if open > 0 => {
            let tasks = launch.max_running.min(open);
            slurm::write_commands(&folder, tasks)?;
            console.note(&format!(
                "run {} in {}, in any order and anywhere that sees the folder; each works through what is left",
                counted(tasks, "line"),
                folder.path().join(COMMANDS).display()
            ));
            console.result(&format!("strf sweep status {path}\nstrf sweep collect {path}"))
        }
        LaunchOn::Slurm | LaunchOn::List => {
            let mut workshop = Workshop::open(folder, plan)?;
            fit(&mut workshop, 1, json, console)
        }
    }
}

/// Goes on with a sweep.
fn resume(args: &ResumeArgs, console: &Console) -> Result<()> {
    let folder = SweepFolder::open(&args.folder)?;
    let plan = folder.plan()?;
    let sweep = SweepFile::parse(plan.text.clone(), &folder.path().join(&plan.file), &plan.set)?;
    if let Some(name) = &args.changed {
        require_same(&plan, name)?;
    }
    folder.cancel(false)?;
    let progress = folder.progress()?;
    let holders = Holders::of(&folder, progress.claimed.values())?;
    for number in progress.failed.keys() {
        folder.forgive(*number)?;
    }
    for (number, claim) in &progress.claimed {
        match holders.holder(claim) {
            Holder::Alive => {}
            Holder::Unknown if !args.retry_unknown => console.warn(&format!(
                "fit {number} was begun by {}, of which nothing is known here; if you know that it has \
                 ended, run it again with --retry-unknown",
                claim.shown()
            )),
            Holder::Dead | Holder::Unknown => {
                folder.free(*number, claim)?;
            }
        }
    }
    let local = Launch { on: LaunchOn::Local, ..sweep.launch.clone() };
    let how = if args.local { &local } else { &sweep.launch };
    launch((folder, plan), None, (how, args.json), console)
}

/// Fails where a sweep file no longer says what a sweep was planned by.
fn require_same(plan: &Plan, file: &Path) -> Result<()> {
    let text = files::text(file)
        .map_err(|source| Error::file(format!("reading {}", file.display()), source))?;
    if text == plan.text {
        return Ok(());
    }
    let differs = text.lines().zip(plan.text.lines()).find(|(own, planned)| own != planned);
    let (found, expected) = differs.unwrap_or(("another number of lines", "as many as planned"));
    Err(Error::Refused(format!(
        "{}: found {found:?}, expected {expected:?}, as when the sweep was planned; make another sweep with \
         --out, or go on without --file",
        file.display()
    )))
}

/// Works through what is left, without a word of the outcome.
fn work(args: &FolderArgs, console: &Console) -> Result<()> {
    let folder = SweepFolder::open(&args.folder)?;
    let plan = folder.plan()?;
    let mut workshop = Workshop::open(folder, plan)?;
    let at_once = workers::fits_at_once(&workshop)?;
    let is_stopped = fit_open(&mut workshop, at_once, false, console)?;
    if is_stopped { Err(stopped(&workshop.folder)) } else { Ok(()) }
}

/// Fits all that nobody has begun, and prints what came out.
fn fit(workshop: &mut Workshop, at_once: usize, json: bool, console: &Console) -> Result<()> {
    if fit_open(workshop, at_once, json, console)? {
        return Err(stopped(&workshop.folder));
    }
    let (progress, collected) = tables(&workshop.folder, &workshop.plan, console)?;
    let against = workshop.plan.against;
    let findings = console.during("predicting what fits did not see", || {
        Findings::of(workshop, &progress, (&collected, against), false)
    })?;
    report(workshop, (&collected, &findings), json, console)
}

/// Writes the tables of what is done.
fn collect(args: &CollectArgs, console: &Console) -> Result<()> {
    let folder = SweepFolder::open(&args.folder)?;
    let plan = folder.plan()?;
    let (progress, collected) = tables(&folder, &plan, console)?;
    if !args.predictions {
        let json = || format!("{:#}", outcome::json(&plan, &collected, None));
        let text = || outcome::means(&plan, &collected);
        return console.result(&if args.json { json() } else { text() });
    }
    let against = plan.against;
    let workshop = Workshop::open(folder, plan)?;
    let findings = console.during("predicting what fits did not see", || {
        Findings::of(&workshop, &progress, (&collected, against), true)
    })?;
    report(&workshop, (&collected, &findings), args.json, console)
}

/// Writes and prints what came out.
fn report(
    workshop: &Workshop,
    (collected, findings): (&[OfCombination], &Findings),
    json: bool,
    console: &Console,
) -> Result<()> {
    let Workshop { folder, plan, .. } = workshop;
    findings.write(workshop)?;
    let summary = outcome::json(plan, collected, Some(findings));
    folder.write_json(SUMMARY, &summary)?;
    for warning in &findings.warnings {
        console.warn(warning);
    }
    page(workshop, (collected, findings))?;
    let path = folder.path().display();
    console.note(&format!(
        "wrote {SCORES}, {SUMMARY_CSV}, {HELD_OUT}, {SUMMARY}, {PICTURE} and {REPORT} into {path}"
    ));
    let text = || outcome::means(plan, collected) + "\n" + &outcome::compared(findings);
    console.result(&if json { format!("{summary:#}") } else { text() })
}

/// Writes the picture and the page.
fn page(workshop: &Workshop, came: (&[OfCombination], &Findings)) -> Result<()> {
    let report = page_of(workshop, came);
    if let Drawn::Picture(canvas) = models::draw(came.1, 0, &report.data, report.ceiling)? {
        let picture = workshop.folder.path().join(PICTURE);
        canvas.write(&picture, "models of a sweep", Existing::Replace)?;
    }
    workshop.folder.write(REPORT, report.html()?.as_bytes())
}

/// What the page on a sweep shows.
fn page_of<'a>(
    workshop: &'a Workshop,
    (collected, findings): (&[OfCombination], &'a Findings),
) -> SweepReport<'a> {
    let plan = &workshop.plan;
    let file = &workshop.dataset().recording.file;
    let data = file.file_name().map_or_else(String::new, |name| name.display().to_string());
    let place = table::AVERAGED.iter().position(|score| *score == table::CEILING);
    let ceiling = place.zip(collected.get(plan.against)).map(|(place, own)| own.mean(place));
    let ceiling = ceiling.filter(|ceiling| ceiling.is_finite());
    SweepReport { plan, findings, data, ceiling }
}

/// The page on a sweep that is there.
///
/// # Errors
/// A fit or the dataset is not what it was.
pub fn page_on(path: &Path) -> Result<String> {
    let folder = SweepFolder::open(path)?;
    let plan = folder.plan()?;
    let progress = folder.progress()?;
    let collected = table::collect(&folder, &plan, &progress)?;
    let workshop = Workshop::open(folder, plan)?;
    let against = workshop.plan.against;
    let findings = Findings::of(&workshop, &progress, (&collected, against), false)?;
    page_of(&workshop, (&collected, &findings)).html()
}

/// Fits all that nobody has begun, round by round where a search goes on; whether it was asked to stop before
/// the end.
fn fit_open(
    workshop: &mut Workshop,
    at_once: usize,
    json: bool,
    console: &Console,
) -> Result<bool> {
    interrupt::listen()?;
    loop {
        workshop.folder.clear_done()?;
        let progress = workshop.folder.progress()?;
        let open = progress.open(workshop.plan.len());
        let jobs: Vec<Job> = workshop.plan.jobs();
        let jobs: Vec<Job> = open.into_iter().map(|number| jobs[number]).collect();
        let live = Live::new(&workshop.plan, &progress, json, console)?;
        if workers::work_through(workshop, jobs, at_once, &live)? {
            return Ok(true);
        }
        drop(live);
        match workshop.next_round()? {
            NextRound::Begins => console.note(&workshop.plan.summary()),
            NextRound::IsNotDue => return Ok(false),
        }
    }
}

fn stopped(folder: &SweepFolder) -> Error {
    let path = in_shell(folder.path());
    Error::Interrupted(format!("stopped; go on with: strf sweep resume {path}"))
}

/// Asks all processes to stop.
fn cancel(args: &FolderArgs, console: &Console) -> Result<()> {
    let folder = SweepFolder::open(&args.folder)?;
    folder.cancel(true)?;
    slurm::cancel(&folder)?;
    console.note(&format!(
        "all processes stop before their next fit; go on with: strf sweep resume {}",
        in_shell(&args.folder)
    ));
    Ok(())
}

/// What fits are called whose process has ended without an end.
const DIED: &str = "died";

/// Says how far a sweep is.
fn status(args: &StatusArgs, console: &Console) -> Result<()> {
    let folder = SweepFolder::open(&args.folder)?;
    let (plan, progress) = (folder.plan()?, folder.progress()?);
    let holders = Holders::of(&folder, progress.claimed.values())?;
    let [running, died, unknown] = [Holder::Alive, Holder::Dead, Holder::Unknown].map(|holder| {
        let claims = progress.claimed.iter().map(|(number, claim)| (*number, claim));
        claims.filter(|(_, claim)| holders.holder(claim) == holder).collect::<Vec<_>>()
    });
    let open = progress.open(plan.len()).len();
    if args.json {
        let numbers =
            |held: &[(usize, &_)]| held.iter().map(|(number, _)| *number).collect::<Vec<_>>();
        return console.result(&format!(
            "{:#}",
            json!({
                "fits": plan.len(), "done": progress.done.len(), "open": open,
                "running": numbers(&running), "died": numbers(&died), "unknown": numbers(&unknown),
                "failed": progress.failed, "cancelled": folder.is_cancelled(),
            })
        ));
    }
    let mut lines = vec![format!(
        "{}: {} done, {} running, {} failed, {} died, {} unknown, {open} not begun",
        counted(plan.len(), "fit"),
        progress.done.len(),
        running.len(),
        progress.failed.len(),
        died.len(),
        unknown.len(),
    )];
    let jobs = plan.jobs();
    for (number, failure) in &progress.failed {
        let name = plan.name(jobs[*number]);
        lines.push(format!("failed: {number} ({name}): {}", failure.error));
    }
    for (what, held) in [("running", running), (DIED, died), ("unknown", unknown)] {
        for (number, claim) in held {
            let state = holders.state(claim).map_or_else(String::new, |state| format!(", {state}"));
            let name = plan.name(jobs[number]);
            lines.push(format!("{what}: {number} ({name}), {}{state}", claim.shown()));
            if what == DIED {
                let log = slurm::end_of_log(&folder, claim).into_iter();
                lines.extend(log.map(|line| format!("  {line}")));
            }
        }
    }
    console.result(&lines.join("\n"))
}

/// Writes the tables of what is done, and says what is not.
fn tables(
    folder: &SweepFolder,
    plan: &Plan,
    console: &Console,
) -> Result<(SweepProgress, Vec<OfCombination>)> {
    let progress = folder.progress()?;
    let all = table::collect(folder, plan, &progress)?;
    for (number, failure) in &progress.failed {
        console.warn(&format!("fit {number} failed: {}", failure.error));
    }
    warn_of_warnings(&all, console);
    let left = plan.len() - progress.done.len();
    if left > 0 {
        console.warn(&format!(
            "{left} of {} are not done; strf sweep status {} says which",
            counted(plan.len(), "fit"),
            in_shell(folder.path())
        ));
    }
    Ok((progress, all))
}

/// Says once what several fits warn of.
fn warn_of_warnings(collected: &[OfCombination], console: &Console) {
    let mut all: BTreeMap<&str, usize> = BTreeMap::new();
    for (warning, fits) in collected.iter().flat_map(|own| &own.warnings) {
        *all.entry(warning).or_default() += fits;
    }
    for (warning, fits) in all {
        console.warn(&format!("{warning} (in {})", counted(fits, "fit")));
    }
}
