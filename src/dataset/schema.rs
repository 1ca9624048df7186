//! The names of the dataset file, in the order of its table in `data/README.md`.

/// Attribute of the file: what it is.
pub const FORMAT: &str = "format";
/// Value of [`FORMAT`].
pub const FORMAT_VALUE: &str = "strf-dataset";
/// Attribute of the file: version of the table.
pub const VERSION: &str = "version";
/// Value of [`VERSION`].
pub const VERSION_VALUE: u32 = 1;
/// Attribute of the file: width of a bin in milliseconds.
pub const DT_MS: &str = "dt_ms";
/// Attribute of the file: what the numbers of cochleagrams are.
pub const LEVEL: &str = "level";
/// Attribute of the file: what was compressed, `amplitude` or `power`.
pub const LEVEL_OF: &str = "level_of";
/// Attribute of the file: base of the logarithm.
pub const LEVEL_BASE: &str = "level_base";
/// Attribute of the file: what is subtracted from a power of [`LEVEL_BASE`].
pub const LEVEL_OFFSET: &str = "level_offset";
/// Attribute of the file: what the difference is multiplied by.
pub const LEVEL_SCALE: &str = "level_scale";
/// Dataset `(F)`: centres of the bands in Hz.
pub const FREQUENCIES: &str = "frequencies";
/// Group of one dataset `(N)` for the ids and one for each attribute of the neurons.
pub const NEURONS: &str = "neurons";
/// Dataset `(N)` in [`NEURONS`], or `(S)` in [`STIMULI`] of the dense layout.
pub const ID: &str = "id";
/// Group of one group for each stimulus; in the dense layout a group like [`NEURONS`].
pub const STIMULI: &str = "stimuli";
/// Dataset `(F, T)` of a stimulus.
pub const COCHLEAGRAM: &str = "cochleagram";
/// Dataset `(N, R, T)` of a stimulus; in the dense layout `(S, N, R, T)` of the file.
pub const RESPONSES: &str = "responses";
/// Dataset `(S, F, T)` of the file, which tells the dense layout.
pub const COCHLEAGRAMS: &str = "cochleagrams";
/// Group of up to three datasets of stimulus ids.
pub const SPLITS: &str = "splits";
/// Datasets in [`SPLITS`].
pub const SPLIT_PARTS: [&str; 3] = ["train", "valid", "test"];

/// The name that an id or attribute gets inside the file, where `/` separates groups and `.` is
/// the group itself: both are percent-encoded, and so is `%`.
pub fn escape(id: &str) -> String {
    match id {
        "." => "%2E".to_owned(),
        _ => id.replace('%', "%25").replace('/', "%2F"),
    }
}

/// The id that [`escape`] made this name of; other percent signs stay as they are.
pub fn unescape(name: &str) -> String {
    let mut id = String::with_capacity(name.len());
    let mut rest = name;
    while let Some(at) = rest.find('%') {
        let (before, from) = rest.split_at(at);
        id.push_str(before);
        let code = from.get(..3).map(str::to_ascii_uppercase);
        let (plain, skip) = match code.as_deref() {
            Some("%25") => ('%', 3),
            Some("%2F") => ('/', 3),
            Some("%2E") => ('.', 3),
            _ => ('%', 1),
        };
        id.push(plain);
        rest = &from[skip..];
    }
    id + rest
}

/// `(4, 20, 999)`, as shapes stand in messages.
pub fn shape(dims: &[usize]) -> String {
    let dims: Vec<String> = dims.iter().map(ToString::to_string).collect();
    format!("({})", dims.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_id_comes_back_from_its_name() {
        for id in ["a/b", "100%", "%2F", ".", "..", "ü/%25", "%", "a%2", "plain"] {
            let name = escape(id);
            assert!(!name.contains('/') && name != ".", "{name}");
            assert_eq!(unescape(&name), id);
        }
    }

    #[test]
    fn a_percent_sign_that_encodes_nothing_stays() {
        assert_eq!(unescape("50% dB"), "50% dB");
        assert_eq!(unescape("%é%2f"), "%é/");
    }
}
