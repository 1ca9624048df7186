//! What the machine says of itself, for reports of faults: nothing that names a person, a host or a path.
use std::fs;
use std::path::Path;

/// What the processor calls itself, and how many there are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Processor {
    /// As in `AMD EPYC 9554 64-Core Processor`; none where the system does not tell.
    pub name: Option<String>,
    /// How many the machine has, each thread of a core counted; none where the system does not tell.
    pub count: Option<usize>,
}

/// The processor of this machine.
pub fn processor() -> Processor {
    let told = fs::read_to_string("/proc/cpuinfo").map(|text| of_cpuinfo(&text));
    told.unwrap_or_else(|_none| Processor {
        name: asked("sysctl", &["-n", "machdep.cpu.brand_string"]),
        count: asked("sysctl", &["-n", "hw.logicalcpu"]).and_then(|text| text.parse().ok()),
    })
}

/// What Linux tells; processors of ARM have numbers instead of names.
fn of_cpuinfo(text: &str) -> Processor {
    let fields = || text.lines().filter_map(|line| line.split_once(':'));
    let field = |wanted: &str| {
        let found = fields().find(|(name, _)| name.trim() == wanted);
        found.map(|(_, value)| value.trim().to_owned()).filter(|value| !value.is_empty())
    };
    let numbers = || {
        let (implementer, part) = (field("CPU implementer")?, field("CPU part")?);
        Some(format!("implementer {implementer}, part {part}"))
    };
    let count = fields().filter(|(name, _)| name.trim() == "processor").count();
    Processor {
        name: field("model name").or_else(numbers),
        count: Some(count).filter(|count| *count > 0),
    }
}

/// As in `Debian GNU/Linux 12 (bookworm)`; none where the system does not tell.
pub fn system() -> Option<String> {
    let text = fs::read_to_string("/etc/os-release").unwrap_or_default();
    let name = text.lines().find_map(|line| line.strip_prefix("PRETTY_NAME="));
    let name = name.map(|name| name.trim_matches(['"', '\'']).to_owned());
    name.or_else(|| {
        asked("sw_vers", &["-productVersion"]).map(|version| format!("macOS {version}"))
    })
}

/// As in `Linux 6.1.0-18-amd64`; none where the system does not tell.
pub fn kernel() -> Option<String> {
    let told = |what: &str| fs::read_to_string(format!("/proc/sys/kernel/{what}")).ok();
    match (told("ostype"), told("osrelease")) {
        (Some(name), Some(release)) => Some(format!("{} {}", name.trim(), release.trim())),
        _ => asked("uname", &["-sr"]),
    }
}

/// As in `glibc 2.36`: the one that the program runs with, not the one that it was built with; none where it
/// is the system's own.
pub fn c_library() -> Option<String> {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    {
        #[expect(unsafe_code, reason = "the text is a constant of the library")]
        let version = unsafe { std::ffi::CStr::from_ptr(libc::gnu_get_libc_version()) };
        Some(format!("glibc {}", version.to_string_lossy()))
    }
    #[cfg(not(all(target_os = "linux", target_env = "gnu")))]
    cfg!(target_env = "musl").then(|| "musl".to_owned())
}

/// What the driver calls the graphics processors of NVIDIA that it found; empty where it says nothing.
pub fn nvidia_gpus() -> Vec<String> {
    models_below(Path::new("/proc/driver/nvidia/gpus"))
}

fn models_below(folder: &Path) -> Vec<String> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let model = |file: &Path| {
        let text = fs::read_to_string(file.join("information")).ok()?;
        let name = text.lines().find_map(|line| line.strip_prefix("Model:"))?;
        Some(name.trim().to_owned())
    };
    let mut models: Vec<String> =
        entries.flatten().filter_map(|entry| model(&entry.path())).collect();
    models.sort_unstable();
    models
}

/// What another program says in its first line, where there is such a program.
fn asked(program: &str, arguments: &[&str]) -> Option<String> {
    let output = std::process::Command::new(program).args(arguments).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    let line = text.lines().next()?.trim();
    (output.status.success() && !line.is_empty()).then(|| line.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn processors_are_named_and_counted() {
        let text =
            "processor\t: 0\nmodel name\t: AMD EPYC\n\nprocessor\t: 1\nmodel name\t: AMD EPYC\n";
        let want = Processor { name: Some("AMD EPYC".into()), count: Some(2) };
        assert_eq!(of_cpuinfo(text), want);
        let text = "processor\t: 0\nCPU implementer\t: 0x41\nCPU part\t: 0xd40\n";
        let want = Processor { name: Some("implementer 0x41, part 0xd40".into()), count: Some(1) };
        assert_eq!(of_cpuinfo(text), want);
        assert_eq!(of_cpuinfo("flags: fpu\n"), Processor { name: None, count: None });
    }

    #[test]
    fn graphics_processors_have_the_names_that_the_driver_gives_them() {
        let folder = tempfile::tempdir().unwrap();
        for (slot, model) in [("0000:81:00.0", "NVIDIA H200"), ("0000:01:00.0", "NVIDIA A2")] {
            fs::create_dir(folder.path().join(slot)).unwrap();
            let text = format!("Model: \t\t {model}\nIRQ:   \t\t 14\n");
            fs::write(folder.path().join(slot).join("information"), text).unwrap();
        }
        assert_eq!(models_below(folder.path()), ["NVIDIA A2", "NVIDIA H200"]);
        assert!(models_below(&folder.path().join("nothing")).is_empty());
    }
}
