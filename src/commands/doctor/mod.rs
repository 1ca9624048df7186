//! `strf doctor`: what a report of a fault needs, and whether fits come out right on this machine.
use clap::Args;
use serde_json::{Value as Json, json};

use facts::Facts;

use crate::base::error::{Error, Result};
use crate::base::progress::Console;
use crate::simd::level::Level;
use crate::training::known_fit::{self, Deviation, KNOWN, STEPS, TOLERANCE};

mod facts;

/// `strf doctor`.
#[derive(Debug, Args)]
pub struct DoctorArgs {
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// What the known fit came to under a level.
struct Checked {
    level: Level,
    deviation: Result<Deviation>,
}

/// Prints what there is, fits a built-in dataset under every level of vector instructions, and says whether
/// the numbers are the known ones.
///
/// # Errors
/// They are not.
pub fn run(args: &DoctorArgs, console: &Console) -> Result<()> {
    let facts = Facts::gather();
    if args.json {
        let checked = Level::available().into_iter().map(check).collect::<Vec<_>>();
        let mut all = serde_json::to_value(&facts)
            .map_err(|source| Error::failed("writing what there is as JSON", source))?;
        all["check"] = check_json(&checked);
        console.result(&format!("{all:#}"))?;
        return verdict(&checked);
    }
    // An instruction that a machine only claims to have ends the program: what there is comes first.
    console.result(&facts.text())?;
    console.result(&facts::row(
        "check",
        &format!(
            "{STEPS} L-BFGS steps in f64 on a built-in dataset, numbers known to {TOLERANCE:e}"
        ),
    ))?;
    let mut checked = Vec::new();
    for level in Level::available() {
        let one = check(level);
        console.result(&facts::row(&format!("  {level}"), &one.text()))?;
        checked.push(one);
    }
    verdict(&checked)
}

fn check(level: Level) -> Checked {
    let deviation = known_fit::at(level).map(|found| known_fit::compared(&found, &KNOWN));
    Checked { level, deviation }
}

impl Checked {
    fn passes(&self) -> bool {
        self.deviation.as_ref().is_ok_and(|deviation| deviation.problems.is_empty())
    }

    fn text(&self) -> String {
        let Ok(Deviation { largest, problems }) = &self.deviation else {
            return "FAILED: the fit stopped".into();
        };
        match problems.len() {
            0 => format!("right, {largest:.0e} off at most"),
            wrong => format!("FAILED: {wrong} of {} numbers are wrong", KNOWN.len()),
        }
    }

    /// Where it fails, what was found and expected, one line each.
    fn lines(&self) -> Vec<String> {
        let line = |text: String| format!("\n  {}: {text}", self.level);
        match &self.deviation {
            Ok(deviation) => deviation.problems.iter().map(|own| line(own.to_string())).collect(),
            Err(error) => vec![line(format!("found an error ({error}), expected a fit"))],
        }
    }
}

fn check_json(checked: &[Checked]) -> Json {
    let level = |one: &Checked| {
        let largest = one.deviation.as_ref().map_or(f64::NAN, |deviation| deviation.largest);
        let problems: Vec<String> =
            one.lines().iter().map(|line| line.trim_start().to_owned()).collect();
        json!({
            "level": one.level.name(),
            "passes": one.passes(),
            "largest_deviation": largest,
            "problems": problems,
        })
    };
    let levels: Vec<Json> = checked.iter().map(level).collect();
    json!({ "steps": STEPS, "tolerance": TOLERANCE, "levels": levels })
}

/// An error where a level fails, which says what to do.
fn verdict(checked: &[Checked]) -> Result<()> {
    let failing: Vec<&Checked> = checked.iter().filter(|one| !one.passes()).collect();
    if failing.is_empty() {
        return Ok(());
    }
    let lines: String = failing.iter().flat_map(|one| one.lines()).collect();
    let right = |level| checked.iter().any(|one| one.level == level && one.passes());
    let until_then = if right(Level::Scalar) {
        "until then fit with STRF_SIMD=scalar, which is right"
    } else {
        "do not rely on fits of this program on this machine"
    };
    Err(Error::Stopped(format!(
        "fits do not come out right on this machine{lines}\nreport this with all of the above; {until_then}"
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(level: Level, factor: f64) -> Checked {
        let found: Vec<f64> = KNOWN.iter().map(|known| known.value * factor).collect();
        Checked { level, deviation: Ok(known_fit::compared(&found, &KNOWN)) }
    }

    #[test]
    fn a_level_whose_numbers_are_wrong_ends_the_command_with_what_to_do() {
        verdict(&[with(Level::Scalar, 1.0), with(Level::Avx2, 1.0 + 1e-7)]).unwrap();
        let error = verdict(&[with(Level::Scalar, 1.0), with(Level::Avx2, 1.00001)]).unwrap_err();
        assert_eq!(error.exit_status(), 1);
        let said = error.to_string();
        assert!(said.contains("\n  avx2: loss at the start: found 13.82015"), "{said}");
        assert!(said.contains(", expected 13.82001749850054 to 1e-6\n"), "{said}");
        assert!(!said.contains("scalar: "), "{said}");
        assert!(said.ends_with("fit with STRF_SIMD=scalar, which is right"), "{said}");

        let stopped =
            Checked { level: Level::Scalar, deviation: Err(Error::Refused("no threads".into())) };
        let said = verdict(&[stopped, with(Level::Avx2, 1.0)]).unwrap_err().to_string();
        assert!(said.contains("scalar: found an error (no threads), expected a fit"), "{said}");
        assert!(said.ends_with("do not rely on fits of this program on this machine"), "{said}");
    }

    #[test]
    fn json_says_which_level_fails() {
        let json = check_json(&[with(Level::Scalar, 1.0), with(Level::Neon, f64::NAN)]);
        assert_eq!(json["levels"][0]["passes"], true);
        assert_eq!(json["levels"][1]["passes"], false);
        assert_eq!(json["levels"][1]["largest_deviation"], Json::Null);
        assert_eq!(json["levels"][1]["problems"].as_array().unwrap().len(), KNOWN.len());
    }
}
