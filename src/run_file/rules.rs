//! What must hold between keys.
use super::{Banded, Draft, OUTPUT_GAIN, Optimizer, PREFILTER, StartFrom, Strength};
use crate::base::error::Problem;
use crate::base::wording::one_of;
use crate::config::document::{Document, SectionAt};
use crate::config::keys::{Value, Values};
use crate::config::part::TYPE;
use crate::config::part::{Chosen, Row, find};
use crate::models::cores::{FREEZE, INIT, linear};
use crate::models::outputs::Sign;
use crate::models::parameterizations::full;
use crate::models::prefilters::{Channels, NeededLevel, PrefilterRow};
use crate::models::{HasStrfs, ModelRow, Sharing};
use crate::models::{loss, outputs, parameterizations};

/// Problems of the parts with each other.
pub fn between_parts(draft: &Draft, written: &Document) -> Vec<Problem> {
    let mut problems = one_behind_the_other(draft, written);
    problems.extend(levelled(draft, written));
    problems.extend(parameterized(draft, written));
    problems.extend(frozen(draft, written));
    problems.extend(of_output(draft, written));
    problems
}

/// What is to be left as it is must come from somewhere.
fn frozen(draft: &Draft, written: &Document) -> Option<Problem> {
    let values = &draft.model.as_ref()?.values;
    let freeze = values.get(FREEZE.name).filter(|_| values.get(INIT.name).is_none())?;
    let Value::Text(word) = freeze else { return None };
    let expected = "a run in model.init beside it, whose core is left as it is";
    Some(written.problem(("model", FREEZE.name), &format!("{word:?}"), expected))
}

/// Problems of training settings with the parts.
pub fn of_training(train: &Values, draft: &Draft, written: &Document) -> Vec<Problem> {
    let Some(model) = &draft.model else { return Vec::new() };
    let problems = [
        signed(train, model, written),
        best(train, model, draft, written),
        ridge(train, model, draft, written),
        banded(train, model, draft, written),
        started(train, model, draft, written),
        penalized_twice(train, written),
        penalized_though_frozen(train, model, written),
    ];
    problems.into_iter().flatten().chain(chosen_by_steps(train, model, draft, written)).collect()
}

/// Why each neuron cannot be fitted by itself, if so.
fn shared(model: &Chosen<ModelRow>, draft: &Draft, written: &Document) -> Option<String> {
    let learning =
        prefilters(draft).into_iter().find(|(_, chosen)| chosen.row.learns(&chosen.values));
    if let Some(gain) = &draft.output_gain {
        return Some(format!("neurons share the weights of output_gain {}", gain.row.part.name));
    }
    match (model.row.sharing, learning) {
        (Sharing::Hidden, _) => Some(format!("neurons of {} share weights", model.row.part.name)),
        (_, Some((at, chosen))) => Some(format!(
            "neurons share the prefilter's weights, unless {}.{} = false",
            written.label(at),
            chosen.row.learnable.unwrap_or_default()
        )),
        _ => None,
    }
}

/// Whether the optimizer is AdamW, said or not.
fn by_steps(train: &Values, model: &Chosen<ModelRow>, draft: &Draft, written: &Document) -> bool {
    match word(train, "optimizer") {
        Some("adamw") => true,
        Some("auto") => shared(model, draft, written).is_some(),
        _ => false,
    }
}

/// The exact solution is that of squared errors of a linear model with free weights.
fn ridge(
    train: &Values,
    model: &Chosen<ModelRow>,
    draft: &Draft,
    written: &Document,
) -> Option<Problem> {
    if word(train, "optimizer")? != Optimizer::Ridge.word() {
        return None;
    }
    let reason = without_ridge(train, model, draft, written)?;
    Some(written.problem(("train", "optimizer"), r#""ridge""#, r#""auto""#).hint(reason))
}

/// Why there is no exact solution, if so.
fn without_ridge(
    train: &Values,
    model: &Chosen<ModelRow>,
    draft: &Draft,
    written: &Document,
) -> Option<String> {
    let parameterization = draft.parameterization.as_ref()?.row.part.name;
    let l1 = strength(train, "l1").unwrap_or(Strength::Is(0.0));
    match () {
        () if model.row.part.name != linear::ROW.part.name => {
            Some(format!("{} is not linear", model.row.part.name))
        }
        () if shared(model, draft, written).is_some() => shared(model, draft, written),
        () if parameterization != full::PART.name => {
            Some(format!("the weights of a {parameterization} kernel are not free"))
        }
        () if word(train, "loss")? != "mse" => Some("it makes squared errors small".to_owned()),
        () if !l1.is_none() => Some("there is no such solution with train.l1".to_owned()),
        () => None,
    }
}

/// Groups of weights have strengths of their own only in the exact solution.
fn banded(
    train: &Values,
    model: &Chosen<ModelRow>,
    draft: &Draft,
    written: &Document,
) -> Option<Problem> {
    let (found, none) = (word(train, "banded")?, Banded::None.word());
    if found == none {
        return None;
    }
    let reason = match Optimizer::from_word(word(train, "optimizer")?)? {
        Optimizer::Auto => without_ridge(train, model, draft, written)?,
        Optimizer::Ridge => return None,
        other => format!("train.optimizer is {:?}", other.word()),
    };
    let reason = format!("it is for ridge, and {reason}");
    let expected = format!("{none:?}");
    Some(written.problem(("train", "banded"), &format!("{found:?}"), expected).hint(reason))
}

/// Weights start from linear solutions where they could be such, or hold such.
fn started(
    train: &Values,
    model: &Chosen<ModelRow>,
    draft: &Draft,
    written: &Document,
) -> Option<Problem> {
    if word(train, "start")? != StartFrom::Ridge.word() {
        return None;
    }
    let learning = prefilters(draft).into_iter().any(|(_, own)| own.row.learns(&own.values));
    let parameterization = draft.parameterization.as_ref()?.row.part.name;
    let hidden = model.row.sharing == Sharing::Hidden;
    let reason = match model.row.strfs {
        HasStrfs::No(reason) => reason.to_owned(),
        HasStrfs::Yes if learning => "what its kernels see changes with the prefilter".to_owned(),
        HasStrfs::Yes if hidden && parameterization != full::PART.name => {
            format!("the weights of a {parameterization} kernel of hidden units are not free")
        }
        HasStrfs::Yes => return None,
    };
    Some(written.problem(("train", "start"), r#""ridge""#, r#""random""#).hint(reason))
}

/// Weight decay is a penalty on squares too.
fn penalized_twice(train: &Values, written: &Document) -> Option<Problem> {
    let l2 = strength(train, "l2").filter(|l2| !l2.is_none())?;
    let decays = matches!(train.get("weight_decay"), Some(Value::Number(decay)) if *decay > 0.0);
    let problem = || {
        let found = found(l2);
        let expected = "0 with train.weight_decay above 0, or train.weight_decay = 0";
        written.problem(("train", "l2"), &found, expected).hint(
            "both are penalties on squares of weights; l2 acts on the STRF as it acts".to_owned(),
        )
    };
    decays.then(problem)
}

/// Penalties lie on weights that a frozen core does not let change.
fn penalized_though_frozen(
    train: &Values,
    model: &Chosen<ModelRow>,
    written: &Document,
) -> Option<Problem> {
    let freezes = |value: &Value| !matches!(value, Value::Text(word) if word == "none");
    model.values.get(INIT.name)?;
    let frozen = model.values.get(FREEZE.name).is_none_or(freezes);
    let chosen = ["l2", "smooth", "l1"].into_iter().find_map(|key| {
        let given = strength(train, key).filter(|strength| !strength.is_none());
        given.map(|strength| (key, strength))
    });
    let (key, strength) = chosen.filter(|_| frozen)?;
    let expected = "0, or model.freeze = \"none\": the weights that it lies on are frozen";
    Some(written.problem(("train", key), &found(strength), expected))
}

/// A strength as a file has it.
fn found(strength: Strength) -> String {
    match strength {
        Strength::Auto => r#""auto""#.to_owned(),
        Strength::Is(number) => number.to_string(),
    }
}

/// Strengths are chosen along paths of converged fits, and steps do not converge.
fn chosen_by_steps(
    train: &Values,
    model: &Chosen<ModelRow>,
    draft: &Draft,
    written: &Document,
) -> Vec<Problem> {
    if !by_steps(train, model, draft, written) {
        return Vec::new();
    }
    let auto = ["l2", "smooth", "l1"].into_iter();
    let auto = auto.filter(|key| strength(train, key) == Some(Strength::Auto));
    let problem = |key| {
        let reason = "a strength is chosen among fits that have converged".to_owned();
        let expected = "a number with adamw, or train.optimizer = \"lbfgs\"";
        written.problem(("train", key), r#""auto""#, expected).hint(reason)
    };
    auto.map(problem).collect()
}

fn strength(values: &Values, key: &str) -> Option<Strength> {
    values.get(key)?;
    values.declared::<Strength>(key).ok().copied()
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

/// Stages that need a level come behind what gives one.
fn levelled(draft: &Draft, written: &Document) -> Vec<Problem> {
    let prefilters = prefilters(draft);
    let problem = |(place, (at, chosen)): (usize, &Placed)| {
        let name = chosen.row.part.name;
        let reason = no_level(chosen.row.level, name, &prefilters[..place])?;
        let expected = "a prefilter that takes what the one in front of it gives";
        Some(written.problem((*at, TYPE), &format!("{name:?}"), expected).hint(reason))
    };
    prefilters.iter().enumerate().filter_map(problem).collect()
}

/// Why what these give is not the level that a stage needs, if so.
fn no_level(level: NeededLevel, name: &str, before: &[Placed]) -> Option<String> {
    let keeps = |row: &PrefilterRow| row.level == NeededLevel::NotNegative;
    match level {
        NeededLevel::Any => None,
        NeededLevel::NotNegative => {
            let (_, last) = before.last()?;
            let of = last.row.part.name;
            last.row.gives_negative(&last.values).then(|| {
                format!(
                    "{name} takes no negative numbers: set rectify = true in the {of} before it"
                )
            })
        }
        NeededLevel::Linear => {
            let (_, other) = before.iter().find(|(_, chosen)| !keeps(chosen.row))?;
            let of = other.row.part.name;
            Some(format!(
                "{name} takes amplitude or power, which {of} does not give: put {name} in front of it"
            ))
        }
    }
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

/// An output gain changes the parameters of one output nonlinearity.
fn of_output(draft: &Draft, written: &Document) -> Option<Problem> {
    let (model, gain) = (draft.model.as_ref()?, draft.output_gain.as_ref()?);
    let (name, needed) = (gain.row.part.name, gain.row.output);
    let output = word(&model.values, "output").unwrap_or("identity");
    let problem = || {
        let expected = format!("none with model.output = {output:?}");
        let reason = format!("{name} changes the parameters of {needed}: set model.output to that");
        written.problem((OUTPUT_GAIN, TYPE), &format!("{name:?}"), expected).hint(reason)
    };
    (output != needed).then(problem)
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
    let reason = shared(model, draft, written)?;
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
