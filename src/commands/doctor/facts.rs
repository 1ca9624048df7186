//! What there is: program, libraries, machine. Names of persons, hosts and paths stay out, for reports of
//! faults are public.
use std::collections::BTreeMap;
use std::io::{IsTerminal, stderr, stdout};
use std::path::Path;

use serde::Serialize;

use crate::base::memory::shown;
use crate::base::{cgroup, device, machine, process};
use crate::simd::level::{self, Level};

/// All of it, as JSON has it.
#[derive(Debug, Serialize)]
pub(super) struct Facts {
    strf: Program,
    hdf5: String,
    system: Option<String>,
    kernel: Option<String>,
    c_library: Option<String>,
    processor: Option<String>,
    processors: Processors,
    memory: Option<Memory>,
    vector_levels: VectorLevels,
    gpu: Gpus,
    variables: BTreeMap<String, String>,
    temporary_folder: String,
    terminal: Terminal,
}

#[derive(Debug, Serialize)]
struct Program {
    version: &'static str,
    built_for: String,
    features: Vec<&'static str>,
    optimized: bool,
}

#[derive(Debug, Serialize)]
struct Processors {
    of_machine: Option<usize>,
    /// What affinity and limits leave.
    usable: Option<usize>,
    limit: Option<f64>,
    threads: usize,
}

#[derive(Debug, Serialize)]
struct Memory {
    total: usize,
    free: usize,
    limit: Option<usize>,
    free_in_limit: Option<usize>,
}

#[derive(Debug, Serialize)]
struct VectorLevels {
    available: Vec<&'static str>,
    in_use: &'static str,
}

#[derive(Debug, Serialize)]
struct Gpus {
    usable: Vec<String>,
    /// Why none is; empty where one is.
    why_none: String,
    /// What the driver calls those of the machine.
    of_machine: Vec<String>,
}

#[derive(Debug, Serialize)]
struct Terminal {
    stdout: bool,
    stderr: bool,
    kind: Option<String>,
}

impl Facts {
    /// Looks at the machine.
    pub(super) fn gather() -> Self {
        let processor = machine::processor();
        let root = Path::new("/");
        let (major, minor, micro) = hdf5::library_version();
        Self {
            strf: Program::of_this_build(),
            hdf5: format!("{major}.{minor}.{micro}"),
            system: machine::system(),
            kernel: machine::kernel(),
            c_library: machine::c_library(),
            processor: processor.name,
            processors: Processors {
                of_machine: processor.count,
                usable: std::thread::available_parallelism().ok().map(usize::from),
                limit: cgroup::processor_limit(root),
                threads: rayon::current_num_threads(),
            },
            memory: Memory::found(root),
            vector_levels: VectorLevels {
                available: Level::available().into_iter().map(Level::name).collect(),
                in_use: level::current().name(),
            },
            gpu: Gpus::found(),
            variables: variables(std::env::vars_os().filter_map(|(name, value)| {
                Some((name.into_string().ok()?, value.to_string_lossy().into_owned()))
            })),
            temporary_folder: match tempfile::tempfile() {
                Ok(_file) => "writable".into(),
                Err(error) => format!("cannot be written: {}", error.kind()),
            },
            terminal: Terminal {
                stdout: stdout().is_terminal(),
                stderr: stderr().is_terminal(),
                kind: std::env::var("TERM").ok().filter(|kind| is_harmless(kind)),
            },
        }
    }

    /// One line each, fit to be pasted.
    pub(super) fn text(&self) -> String {
        let unknown = |text: &Option<String>| text.clone().unwrap_or_else(|| "unknown".into());
        let VectorLevels { available, in_use } = &self.vector_levels;
        let rows = [
            ("strf", self.strf.text()),
            ("HDF5", format!("{}, linked into the program", self.hdf5)),
            ("system", format!("{}, {}", unknown(&self.system), unknown(&self.kernel))),
            ("C library", unknown(&self.c_library)),
            ("processor", unknown(&self.processor)),
            ("processors", self.processors.text()),
            ("memory", self.memory.as_ref().map_or_else(|| unknown(&None), Memory::text)),
            (
                "memory limit",
                self.memory.as_ref().map_or_else(|| unknown(&None), Memory::limit_text),
            ),
            ("vector levels", format!("{}; in use: {in_use}", available.join(", "))),
            ("GPU", self.gpu.text()),
            ("variables", listed(&self.variables)),
            ("temporary folder", self.temporary_folder.clone()),
            ("terminal", self.terminal.text()),
        ];
        rows.iter().map(|(name, text)| row(name, text) + "\n").collect()
    }
}

/// A name and what there is to say.
pub(super) fn row(name: &str, text: &str) -> String {
    format!("{name:<18}{text}")
}

impl Program {
    fn of_this_build() -> Self {
        let environment = [("gnu", cfg!(target_env = "gnu")), ("musl", cfg!(target_env = "musl"))];
        let environment = environment.iter().filter(|(_, is_own)| *is_own).map(|(name, _)| *name);
        let target = [std::env::consts::ARCH, std::env::consts::OS].into_iter().chain(environment);
        Self {
            version: env!("CARGO_PKG_VERSION"),
            built_for: target.collect::<Vec<_>>().join("-"),
            features: if cfg!(feature = "cuda") { vec!["cuda"] } else { Vec::new() },
            optimized: !cfg!(debug_assertions),
        }
    }

    fn text(&self) -> String {
        let features = match self.features.as_slice() {
            [] => "no features".to_owned(),
            some => format!("features: {}", some.join(", ")),
        };
        let how = if self.optimized { "optimized" } else { "not optimized" };
        format!("{}, built for {}, {features}, {how}", self.version, self.built_for)
    }
}

impl Processors {
    fn text(&self) -> String {
        let count = |count: Option<usize>| count.map_or("unknown".to_owned(), |n| n.to_string());
        let limit = self.limit.map_or("no limit of their time".to_owned(), |limit| {
            format!("limited to the time of {limit:.1}")
        });
        let (usable, all) = (count(self.usable), count(self.of_machine));
        format!("{usable} usable of {all}, {limit}; {} threads", self.threads)
    }
}

impl Memory {
    fn found(root: &Path) -> Option<Self> {
        let process::MachineMemory { total, free } = process::machine_memory()?;
        // A limit that is beyond the machine is none.
        let limit = cgroup::memory_limit(root).filter(|own| own.limit < total);
        let (limit, free_in_limit) = (limit.map(|own| own.limit), limit.map(|own| own.free));
        Some(Self { total, free, limit, free_in_limit })
    }

    fn text(&self) -> String {
        format!("{} free of {}", shown(self.free), shown(self.total))
    }

    fn limit_text(&self) -> String {
        match (self.limit, self.free_in_limit) {
            (Some(limit), Some(free)) => format!("{} free of {}", shown(free), shown(limit)),
            _ => "none".into(),
        }
    }
}

impl Gpus {
    fn found() -> Self {
        let of_machine = machine::nvidia_gpus();
        if !cfg!(feature = "cuda") {
            return Self { usable: Vec::new(), why_none: "built without CUDA".into(), of_machine };
        }
        match device::usable_gpus() {
            Ok(found) => {
                let usable = found.iter().map(ToString::to_string).collect();
                Self { usable, why_none: String::new(), of_machine }
            }
            Err(error) => {
                let cause = std::error::Error::source(&error).map(ToString::to_string);
                let cause = cause.unwrap_or_else(|| error.to_string());
                Self { usable: Vec::new(), why_none: cause, of_machine }
            }
        }
    }

    fn text(&self) -> String {
        let usable = match self.usable.as_slice() {
            [] => format!("none: {}", self.why_none),
            some => some.join(", "),
        };
        match self.of_machine.as_slice() {
            [] => usable,
            some => format!("{usable}; in the machine: {}", some.join(", ")),
        }
    }
}

impl Terminal {
    fn text(&self) -> String {
        let is = |is_one: bool| if is_one { "a terminal" } else { "no terminal" };
        let kind = self.kind.as_deref().unwrap_or("of unknown kind");
        format!("results go to {}, notes to {}; {kind}", is(self.stdout), is(self.stderr))
    }
}

/// Variables that change what the program does, beside those that begin with `STRF_`.
const VARIABLES: [&str; 9] = [
    "RAYON_NUM_THREADS",
    "CANDLE_NUM_THREADS",
    "CUDA_VISIBLE_DEVICES",
    "HDF5_USE_FILE_LOCKING",
    "HDF5_PLUGIN_PATH",
    "LANG",
    "LC_ALL",
    "NO_COLOR",
    "TMPDIR",
];

/// Those that are set; values that may name a person or a path stay out.
fn variables(all: impl Iterator<Item = (String, String)>) -> BTreeMap<String, String> {
    let is_own = |name: &str| name.starts_with("STRF_") || VARIABLES.contains(&name);
    let told = |value: String| if is_harmless(&value) { value } else { "(set)".into() };
    all.filter(|(name, _)| is_own(name)).map(|(name, value)| (name, told(value))).collect()
}

/// Whether a value is a word or a number, and no path or sentence.
fn is_harmless(value: &str) -> bool {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "._,:-".contains(letter);
    (1..=40).contains(&value.len()) && value.chars().all(plain)
}

fn listed(variables: &BTreeMap<String, String>) -> String {
    if variables.is_empty() {
        return "none".into();
    }
    let each = variables.iter().map(|(name, value)| format!("{name}={value}"));
    each.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_told_without_paths_and_without_those_of_others() {
        let all = [
            ("STRF_SIMD", "avx2"),
            ("STRF_ELSEWHERE", "/home/ann/strf"),
            ("RAYON_NUM_THREADS", "4"),
            ("TMPDIR", "/scratch/ann"),
            ("LANG", "de_DE.UTF-8"),
            ("USER", "ann"),
            ("HOSTNAME", "lab7"),
        ];
        let all = all.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let told = listed(&variables(all.into_iter()));
        let want =
            "LANG=de_DE.UTF-8 RAYON_NUM_THREADS=4 STRF_ELSEWHERE=(set) STRF_SIMD=avx2 TMPDIR=(set)";
        assert_eq!(told, want);
        assert_eq!(listed(&BTreeMap::new()), "none");
    }

    #[test]
    fn what_a_limit_leaves_is_told_beside_what_the_machine_has() {
        let of =
            |limit, free_in_limit| Memory { total: 8 << 30, free: 4 << 30, limit, free_in_limit };
        assert_eq!(of(None, None).text(), "4.3 GB free of 8.6 GB");
        assert_eq!(of(None, None).limit_text(), "none");
        assert_eq!(
            of(Some(2_000_000_000), Some(500_000_000)).limit_text(),
            "500 MB free of 2.0 GB"
        );
        let processors =
            Processors { of_machine: Some(64), usable: Some(3), limit: Some(3.5), threads: 3 };
        let want = "3 usable of 64, limited to the time of 3.5; 3 threads";
        assert_eq!(processors.text(), want);
    }
}
