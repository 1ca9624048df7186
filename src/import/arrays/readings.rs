//! Which axis of two-dimensional arrays is time: what sound and responses have in common tells,
//! or nothing does.
//!
//! Programs disagree about the order of axes, and an array of 16 bands in 4000 bins, read the other
//! way round, is one of 4000 bands in 16 bins. So an order is taken only where no other fits.
use super::axes::{Axes, NamedAxis};
use super::value::ArrayValue;
use crate::base::error::Problem;
use crate::base::wording::counted;
use crate::dataset::schema::shape;

/// Cochleagrams or responses, before anything is known of their axes.
pub struct Side<'a> {
    /// Name in the file.
    pub name: &'a str,
    /// What the file holds.
    pub value: &'a ArrayValue,
    /// Axes as an option gives them.
    pub given: Option<&'a Axes>,
    /// That option.
    pub option: &'static str,
    /// The axis beside time: frequency or neuron.
    pub beside: NamedAxis,
}

/// What is to be done about the axes.
pub enum Decision {
    /// As options say, or in the usual order.
    Usual,
    /// These axes of sound and responses.
    Taken {
        /// Of the sound.
        sound: Axes,
        /// Of the responses.
        responses: Axes,
        /// Why, for the user.
        why: String,
    },
    /// There is a doubt.
    Refused(Problem),
}

/// A way to read one of the arrays.
#[derive(Clone)]
struct Way {
    axes: Axes,
    bins: usize,
    /// Length of the axis beside time.
    beside: usize,
    /// Whether time is last, or where an option puts it.
    usual: bool,
}

impl Side<'_> {
    /// The ways to read the array; none where this is not the place to decide.
    fn ways(&self) -> Vec<Way> {
        let ArrayValue::Numbers(array) = self.value else { return Vec::new() };
        let dims = array.shape();
        if let Some(axes) = self.given {
            let length = |wanted| {
                let place = axes.0.iter().position(|axis| *axis == wanted);
                place.map_or(1, |place| dims[place])
            };
            if axes.0.len() != dims.len() {
                return Vec::new();
            }
            let (bins, beside) = (length(NamedAxis::Time), length(self.beside));
            return vec![Way { axes: axes.clone(), bins, beside, usual: true }];
        }
        let last = |beside, bins| Way {
            axes: Axes(vec![self.beside, NamedAxis::Time]),
            bins,
            beside,
            usual: true,
        };
        let first = |bins, beside| Way {
            axes: Axes(vec![NamedAxis::Time, self.beside]),
            bins,
            beside,
            usual: false,
        };
        match *dims {
            [bins] => vec![Way { axes: Axes(vec![NamedAxis::Time]), ..last(1, bins) }],
            // A vector has one neuron or band, however it stands.
            [1, bins] => vec![last(1, bins)],
            [bins, 1] => vec![first(bins, 1)],
            [a, b] => vec![last(a, b), first(a, b)],
            _ => Vec::new(),
        }
    }

    fn shape(&self) -> String {
        match self.value {
            ArrayValue::Numbers(array) => shape(array.shape()),
            ArrayValue::Cells(dims, _) => shape(dims),
        }
    }
}

/// A way to read both.
struct Reading {
    sound: Way,
    responses: Way,
}

impl Reading {
    /// How many bins one has more than the other.
    fn apart(&self) -> usize {
        self.sound.bins.abs_diff(self.responses.bins)
    }

    /// Whether the sound has more bands than bins, as no recording does that is not very short.
    fn has_more_bands(&self) -> bool {
        self.sound.beside > self.sound.bins
    }

    /// Whether the numbers of bins are near enough for clips whose ends differ.
    fn is_near(&self) -> bool {
        self.apart() * 4 <= self.sound.bins.max(self.responses.bins)
    }

    /// `--axes time,neuron for 4000 bins of 16 bands and 4 neurons`
    fn described(&self, sound: &Side, responses: &Side) -> String {
        let option = |side: &Side, way: &Way| {
            side.given.is_none().then(|| format!("{} {}", side.option, way.axes))
        };
        let options = [option(sound, &self.sound), option(responses, &self.responses)];
        let options: Vec<String> = options.into_iter().flatten().collect();
        let (bands, neurons) = (self.sound.beside, self.responses.beside);
        let (heard, answered) = (counted(self.sound.bins, "bin"), self.responses.bins);
        let apart = match self.apart() {
            0 => String::new(),
            _ => format!("{} of ", counted(answered, "bin")),
        };
        let (bands, neurons) = (counted(bands, "band"), counted(neurons, "neuron"));
        format!("{} for {heard} of {bands} and {apart}{neurons}", options.join(" "))
    }
}

/// Decides about the axes of sound and responses.
pub fn decide(sound: &Side, responses: &Side) -> Decision {
    if sound.given.is_some() && responses.given.is_some() {
        return Decision::Usual;
    }
    let (of_sound, of_responses) = (sound.ways(), responses.ways());
    let with = |way: &Way| Reading { sound: way.clone(), responses: way.clone() };
    let mut readings: Vec<Reading> = of_sound
        .iter()
        .flat_map(|way| {
            of_responses.iter().map(|other| Reading { responses: other.clone(), ..with(way) })
        })
        .collect();
    readings.sort_by_key(|reading| (reading.apart(), reading.has_more_bands()));
    let Some(best) = readings.first() else { return Decision::Usual };
    let is_only = readings.get(1).is_none_or(|next| next.apart() > best.apart());
    let more_bands = sound.given.is_none() && best.has_more_bands();
    let usual = best.sound.usual && best.responses.usual;
    let both_free = of_sound.len() > 1 && of_responses.len() > 1;
    let agree = best.apart() == 0 && (!both_free || best.sound.usual == best.responses.usual);
    if !is_only || more_bands || !(usual || agree) {
        return Decision::Refused(doubt(&readings, sound, responses));
    }
    if usual {
        return Decision::Usual;
    }
    let (bins, of_sound, of_responses) = (best.sound.bins, &best.sound.axes, &best.responses.axes);
    let why = format!(
        "axes of {} are {of_sound}, those of {} {of_responses}: of {} and {}, both have {bins} bins",
        sound.name,
        responses.name,
        sound.shape(),
        responses.shape()
    );
    Decision::Taken { sound: of_sound.clone(), responses: of_responses.clone(), why }
}

/// The readings that may be meant, the best first, with the options that say so.
fn doubt(readings: &[Reading], sound: &Side, responses: &Side) -> Problem {
    const SHOWN: usize = 2;
    let near = readings.iter().filter(|reading| reading.is_near());
    let shown: Vec<String> =
        near.take(SHOWN).map(|reading| reading.described(sound, responses)).collect();
    let hint = if shown.is_empty() {
        format!("say with {} and {} which axis is time", sound.option, responses.option)
    } else {
        format!("give {}", shown.join(", or "))
    };
    let found = format!("arrays of shapes {} and {}", sound.shape(), responses.shape());
    let at = format!("{} and {}", sound.name, responses.name);
    Problem::new(at, found, "shapes that tell which axis is time").hint(hint)
}
