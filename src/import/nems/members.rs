//! The files of a NEMS recording, in a folder or in a `.tgz` archive of one.
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};

use flate2::read::MultiGzDecoder;
use tar::{Archive, Entry, EntryType};
use tempfile::TempDir;

use crate::base::error::{Error, Result};
use crate::base::files;
use crate::base::memory;
use crate::import::report::listed;

/// What a file of a recording holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum FileContent {
    /// `NAME.json`: what the signal is.
    Header,
    /// `NAME.csv`: samples in rows.
    Table,
    /// `NAME.h5`: samples, times or tiles.
    Hdf5,
    /// `NAME.epoch.csv`: names, starts and ends.
    Epochs,
    /// `meta.json` of the recording.
    Meta,
}

/// Endings of files, the longer ones first.
const ENDINGS: [(&str, FileContent); 5] = [
    (".epoch.csv", FileContent::Epochs),
    ("meta.json", FileContent::Meta),
    (".json", FileContent::Header),
    (".csv", FileContent::Table),
    (".h5", FileContent::Hdf5),
];

/// What the name of a file tells.
#[derive(Debug, Clone, PartialEq, Eq)]
struct NemsFile {
    /// Folder and beginning of the name, which all signals of a recording share.
    recording: String,
    /// Empty for what belongs to the recording as a whole.
    signal: String,
    holds: FileContent,
}

impl NemsFile {
    fn of(name: &str) -> Option<Self> {
        let (folder, file) = name.rsplit_once('/').unwrap_or(("", name));
        if file.starts_with('.') {
            return None;
        }
        let (stem, holds) =
            ENDINGS.iter().find_map(|(end, holds)| Some((file.strip_suffix(end)?, *holds)))?;
        let (recording, signal) = match holds {
            FileContent::Meta => (stem.trim_end_matches('.'), ""),
            _ => stem.rsplit_once('.').unwrap_or(("", stem)),
        };
        let recording = format!("{folder}/{recording}");
        Some(Self { recording, signal: signal.into(), holds })
    }
}

/// The files of one recording.
pub struct Members {
    source: PathBuf,
    /// Names inside the source, and where their content lies.
    files: Vec<(NemsFile, String, PathBuf)>,
    /// Other signals of the recording.
    pub other_signals: Vec<String>,
    /// Keeps what was taken out of an archive.
    _unpacked: Option<TempDir>,
}

impl Members {
    /// The files of these signals of the recording that lies in a folder or an archive.
    ///
    /// # Errors
    /// It is neither, holds no recording or several, or cannot be read; an archive with absolute
    /// paths, paths with `..` or links.
    pub fn open(source: &Path, signals: [&str; 2]) -> Result<Self> {
        let names = if source.is_dir() { in_folder(source)? } else { in_archive(source)? };
        let members: Vec<(NemsFile, String)> =
            names.into_iter().filter_map(|name| Some((NemsFile::of(&name)?, name))).collect();
        let recording = recording(source, &members, signals)?;
        let own = |member: &NemsFile| member.recording == recording;
        let used =
            |member: &NemsFile| signals.contains(&&*member.signal) || member.signal.is_empty();
        let other_signals = members
            .iter()
            .filter(|(member, _)| {
                own(member) && !used(member) && member.holds == FileContent::Header
            })
            .map(|(member, _)| member.signal.clone())
            .collect();
        let wanted: Vec<(NemsFile, String)> =
            members.into_iter().filter(|(member, _)| own(member) && used(member)).collect();
        refuse_doubles(source, &wanted)?;
        let names: Vec<&str> = wanted.iter().map(|(_, name)| name.as_str()).collect();
        let (unpacked, mut paths) = if source.is_dir() {
            let path = |name: &&str| ((*name).to_owned(), source.join(name));
            (None, names.iter().map(path).collect::<BTreeMap<String, PathBuf>>())
        } else {
            unpack(source, &names)?
        };
        let file = |(member, name): (NemsFile, String)| {
            let path = paths.remove(&name)?;
            Some((member, name, path))
        };
        let files = wanted.into_iter().filter_map(file).collect();
        Ok(Self { source: source.into(), files, other_signals, _unpacked: unpacked })
    }

    /// Where a file of a signal lies, and what to call it in messages.
    pub fn file(&self, signal: &str, holds: FileContent) -> Option<(&Path, String)> {
        let fits = |member: &NemsFile| member.signal == signal && member.holds == holds;
        let (_, name, path) = self.files.iter().find(|(member, ..)| fits(member))?;
        Some((path, format!("{}: {name}", self.source.display())))
    }
}

/// The one recording that has the first of the signals.
fn recording(source: &Path, members: &[(NemsFile, String)], signals: [&str; 2]) -> Result<String> {
    let shown = source.display();
    let headers = || members.iter().filter(|(member, _)| member.holds == FileContent::Header);
    let of = |signal: &str| -> Vec<&str> {
        let found = headers().filter(|(member, _)| member.signal == signal);
        found.map(|(member, _)| member.recording.as_str()).collect()
    };
    let [sound, responses] = signals;
    match of(responses)[..] {
        [recording] if of(sound).contains(&recording) => Ok(recording.to_owned()),
        [] | [_] => {
            let missing = if of(responses).is_empty() { responses } else { sound };
            let found: Vec<&str> = headers().map(|(member, _)| member.signal.as_str()).collect();
            let found = if found.is_empty() {
                "no signal (a file NAME.json beside NAME.csv or NAME.h5)".into()
            } else {
                format!("the signals {}", listed(&found))
            };
            Err(Error::Refused(format!(
                "{shown}: found {found}, expected the signal {missing}; name others with \
                 --responses NAME and --cochleagrams NAME, or check that this is a NEMS recording"
            )))
        }
        ref several => {
            let names: Vec<&str> =
                several.iter().map(|name| name.trim_start_matches('/')).collect();
            Err(Error::Refused(format!(
                "{shown}: found {} recordings ({}), expected one; put each into a folder of its \
                 own, import them one by one, and join them with strf import merge",
                names.len(),
                listed(&names)
            )))
        }
    }
}

/// Refuses two files of which either may be meant.
fn refuse_doubles(source: &Path, wanted: &[(NemsFile, String)]) -> Result<()> {
    let data = |holds| if holds == FileContent::Table { FileContent::Hdf5 } else { holds };
    for (place, (member, name)) in wanted.iter().enumerate() {
        let same = |(other, _): &&(NemsFile, String)| {
            other.signal == member.signal && data(other.holds) == data(member.holds)
        };
        if let Some((_, other)) = wanted[..place].iter().find(same) {
            return Err(Error::Refused(format!(
                "{}: found {other} and {name}, expected one of them; remove the other",
                source.display()
            )));
        }
    }
    Ok(())
}

/// Names of files in a folder and in the folders in it.
fn in_folder(folder: &Path) -> Result<Vec<String>> {
    let mut found = Vec::new();
    for name in files::names(folder)? {
        if folder.join(&name).is_dir() {
            let inner = files::names(&folder.join(&name))?;
            found.extend(inner.iter().map(|file| format!("{name}/{file}")));
        } else {
            found.push(name);
        }
    }
    Ok(found)
}

/// Names of files in an archive, all of which may be unpacked anywhere.
fn in_archive(source: &Path) -> Result<Vec<String>> {
    let mut found = Vec::new();
    each_entry(source, |name, kind, _| {
        let odd = match kind {
            EntryType::Symlink | EntryType::Link => Some("a link"),
            EntryType::Directory | EntryType::XGlobalHeader => None,
            EntryType::Regular | EntryType::Continuous | EntryType::GNUSparse => {
                found.push(name.to_owned());
                None
            }
            _ => Some("something that is neither file nor folder"),
        };
        let leads_out = name.starts_with(['/', '\\'])
            || name.get(1..2) == Some(":")
            || name.split(['/', '\\']).any(|part| part == "..");
        let odd = if leads_out { Some("a path that leads out of the archive") } else { odd };
        match odd {
            None => Ok(()),
            Some(odd) => Err(Error::Refused(format!(
                "{}: found {odd} ({name}), expected files inside the archive alone; do not unpack \
                 this archive; ask its author for another, or import a folder of its files",
                source.display()
            ))),
        }
    })?;
    Ok(found)
}

/// Takes files out of an archive into a folder that is removed with its handle; their names come
/// from here, not from the archive.
fn unpack(source: &Path, wanted: &[&str]) -> Result<(Option<TempDir>, BTreeMap<String, PathBuf>)> {
    let failed = |cause: io::Error| {
        Error::file(format!("unpacking {} into a temporary folder", source.display()), cause)
    };
    let copied = |cause: io::Error| match cause.kind() {
        io::ErrorKind::StorageFull => failed(cause),
        _ => damaged(source, cause),
    };
    let folder = tempfile::tempdir().map_err(failed)?;
    let mut paths = BTreeMap::new();
    each_entry(source, |name, _, entry| {
        if wanted.contains(&name) {
            // What is unpacked is read as a whole.
            require_room(source, name, entry.size())?;
            let path = folder.path().join(paths.len().to_string());
            let mut file = File::create(&path).map_err(failed)?;
            io::copy(entry, &mut file).map_err(copied)?;
            paths.insert(name.to_owned(), path);
        }
        Ok(())
    })?;
    Ok((Some(folder), paths))
}

fn require_room(source: &Path, name: &str, bytes: u64) -> Result<()> {
    memory::take(usize::try_from(bytes).unwrap_or(usize::MAX)).map_err(|cause| {
        let hint = "take a machine with more memory, or do not unpack this archive";
        Error::Refused(format!("{}: {name}: {cause}; {hint}", source.display()))
    })
}

fn damaged(source: &Path, cause: io::Error) -> Error {
    let what = "it is truncated or damaged (copy it again)";
    Error::file(format!("reading {}: {what}", source.display()), cause)
}

/// A file in an archive, as it is read.
type Unpacked<'a> = Entry<'a, Box<dyn Read>>;

/// Goes through the entries of an archive, compressed or not.
fn each_entry(
    source: &Path,
    mut take: impl FnMut(&str, EntryType, &mut Unpacked) -> Result<()>,
) -> Result<()> {
    const GZIP: [u8; 2] = [0x1f, 0x8b];
    let mut head = Vec::new();
    let reading = |cause| Error::file(format!("reading {}", source.display()), cause);
    let what = "folder of a NEMS recording or its .tgz archive";
    files::open(source, what)?.take(265).read_to_end(&mut head).map_err(reading)?;
    let file = BufReader::new(fs::File::open(source).map_err(reading)?);
    let unpacked: Box<dyn Read> = if head.starts_with(&GZIP) {
        Box::new(MultiGzDecoder::new(file))
    } else if head.get(257..262) == Some(b"ustar") {
        Box::new(file)
    } else {
        return Err(Error::Refused(format!(
            "{}: found neither a folder nor a .tgz or .tar archive, expected a {what}; unpack \
             archives of other kinds and give the folder",
            source.display()
        )));
    };
    let mut archive = Archive::new(unpacked);
    for entry in archive.entries().map_err(|cause| damaged(source, cause))? {
        let mut entry = entry.map_err(|cause| damaged(source, cause))?;
        let name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        let name = name.strip_prefix("./").unwrap_or(&name);
        let kind = entry.header().entry_type();
        take(name, kind, &mut entry)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_recording_signal_and_what_a_file_holds() {
        let told = |name: &str| {
            NemsFile::of(name).map(|member| (member.recording, member.signal, member.holds))
        };
        let of =
            |recording: &str, signal: &str, holds| Some((recording.into(), signal.into(), holds));
        assert_eq!(told("rec/rec.resp.h5"), of("rec/rec", "resp", FileContent::Hdf5));
        let long = "A1_NAT4_ozgf.fs100.ch18";
        assert_eq!(
            told(&format!("{long}.stim.epoch.csv")),
            of(&format!("/{long}"), "stim", FileContent::Epochs)
        );
        assert_eq!(told("a/b.meta.json"), of("a/b", "", FileContent::Meta));
        assert_eq!(told("meta.json"), of("/", "", FileContent::Meta));
        assert_eq!(told("resp.json"), of("/", "resp", FileContent::Header));
        assert_eq!(told("rec/._rec.resp.csv"), None);
        assert_eq!(told("README.md"), None);
    }
}
