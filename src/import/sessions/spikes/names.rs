//! What names of files tell.
use std::path::Path;

use crate::base::error::{Error, Result};

/// Endings of sound files; a file without one of them may name a sound file.
const SOUND_ENDINGS: [&str; 11] =
    ["wav", "wave", "flac", "mp3", "aif", "aiff", "aifc", "au", "snd", "rf64", "w64"];
/// Endings that editors and people give to copies.
const BACKUP_ENDINGS: [&str; 5] = ["bak", "backup", "orig", "swp", "tmp"];

/// What names of files look like: `{}` stands for what tells stimuli apart.
pub struct Pattern {
    before: String,
    after: String,
}

impl Pattern {
    /// The pattern that an option gives.
    ///
    /// # Errors
    /// It has no `{}`.
    pub fn new(option: &str, pattern: &str) -> Result<Self> {
        let (before, after) = pattern.split_once("{}").ok_or_else(|| {
            Error::Refused(format!(
                "{option}: found {pattern:?}, expected a name with {{}} for what tells stimuli \
                 apart, as in spike{{}}"
            ))
        })?;
        Ok(Self { before: before.to_owned(), after: after.to_owned() })
    }

    /// What stands for `{}` in a name, with or without its ending.
    pub fn key<'a>(&self, name: &'a str) -> Option<&'a str> {
        let inside = |name: &'a str| name.strip_prefix(&*self.before)?.strip_suffix(&*self.after);
        inside(stem(name)).or_else(|| inside(name)).filter(|key| !key.is_empty())
    }

    /// The name in which this stands for `{}`.
    pub fn name(&self, key: &str) -> String {
        format!("{}{key}{}", self.before, self.after)
    }
}

/// A name without its ending.
pub fn stem(name: &str) -> &str {
    name.rsplit_once('.').map_or(name, |(stem, _)| stem)
}

/// A name without an ending of a few letters: `site2.u3` has none.
pub fn plain(name: &str) -> &str {
    const LONGEST: usize = 4;
    let is_ending = |ending: &str| {
        (1..=LONGEST).contains(&ending.len()) && ending.bytes().all(|b| b.is_ascii_alphabetic())
    };
    name.rsplit_once('.').filter(|(_, ending)| is_ending(ending)).map_or(name, |(stem, _)| stem)
}

fn ending(name: &str) -> String {
    Path::new(name).extension().map_or_else(String::new, |e| e.to_string_lossy().to_lowercase())
}

/// Whether a name ends as those of sound files do.
pub fn is_sound(name: &str) -> bool {
    SOUND_ENDINGS.contains(&ending(name).as_str())
}

/// Whether a file or folder is one that systems hide, or a copy that an editor left.
pub fn is_hidden_or_backup(name: &str) -> bool {
    let autosaved = name.starts_with('#') && name.ends_with('#');
    let hidden = name.starts_with(['.', '~']) || name == "__MACOSX";
    let system = ["thumbs.db", "desktop.ini"].contains(&name.to_lowercase().as_str());
    let backup = name.ends_with('~') || BACKUP_ENDINGS.contains(&ending(name).as_str());
    autosaved || hidden || system || backup
}

/// The parts of a path as Unix or Windows writes it, without a drive.
pub fn path_parts(path: &str) -> Vec<&str> {
    let mut letters = path.chars();
    let drive = letters.next().is_some_and(|letter| letter.is_ascii_alphabetic())
        && letters.next() == Some(':');
    let rest = if drive { &path[2..] } else { path };
    rest.split(['/', '\\']).filter(|part| !part.is_empty()).collect()
}

/// What a sound may be called that a text names: as the text, as its last part, and as that without
/// the ending of a sound file.
pub fn called(text: &str) -> [&str; 3] {
    let last = path_parts(text).pop().unwrap_or(text);
    [text, last, if is_sound(last) { stem(last) } else { last }]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_come_out_of_names_with_and_without_endings() {
        let pattern = Pattern::new("--spike-files", "spike{}_a").unwrap();
        assert_eq!(pattern.key("spike12_a"), Some("12"));
        assert_eq!(pattern.key("spike12_a.txt"), Some("12"));
        assert_eq!(pattern.key("spike_a"), None);
        assert_eq!(pattern.key("stim12_a"), None);
        assert_eq!(pattern.name("12"), "spike12_a");
        let ended = Pattern::new("--spike-files", "{}.txt").unwrap();
        assert_eq!([ended.key("A8.txt"), ended.key("A8.csv")], [Some("A8"), None]);
    }

    #[test]
    fn a_plain_name_loses_letters_behind_its_last_point() {
        assert_eq!(
            ["u1.txt", "u1.npy", "site2.u3", "a.b.csv", "u1"].map(plain),
            ["u1", "u1", "site2.u3", "a.b", "u1"]
        );
    }

    #[test]
    fn hidden_files_and_copies_of_editors_are_told_by_their_names() {
        for name in [
            "._A8.txt",
            ".DS_Store",
            "A8.bak",
            "A8.txt.BAK",
            "A8.txt~",
            "#A8#",
            "~$A8.csv",
            "Thumbs.db",
        ] {
            assert!(is_hidden_or_backup(name), "{name}");
        }
        for name in ["A8.txt", "spike1", "a~b.txt", "bak", "A8.bak.txt"] {
            assert!(!is_hidden_or_backup(name), "{name}");
        }
    }

    #[test]
    fn paths_of_other_systems_have_the_same_parts() {
        assert_eq!(path_parts(r"C:\stims\song 1.wav"), ["stims", "song 1.wav"]);
        assert_eq!(path_parts(r"..\stims/song.wav"), ["..", "stims", "song.wav"]);
        assert_eq!(path_parts("d:song.wav"), ["song.wav"]);
        assert_eq!(path_parts("/a/b.wav"), ["a", "b.wav"]);
        assert_eq!(path_parts("song:1"), ["song:1"]);
        assert_eq!(called(r"D:\a.b\song.WAV"), [r"D:\a.b\song.WAV", "song.WAV", "song"]);
        assert_eq!(called("tone.1"), ["tone.1"; 3]);
    }
}
