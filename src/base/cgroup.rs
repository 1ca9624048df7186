//! What the groups that this process belongs to may take: a container or a job of a cluster is given less
//! memory and fewer processors than the machine has, and only the files of its groups say so.
//!
//! Both versions of Linux's control groups are read, also side by side. A limit holds for a group and all
//! groups inside it, so that the tightest one on the way up counts.
use std::fs;
use std::path::{Component, Path, PathBuf};

/// What is left of a limit of memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MemoryLimit {
    /// Bytes that all processes of the group may hold.
    pub limit: usize,
    /// Bytes that they may still take.
    pub free: usize,
}

/// How the files of a version are called.
struct Names {
    limit: &'static str,
    taken: &'static str,
    /// Copies of files in memory, which the system drops before memory runs out.
    dropped: [&'static str; 2],
}

const VERSION_1: Names = Names {
    limit: "memory.limit_in_bytes",
    taken: "memory.usage_in_bytes",
    dropped: ["total_inactive_file", "total_active_file"],
};
const VERSION_2: Names = Names {
    limit: "memory.max",
    taken: "memory.current",
    dropped: ["inactive_file", "active_file"],
};

/// Of the groups of this process, the limit of memory that leaves the least; none where there is none.
/// `root` is `/`, or what stands in for it.
pub fn memory_limit(root: &Path) -> Option<MemoryLimit> {
    let first = folders(root, "memory").into_iter().filter_map(|at| memory_of(&at, &VERSION_1));
    let second = folders(root, "").into_iter().filter_map(|at| memory_of(&at, &VERSION_2));
    first.chain(second).min_by_key(|limit| limit.free)
}

/// Of the groups of this process, the fewest processors that they may keep busy; none where that is not
/// limited.
pub fn processor_limit(root: &Path) -> Option<f64> {
    let first = folders(root, "cpu").into_iter().filter_map(|at| {
        let quota = number(&at.join("cpu.cfs_quota_us"))?;
        Some(quota as f64 / number(&at.join("cpu.cfs_period_us"))? as f64)
    });
    let second = folders(root, "").into_iter().filter_map(|at| {
        let text = fs::read_to_string(at.join("cpu.max")).ok()?;
        let (quota, period) = text.trim().split_once(' ')?;
        Some(quota.parse::<f64>().ok()? / period.parse::<f64>().ok()?)
    });
    first.chain(second).filter(|processors| *processors > 0.0).min_by(f64::total_cmp)
}

fn memory_of(folder: &Path, names: &Names) -> Option<MemoryLimit> {
    // Version 2 says `max` where there is no limit, version 1 a number that no machine has.
    let limit = number(&folder.join(names.limit)).filter(|bytes| *bytes < 1 << 60)?;
    let taken = number(&folder.join(names.taken)).unwrap_or(0);
    let stat = fs::read_to_string(folder.join("memory.stat")).unwrap_or_default();
    let of = |name: &str| {
        let fields = stat.lines().filter_map(|line| line.split_once(' '));
        let found = fields.into_iter().find(|(field, _)| *field == name);
        found.and_then(|(_, bytes)| bytes.trim().parse::<usize>().ok()).unwrap_or(0)
    };
    let dropped: usize = names.dropped.into_iter().map(of).sum();
    Some(MemoryLimit { limit, free: limit.saturating_sub(taken.saturating_sub(dropped)) })
}

fn number(file: &Path) -> Option<usize> {
    fs::read_to_string(file).ok()?.trim().parse().ok()
}

/// The folders of this process's group and of those that it lies in, the innermost first: of version 1 for
/// a `controller`, of version 2 where that is empty.
fn folders(root: &Path, controller: &str) -> Vec<PathBuf> {
    let read = |file: &str| fs::read_to_string(root.join(file)).unwrap_or_default();
    let (groups, mounts) = (read("proc/self/cgroup"), read("proc/self/mountinfo"));
    let Some(group) = groups.lines().find_map(|line| group_of(line, controller)) else {
        return Vec::new();
    };
    let Some((mounted, at)) = mounts.lines().find_map(|line| mount_of(line, controller)) else {
        return Vec::new();
    };
    let top = root.join(at.trim_start_matches('/'));
    // In a container that sees less than the whole tree, its own group is what is mounted.
    let inside = Path::new(group).strip_prefix(mounted.as_str()).unwrap_or(Path::new(""));
    let plain = inside.components().all(|part| matches!(part, Component::Normal(_)));
    let folder = if plain { top.join(inside) } else { top.clone() };
    folder.ancestors().take_while(|at| at.starts_with(&top)).map(Path::to_owned).collect()
}

/// `4:memory:/job` or `0::/job`: the group, where the line is that of the controller.
fn group_of<'a>(line: &'a str, controller: &str) -> Option<&'a str> {
    let (_number, rest) = line.split_once(':')?;
    let (controllers, group) = rest.split_once(':')?;
    controllers.split(',').any(|own| own == controller).then_some(group)
}

/// `35 31 0:32 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory`: which group is mounted and where,
/// where the line is that of the controller.
fn mount_of(line: &str, controller: &str) -> Option<(String, String)> {
    let (mount, system) = line.split_once(" - ")?;
    let mut system = system.split(' ');
    let is_own = match system.next()? {
        "cgroup2" => controller.is_empty(),
        "cgroup" => system.nth(1)?.split(',').any(|own| own == controller),
        _ => false,
    };
    let mut fields = mount.split(' ').skip(3).map(|field| field.replace("\\040", " "));
    let (mounted, at) = (fields.next()?, fields.next()?);
    is_own.then_some((mounted, at))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A file tree with these files.
    fn tree(files: &[(&str, &str)]) -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        for (file, text) in files {
            let file = root.path().join(file);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, text).unwrap();
        }
        root
    }

    const TWO: &str = "24 23 0:22 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw\n";

    #[test]
    fn the_tightest_limit_on_the_way_up_counts_in_version_2() {
        let root = tree(&[
            ("proc/self/cgroup", "0::/slurm/job_7/step_0\n"),
            ("proc/self/mountinfo", TWO),
            ("sys/fs/cgroup/slurm/memory.max", "9000\n"),
            ("sys/fs/cgroup/slurm/memory.current", "2000\n"),
            ("sys/fs/cgroup/slurm/job_7/memory.max", "4000\n"),
            ("sys/fs/cgroup/slurm/job_7/memory.current", "3000\n"),
            (
                "sys/fs/cgroup/slurm/job_7/memory.stat",
                "anon 9\ninactive_file 400\nactive_file 99\n",
            ),
            ("sys/fs/cgroup/slurm/job_7/cpu.max", "350000 100000\n"),
            ("sys/fs/cgroup/slurm/job_7/step_0/memory.max", "max\n"),
            ("sys/fs/cgroup/slurm/job_7/step_0/cpu.max", "max 100000\n"),
        ]);
        let want = MemoryLimit { limit: 4000, free: 4000 - (3000 - 499) };
        assert_eq!(memory_limit(root.path()), Some(want));
        assert_eq!(processor_limit(root.path()), Some(3.5));
        // A group of another job says nothing.
        fs::write(root.path().join("proc/self/cgroup"), "0::/slurm/job_8\n").unwrap();
        assert_eq!(memory_limit(root.path()), Some(MemoryLimit { limit: 9000, free: 7000 }));
        assert_eq!(processor_limit(root.path()), None);
    }

    #[test]
    fn a_container_that_sees_its_own_group_alone_has_its_limits_in_version_1() {
        let memory = "35 31 0:32 /docker/ab /sys/fs/cgroup/memory ro - cgroup cgroup rw,memory\n";
        let cpu = "36 31 0:33 /docker/ab /sys/fs/cgroup/cpu ro - cgroup cgroup rw,cpu,cpuacct\n";
        let root = tree(&[
            ("proc/self/cgroup", "9:memory:/docker/ab\n2:cpu,cpuacct:/docker/ab\n0::/\n"),
            ("proc/self/mountinfo", &format!("{TWO}{cpu}{memory}")),
            ("sys/fs/cgroup/memory/memory.limit_in_bytes", "5000\n"),
            ("sys/fs/cgroup/memory/memory.usage_in_bytes", "1000\n"),
            ("sys/fs/cgroup/memory/memory.stat", "inactive_file 1\ntotal_inactive_file 300\n"),
            ("sys/fs/cgroup/cpu/cpu.cfs_quota_us", "200000\n"),
            ("sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000\n"),
        ]);
        assert_eq!(memory_limit(root.path()), Some(MemoryLimit { limit: 5000, free: 4300 }));
        assert_eq!(processor_limit(root.path()), Some(2.0));
        // What version 1 says where nothing is limited.
        let file = |name: &str| root.path().join("sys/fs/cgroup").join(name);
        fs::write(file("memory/memory.limit_in_bytes"), "9223372036854771712\n").unwrap();
        fs::write(file("cpu/cpu.cfs_quota_us"), "-1\n").unwrap();
        assert_eq!((memory_limit(root.path()), processor_limit(root.path())), (None, None));
    }

    #[test]
    fn a_group_outside_of_what_is_mounted_is_read_where_it_is_mounted() {
        let root = tree(&[
            ("proc/self/cgroup", "0::/../other\n"),
            ("proc/self/mountinfo", TWO),
            ("sys/fs/cgroup/memory.max", "700\n"),
            ("sys/fs/cgroup/memory.current", "900\n"),
            ("sys/fs/other/memory.max", "1\n"),
        ]);
        assert_eq!(memory_limit(root.path()), Some(MemoryLimit { limit: 700, free: 0 }));
    }

    #[test]
    fn where_nothing_is_told_nothing_is_limited() {
        let root = tree(&[("proc/self/cgroup", "0::/\n")]);
        assert_eq!((memory_limit(root.path()), processor_limit(root.path())), (None, None));
        assert_eq!(memory_limit(Path::new("/no/such/tree")), None);
    }
}
