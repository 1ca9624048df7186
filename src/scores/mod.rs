//! Scores: how well a prediction follows a neuron's responses, and how well any could.
//!
//! All are of one neuron, over the recorded bins of all clips, in f64. A score that is not defined
//! is NaN, never an error.
//!
//! What the repeats of a clip say of its noise ([`repeats`]) and how a prediction and a PSTH vary
//! together ([`comparison`]) is worked out once, clip after clip; the scores ([`rows`]) are short
//! formulas of it. How large a correlation comes out by chance ([`chance`]) and how sure a score is
//! ([`uncertainty`]) follow from the same; [`evaluation`] puts all of it into one table;
//! [`population`] keeps so little of each clip that clips can be drawn anew for many models.
pub mod repeats;

pub mod comparison;

pub mod rows;

pub mod chance;
pub mod uncertainty;

pub mod evaluation;
mod joined;
pub mod population;

pub use comparison::{Ceiling, Comparison, Correlations, Divisions, Target, Workspace};
pub use repeats::split_halves::SIDE_BY_SIDE;
pub use repeats::{powers, quality};
pub use rows::{MetricRow, TABLE, Visibility, names};
