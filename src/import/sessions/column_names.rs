//! What names of columns tell: by words, not by letters.
use super::unit::Unit;

/// What the words of a name begin with that speaks of the sound.
const SOUNDS: [&str; 6] = ["stim", "sound", "audio", "tone", "song", "playback"];
/// Words that say by themselves that a column holds onsets.
const ONSETS: [&str; 2] = ["onset", "onsets"];
/// Words that say so beside the sound.
const STARTS: [&str; 5] = ["on", "start", "starts", "started", "begin"];
/// Words of columns that hold something else.
const OTHERS: [&str; 9] =
    ["duration", "durations", "offset", "offsets", "stop", "end", "off", "length", "latency"];

/// Words of columns that hold ends.
const ENDS: [&str; 6] = ["offset", "offsets", "stop", "end", "ends", "off"];
/// Words of columns that hold lengths.
const LENGTHS: [&str; 4] = ["duration", "durations", "length", "dur"];
/// Words that say in which unit times are.
const UNITS: [(&str, NamedUnit); 14] = [
    ("s", NamedUnit::Of(Unit::S)),
    ("sec", NamedUnit::Of(Unit::S)),
    ("secs", NamedUnit::Of(Unit::S)),
    ("second", NamedUnit::Of(Unit::S)),
    ("seconds", NamedUnit::Of(Unit::S)),
    ("ms", NamedUnit::Of(Unit::Ms)),
    ("msec", NamedUnit::Of(Unit::Ms)),
    ("millisecond", NamedUnit::Of(Unit::Ms)),
    ("milliseconds", NamedUnit::Of(Unit::Ms)),
    ("us", NamedUnit::Of(Unit::Us)),
    ("sample", NamedUnit::Samples),
    ("samples", NamedUnit::Samples),
    ("samp", NamedUnit::Samples),
    ("smp", NamedUnit::Samples),
];
/// Words of columns of times that do not say of what.
const TIMES: [&str; 8] =
    ["time", "times", "t", "timestamp", "timestamps", "start", "starts", "begin"];
/// Words that may stand beside them.
const BESIDE_TIMES: [&str; 4] = ["event", "events", "trial", "at"];

/// A unit that the name of a column gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NamedUnit {
    /// A unit of time.
    Of(Unit),
    /// Samples of the recording.
    Samples,
}

/// The unit that a name gives, if any.
pub fn unit(name: &str) -> Option<NamedUnit> {
    words(name).iter().rev().find_map(|word| unit_of(word))
}

/// The unit that a word is.
fn unit_of(word: &str) -> Option<NamedUnit> {
    UNITS.iter().find(|(known, _)| *known == word).map(|(_, unit)| *unit)
}

/// Whether a name may be that of times that say nothing of sound.
pub fn speaks_of_times(name: &str) -> bool {
    let words = words(name);
    let is_time = |word: &str| TIMES.contains(&word) || unit_of(word) == Some(NamedUnit::Samples);
    let known =
        |word: &str| is_time(word) || BESIDE_TIMES.contains(&word) || unit_of(word).is_some();
    words.iter().any(|word| is_time(word)) && words.iter().all(|word| known(word))
}

/// Whether a name may be that of the ends of something.
pub fn speaks_of_ends(name: &str) -> bool {
    words(name).iter().any(|word| ENDS.contains(&word.as_str())) && !speaks_of_lengths(name)
}

/// Whether a name may be that of the lengths of something.
pub fn speaks_of_lengths(name: &str) -> bool {
    words(name).iter().any(|word| LENGTHS.contains(&word.as_str()))
}

/// Whether the words of a name say that it may be the onset of a sound.
pub fn speaks_of_onsets(name: &str) -> bool {
    let words = words(name);
    let any = |known: &[&str]| words.iter().any(|word| known.contains(&word.as_str()));
    let sound = words.iter().any(|word| SOUNDS.iter().any(|sound| word.starts_with(sound)));
    // `stimon`, `soundonset`: two words written as one.
    let joined = words.iter().any(|word| {
        let rests = SOUNDS.iter().chain(&["stimulus"]).filter_map(|sound| word.strip_prefix(sound));
        rests
            .map(|rest| rest.trim_end_matches('s').trim_end_matches("time"))
            .any(|rest| ONSETS.contains(&rest) || STARTS.contains(&rest))
    });
    !any(&OTHERS) && (any(&ONSETS) || sound && any(&STARTS) || joined)
}

/// The words of a name, divided by signs, digits or capitals, in small letters.
fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut after_small = false;
    for letter in name.chars() {
        let begins = !letter.is_alphabetic() || (letter.is_uppercase() && after_small);
        if begins {
            words.push(String::new());
        }
        if let (true, Some(word)) = (letter.is_alphabetic(), words.last_mut()) {
            word.extend(letter.to_lowercase());
        }
        after_small = letter.is_lowercase();
    }
    words.retain(|word| !word.is_empty());
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_by_words_not_by_letters() {
        for name in [
            "onset",
            "sound_onset_time",
            "stimOn",
            "StimOnset",
            "stim_on_time",
            "stimulus_start_time",
            "soundStart",
            "stimon",
            "stimulus_on",
            "sound start",
            "tone_on",
            "stimontime",
            "cue_onset",
        ] {
            assert!(speaks_of_onsets(name), "{name}: {:?}", words(name));
        }
        for name in [
            "duration",
            "stim_duration",
            "condition",
            "contrast",
            "stop_time",
            "sound_offset",
            "stimulation",
            "station_start",
            "sound_onset_duration",
            "frequency",
            "response_time",
            "stimulus_condition",
            "monstart",
            "stim_stop_on",
            "trial_start",
        ] {
            assert!(!speaks_of_onsets(name), "{name}: {:?}", words(name));
        }
    }

    #[test]
    fn names_give_units_and_tell_times_ends_and_lengths_apart() {
        assert_eq!(unit("onset_s"), Some(NamedUnit::Of(Unit::S)));
        assert_eq!(unit("Onset (ms)"), Some(NamedUnit::Of(Unit::Ms)));
        assert_eq!(unit("onsetSample"), Some(NamedUnit::Samples));
        assert_eq!([unit("onset"), unit("class")], [None, None]);
        for name in
            ["time", "start_time", "event time", "t (s)", "timestamp_ms", "sample", "Trial start"]
        {
            assert!(speaks_of_times(name), "{name}");
        }
        for name in ["s", "trial", "stop_time", "reaction_time", "stimulus", "sound_start", ""] {
            assert!(!speaks_of_times(name), "{name}");
        }
        assert!(speaks_of_ends("offset_s") && speaks_of_ends("stop_time"));
        assert!(!speaks_of_ends("onset") && !speaks_of_ends("offset_duration"));
        assert!(speaks_of_lengths("duration_ms") && !speaks_of_lengths("onset"));
    }
}
