//! `THIRD-PARTY.md` lists what `Cargo.lock` has, in the program or not.
use std::collections::BTreeSet;
use std::path::Path;

/// The text of a file of the repository.
fn text(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// `name version` of all packages of others in `Cargo.lock`.
fn locked(lock: &str) -> BTreeSet<String> {
    let lock: toml::Table = lock.parse().unwrap();
    let packages = lock["package"].as_array().unwrap().iter();
    let others = packages.filter(|package| package.get("source").is_some());
    let named = |key: &str, package: &toml::Value| package[key].as_str().unwrap().to_owned();
    others
        .map(|package| format!("{} {}", named("name", package), named("version", package)))
        .collect()
}

/// `name version` of what the list has in the program, and what it has as not in it.
fn listed(list: &str) -> [BTreeSet<String>; 2] {
    let (table, rest) = list.split_once("## Not in the program").unwrap();
    let (not_linked, _) = rest.split_once("## Packages without a text").unwrap();
    let row = |line: &str| -> Option<String> {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        let [_, name, version, licence, place, _] = cells[..] else { return None };
        let is_package =
            version.starts_with(|c: char| c.is_ascii_digit()) && !place.starts_with("in ");
        assert!(!is_package || !licence.is_empty(), "{line}");
        is_package.then(|| format!("{name} {version}"))
    };
    let word = |line: &str| {
        let line = line.trim_end_matches(',');
        let version = line.split_once(' ')?.1;
        version.starts_with(|c: char| c.is_ascii_digit()).then(|| line.to_owned())
    };
    [table.lines().filter_map(row).collect(), not_linked.lines().filter_map(word).collect()]
}

/// What of `Cargo.lock` the list lacks, and what it has that is gone.
fn differences(lock: &str, list: &str) -> [Vec<String>; 2] {
    let (locked, [linked, others]) = (locked(lock), listed(list));
    let listed: BTreeSet<String> = linked.union(&others).cloned().collect();
    [locked.difference(&listed).cloned().collect(), listed.difference(&locked).cloned().collect()]
}

#[test]
fn every_package_of_the_lock_file_is_listed_with_its_licence_and_none_that_is_gone() {
    let (lock, list) = (text("Cargo.lock"), text("THIRD-PARTY.md"));
    let [missing, stale] = differences(&lock, &list);
    assert!(
        missing.is_empty() && stale.is_empty(),
        "THIRD-PARTY.md lacks {missing:?} and has {stale:?}, which are gone: run make licences"
    );
    let [linked, others] = listed(&list);
    assert!(linked.is_disjoint(&others));
    assert!(linked.len() > 100 && linked.contains(&one(&linked, "candle-core")));
    for carried in ["HDF5 (C library)", "zlib (C library)", "DejaVu fonts"] {
        assert!(list.contains(&format!("| {carried} |")), "{carried}");
    }
}

#[test]
fn a_package_that_is_added_or_removed_is_named() {
    let (lock, list) = (text("Cargo.lock"), text("THIRD-PARTY.md"));
    let added = "\n[[package]]\nname = \"added\"\nversion = \"1.2.3\"\nsource = \"registry\"\n";
    let [linked, _] = listed(&list);
    let gone = one(&linked, "clap");
    let row = list.lines().find(|line| line.starts_with("| clap |")).unwrap();
    assert_eq!(differences(&(lock.clone() + added), &list)[0], ["added 1.2.3"]);
    assert_eq!(differences(&lock, &list.replace(row, ""))[0], [gone]);
    let older = "| clap | 0.0.1 | MIT |  |";
    assert_eq!(differences(&lock, &list.replace(row, older))[1], ["clap 0.0.1"]);
}

/// The package of a name.
fn one(packages: &BTreeSet<String>, name: &str) -> String {
    let found = packages.iter().find(|package| package.split(' ').next() == Some(name));
    found.unwrap_or_else(|| panic!("{name} is not listed")).clone()
}
