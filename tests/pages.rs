//! The pages of the documentation hold together: links lead somewhere, commands can be typed, and what they
//! say of run files is what the program takes.
use std::collections::BTreeMap;

use clap::Parser;
use clap::error::ErrorKind;
use strf::commands::Cli;

use crate::support::pages::{Page, all, commands_of, manual, root, text};
use crate::support::settings::{OF_SEARCH, keys, refusal, setting_refused};

/// Fails with all that was found, one a line.
#[track_caller]
fn assert_none(found: &[String]) {
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn every_link_between_the_pages_leads_to_a_file_and_a_heading() {
    let pages = all();
    let anchors: BTreeMap<_, _> = pages
        .iter()
        .map(|page| (root().join(&page.name).canonicalize().unwrap(), &page.anchors))
        .collect();
    let generated = text("docs/book/reference.py");
    let (mut links, mut dead) = ([0, 0], Vec::new());
    for page in &pages {
        for link in &page.links {
            let Some((path, anchor)) = page.target(link) else { continue };
            let is_made =
                page.name == "docs/SUMMARY.md" && generated.contains(&format!("\"docs/{link}\":"));
            let found = path.canonicalize().ok();
            let headings = found.as_ref().and_then(|path| anchors.get(path));
            let leads = match anchor.as_str() {
                "" => found.is_some() || is_made,
                anchor => headings.is_some_and(|headings| headings.iter().any(|own| own == anchor)),
            };
            links[usize::from(!anchor.is_empty())] += 1;
            if !leads {
                dead.push(format!("{}: {link}", page.name));
            }
        }
    }
    assert_none(&dead);
    assert!(links[0] > 110 && links[1] > 25, "{links:?}");
}

#[test]
fn the_book_has_a_place_for_every_page() {
    let summary = Page::read("docs/SUMMARY.md");
    let pages = std::fs::read_dir(root().join("docs")).unwrap();
    let paths = pages.map(|entry| entry.unwrap().path());
    for path in paths.filter(|path| path.extension().is_some_and(|end| end == "md")) {
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        let is_there = name == "SUMMARY.md" || summary.links.contains(&name);
        assert!(is_there, "docs/SUMMARY.md: no place for {name}");
    }
}

#[test]
fn every_block_of_code_says_what_it_is() {
    let known = ["sh", "text", "toml", "python", "matlab", "indented"];
    for page in all() {
        for block in &page.blocks {
            let (language, text) = (block.language.as_str(), &block.text);
            assert!(known.contains(&language), "{}: {language:?}\n{text}", page.name);
        }
    }
}

/// What the program says of a command that it cannot take; one that is only named may lack arguments, and
/// the value of the option that it ends with.
fn refused(words: &[String], is_whole: bool) -> Option<String> {
    const UNFINISHED: [ErrorKind; 3] = [
        ErrorKind::MissingRequiredArgument,
        ErrorKind::MissingSubcommand,
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand,
    ];
    let mut error = Cli::try_parse_from(words).err()?;
    if !is_whole && words.last().is_some_and(|word| word.starts_with("--")) {
        error = Cli::try_parse_from([words, &["1".to_owned()]].concat()).err()?;
    }
    let is_fine = !is_whole && UNFINISHED.contains(&error.kind());
    (!is_fine).then(|| error.to_string())
}

/// What is wrong with a command of a page, the settings behind `--set` among it.
fn faults(page: &Page, words: &[String], is_whole: bool) -> Vec<String> {
    let filled: Vec<String> = words.iter().map(|word| word.replace("FORMAT", "npz")).collect();
    let of_command = refused(&filled, is_whole);
    let values = words.windows(2).filter(|pair| pair[0] == "--set").map(|pair| pair[1].as_str());
    let values = values.filter(|value| !value.contains(['$', '[']) && !value.ends_with("..."));
    let of_settings = values.filter_map(|value| {
        let (key, value) = value.split_once('=')?;
        let (section, key) = key.split_once('.')?;
        setting_refused(section, key, value)
    });
    let all = of_command.into_iter().chain(of_settings);
    all.map(|fault| format!("{}: {}\n{fault}", page.name, words.join(" "))).collect()
}

#[test]
fn every_command_in_the_pages_can_be_typed() {
    let (mut typed, mut named, mut wrong) = (0, 0, Vec::new());
    for page in manual() {
        let commands = page.commands();
        typed += commands.len();
        wrong.extend(commands.iter().flat_map(|words| faults(&page, words, true)));
        let spans = page.spans.iter().filter(|span| span.starts_with("strf "));
        let commands: Vec<Vec<String>> = spans.flat_map(|span| commands_of(span)).collect();
        named += commands.len();
        wrong.extend(commands.iter().flat_map(|words| faults(&page, words, false)));
    }
    assert_none(&wrong);
    assert!(typed > 110 && named > 180, "{typed} typed, {named} named");
}

#[test]
fn every_call_of_the_program_from_python_in_the_pages_can_be_made() {
    let (mut calls, mut wrong) = (0, Vec::new());
    for page in manual() {
        let texts = page.in_language("python").chain(page.spans.iter().map(String::as_str));
        for arguments in texts.flat_map(|text| between(text, "sf.call(", ")")) {
            let word = |word: &str| word.trim().trim_matches('"').to_owned();
            let words = ["strf".to_owned()].into_iter().chain(arguments.split(',').map(word));
            let fault = refused(&words.collect::<Vec<_>>(), true);
            wrong.extend(fault.map(|fault| format!("{}: {arguments}\n{fault}", page.name)));
            calls += 1;
        }
    }
    assert_none(&wrong);
    assert!(calls >= 2, "{calls}");
}

/// What stands between two signs, again and again.
fn between<'a>(page: &'a str, open: &str, close: &str) -> Vec<&'a str> {
    let rest = page.split(open).skip(1);
    rest.filter_map(|rest| rest.split_once(close)).map(|(inside, _)| inside).collect()
}

#[test]
fn every_run_file_in_the_pages_is_sound() {
    let (mut files, mut wrong) = (0, Vec::new());
    for page in manual() {
        for block in page.in_language("toml") {
            files += 1;
            wrong.extend(refusal(block, &[]).map(|why| format!("{}:\n{block}{why}", page.name)));
        }
    }
    assert_none(&wrong);
    assert!(files >= 6, "{files}");
}

/// `section.key`, with a value or without; the section is left out where only one can be meant.
struct Setting<'a> {
    section: Option<&'a str>,
    key: &'a str,
    value: Option<&'a str>,
}

impl<'a> Setting<'a> {
    /// The setting that a piece of code is; formulas have no value that TOML knows, and `model.safetensors`
    /// is a file.
    fn read(code: &'a str) -> Option<Self> {
        let (path, value) = match code.split_once(" = ") {
            Some((path, value)) => (path, Some(value)),
            None => (code, None),
        };
        let (section, key) = match path.split_once('.') {
            Some((section, key)) => (Some(section), key),
            None => (None, path),
        };
        let is_part = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        let is_key = !key.is_empty() && key.chars().all(is_part) && key != "safetensors";
        let is_toml = |value| format!("x = {value}").parse::<toml::Table>().is_ok();
        let is_setting =
            is_key && value.is_none_or(is_toml) && (section.is_some() || value.is_some());
        is_setting.then_some(Self { section, key, value })
    }

    /// What is wrong with it.
    fn fault(&self, keys: &BTreeMap<String, Vec<String>>) -> Option<String> {
        let may_be_meant = |name: &str| self.section.is_none_or(|section| section == name);
        let sections = keys
            .iter()
            .filter(|(name, own)| may_be_meant(name) && own.iter().any(|own| own == self.key));
        let sections: Vec<&String> = sections.map(|(name, _)| name).collect();
        if sections.is_empty() {
            return Some("no such key".to_owned());
        }
        let value = self.value?;
        let refusals = sections.iter().map(|section| setting_refused(section, self.key, value));
        refusals.collect::<Option<Vec<String>>>().map(|refusals| refusals.join("\n"))
    }
}

#[test]
fn every_key_that_the_pages_name_is_there_and_takes_the_value_that_stands_with_it() {
    let keys = keys();
    let (mut checked, mut wrong) = (0, Vec::new());
    for page in manual() {
        // It has the attributes of a dataset file, which are no keys.
        let of_files = page.name == "data/README.md";
        let settings = page.spans.iter().filter_map(|span| Some((span, Setting::read(span)?)));
        let settings = settings.filter(|(_, setting)| match setting.section {
            Some(section) => keys.contains_key(section),
            None => !of_files,
        });
        for (span, setting) in settings {
            checked += 1;
            wrong.extend(setting.fault(&keys).map(|why| format!("{}: {span}: {why}", page.name)));
        }
    }
    let generated = text("docs/book/reference.py");
    let of_search = OF_SEARCH.iter().filter(|key| !generated.contains(&format!("`{key}`")));
    wrong.extend(of_search.map(|key| format!("docs/book/reference.py: does not say search.{key}")));
    assert_none(&wrong);
    assert!(checked > 90, "{checked}");
}
