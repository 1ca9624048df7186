//! A folder with a small dataset, and the program run in it.
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use ndarray::{Array2, Array3, ArrayView, Dimension};
use rand::Rng;
use strf::base::files::Existing;
use strf::base::rng;
use strf::dataset::hdf5_io::write_array;
use strf::dataset::{Clip, Counts, Entity, Recording, Splits, write};
use tempfile::TempDir;

/// Bands of [`recording`].
pub const BANDS: usize = 7;
/// Neurons of [`recording`].
pub const NEURONS: usize = 3;

/// What a command left behind.
#[derive(Debug)]
pub struct Ran {
    /// None where a signal ended it.
    pub status: Option<i32>,
    /// Results.
    pub stdout: String,
    /// Notes, warnings, errors.
    pub stderr: String,
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).unwrap();
        let (stdout, stderr) = (text(output.stdout), text(output.stderr));
        Self { status: output.status.code(), stdout, stderr }
    }
}

impl Ran {
    /// Runs a command to its end.
    pub fn of(command: &mut Command) -> Self {
        command.stdin(Stdio::null()).output().unwrap().into()
    }

    /// Fails unless the command did.
    #[track_caller]
    pub fn done(self) -> Self {
        assert_eq!(self.status, Some(0), "{}", self.stderr);
        self
    }

    /// Fails unless the command refused its input with this message, all of it.
    #[track_caller]
    pub fn refused(&self, message: &str) {
        let (status, stderr, stdout) = (self.status, self.stderr.as_str(), self.stdout.as_str());
        assert_eq!((status, stderr, stdout), (Some(2), format!("strf: {message}\n").as_str(), ""));
    }
}

/// A folder of its own in which commands are started.
pub struct Workplace(TempDir);

impl Workplace {
    /// With [`recording`] as `data.h5`.
    pub fn new() -> Self {
        Self::holding(&recording())
    }

    /// With nothing in it.
    pub fn empty() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    /// With this dataset as `data.h5`.
    pub fn holding(recording: &Recording) -> Self {
        let place = Self::empty();
        place.write_data("data.h5", recording);
        place
    }

    /// A path in it.
    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Writes a dataset.
    pub fn write_data(&self, name: &str, recording: &Recording) {
        let (path, none) = (self.path(name), |_: &hdf5::File| Ok(()));
        write(&path, recording, Counts::AsFloats, Existing::Replace, none).unwrap();
    }

    /// Writes a text.
    pub fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path(name), text).unwrap();
    }

    /// Reads a text.
    pub fn read(&self, name: &str) -> String {
        let path = self.path(name);
        std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
    }

    /// The program with these words behind it.
    pub fn command(&self, words: &str) -> Command {
        let mut command = Command::new(assert_cmd::cargo::cargo_bin("strf"));
        command.current_dir(self.0.path()).args(words.split_whitespace());
        command
    }

    /// Runs the program.
    pub fn strf(&self, words: &str) -> Ran {
        Ran::of(&mut self.command(words))
    }

    /// Runs the program on so many threads.
    pub fn strf_on(&self, threads: usize, words: &str) -> Ran {
        Ran::of(self.command(words).env("RAYON_NUM_THREADS", threads.to_string()))
    }

    /// Starts the program and does not wait for it.
    pub fn start(&self, words: &str) -> Running {
        let (out, err) = (Stdio::piped(), Stdio::piped());
        Running(Some(self.command(words).stdout(out).stderr(err).spawn().unwrap()))
    }

    /// Every file below a folder by its path, times left out of `history.csv`.
    pub fn contents(&self, folder: &str) -> BTreeMap<PathBuf, Vec<u8>> {
        let root = self.path(folder);
        let content = |path: PathBuf| {
            let bytes = std::fs::read(&path).unwrap();
            let timed = path.ends_with("history.csv");
            let bytes = if timed { without_seconds(&bytes) } else { bytes };
            (path.strip_prefix(&root).unwrap().to_owned(), bytes)
        };
        files_below(&root).into_iter().map(content).collect()
    }

    /// Fails unless two folders hold the same files with the same bytes, times aside.
    #[track_caller]
    pub fn assert_same(&self, left: &str, right: &str) {
        let (a, b) = (self.contents(left), self.contents(right));
        let names = |contents: &BTreeMap<PathBuf, _>| contents.keys().cloned().collect::<Vec<_>>();
        assert_eq!(names(&a), names(&b), "{left} and {right}");
        for (name, bytes) in &a {
            let shown = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
            assert!(
                *bytes == b[name],
                "{left} and {right} differ in {}:\n{}\n{}",
                name.display(),
                shown(bytes),
                shown(&b[name])
            );
        }
    }

    /// Copies a folder.
    pub fn copy(&self, from: &str, to: &str) {
        self.bring(&self.path(from), to);
    }

    /// Copies a folder that lies anywhere.
    pub fn bring(&self, from: &Path, to: &str) {
        for path in files_below(from) {
            let copy = self.path(to).join(path.strip_prefix(from).unwrap());
            std::fs::create_dir_all(copy.parent().unwrap()).unwrap();
            std::fs::copy(&path, copy).unwrap();
        }
    }

    /// The columns of a CSV file by name.
    pub fn csv(&self, name: &str) -> BTreeMap<String, Vec<String>> {
        let mut reader = csv::Reader::from_path(self.path(name)).unwrap();
        let header: Vec<String> = reader.headers().unwrap().iter().map(str::to_owned).collect();
        let mut columns: Vec<Vec<String>> = vec![Vec::new(); header.len()];
        for row in reader.records() {
            let row = row.unwrap();
            columns.iter_mut().zip(&row).for_each(|(column, cell)| column.push(cell.to_owned()));
        }
        header.into_iter().zip(columns).collect()
    }

    /// One column of a CSV file as numbers.
    pub fn column(&self, name: &str, column: &str) -> Vec<f64> {
        self.csv(name)[column].iter().map(|cell| cell.parse().unwrap()).collect()
    }
}

/// A program that was started; a test that fails takes it along.
pub struct Running(Option<Child>);

impl Running {
    /// Sends it a signal; false where it has come to its end before.
    pub fn signal(&mut self, name: &str) -> bool {
        let child = self.0.as_mut().unwrap();
        let runs = child.try_wait().unwrap().is_none();
        let pid = child.id().to_string();
        runs && Command::new("kill").args([name, &pid]).status().unwrap().success()
    }

    /// Waits for its end.
    pub fn end(mut self) -> Ran {
        Ran::from(self.0.take().unwrap().wait_with_output().unwrap())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(child) = &mut self.0 {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }
}

fn files_below(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files_below(&path) } else { vec![path] }).collect()
}

/// The table without its second and third columns.
fn without_seconds(history: &[u8]) -> Vec<u8> {
    let line = |line: &str| {
        let cells = line.split(',').enumerate();
        let kept = cells.filter(|(place, _)| ![1, 2].contains(place)).map(|(_, cell)| cell);
        kept.collect::<Vec<_>>().join(",") + "\n"
    };
    std::str::from_utf8(history).unwrap().lines().map(line).collect::<String>().into_bytes()
}

/// How tests open HDF5 files: processes that other tests start at this moment inherit the open file,
/// and its lock if it had one.
pub fn unlocked() -> hdf5::FileBuilder {
    let mut options = hdf5::File::with_options();
    options.with_access_plist(|plist| plist.file_locking(false));
    options
}

/// Changes a dataset file.
pub fn change_data(path: &Path, change: impl FnOnce(&hdf5::File) -> hdf5::Result<()>) {
    let file = unlocked().open_rw(path).unwrap();
    change(&file).unwrap();
    file.close().unwrap();
}

/// Waits until it holds; fails after half a minute.
#[track_caller]
pub fn wait_until(holds: impl Fn() -> bool) {
    let begin = Instant::now();
    while !holds() {
        assert!(begin.elapsed() < Duration::from_secs(30), "it never came");
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// 9 clips of 40 to 64 bins with 2 or 3 repeats, heard by 3 neurons of which each prefers a band
/// of its own; 5 clips train, 2 validate, 2 test.
pub fn recording() -> Recording {
    let clips: Vec<Clip> = (0..9).map(clip).collect();
    let ids: Vec<String> = clips.iter().map(|clip| clip.stimulus.id.clone()).collect();
    Recording {
        file: "made.h5".into(),
        dt_ms: 5.0,
        level: None,
        frequencies_hz: Some((0..BANDS).map(|f| 500.0 * 1.5f64.powi(count(f))).collect()),
        neurons: ["a1", "b2", "c3"].map(|id| entity(id, ("area", "A1"))).to_vec(),
        clips,
        splits: Some(Splits {
            train: ids[..5].to_vec(),
            valid: ids[5..7].to_vec(),
            test: ids[7..].to_vec(),
        }),
    }
}

fn count(n: usize) -> i32 {
    i32::try_from(n).unwrap()
}

fn entity(id: &str, (name, value): (&str, &str)) -> Entity {
    let attributes = BTreeMap::from([(name.to_owned(), value.to_owned())]);
    Entity { id: id.to_owned(), attributes }
}

fn clip(index: usize) -> Clip {
    let (bins, repeats) = (40 + 3 * index, 2 + index % 2);
    let mut rng = rng::generator(7, &format!("clip {index}"));
    let sound = Array2::from_shape_simple_fn((BANDS, bins), || rng.random_range(0.0f32..9.0));
    let responses = Array3::from_shape_fn((NEURONS, repeats, bins), |(n, _, t)| {
        let at = |lag: usize| if t < lag { 0.0 } else { sound[[2 * n, t - lag]] };
        (at(1) - 0.5 * at(2) + rng.random_range(-1.0..1.0)).max(0.0)
    });
    let kind = if index.is_multiple_of(2) { "song" } else { "noise" };
    Clip {
        stimulus: entity(&format!("clip{index}"), ("type", kind)),
        cochleagram: sound,
        responses,
    }
}

/// A run file of a model for `data.h5` with these lines in `[train]`.
pub fn run_file(model: &str, train: &str) -> String {
    format!("[data]\nfile = \"data.h5\"\nsmooth_ms = 11.0\n{model}\n[train]\n{train}\n")
}

/// The same fitted by steps from a single start, with nothing behind the last epoch.
pub fn by_steps(model: &str, train: &str) -> String {
    let steps = "optimizer = \"adamw\"\nstarts = 1\naverage = false\ncalibrate = false";
    run_file(model, &format!("{steps}\n{train}"))
}

/// A table without its column of this name, which is the last one.
pub fn without_last(table: &str, name: &str) -> String {
    let mut lines = table.lines();
    assert!(lines.next().unwrap().ends_with(&format!(",{name}")), "{table}");
    let cut = |line: &str| line.rsplit_once(',').unwrap().0.to_owned() + "\n";
    table.lines().map(cut).collect()
}

/// Each model in a small form, and between them all prefilters and parameterizations.
pub const MODELS: [(&str, &str); 13] = [
    ("linear", "[model]\ntype = \"linear\"\nwindow_ms = 20.0"),
    ("ln", LN),
    ("nrf", "[model]\ntype = \"nrf\"\nwindow_ms = 20.0\nhidden = 4"),
    ("dnet", "[model]\ntype = \"dnet\"\nwindow_ms = 20.0\nhidden = 4"),
    ("cnn2d", "[model]\ntype = \"cnn2d\"\nkernel_ms = 15.0\nchannels = 3\nhidden = 4"),
    (
        "separable",
        "[model]\ntype = \"ln\"\nwindow_ms = 20.0\n[prefilter]\ntype = \"willmore\"\n\
         [parameterization]\ntype = \"separable\"\nrank = 2",
    ),
    (
        "dcls",
        "[model]\ntype = \"nrf\"\nwindow_ms = 20.0\nhidden = 4\n[prefilter]\ntype = \"adaptrans\"\n\
         [parameterization]\ntype = \"dcls\"\ngaussians = 3",
    ),
    (
        "adaptrans",
        "[model]\ntype = \"dnet\"\nwindow_ms = 20.0\nhidden = 4\n[prefilter]\ntype = \"adaptrans\"",
    ),
    (
        "cnn2d_adaptrans",
        "[model]\ntype = \"cnn2d\"\nkernel_ms = 15.0\nchannels = 3\nhidden = 4\n[prefilter]\n\
         type = \"adaptrans\"",
    ),
    ("statenet", "[model]\ntype = \"statenet\"\nkernel_bands = 3\nchannels = 2"),
    (
        "transformer",
        "[model]\ntype = \"transformer\"\ntime_patch = 1\nembedding_dim = 6\ncontext_ms = 20.0",
    ),
    ("cnn1d", "[model]\ntype = \"cnn1d\"\nchannels = 4\nlag_ms = 20.0\ndense = 4"),
    (
        "gaussian",
        "[model]\ntype = \"nrf\"\nwindow_ms = 20.0\nhidden = 4\n[parameterization]\n\
         type = \"gaussian\"\nrank = 2",
    ),
];

/// A linear-nonlinear model with four lags.
pub const LN: &str = "[model]\ntype = \"ln\"\nwindow_ms = 20.0";

/// Whether two paths hold the same bytes.
pub fn same_bytes(left: &Path, right: &Path) -> bool {
    std::fs::read(left).unwrap() == std::fs::read(right).unwrap()
}

/// Puts another array in the place of one in a file.
pub fn replace<D: Dimension>(
    file: &hdf5::File,
    path: &str,
    array: ArrayView<f32, D>,
) -> hdf5::Result<()> {
    file.unlink(path)?;
    write_array(file, path, array)
}
