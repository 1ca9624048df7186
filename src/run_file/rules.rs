//! What must hold between keys.
use super::Draft;
use crate::base::error::Problem;
use crate::base::wording::one_of;
use crate::config::document::{Document, TYPE};
use crate::config::keys::{Value, Values};
use crate::config::part::{Chosen, Row, find};
use crate::models::outputs::Sign;
use crate::models::{HasStrfs, ModelRow, Sharing};
use crate::models::{loss, outputs, parameterizations};

/// Problems of the parts with each other.
pub fn between_parts(draft: &Draft, written: &Document) -> Vec<Problem> {
    parameterized(draft, written).into_iter().collect()
}

/// Problems of training settings with the parts.
pub fn of_training(train: &Values, draft: &Draft, written: &Document) -> Vec<Problem> {
    let Some(model) = &draft.model else { return Vec::new() };
    [signed(train, model, written), best(train, model, draft, written)]
        .into_iter()
        .flatten()
        .collect()
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
    let prefilter = draft.prefilter.as_ref();
    let learnable = prefilter.and_then(|chosen| chosen.values.get("learnable"));
    let reason = match (model.row.sharing, learnable) {
        (Sharing::Hidden, _) => format!("neurons of {} share weights", model.row.part.name),
        (_, Some(Value::Flag(true))) => {
            "neurons share the prefilter's weights, unless prefilter.learnable = false".into()
        }
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
