//! How the rooms hang together: what a file may import, and that a name means one thing.
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use source_tree::{Definition, Import, Module, SourceTree};

mod source_tree;

/// The rooms, in bands; a room imports only rooms that stand before it.
const BANDS: &[(&str, &[&str])] = &[
    ("ground", &["base", "simd", "stats", "config", "figures"]),
    ("recordings", &["dataset", "sound", "frontends", "import", "export_data"]),
    ("models", &["models", "scores", "run_file"]),
    ("fitting", &["preparation", "simulation", "training", "runs", "sweeps"]),
    ("findings", &["strf", "inspection", "pictures", "publication", "report", "tensorboard"]),
    ("commands", &["commands"]),
];

fn crate_sources() -> SourceTree {
    SourceTree::read(&PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("src"))
}

fn rooms() -> Vec<&'static str> {
    BANDS.iter().flat_map(|(_, rooms)| rooms.iter().copied()).collect()
}

fn path(module: &Module) -> String {
    format!("crate::{}", module.join("::"))
}

/// What breaks the order of the rooms, one line each.
fn breaches_of_order(tree: &SourceTree, rooms: &[&str]) -> Vec<String> {
    let place = |module: &Module| {
        let room = module.first()?;
        rooms.iter().position(|known| known == room)
    };
    let unknown = tree.modules().filter(|module| !module.is_empty() && place(module).is_none());
    let unknown =
        unknown.map(|module| format!("{}: its room is not in the list", tree.file(module)));
    let empty = rooms
        .iter()
        .filter(|room| !tree.modules().any(|m| m.first() == Some(&(**room).to_owned())));
    let empty = empty.map(|room| format!("{room}: there is no such room"));
    let imports = tree.imports();
    let later = imports.iter().filter_map(|import| {
        let (from, to) = (place(&import.from)?, place(&import.to)?);
        let name = [vec![path(&import.to)], import.item.clone().into_iter().collect()].concat();
        let name = name.join("::");
        (to > from).then(|| {
            format!("{}: `{}` imports `{name}` of a later room", import.place, rooms[from])
        })
    });
    unknown.chain(empty).chain(later).collect()
}

/// The circles in which files import each other, but for the table that stands in a `mod.rs` with
/// the files beside it; the imports of a circle one line each.
fn circles(tree: &SourceTree) -> Vec<Vec<String>> {
    let is_row_of_table =
        |import: &Import| import.from.split_last().is_some_and(|(_, folder)| folder == import.to);
    let imports: Vec<Import> =
        tree.imports().into_iter().filter(|import| !is_row_of_table(import)).collect();
    let reached = reachable(&imports);
    let together = |a: &Module, b: &Module| {
        reached.get(a).is_some_and(|of_a| of_a.contains(b))
            && reached.get(b).is_some_and(|of_b| of_b.contains(a))
    };
    let way = |from, to| format!("{} imports {}", tree.file(from), tree.file(to));
    let mut circles: BTreeMap<&Module, Vec<String>> = BTreeMap::new();
    for Import { place, from, to, .. } in &imports {
        if !together(from, to) {
            continue;
        }
        // A circle goes by the name of the first of its files.
        let first = tree.modules().find(|first| *first == from || together(first, from));
        let circle = circles.entry(first.unwrap_or(from)).or_default();
        if !circle.iter().any(|known| known.ends_with(&way(from, to))) {
            circle.push(format!("{place}: {}", way(from, to)));
        }
    }
    circles.into_values().collect()
}

/// The modules that each reaches over one import or more.
fn reachable(imports: &[Import]) -> BTreeMap<Module, BTreeSet<Module>> {
    let from = |start: &Module| {
        let (mut found, mut open) = (BTreeSet::new(), vec![start]);
        while let Some(from) = open.pop() {
            let next = imports.iter().filter(|import| import.from == *from);
            open.extend(next.map(|import| &import.to).filter(|to| found.insert((*to).clone())));
        }
        found
    };
    let starts: BTreeSet<&Module> = imports.iter().map(|import| &import.from).collect();
    starts.into_iter().map(|start| (start.clone(), from(start))).collect()
}

/// The types and traits that another room uses while the crate defines their name twice or more,
/// one line each.
fn names_of_two_meanings(tree: &SourceTree) -> Vec<String> {
    let mut places: BTreeMap<String, Vec<Module>> = BTreeMap::new();
    for Definition { name, module } in tree.definitions() {
        places.entry(name).or_default().push(module);
    }
    let imports = tree.imports();
    let used_elsewhere = |name: &String, module: &Module| {
        imports.iter().any(|import| {
            import.item.as_ref() == Some(name)
                && import.to == *module
                && import.from.first() != module.first()
        })
    };
    let twice = places.iter().filter(|(name, modules)| {
        modules.len() > 1 && modules.iter().any(|module| used_elsewhere(name, module))
    });
    let line = |(name, modules): (&String, &Vec<Module>)| {
        let files: Vec<&str> = modules.iter().map(|module| tree.file(module)).collect();
        format!("{name}: {}", files.join(", "))
    };
    twice.map(line).collect()
}

#[test]
fn a_room_imports_only_rooms_that_stand_before_it() {
    let breaches = breaches_of_order(&crate_sources(), &rooms());
    assert!(breaches.is_empty(), "\n{}", breaches.join("\n"));
}

#[test]
fn no_files_import_each_other_in_a_circle() {
    let circles = circles(&crate_sources());
    let lines: Vec<String> = circles.iter().map(|circle| circle.join("\n")).collect();
    assert!(lines.is_empty(), "\n{}", lines.join("\n\n"));
}

#[test]
fn a_type_that_another_room_uses_has_a_name_of_its_own() {
    let found = names_of_two_meanings(&crate_sources());
    assert!(found.is_empty(), "\n{found:#?}");
}

#[test]
fn the_page_on_the_architecture_lists_the_rooms_in_their_order() {
    let page = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("docs/architecture.md");
    let page = std::fs::read_to_string(page).unwrap();
    let rows = page.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next());
    assert_eq!(rows.collect::<Vec<_>>(), rooms());
    let arrows = page
        .lines()
        .filter(|line| BANDS.iter().any(|(band, _)| line.starts_with(&band.to_uppercase())));
    let drawn =
        arrows.flat_map(|line| line.split_whitespace().skip(1).filter(|word| *word != "─►"));
    assert_eq!(drawn.collect::<Vec<_>>(), rooms());
}

/// A made-up crate of two rooms in which all is well.
const TIDY: [(&str, &str); 4] = [
    ("lib.rs", "pub mod ground;\npub mod models;\n"),
    ("ground/mod.rs", "mod error;\npub use error::Error;\n"),
    ("ground/error.rs", "pub struct Error;\n"),
    ("models/mod.rs", "use crate::ground::Error;\npub fn fit() -> Result<(), Error> { Ok(()) }\n"),
];

fn with(file: &'static str, text: &'static str) -> Vec<(&'static str, &'static str)> {
    let others = TIDY.into_iter().filter(|(name, _)| *name != file);
    others.chain([(file, text)]).collect()
}

fn breaches(sources: &[(&str, &str)]) -> Vec<String> {
    breaches_of_order(&SourceTree::new(sources), &["ground", "models"])
}

#[test]
fn an_import_of_a_later_room_is_named_with_its_file_and_line() {
    assert_eq!(breaches(&TIDY), [""; 0]);
    let imports = [
        "\nuse crate::{ground::x, models::fit};",
        "\nuse super::super::models::fit as other;",
        "\nfn error() { crate::models::fit() }",
        "\nfn error() { println!(\"{:?}\", crate::models::fit()) }",
        "\nfn error() -> Vec<crate::models::fit> { loop {} }",
    ];
    for text in imports {
        let found = breaches(&with("ground/error.rs", text));
        let want = "ground/error.rs:2: `ground` imports `crate::models::fit` of a later room";
        assert_eq!(found, [want], "{text}");
    }
}

#[test]
fn what_tests_import_is_free() {
    let text =
        "#[cfg(test)]\nmod tests { use crate::models::fit; }\n#[cfg(test)]\nuse crate::{models};\n";
    assert_eq!(breaches(&with("ground/error.rs", text)), [""; 0]);
    let text = "#[cfg(test)]\nfn a() {}\nfn b() { crate::models::fit() }\n";
    assert_eq!(breaches(&with("ground/error.rs", text)).len(), 1);
}

#[test]
fn a_room_that_is_not_in_the_list_is_named() {
    let found = breaches(&with("attic/mod.rs", ""));
    assert_eq!(found, ["attic/mod.rs: its room is not in the list"]);
    let found = breaches_of_order(&SourceTree::new(&TIDY), &["ground", "cellar", "models"]);
    assert_eq!(found, ["cellar: there is no such room"]);
}

#[test]
fn files_side_by_side_that_import_each_other_are_a_circle() {
    let found = |text| circles(&SourceTree::new(&with("ground/files.rs", text)));
    assert_eq!(found("use super::Error;"), Vec::<Vec<String>>::new());
    let text = "use super::error::Error;\npub struct Path;";
    let both =
        [with("ground/files.rs", text), vec![("ground/error.rs", "use super::files::Path;")]];
    let want = [
        "ground/error.rs:1: ground/error.rs imports ground/files.rs",
        "ground/files.rs:1: ground/files.rs imports ground/error.rs",
    ];
    assert_eq!(circles(&SourceTree::new(&both.concat())), [want]);
}

#[test]
fn names_that_a_folder_hands_on_do_not_hide_a_circle() {
    let sources = [
        ("ground/mod.rs", "mod error;\nmod files;\nuse error::Error;\npub use files::Path;"),
        ("ground/error.rs", "use super::Path;\npub struct Error;"),
        ("ground/files.rs", "use super::Error;\npub struct Path;"),
    ];
    assert_eq!(circles(&SourceTree::new(&sources)).concat().len(), 2);
    let table = [
        ("ground/mod.rs", "mod row;\npub struct Row;\nconst TABLE: &[Row] = &[row::ROW];"),
        ("ground/row.rs", "use super::Row;\npub const ROW: Row = Row;"),
    ];
    assert_eq!(circles(&SourceTree::new(&table)), Vec::<Vec<String>>::new());
}

#[test]
fn a_name_with_a_meaning_in_each_of_two_rooms_is_told_where_another_room_uses_it() {
    let own = with("models/error.rs", "enum Error {}");
    let want = ["Error: ground/error.rs, models/error.rs"];
    assert_eq!(names_of_two_meanings(&SourceTree::new(&own)), want);
    let used_by_none = [
        ("ground/mod.rs", "struct Size;"),
        ("models/mod.rs", "struct Size;\n#[cfg(test)]\nmod tests { struct Size; }"),
    ];
    assert_eq!(names_of_two_meanings(&SourceTree::new(&used_by_none)), [""; 0]);
}
