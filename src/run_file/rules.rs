//! What must hold between keys.
use super::{Draft, PREFILTER};
use crate::base::error::Problem;
use crate::base::wording::one_of;
use crate::config::document::{Document, SectionAt, TYPE};
use crate::config::keys::{Value, Values};
use crate::config::part::{Chosen, Row, find};
use crate::models::outputs::Sign;
use crate::models::prefilters::{Channels, PrefilterRow};
use crate::models::{HasStrfs, ModelRow, Sharing};
use crate::models::{loss, outputs, parameterizations};

/// Problems of the parts with each other.
pub fn between_parts(draft: &Draft, written: &Document) -> Vec<Problem> {
    let mut problems = one_behind_the_other(draft, written);
    problems.extend(parameterized(draft, written));
    problems
}

/// Problems of training settings with the parts.
pub fn of_training(train: &Values, draft: &Draft, written: &Document) -> Vec<Problem> {
    let Some(model) = &draft.model else { return Vec::new() };
    [signed(train, model, written), best(train, model, draft, written)]
        .into_iter()
        .flatten()
        .collect()
}

/// A prefilter takes as many channels as the one in front of it gives.
fn one_behind_the_other(draft: &Draft, written: &Document) -> Vec<Problem> {
    let prefilters = prefilters(draft);
    let pairs = prefilters.iter().zip(prefilters.iter().skip(1));
    let problem = |((_, before), (at, chosen)): (&Placed, &Placed)| {
        let (before, row) = (before.row, chosen.row);
        let (name, gives) = (row.part.name, before.gives);
        let problem = || {
            let expected = format!("a prefilter that takes {gives} channels");
            let reason = format!(
                "{name} takes a single channel, and {} in front of it gives {gives}",
                before.part.name
            );
            written.problem((*at, TYPE), &format!("{name:?}"), expected).hint(reason)
        };
        (row.takes == Channels::One && gives > 1).then(problem)
    };
    pairs.filter_map(problem).collect()
}

/// A prefilter and the section that names it.
type Placed<'a> = (SectionAt<'static>, &'a Chosen<PrefilterRow>);

/// The prefilters that could be read, in their order.
fn prefilters(draft: &Draft) -> Vec<Placed<'_>> {
    let sections = draft.prefilters.iter().enumerate();
    let placed = sections.map(|(nth, chosen)| {
        let at = SectionAt { name: PREFILTER, nth };
        chosen.as_ref().map(|chosen| (at, chosen))
    });
    placed.flatten().collect()
}

/// A model without STRFs takes the first parameterization only, which is the plain one.
fn parameterized(draft: &Draft, written: &Document) -> Option<Problem> {
    let (model, chosen) = (draft.model.as_ref()?, draft.parameterization.as_ref()?);
    let HasStrfs::No(reason) = model.row.strfs else { return None };
    let plain = parameterizations::TABLE.first()?.part.name;
    let chosen = chosen.row.part.name;
    let problem = || {
        let expected = format!("{plain:?} with model.type = {:?}", model.row.part.name);
        let at = ("parameterization", TYPE);
        written.problem(at, &format!("{chosen:?}"), expected).hint(reason)
    };
    (chosen != plain).then(problem)
}

/// A loss of rates needs an output that is never negative.
fn signed(train: &Values, model: &Chosen<ModelRow>, written: &Document) -> Option<Problem> {
    let loss = find(loss::TABLE, word(train, "loss")?)?;
    let output = find(outputs::TABLE, word(&model.values, "output")?)?;
    let problem = || {
        let found = format!("{:?}", loss.part.name);
        let any = loss::TABLE.iter().filter(|row| !row.needs_rate).map(|row| row.part().name);
        let any = one_of(&any.collect::<Vec<_>>());
        let expected = format!("{any} with model.output = {:?}", output.part.name);
        let reason = format!(
            "{} of a negative rate is undefined, and {} can be negative",
            loss.part.name, output.part.name
        );
        written.problem(("train", "loss"), &found, expected).hint(reason)
    };
    (loss.needs_rate && output.sign == Sign::Either).then(problem)
}

/// Each neuron keeps its own epoch only where no weight serves two neurons.
fn best(
    train: &Values,
    model: &Chosen<ModelRow>,
    draft: &Draft,
    written: &Document,
) -> Option<Problem> {
    let learning =
        prefilters(draft).into_iter().find(|(_, chosen)| chosen.row.learns(&chosen.values));
    let reason = match (model.row.sharing, learning) {
        (Sharing::Hidden, _) => format!("neurons of {} share weights", model.row.part.name),
        (_, Some((at, chosen))) => format!(
            "neurons share the prefilter's weights, unless {}.{} = false",
            written.label(at),
            chosen.row.learnable.unwrap_or_default()
        ),
        _ => return None,
    };
    let at = ("train", "best");
    let own = word(train, "best")? == super::Best::PerNeuron.word();
    own.then(|| written.problem(at, r#""per_neuron""#, r#""mean""#).hint(reason))
}

fn word<'a>(values: &'a Values, key: &str) -> Option<&'a str> {
    match values.get(key)? {
        Value::Text(word) => Some(word),
        _ => None,
    }
}
