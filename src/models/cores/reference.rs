//! Models as deepSTRF 0.1.0 has them: the class of each, and what the arguments of its constructor are
//! here, read in both directions.
use serde_json::{Map, Value as Json};

use super::Blueprint;
use crate::base::error::Result;
use crate::models::counterpart::{FixedKeys, unlike};

/// A class of deepSTRF.
#[derive(Debug)]
pub struct ReferenceClass {
    /// Its name.
    pub name: &'static str,
    /// The output nonlinearity of an object that was given none; none where that has parameters, whose
    /// names say which it is.
    pub output: Option<&'static str>,
    /// The arguments of its constructor, those aside that all of its models take.
    pub arguments: &'static [Argument],
    /// The only form of the model that it has.
    pub form: FixedKeys,
}

/// An argument of a constructor, and what it is here.
#[derive(Debug)]
pub struct Argument(pub &'static str, pub Meaning);

/// What an argument is here.
#[derive(Debug)]
pub enum Meaning {
    /// The same number under this key.
    Same(&'static str),
    /// A flag under this key.
    Flag(&'static str),
    /// A word under this key, which it spells in its own way; here it is in small letters.
    Word(&'static str, fn(&str) -> String),
    /// A number or nothing, which is 0 under this key; and the number that the key comes to.
    OrNothing(&'static str, fn(&Blueprint) -> Result<Option<usize>>),
    /// Bins; milliseconds under this key.
    Bins(&'static str),
    /// A pair: bands under the first key, and bins; milliseconds under the second.
    Kernel(&'static str, &'static str),
    /// A time constant in bins, as milliseconds under the first key; the bins of memory under the second
    /// follow from it.
    Memory(&'static str, &'static str),
}

/// A model as its constructor makes it.
#[derive(Debug, Clone)]
pub struct Reference {
    /// Its class.
    pub class: &'static ReferenceClass,
    /// The keyword arguments that are numbers or words.
    pub arguments: Map<String, Json>,
    /// Keys with values that no object of the class can have, as its weights tell.
    pub unlike: Vec<String>,
    /// Such keys of which weights tell nothing.
    pub silent: Vec<String>,
}

impl ReferenceClass {
    /// The model that is to be built, as an object of this class.
    ///
    /// # Errors
    /// A key has no such value.
    pub fn of(&'static self, blueprint: &Blueprint) -> Result<Reference> {
        let own = self
            .arguments
            .iter()
            .map(|Argument(name, meaning)| Ok(((*name).to_owned(), meaning.value(blueprint)?)));
        let mut arguments = own.collect::<Result<Map<_, _>>>()?;
        arguments.insert("n_frequency_bands".into(), blueprint.dims.bands.into());
        arguments.insert("out_neurons".into(), blueprint.dims.neurons.into());
        let unlike = unlike("model", self.form, blueprint.values)?;
        let silent =
            self.arguments.iter().map(|Argument(_name, meaning)| meaning.unlike(blueprint));
        let silent = silent.filter_map(Result::transpose).collect::<Result<_>>()?;
        Ok(Reference { class: self, arguments, unlike, silent })
    }

    /// The lines of a run file that the arguments come to; none for an argument with a value that is no
    /// such thing.
    pub fn lines<'a>(
        &self,
        arguments: &'a Map<String, Json>,
        dt_ms: f64,
    ) -> impl Iterator<Item = (&'static str, &'a Json, Option<String>)> {
        self.arguments.iter().filter_map(move |Argument(name, meaning)| {
            let value = arguments.get(*name)?;
            Some((*name, value, meaning.line(value, dt_ms)))
        })
    }
}

impl Meaning {
    /// The argument.
    fn value(&self, blueprint: &Blueprint) -> Result<Json> {
        let Blueprint { values, dims, .. } = blueprint;
        let bins = |key| -> Result<usize> { Ok(dims.bins(values.number(key)?)) };
        Ok(match self {
            Self::Same(key) => values.integer(key)?.into(),
            Self::Flag(key) => values.flag(key)?.into(),
            Self::Word(key, spelt) => spelt(values.text(key)?).into(),
            Self::OrNothing(_key, number) => number(blueprint)?.into(),
            Self::Bins(key) => bins(key)?.into(),
            Self::Kernel(bands, ms) => vec![values.count(bands)?, bins(ms)?].into(),
            Self::Memory(key, _bins) => (values.number(key)? / dims.dt_ms).into(),
        })
    }

    /// What no object of the class can have, and weights do not tell.
    fn unlike(&self, blueprint: &Blueprint) -> Result<Option<String>> {
        let Self::Memory(key, bins) = self else { return Ok(None) };
        let Blueprint { values, dims, .. } = blueprint;
        let (own, only) = (values.count(bins)?, memory(values.number(key)? / dims.dt_ms));
        Ok((own != only).then(|| format!("model.{bins} = {own} (there it is {only})")))
    }

    /// The lines of a run file; none where the argument is no such thing.
    fn line(&self, value: &Json, dt_ms: f64) -> Option<String> {
        Some(match self {
            Self::Word(key, _spelt) => format!("{key} = {:?}\n", value.as_str()?.to_lowercase()),
            Self::OrNothing(key, _number) if value.is_null() => format!("{key} = 0\n"),
            Self::Same(key) | Self::OrNothing(key, _) => format!("{key} = {}\n", value.as_u64()?),
            Self::Flag(key) => format!("{key} = {}\n", value.as_bool()?),
            Self::Bins(key) => format!("{key} = {:?}\n", value.as_f64()? * dt_ms),
            Self::Kernel(bands, ms) => {
                let [height, width] = value.as_array()?.as_slice() else { return None };
                let width = width.as_f64()? * dt_ms;
                format!("{bands} = {}\n{ms} = {width:?}\n", height.as_u64()?)
            }
            Self::Memory(key, bins) => {
                let tau = value.as_f64()?;
                format!("{key} = {:?}\n{bins} = {}\n", tau * dt_ms, memory(tau))
            }
        })
    }
}

/// The bins that its leaky units remember, of a time constant in bins; Python rounds halves to even.
fn memory(tau_bins: f64) -> usize {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates")]
    let bins = (7.0 * tau_bins).round_ties_even().max(1.0) as usize;
    bins
}
