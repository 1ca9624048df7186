//! Which axis of two-dimensional arrays is time: what sound and responses have in common tells,
//! or nothing does.
//!
//! Programs disagree about the order of axes, and an array of 16 bands in 4000 bins, read the other
//! way round, is one of 4000 bands in 16 bins. So an order is taken only where no other fits.
use super::axes::{Axes, NamedAxis};
use super::value::ArrayValue;
use crate::base::error::Problem;
use crate::base::wording::{counted, joined};
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
        let dims = match self.value {
            ArrayValue::Numbers(array) => array.shape().to_vec(),
            // A cell of one array is an axis of length 1 before those of the array.
            ArrayValue::Cells(_, cells) => match cells.as_slice() {
                [ArrayValue::Numbers(array)] => [&[1], array.shape()].concat(),
                _ => return Vec::new(),
            },
        };
        match self.given {
            Some(axes) => self.given_way(axes, dims).into_iter().collect(),
            None => self.usual_ways(&dims),
        }
    }

    /// The way that an option gives, with the array's axes of length 1 left out where there are
    /// more than it names.
    fn given_way(&self, axes: &Axes, mut dims: Vec<usize>) -> Option<Way> {
        while dims.len() > axes.0.len() {
            dims.remove(dims.iter().position(|length| *length == 1)?);
        }
        dims.resize(axes.0.len(), 1);
        let length = |wanted| {
            let place = axes.0.iter().position(|axis| *axis == wanted);
            place.map_or(1, |place| dims[place])
        };
        let (bins, beside) = (length(NamedAxis::Time), length(self.beside));
        Some(Way { axes: axes.clone(), bins, beside, usual: true })
    }

    /// The ways in which programs write arrays of one stimulus.
    fn usual_ways(&self, dims: &[usize]) -> Vec<Way> {
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
            [1, a, b] if self.beside == NamedAxis::Frequency => {
                let axes = Axes(vec![NamedAxis::Stimulus, self.beside, NamedAxis::Time]);
                vec![Way { axes, ..last(a, b) }]
            }
            _ => Vec::new(),
        }
    }

    /// Whether an array of two axes may be read both ways.
    fn is_free(&self, ways: &[Way]) -> bool {
        self.given.is_none() && ways.len() > 1
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

    /// The same as a share of the longer one.
    fn unlikeness(&self) -> f64 {
        let longer = self.sound.bins.max(self.responses.bins);
        self.apart() as f64 / longer.max(1) as f64
    }

    /// Whether the numbers of bins are near enough for clips whose ends differ.
    fn is_near(&self) -> bool {
        self.unlikeness() <= 0.25
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
    let (sound_free, responses_free) = (sound.is_free(&of_sound), responses.is_free(&of_responses));
    let with = |way: &Way| {
        let way = way.clone();
        of_responses
            .iter()
            .map(move |other| Reading { sound: way.clone(), responses: other.clone() })
    };
    let mut readings: Vec<Reading> = of_sound.iter().flat_map(with).collect();
    readings.sort_by(|a, b| {
        let bands = a.has_more_bands().cmp(&b.has_more_bands());
        a.unlikeness().total_cmp(&b.unlikeness()).then(bands)
    });
    let Some(best) = readings.first() else {
        let more_bands = of_sound.first().is_some_and(|way| way.beside > way.bins);
        let doubtful = sound_free && more_bands;
        return if doubtful {
            Decision::Refused(doubt(&[], sound, responses))
        } else {
            Decision::Usual
        };
    };
    let is_only = readings.get(1).is_none_or(|next| next.unlikeness() > best.unlikeness());
    let more_bands = sound_free && best.has_more_bands();
    let usual = best.sound.usual && best.responses.usual;
    let both_free = sound_free && responses_free;
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
        let options = [sound, responses].into_iter().filter(|side| side.given.is_none());
        let options: Vec<&str> = options.map(|side| side.option).collect();
        format!("say with {} which axis is time", joined(&options, "and"))
    } else {
        format!("give {}", shown.join(", or "))
    };
    let found = format!("arrays of shapes {} and {}", sound.shape(), responses.shape());
    let at = format!("{} and {}", sound.name, responses.name);
    Problem::new(at, found, "shapes that tell which axis is time").hint(hint)
}
