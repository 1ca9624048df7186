//! Slurm as the engine of a sweep: one job array, of which each task works through what is left.
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::{Command, Output};

use serde::{Deserialize, Serialize};

use super::claim::{Claim, Holder};
use super::folder::{COMMANDS, LOGS, SCRIPT, SUBMITTED, SweepFolder};
use super::sections::Launch;
use crate::base::error::{Error, Result};
use crate::base::files;
use crate::base::wording::in_shell;

/// Lines of a log that are shown of a task that died.
const SHOWN_LINES: usize = 5;

/// A job array that was handed in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Submitted {
    /// Its number, as `sbatch` said it.
    pub job: String,
    /// How many tasks it has.
    pub tasks: usize,
}

/// Hands a job array in that works through so many fits.
///
/// # Errors
/// There is no Slurm here, it refuses, or the folder cannot be written.
pub fn submit(folder: &SweepFolder, launch: &Launch, fits: usize) -> Result<Submitted> {
    let tasks = launch.max_running.min(fits).max(1);
    files::folder_inside(folder.path(), LOGS)?;
    folder.write(SCRIPT, script(folder, launch, tasks)?.as_bytes())?;
    let script = folder.path().join(SCRIPT);
    let output = Command::new("sbatch").arg("--parsable").arg(&script).output();
    let output = output.map_err(|source| no_slurm("sbatch", &source))?;
    if !output.status.success() {
        return Err(Error::Refused(format!(
            "Slurm refused {}: {}; change [launch], and go on with strf sweep resume {}",
            script.display(),
            text(&output.stderr),
            in_shell(folder.path())
        )));
    }
    // Where there are several clusters, the name of this one stands behind the number.
    let job = text(&output.stdout).split(';').next().unwrap_or_default().to_owned();
    let submitted = Submitted { job, tasks };
    let mut all = all_submitted(folder)?;
    all.push(submitted.clone());
    folder.write_json(SUBMITTED, &all)?;
    Ok(submitted)
}

/// Fails where no Slurm is to be found, before anything is written.
///
/// # Errors
/// As said.
pub fn require() -> Result<()> {
    let output = Command::new("sbatch").arg("--version").output();
    output.map(|_| ()).map_err(|source| no_slurm("sbatch", &source))
}

fn no_slurm(program: &str, source: &std::io::Error) -> Error {
    Error::Refused(format!(
        "launch.on: found no {program} on this machine ({source}), expected Slurm; do this where jobs are handed \
         in, or choose launch.on = \"local\" or \"list\""
    ))
}

/// What every task of the array runs.
fn script(folder: &SweepFolder, launch: &Launch, tasks: usize) -> Result<String> {
    let absolute = std::path::absolute(folder.path())
        .map_err(|source| Error::file(format!("finding {}", folder.path().display()), source))?;
    let program = std::env::current_exe()
        .map_err(|source| Error::failed("finding the path of this program", source))?;
    let name = absolute.file_name().map_or_else(String::new, |name| name.display().to_string());
    let mut options = vec![
        format!("--job-name=strf-{}", name.replace(char::is_whitespace, "_")),
        format!("--array=0-{}", tasks - 1),
        format!("--output={}/{LOGS}/%A_%a.log", absolute.display()),
        format!("--cpus-per-task={}", launch.cpus),
    ];
    let named = [
        ("partition", &launch.partition),
        ("account", &launch.account),
        ("time", &launch.time),
        ("mem", &launch.memory),
    ];
    let named = named.into_iter().filter_map(|(name, value)| Some((name, value.as_ref()?)));
    options.extend(named.map(|(name, value)| format!("--{name}={value}")));
    options.extend((launch.gpus > 0).then(|| format!("--gres=gpu:{}", launch.gpus)));
    options.extend(launch.extra.iter().cloned());
    if let Some(line) = options.iter().chain(&launch.setup).find(|line| line.contains('\n')) {
        return Err(Error::Refused(format!(
            "[launch]: found a line break in {line:?}, expected lines"
        )));
    }
    let mut lines = vec!["#!/bin/bash".to_owned()];
    lines.extend(options.iter().map(|option| format!("#SBATCH {option}")));
    lines.extend(launch.setup.iter().cloned());
    lines.push("export RAYON_NUM_THREADS=\"${SLURM_CPUS_PER_TASK:-1}\"".to_owned());
    lines.push(format!("exec {}", work_command(&program, &absolute)));
    Ok(lines.join("\n") + "\n")
}

/// Writes `commands.txt`: so many lines, each of which works through what is left.
///
/// # Errors
/// The folder cannot be written.
pub fn write_commands(folder: &SweepFolder, tasks: usize) -> Result<()> {
    let absolute = std::path::absolute(folder.path())
        .map_err(|source| Error::file(format!("finding {}", folder.path().display()), source))?;
    let program = std::env::current_exe()
        .map_err(|source| Error::failed("finding the path of this program", source))?;
    let line = work_command(&program, &absolute) + "\n";
    folder.write(COMMANDS, line.repeat(tasks).as_bytes())
}

/// What one of several processes runs.
fn work_command(program: &Path, folder: &Path) -> String {
    format!("{} --quiet sweep work {}", in_shell(program), in_shell(folder))
}

fn all_submitted(folder: &SweepFolder) -> Result<Vec<Submitted>> {
    if !folder.has(SUBMITTED) {
        return Ok(Vec::new());
    }
    let all: Vec<Submitted> = folder.read_json(SUBMITTED)?;
    // They become arguments of Slurm's programs, which take words that begin with - for options.
    match all.iter().find(|submitted| !is_job(&submitted.job)) {
        Some(Submitted { job, .. }) => Err(Error::Refused(format!(
            "{}: found the job {job:?}, expected a number of Slurm; the file is damaged: remove it, and cancel \
             jobs with scancel",
            folder.path().join(SUBMITTED).display()
        ))),
        None => Ok(all),
    }
}

fn is_job(job: &str) -> bool {
    !job.is_empty() && job.bytes().all(|byte| byte.is_ascii_digit())
}

/// Takes back what was handed in and has not ended; how many arrays.
///
/// # Errors
/// Slurm refuses.
pub fn cancel(folder: &SweepFolder) -> Result<usize> {
    let all = all_submitted(folder)?;
    for Submitted { job, .. } in &all {
        let output = Command::new("scancel").arg(job).output();
        let output = output.map_err(|source| no_slurm("scancel", &source))?;
        let said = text(&output.stderr);
        // An array that has ended is unknown to it after a while.
        if !output.status.success() && !said.contains("Invalid job id") {
            return Err(Error::Refused(format!("Slurm refused to cancel job {job}: {said}")));
        }
    }
    Ok(all.len())
}

/// What is known of the processes behind claims, Slurm's word included.
#[derive(Debug, Default)]
pub struct Holders {
    /// The state of each task, as Slurm names them.
    states: BTreeMap<String, String>,
    /// Arrays that Slurm knows nothing of any more, though they were handed in from here.
    forgotten: BTreeSet<String>,
}

impl Holders {
    /// Asks Slurm about the tasks of these claims that are not seen to run here.
    ///
    /// # Errors
    /// The folder is damaged.
    pub fn of<'a>(folder: &SweepFolder, claims: impl Iterator<Item = &'a Claim>) -> Result<Self> {
        let mut holders = Self::default();
        let elsewhere = claims.filter(|claim| claim.holder() != Holder::Alive);
        let jobs: BTreeSet<&str> = elsewhere
            .filter_map(|claim| job_of(claim.slurm.as_ref()?))
            .filter(|job| is_job(job))
            .collect();
        let submitted = all_submitted(folder)?;
        for job in jobs {
            match ask("squeue", &["-h", "-r", "-t", "all", "-o", "%i|%T", "-j", job]) {
                Some(output) if output.status.success() => holders.read(&text(&output.stdout)),
                Some(output) if text(&output.stderr).contains("Invalid job id") => {
                    let known = submitted.iter().any(|own| own.job == job);
                    holders.forgotten.extend(known.then(|| job.to_owned()));
                }
                _ => {}
            }
            let accounted = ask("sacct", &["-n", "-P", "-X", "-o", "JobID,State", "-j", job]);
            if let Some(output) = accounted.filter(|output| output.status.success()) {
                holders.read(&text(&output.stdout));
            }
        }
        Ok(holders)
    }

    fn read(&mut self, lines: &str) {
        let pairs = lines.lines().filter_map(|line| line.split_once('|'));
        for (task, state) in pairs {
            let state = state.split_whitespace().next().unwrap_or_default();
            self.states.insert(task.trim().to_owned(), state.to_owned());
        }
    }

    /// What is known of who holds a claim.
    pub fn holder(&self, claim: &Claim) -> Holder {
        let own = claim.holder();
        let Some(task) = claim.slurm.as_ref().filter(|_| own == Holder::Unknown) else {
            return own;
        };
        match self.states.get(task).map(String::as_str) {
            Some(
                "RUNNING" | "PENDING" | "COMPLETING" | "CONFIGURING" | "SUSPENDED" | "STOPPED"
                | "REQUEUED" | "RESIZING" | "SIGNALING" | "STAGE_OUT" | "REQUEUE_HOLD"
                | "SPECIAL_EXIT",
            ) => Holder::Alive,
            Some(_ended) => Holder::Dead,
            None if job_of(task).is_some_and(|job| self.forgotten.contains(job)) => Holder::Dead,
            None => Holder::Unknown,
        }
    }

    /// How a task ended, as Slurm names it.
    pub fn state(&self, claim: &Claim) -> Option<&str> {
        self.states.get(claim.slurm.as_ref()?).map(String::as_str)
    }
}

/// The array of a task.
fn job_of(task: &str) -> Option<&str> {
    task.split('_').next()
}

fn ask(program: &str, arguments: &[&str]) -> Option<Output> {
    Command::new(program).args(arguments).output().ok()
}

/// The last lines of the log of the task that holds a claim.
pub fn end_of_log(folder: &SweepFolder, claim: &Claim) -> Vec<String> {
    let Some(task) = &claim.slurm else { return Vec::new() };
    let log = folder.path().join(LOGS).join(format!("{task}.log"));
    let text = files::bytes(&log).map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    let text = text.unwrap_or_default();
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    let last = lines.len().saturating_sub(SHOWN_LINES);
    lines[last..].iter().map(|line| (*line).to_owned()).collect()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::process::ProcessIdentity;

    fn elsewhere(task: &str) -> Claim {
        let own = Claim::own(1);
        let process = ProcessIdentity { host: "node7".into(), ..own.process };
        Claim { process, slurm: Some(task.to_owned()), attempt: 1 }
    }

    #[test]
    fn what_slurm_says_of_a_task_decides_on_claims_of_other_machines() {
        let mut holders = Holders::default();
        holders.read("12_0|RUNNING\n12_1|OUT_OF_MEMORY\n12_2|CANCELLED by 1000\n");
        let holder = |task: &str| holders.holder(&elsewhere(task));
        assert_eq!(holder("12_0"), Holder::Alive);
        assert_eq!((holder("12_1"), holder("12_2")), (Holder::Dead, Holder::Dead));
        assert_eq!(holders.state(&elsewhere("12_2")), Some("CANCELLED"));
        assert_eq!(holder("13_0"), Holder::Unknown);
        assert_eq!(holders.holder(&Claim::own(1)), Holder::Alive);
        let forgotten = Holders { forgotten: ["13".to_owned()].into(), ..Holders::default() };
        assert_eq!(forgotten.holder(&elsewhere("13_0")), Holder::Dead);
    }

    #[test]
    fn the_script_asks_for_what_the_file_says() {
        let temp = tempfile::tempdir().unwrap();
        let folder =
            SweepFolder::claim(&temp.path().join("my sweep"), crate::base::files::Existing::Keep);
        let launch = Launch {
            on: super::super::sections::LaunchOn::Slurm,
            at_once: None,
            max_running: 4,
            partition: Some("short".into()),
            account: None,
            time: Some("1:00:00".into()),
            memory: Some("2G".into()),
            cpus: 2,
            gpus: 1,
            extra: vec!["--qos=low".into()],
            setup: vec!["module load strf".into()],
        };
        let folder = folder.unwrap();
        let script = script(&folder, &launch, 4).unwrap();
        for line in [
            "#!/bin/bash",
            "#SBATCH --job-name=strf-my_sweep",
            "#SBATCH --array=0-3",
            "#SBATCH --cpus-per-task=2",
            "#SBATCH --partition=short",
            "#SBATCH --time=1:00:00",
            "#SBATCH --mem=2G",
            "#SBATCH --gres=gpu:1",
            "#SBATCH --qos=low",
            "module load strf",
        ] {
            assert!(script.lines().any(|own| own == line), "{line}: {script}");
        }
        assert!(script.lines().last().unwrap().contains("sweep work"), "{script}");
        let broken = Launch { extra: vec!["--a\nrm -r /".into()], ..launch };
        assert!(super::script(&folder, &broken, 4).is_err());
    }
}
