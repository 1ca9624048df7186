//! What holds for any input: names, paths, conditions, run files and exports come back from what is
//! written of them. The inputs are drawn from a fixed seed.
#![expect(clippy::unwrap_used, reason = "test support")]

mod exports;
mod run_files;

use std::path::{Component, Path, PathBuf};

use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use strf::dataset::schema::{escape, unescape};
use strf::run_file::{Condition, Relation, relative};

/// So many inputs, the same in every run.
fn cases(count: u32) -> ProptestConfig {
    let rng_seed = RngSeed::Fixed(11);
    ProptestConfig { failure_persistence: None, rng_seed, ..ProptestConfig::with_cases(count) }
}

/// Text of any letters but NUL, with those that mean something in file formats more often.
fn text() -> impl Strategy<Value = String> {
    let letter = prop_oneof![
        2 => prop::sample::select(&b"/%.\\\"', \n#=[]{}2FE5>"[..]).prop_map(char::from),
        1 => any::<char>().prop_filter("NUL ends a text", |letter| *letter != '\0'),
    ];
    prop::collection::vec(letter, 0..12).prop_map(|letters| letters.into_iter().collect())
}

/// [`text`] with at least one letter.
fn name() -> impl Strategy<Value = String> {
    text().prop_filter("a name", |text| !text.is_empty())
}

/// So many names, no two the same.
fn names(count: usize) -> impl Strategy<Value = Vec<String>> {
    prop::collection::btree_set(name(), count)
        .prop_map(|names| names.into_iter().collect::<Vec<_>>())
        .prop_shuffle()
}

/// A path of a few folders that are not there, `..` among them.
fn path() -> impl Strategy<Value = PathBuf> {
    let part = prop::sample::select(&["a", "b", "ü c", "runs", "..", "."][..]);
    prop::collection::vec(part, 0..6).prop_map(|parts| parts.into_iter().collect())
}

/// The path without `..`, which is taken by name.
fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => assert!(plain.pop()),
            part => plain.push(part),
        }
    }
    plain
}

proptest! {
    #![proptest_config(cases(512))]

    #[test]
    fn ids_come_back_from_their_names_inside_a_file(id in text()) {
        let name = escape(&id);
        prop_assert!(!name.contains('/') && name != ".", "{name:?}");
        prop_assert_eq!(unescape(&name), id);
    }

    #[test]
    fn different_ids_have_different_names_inside_a_file(ids in names(2)) {
        prop_assert_ne!(escape(&ids[0]), escape(&ids[1]));
    }

    #[test]
    fn conditions_come_back_from_their_text(text in text()) {
        if let Some(condition) = Condition::parse(&text) {
            prop_assert_eq!(Condition::parse(&condition.text()), Some(condition));
        } else {
            prop_assert!(text.starts_with(['<', '>']), "{text:?}");
        }
    }

    #[test]
    fn comparisons_come_back_from_their_text(
        relation in prop::sample::select(
            &[Relation::Above, Relation::AtLeast, Relation::Below, Relation::AtMost][..]
        ),
        limit in prop::num::f64::NORMAL | prop::num::f64::SUBNORMAL | prop::num::f64::ZERO,
    ) {
        let condition = Condition::Compares(relation, limit);
        prop_assert_eq!(Condition::parse(&condition.text()), Some(condition));
    }
}

proptest! {
    #![proptest_config(cases(64))]

    #[test]
    fn relative_paths_lead_from_their_folder_to_what_they_stand_for(
        path in path(),
        folder in path(),
    ) {
        let temp = tempfile::tempdir().unwrap();
        // Deep enough that no `..` leads out of it.
        let root = temp.path().canonicalize().unwrap().join("1/2/3/4/5/6");
        let (path, folder) = (root.join(path), root.join(folder));
        let relative = relative(&path, &folder).unwrap();
        prop_assert!(Path::new(&relative).is_relative(), "{relative}");
        prop_assert_eq!(plain(&plain(&folder).join(&relative)), plain(&path), "{}", relative);
    }
}
