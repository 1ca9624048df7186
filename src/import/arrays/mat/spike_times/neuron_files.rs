//! Files that hold the spike times of one neuron each: those of a folder, or of a list.
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::options::Asked;
use crate::base::error::{Error, Problem, Result};
use crate::base::wording::counted;
use crate::dataset::Entity;
use crate::import::arrays::mat::files::MatFiles;
use crate::import::arrays::named::Named;
use crate::import::arrays::options::refused;
use crate::import::arrays::value::Arrays;
use crate::import::report::{ImportReport, listed};
use crate::import::sessions::spikes::{LeftOut, Library, paths};

/// Ending of the files.
const MAT: &str = "mat";

/// Files of one neuron each.
pub struct NeuronFiles {
    /// In the order of the neurons.
    pub paths: Vec<PathBuf>,
    /// Places of these files in the list that names them, and how long that is; nothing where they
    /// are those of a folder.
    listed: Option<(Vec<usize>, usize)>,
}

impl NeuronFiles {
    /// The files of folders, or those that a list of a file names; nothing where all neurons lie in
    /// one file.
    ///
    /// # Errors
    /// Both are given, or there is no file.
    pub fn find(
        files: &mut MatFiles,
        folders: &[&Path],
        asked: &Asked,
        report: &mut ImportReport,
    ) -> Result<Option<Self>> {
        let mut left_out = LeftOut::default();
        let found = match (&asked.options.neuron_files, folders) {
            (None, []) => return Ok(None),
            (None, folders) => Self::of_folders(folders, &mut left_out)?,
            (Some(list), []) => Self::of_list(files, list, asked, &mut left_out, report)?,
            (Some(_), [folder, ..]) => {
                return Err(Error::Refused(format!(
                    "{}: found a folder beside --neuron-files, expected one of the two; each file of \
                     a folder is a neuron",
                    folder.display()
                )));
            }
        };
        left_out.tell(report);
        let neurons = counted(found.paths.len(), "neuron");
        report.inferred(format!("{neurons}, one a file"));
        Ok(Some(found))
    }

    fn of_folders(folders: &[&Path], left_out: &mut LeftOut) -> Result<Self> {
        let mut found = Vec::new();
        for folder in folders {
            found.extend(paths(folder, left_out)?);
        }
        let is_mat = |path: &PathBuf| path.extension().is_some_and(|e| e.eq_ignore_ascii_case(MAT));
        found.retain(is_mat);
        if found.is_empty() {
            let shown: Vec<String> = folders.iter().map(|one| one.display().to_string()).collect();
            return Err(Error::Refused(format!(
                "{}: found no file that ends in .{MAT}, expected one for each neuron; check the path",
                listed(&shown)
            )));
        }
        Ok(Self { paths: found, listed: None })
    }

    fn of_list(
        files: &mut MatFiles,
        list: &str,
        asked: &Asked,
        left_out: &mut LeftOut,
        report: &mut ImportReport,
    ) -> Result<Self> {
        let source = asked.arrays.source.as_path();
        let names = if files.has(list) { files.texts(list)? } else { None };
        let Some(names) = names.filter(|names| !names.is_empty()) else {
            let found = if files.has(list) { "no list of texts" } else { "nothing" };
            let problem = Problem::new(format!("--neuron-files {list}"), found, "a list of files");
            return Err(refused(source, problem));
        };
        let folder = source.parent().filter(|folder| !folder.as_os_str().is_empty());
        let folder = folder.unwrap_or(Path::new(".")).to_path_buf();
        let library = Library::of(std::slice::from_ref(&folder), left_out)?;
        let (mut paths, mut places, mut missing) = (Vec::new(), Vec::new(), Vec::new());
        for (place, name) in names.iter().enumerate() {
            let file = match library.find(name)? {
                Some(file) => Some(file),
                None => library.find(&format!("{name}.{MAT}"))?,
            };
            match file {
                Some(file) => {
                    paths.push(file.to_path_buf());
                    places.push(place);
                }
                None => missing.push(name.clone()),
            }
        }
        if paths.is_empty() {
            return Err(Error::Refused(format!(
                "{}: found none of the files of {list} ({}), expected them below {}; put them there",
                source.display(),
                listed(&missing),
                folder.display()
            )));
        }
        if !missing.is_empty() {
            let neurons = counted(missing.len(), "neuron");
            report.dropped(format!("{neurons} whose file is not there: {}", listed(&missing)));
        }
        Ok(Self { paths, listed: Some((places, names.len())) })
    }

    /// The neurons: called as the list of `--neuron-ids` says, or as their files, with the attributes
    /// that stand beside the list of files.
    ///
    /// # Errors
    /// A list of ids that does not fit.
    pub fn neurons(&self, named: &mut Named, asked: &Asked) -> Result<Vec<Entity>> {
        let ids = asked.arrays.neuron_ids.as_ref();
        let Some((places, count)) = &self.listed else {
            if let Some(name) = ids {
                return Err(Error::Refused(format!(
                    "--neuron-ids {name}: found a list of names and a folder of one file a neuron, \
                     expected one of them; neurons are called as their files"
                )));
            }
            return Ok(self.called_as_files(named.report));
        };
        let mut all = match ids {
            Some(_) => named.neurons(*count)?,
            None => vec![Entity::default(); *count],
        };
        let list = asked.options.neuron_files.as_deref().unwrap_or_default();
        if let Some((group, _)) = list.rsplit_once('.') {
            named.used.push(list.to_owned());
            named.attributes(group, all.iter_mut().collect())?;
        }
        let mut neurons: Vec<Entity> = places.iter().map(|place| all[*place].clone()).collect();
        if ids.is_none() {
            let called = self.called_as_files(named.report);
            for (neuron, file) in neurons.iter_mut().zip(called) {
                neuron.id = file.id;
            }
        }
        Ok(neurons)
    }

    /// Names of files without their ending, with that of their folder where some are alike.
    fn called_as_files(&self, report: &mut ImportReport) -> Vec<Entity> {
        let stem = |path: &Path| path.file_stem().map(|name| name.to_string_lossy().into_owned());
        let plain: Vec<String> = self.paths.iter().filter_map(|path| stem(path)).collect();
        let alone = plain.iter().collect::<BTreeSet<_>>().len() == plain.len();
        if !alone {
            report.inferred(
                "names of folders stand in front of those of neurons, of which some are alike",
            );
        }
        let id = |(path, plain): (&PathBuf, String)| {
            let folder = path.parent().and_then(Path::file_name).filter(|_| !alone);
            match folder {
                Some(folder) => format!("{}_{plain}", folder.to_string_lossy()),
                None => plain,
            }
        };
        let ids = self.paths.iter().zip(plain).map(id);
        ids.map(|id| Entity { id, ..Entity::default() }).collect()
    }
}
