//! The Markdown pages of the repository, taken apart.
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag, TagEnd};

/// The folder of the repository.
pub fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// The text of a file of the repository.
pub fn text(name: &str) -> String {
    std::fs::read_to_string(root().join(name)).unwrap_or_else(|e| panic!("{name}: {e}"))
}

/// A block of code.
pub struct Block {
    /// What stands behind its fence.
    pub language: String,
    /// What stands in it.
    pub text: String,
}

/// What a page is made of.
#[derive(Default)]
pub struct Page {
    /// Its path in the repository.
    pub name: String,
    /// Where its links and pictures lead, as written.
    pub links: Vec<String>,
    /// What a link may name behind `#`.
    pub anchors: Vec<String>,
    /// Its blocks of code.
    pub blocks: Vec<Block>,
    /// Code within sentences.
    pub spans: Vec<String>,
}

/// What a text belongs to.
enum Within {
    Sentence,
    Heading(String),
    Block,
}

impl Page {
    /// Reads a page.
    pub fn read(name: &str) -> Self {
        let text = text(name);
        let mut page = Self { name: name.to_owned(), ..Self::default() };
        let (mut within, mut headings) = (Within::Sentence, BTreeMap::new());
        for event in Parser::new_ext(&text, Options::ENABLE_TABLES) {
            match event {
                Event::Start(tag) => within = page.begin(tag).unwrap_or(within),
                Event::Text(words) => page.take(&mut within, &words),
                Event::Code(code) => {
                    page.take(&mut within, &code);
                    page.spans.push(code.into_string());
                }
                Event::End(TagEnd::Heading(_)) => {
                    page.anchors.extend(anchor(&within, &mut headings));
                    within = Within::Sentence;
                }
                Event::End(TagEnd::CodeBlock) => within = Within::Sentence,
                _ => {}
            }
        }
        page
    }

    /// Notes what begins; what texts belong to from here on, if that changes.
    fn begin(&mut self, tag: Tag) -> Option<Within> {
        match tag {
            Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. } => {
                self.links.push(dest_url.into_string());
                None
            }
            Tag::Heading { .. } => Some(Within::Heading(String::new())),
            Tag::CodeBlock(kind) => {
                let language = match kind {
                    CodeBlockKind::Fenced(language) => language.into_string(),
                    CodeBlockKind::Indented => "indented".to_owned(),
                };
                self.blocks.push(Block { language, text: String::new() });
                Some(Within::Block)
            }
            _ => None,
        }
    }

    fn take(&mut self, within: &mut Within, words: &str) {
        match within {
            Within::Sentence => {}
            Within::Heading(heading) => heading.push_str(words),
            Within::Block => self.blocks.last_mut().unwrap().text.push_str(words),
        }
    }

    /// Its blocks in one language.
    pub fn in_language(&self, language: &str) -> impl Iterator<Item = &str> {
        self.blocks.iter().filter(move |block| block.language == language).map(|block| &*block.text)
    }

    /// The words of the commands of the program that can be typed as they stand, without what is said about them.
    pub fn commands(&self) -> Vec<Vec<String>> {
        self.in_language("sh").flat_map(str::lines).flat_map(commands_of).collect()
    }

    /// What a link leads to: a path and an anchor; nothing for what lies elsewhere.
    pub fn target(&self, link: &str) -> Option<(PathBuf, String)> {
        let is_elsewhere = link.split(['/', '#']).next().is_some_and(|first| first.contains(':'));
        let (path, anchor) = link.split_once('#').unwrap_or((link, ""));
        let own = root().join(&self.name);
        let path = if path.is_empty() { own } else { own.parent().unwrap().join(path) };
        (!is_elsewhere).then(|| (path, anchor.to_owned()))
    }
}

/// The words of the commands of the program in a line of a shell, each up to what they are joined by.
pub fn commands_of(line: &str) -> Vec<Vec<String>> {
    let words = shlex::split(line).unwrap_or_else(|| panic!("an open quote: {line}"));
    let mut commands: Vec<Vec<String>> = Vec::new();
    let mut is_open = false;
    for word in words {
        if word == "strf" && !is_open {
            commands.push(Vec::new());
            is_open = true;
        }
        let ends = ["|", ">", "&&"].contains(&word.as_str());
        is_open &= !ends;
        if let (true, Some(command)) = (is_open, commands.last_mut()) {
            command.push(word.trim_end_matches(';').to_owned());
        }
        is_open &= !word.ends_with(';');
    }
    commands
}

/// The anchor that GitHub gives a heading; further ones of the same name are numbered.
fn anchor(within: &Within, headings: &mut BTreeMap<String, usize>) -> Option<String> {
    let Within::Heading(heading) = within else { return None };
    let kept = |c: &char| c.is_alphanumeric() || [' ', '-', '_'].contains(c);
    let plain: String = heading.to_lowercase().chars().filter(kept).collect();
    let plain = plain.trim().replace(' ', "-");
    let before = headings.entry(plain.clone()).or_default();
    *before += 1;
    Some(if *before == 1 { plain } else { format!("{plain}-{}", *before - 1) })
}

/// Every Markdown page of the repository; templates become pages elsewhere.
pub fn all() -> Vec<Page> {
    let mut names = Vec::new();
    collect(&root(), &mut names);
    names.sort();
    names.iter().map(|name| Page::read(name)).collect()
}

/// The pages for users and developers: those of `docs/` and those that they lead to.
pub fn manual() -> Vec<Page> {
    let tests = |page: &Page| page.name.starts_with("tests/") || page.name == "docs/SUMMARY.md";
    all().into_iter().filter(|page| !tests(page)).collect()
}

fn collect(folder: &Path, names: &mut Vec<String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if name.starts_with('.') || ["target", "dist", "templates"].contains(&name) {
            continue;
        }
        if path.is_dir() {
            collect(&path, names);
        } else if path.extension().is_some_and(|end| end == "md") {
            names.push(path.strip_prefix(root()).unwrap().to_str().unwrap().to_owned());
        }
    }
}
