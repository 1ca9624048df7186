//! What an import took for granted, left out, and found doubtful, and how far it is.
use crate::base::error::Result;
use crate::base::progress::{Bar, Console};
use crate::base::wording;

/// Sentences for the user, in the order in which they came up.
#[derive(Debug)]
pub struct ImportReport {
    console: Console,
    inferred: Vec<String>,
    dropped: Vec<String>,
    warnings: Vec<String>,
}

impl ImportReport {
    /// Nothing to say yet; progress is shown on the console.
    pub fn new(console: &Console) -> Self {
        let console = console.clone();
        Self { console, inferred: Vec::new(), dropped: Vec::new(), warnings: Vec::new() }
    }

    /// A progress bar of so many steps.
    ///
    /// # Errors
    /// None that a user can cause.
    pub fn bar(&self, what: &str, steps: usize) -> Result<Bar> {
        self.console.bar(what, steps)
    }

    /// Something that no option said and the files left open.
    pub fn inferred(&mut self, text: impl Into<String>) {
        self.inferred.push(text.into());
    }

    /// Something of the files that is not in the dataset, with how much of it.
    pub fn dropped(&mut self, text: impl Into<String>) {
        self.dropped.push(text.into());
    }

    /// Something the user should look into.
    pub fn warn(&mut self, text: impl Into<String>) {
        self.warnings.push(text.into());
    }

    /// What was found doubtful.
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// One line for each thing that was inferred or dropped.
    pub fn lines(&self) -> Vec<String> {
        let inferred = self.inferred.iter().map(|text| format!("inferred: {text}"));
        inferred.chain(self.dropped.iter().map(|text| format!("dropped: {text}"))).collect()
    }
}

/// `a`, `a and b`, or `a, b, c and 4 more`.
pub fn listed(names: &[impl AsRef<str>]) -> String {
    const SHOWN: usize = 5;
    if names.len() > SHOWN { wording::first(names, SHOWN) } else { wording::joined(names, "and") }
}
