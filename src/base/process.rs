//! Which process this is, in words that tell another whether it still runs.
use std::fs;

use serde::{Deserialize, Serialize};

/// A process of some machine since its last start.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProcessIdentity {
    /// Name of the machine.
    pub host: String,
    /// Number of the process.
    pub process: u32,
    /// When it began, in clock ticks after the machine started; 0 where the system does not tell.
    pub started: u64,
    /// Which start of the machine; empty where the system does not tell.
    pub boot: String,
}

impl ProcessIdentity {
    /// Of this process.
    pub fn own() -> Self {
        let process = std::process::id();
        Self {
            host: kernel("hostname"),
            process,
            started: started(process).unwrap_or(0),
            boot: kernel("random/boot_id"),
        }
    }

    /// Whether it belongs to the machine of another, so that it can be looked up.
    pub fn shares_host_with(&self, other: &Self) -> bool {
        self.host == other.host
    }

    /// Whether it runs on this machine. Numbers of processes are given anew, so when it began must
    /// agree too.
    pub fn runs_here(&self) -> bool {
        self.boot == kernel("random/boot_id") && started(self.process) == Some(self.started)
    }
}

/// Bytes of memory of the machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MachineMemory {
    /// All of it.
    pub total: usize,
    /// What programs may still take, as far as a limit on the address space of this one leaves it.
    pub free: usize,
}

/// How much memory the machine has, where the system says it.
pub fn machine_memory() -> Option<MachineMemory> {
    let bytes = |name| kilobytes("/proc/meminfo", name);
    let free = bytes("MemAvailable:")?;
    let free = address_space().map_or(free, |left| left.min(free));
    Some(MachineMemory { total: bytes("MemTotal:")?, free })
}

/// Bytes of memory that this process holds, where the system says it.
pub fn held_memory() -> Option<usize> {
    kilobytes(OWN, "VmRSS:")
}

/// What the kernel says of this process.
const OWN: &str = "/proc/self/status";

/// What a limit on the address space leaves of it; none where there is no limit.
#[cfg(target_os = "linux")]
fn address_space() -> Option<usize> {
    use rustix::process::{Resource, getrlimit};
    let most = usize::try_from(getrlimit(Resource::As).current?).ok()?;
    Some(most.saturating_sub(kilobytes(OWN, "VmSize:")?))
}

#[cfg(not(target_os = "linux"))]
fn address_space() -> Option<usize> {
    None
}

/// A number of kilobytes behind a name, in bytes.
fn kilobytes(file: &str, name: &str) -> Option<usize> {
    let text = fs::read_to_string(file).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    let kilobytes: usize = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kilobytes * 1024)
}

/// Begins this program anew, in this process, with a variable of the environment; returns only where that
/// cannot be done. Some libraries look at their variables once, when the first thread of theirs begins.
#[cfg(unix)]
pub fn begin_anew_with(name: &str, value: &str) -> std::io::Error {
    use std::os::unix::process::CommandExt;
    match std::env::current_exe() {
        Ok(program) => std::process::Command::new(program)
            .args(std::env::args_os().skip(1))
            .env(name, value)
            .exec(),
        Err(error) => error,
    }
}

/// What the kernel says of itself, where it does.
fn kernel(what: &str) -> String {
    let text = fs::read_to_string(format!("/proc/sys/kernel/{what}"));
    text.map(|text| text.trim().to_owned()).unwrap_or_default()
}

/// When a process began; none where there is no such process, or one that has ended and that nobody
/// has asked how.
fn started(process: u32) -> Option<u64> {
    let text = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // Behind the name, which stands in parentheses and may hold anything, come the state and, as the
    // twentieth field, the start.
    let fields: Vec<&str> = text.rsplit_once(')')?.1.split_whitespace().collect();
    if matches!(fields.first(), Some(&("Z" | "X"))) {
        return None;
    }
    fields.get(19)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_runs_and_others_with_its_number_do_not() {
        let own = ProcessIdentity::own();
        assert!(own.runs_here(), "{own:?}");
        let earlier = ProcessIdentity { started: own.started + 1, ..own.clone() };
        let rebooted = ProcessIdentity { boot: "another".into(), ..own.clone() };
        let gone = ProcessIdentity { process: u32::MAX, ..own };
        assert!([earlier, rebooted, gone].iter().all(|other| !other.runs_here()));
    }
}
