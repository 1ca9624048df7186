//! Fits as they begin and end: a progress bar, events as JSON.
use std::sync::Mutex;

use serde_json::json;

use crate::base::error::Result;
use crate::base::progress::{Bar, Console};
use crate::sweeps::folder::{JobRecord, SweepProgress};
use crate::sweeps::plan::{Job, Plan};
use crate::sweeps::workers::Audience;

/// Shows fits as they begin and end.
pub struct Live<'a> {
    plan: &'a Plan,
    json: bool,
    console: &'a Console,
    bar: Bar,
    state: Mutex<State>,
}

struct State {
    running: usize,
    failed: usize,
    /// By combination: the sum of correlations and of how many fits.
    means: Vec<(f64, usize)>,
}

impl<'a> Live<'a> {
    /// Nothing has happened since `progress`.
    ///
    /// # Errors
    /// None that a user can cause.
    pub fn new(
        plan: &'a Plan,
        progress: &SweepProgress,
        json: bool,
        console: &'a Console,
    ) -> Result<Self> {
        let bar = console.bar("fits", plan.len())?;
        bar.start_at(progress.done.len());
        let means = vec![(0.0, 0); plan.combinations.len()];
        let state = State { running: 0, failed: 0, means };
        Ok(Self { plan, json, console, bar, state: Mutex::new(state) })
    }

    fn event(&self, event: serde_json::Value) {
        if self.json {
            let _told = self.console.result(&event.to_string());
        }
    }

    /// Changes the counts, and says what they come to; `is_end` where a fit came to its end.
    fn change(&self, is_end: bool, change: impl FnOnce(&mut State)) {
        let Ok(mut state) = self.state.lock() else { return };
        change(&mut state);
        let failed =
            if state.failed > 0 { format!(", {} failed", state.failed) } else { String::new() };
        let message = format!("{} running{failed}{}", state.running, self.best(&state));
        if is_end {
            self.bar.step(message);
        } else {
            self.bar.say(message);
        }
    }

    /// `; best so far: nrf, cc 0.731`, where there are several combinations.
    fn best(&self, state: &State) -> String {
        let means = state.means.iter().zip(&self.plan.combinations);
        let means = means.filter(|((_, count), _)| *count > 0);
        let means = means.map(|((sum, count), own)| (sum / *count as f64, own));
        match means.max_by(|a, b| a.0.total_cmp(&b.0)) {
            Some((cc, own)) => format!("; best so far: {}, cc {cc:.3}", own.name),
            None => String::new(),
        }
    }
}

impl Audience for Live<'_> {
    fn begun(&self, job: Job) {
        self.event(json!({ "event": "begun", "fit": job.number, "name": self.plan.name(job) }));
        self.change(false, |state| state.running += 1);
    }

    fn done(&self, job: Job, record: &JobRecord) {
        self.event(json!({
            "event": "done", "fit": job.number, "name": self.plan.name(job), "record": record,
        }));
        self.change(true, |state| {
            state.running -= 1;
            let (sum, count) = &mut state.means[job.combination];
            if let (Some(cc), None) = (record.cc, job.inner) {
                *sum += cc;
                *count += 1;
            }
        });
    }

    fn failed(&self, job: Job, error: &str) {
        self.event(json!({
            "event": "failed", "fit": job.number, "name": self.plan.name(job), "error": error,
        }));
        self.console.warn(&format!("fit {} failed: {}: {error}", job.number, self.plan.name(job)));
        self.change(true, |state| {
            state.running -= 1;
            state.failed += 1;
        });
    }
}
