//! Names in files: they lead nowhere, and command no terminal.
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use strf::dataset::{Entity, Recording};

use super::confined;
use crate::support::runs::{LN, Ran, Workplace, recording, run_file};

/// What a name may be.
const NAMES: [&str; 3] = ["../../outside", "/absolute\u{1b}]0;title\u{7}", "\u{9b}31m\u{202e}a\rb"];

/// A dataset of neurons and stimuli with such names.
fn place() -> Workplace {
    let named = |entities: &mut dyn Iterator<Item = &mut Entity>| {
        for (entity, name) in entities.zip(NAMES) {
            name.clone_into(&mut entity.id);
            entity.attributes.insert(name.to_owned(), name.to_owned());
        }
    };
    let mut recording: Recording = recording();
    named(&mut recording.neurons.iter_mut());
    named(&mut recording.clips.iter_mut().map(|clip| &mut clip.stimulus));
    let place = Workplace::empty();
    std::fs::create_dir_all(place.path("a/b")).unwrap();
    place.write_data("a/b/data.h5", &Recording { splits: None, ..recording });
    place.write("a/b/run.toml", &run_file(LN, "epochs = 1"));
    place
}

/// Everything below a folder.
fn below(folder: &Path) -> BTreeSet<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let all = entries.flat_map(|path| {
        let inside = if path.is_dir() { below(&path) } else { BTreeSet::new() };
        inside.into_iter().chain([path])
    });
    all.collect()
}

/// Fails where something was printed that a terminal would obey.
#[track_caller]
fn is_plain(ran: &Ran) {
    for text in [&ran.stdout, &ran.stderr] {
        let odd = text.chars().find(|c| (c.is_control() && *c != '\n') || *c == '\u{202e}');
        assert_eq!(odd, None, "{text:?}");
    }
}

#[test]
fn names_are_written_into_no_other_folder_and_command_no_terminal() {
    let place = place();
    let run = |words: &str| {
        let words = words.replace("IN/", "a/b/").replace("OUT/", "a/b/out/");
        let ran = confined(&place, &words);
        assert_eq!(ran.status, Some(0), "{words}: {}", ran.stderr);
        is_plain(&ran);
        ran
    };
    std::fs::create_dir(place.path("a/b/out")).unwrap();
    let before: BTreeSet<PathBuf> = below(&place.path("."));
    let said = run("inspect IN/data.h5 --all").stdout;
    assert!(said.contains("/absolute\\u001b]0;title\\u0007"), "{said}");
    assert!(said.contains("\\u009b31m\\u202ea\\u000db"), "{said}");
    run("train IN/run.toml --out OUT/run");
    run("eval OUT/run --out OUT/scores");
    run("predict OUT/run");
    run("plot OUT/run");
    run("report OUT/run --out OUT/report.html");
    for format in ["hdf5", "npz", "netcdf", "csv"] {
        run(&format!("export-strfs OUT/run --format {format} --plot OUT/{format}.png"));
    }
    for (format, name) in
        [("npz", "d.npz"), ("mat", "d.mat"), ("csv", "csv"), ("nems", "d.tgz"), ("nems", "d")]
    {
        let ran = confined(
            &place,
            &format!("export-data a/b/data.h5 --format {format} --out a/b/out/{name}"),
        );
        // Not every format has room for such names; what it has none for is refused.
        assert!(matches!(ran.status, Some(0 | 2)), "{format}: {}", ran.stderr);
        is_plain(&ran);
    }
    let made: Vec<PathBuf> = below(&place.path(".")).difference(&before).cloned().collect();
    assert!(made.len() > 10);
    let stray: Vec<_> =
        made.iter().filter(|path| !path.starts_with(place.path("a/b/out"))).collect();
    assert!(stray.is_empty(), "{stray:?}");
    assert!(!place.path("../outside").exists());
}

#[test]
fn names_in_messages_command_no_terminal() {
    let place = place();
    for words in [
        "inspect a/b/data.h5 --json",
        "train a/b/run.toml --out a/b/out --set data.stimuli={x=\"y\"}",
        "train a/b/run.toml --out a/b/out --set data.neurons=[\"none\"]",
        "train a/b/run.toml --out a/b/out --set data.split={train=[\"none\"],valid=[],test=[]}",
    ] {
        is_plain(&confined(&place, words));
    }
    let renamed = place.path("a/b/\u{1b}[31m.h5");
    std::fs::copy(place.path("a/b/run.toml"), renamed).unwrap();
    let ran = Ran::of(place.command("inspect").arg("a/b/\u{1b}[31m.h5"));
    is_plain(&ran);
    assert!(ran.stderr.contains("a/b/\\u001b[31m.h5"), "{}", ran.stderr);
}
