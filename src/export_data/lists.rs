//! What is known of neurons or stimuli, one list for each attribute.
use std::collections::BTreeSet;

use crate::dataset::{Entity, plain_number};

/// The values of an attribute, one for each neuron or stimulus.
pub(super) enum List {
    /// All are numbers.
    Numbers(Vec<f64>),
    /// Empty where one is missing.
    Texts(Vec<String>),
}

/// Attributes by name, in alphabetical order.
pub(super) fn of<'a>(entities: impl Iterator<Item = &'a Entity> + Clone) -> Vec<(String, List)> {
    let names: BTreeSet<&String> =
        entities.clone().flat_map(|entity| entity.attributes.keys()).collect();
    let list = |name: &String| {
        let value = |entity: &Entity| entity.attributes.get(name).cloned().unwrap_or_default();
        let texts: Vec<String> = entities.clone().map(value).collect();
        match texts.iter().map(|text| plain_number(text)).collect::<Option<Vec<f64>>>() {
            Some(numbers) => List::Numbers(numbers),
            None => List::Texts(texts),
        }
    };
    names.into_iter().map(|name| (name.clone(), list(name))).collect()
}
