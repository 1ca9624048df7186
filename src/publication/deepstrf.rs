//! The code that loads a published model in deepSTRF.
use std::collections::{BTreeMap, BTreeSet};

use askama::Template;

use crate::runs::exchange::Exchange;

/// Python that loads a model and predicts with it.
#[derive(Template)]
#[template(path = "publication/deepstrf.py", escape = "none")]
pub struct LoadingCode<'a> {
    /// The modules of deepSTRF that it imports.
    modules: BTreeSet<&'a str>,
    class: &'a str,
    /// What makes each argument that is an object, by its name.
    objects: &'a BTreeMap<String, String>,
    bands: usize,
    neurons: usize,
}

impl<'a> LoadingCode<'a> {
    /// For a model of this class; none where deepSTRF lacks a part. `axes` are the numbers of bands and
    /// neurons.
    pub fn of(
        exchange: &'a Exchange,
        class: Option<&'a str>,
        axes: (usize, usize),
    ) -> Option<Self> {
        let class = class.filter(|_| exchange.no_part_for.is_empty())?;
        let objects = &exchange.extra_kwargs;
        let modules =
            objects.values().filter_map(|object| module(object)).chain(["audio"]).collect();
        let (bands, neurons) = axes;
        Some(Self { modules, class, objects, bands, neurons })
    }
}

/// The module of deepSTRF that an expression begins with.
fn module(object: &str) -> Option<&str> {
    object.strip_prefix("deepSTRF.models.")?.split('.').next()
}
