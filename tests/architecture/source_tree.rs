//! What the files of a source tree define, and what each takes from others.
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// A module path from the root of the crate; empty for `lib.rs`.
pub type Module = Vec<String>;

/// One use that a file makes of something another file defines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Import {
    /// `FILE:LINE` of the use.
    pub place: String,
    /// Module of the file that uses it.
    pub from: Module,
    /// Module of the file that defines it, whatever modules hand it on.
    pub to: Module,
    /// What is used; none for the module itself.
    pub item: Option<String>,
}

/// A type or trait at the top of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Definition {
    pub module: Module,
    pub name: String,
}

/// The files of a crate, tests aside.
#[derive(Debug, Default)]
pub struct SourceTree {
    files: BTreeMap<Module, File>,
}

#[derive(Debug, Default)]
struct File {
    name: String,
    /// Names that `use` brings into the file, and the paths behind them.
    names: BTreeMap<String, Vec<String>>,
    /// Every path that is written in the file, with its line.
    paths: Vec<(usize, Vec<String>)>,
    types: Vec<String>,
}

impl SourceTree {
    /// Reads all files below a folder.
    pub fn read(folder: &Path) -> Self {
        let mut sources = Vec::new();
        collect(folder, folder, &mut sources);
        let sources = sources.iter().map(|(name, text)| (name.as_str(), text.as_str()));
        Self::new(&sources.collect::<Vec<_>>())
    }

    /// Takes the names of files, relative to the root, and what stands in them.
    pub fn new(sources: &[(&str, &str)]) -> Self {
        let files = sources.iter().filter(|(name, _)| *name != "main.rs");
        let read = |(name, text): &(&str, &str)| (module_of(name), File::read(name, text));
        Self { files: files.map(read).collect() }
    }

    /// The modules of all files.
    pub fn modules(&self) -> impl Iterator<Item = &Module> {
        self.files.keys()
    }

    /// The name of a module's file.
    pub fn file(&self, module: &Module) -> &str {
        &self.files[module].name
    }

    /// The types and traits that files define.
    pub fn definitions(&self) -> Vec<Definition> {
        let of_file = |(module, file): (&Module, &File)| {
            let module = module.clone();
            let define = move |name: String| Definition { module: module.clone(), name };
            file.types.clone().into_iter().map(define)
        };
        self.files.iter().flat_map(of_file).collect()
    }

    /// What files take from other files.
    pub fn imports(&self) -> Vec<Import> {
        self.files.iter().flat_map(|(from, file)| self.imports_of(from, file)).collect()
    }

    fn imports_of(&self, from: &Module, file: &File) -> Vec<Import> {
        let mut imports = Vec::new();
        for (line, path) in &file.paths {
            let Some((to, item)) = self.resolve(from, path, 0) else { continue };
            let place = format!("{}:{line}", file.name);
            let import = Import { place, from: from.clone(), to, item };
            if import.to != *from && !imports.contains(&import) {
                imports.push(import);
            }
        }
        imports
    }

    /// The file that defines what a path in some module names, and its name there; none of a path
    /// out of the crate.
    fn resolve(
        &self,
        from: &Module,
        path: &[String],
        depth: usize,
    ) -> Option<(Module, Option<String>)> {
        assert!(depth < 20, "{path:?} in {from:?} leads in a circle");
        let (mut at, rest) = self.start(from, path, depth)?;
        for (place, segment) in rest.iter().enumerate() {
            let child: Module = at.iter().cloned().chain([segment.clone()]).collect();
            if self.files.contains_key(&child) {
                at = child;
                continue;
            }
            let Some(behind) = self.files[&at].names.get(segment) else {
                return Some((at, Some(segment.clone())));
            };
            let behind = [behind, &rest[place + 1..]].concat();
            return self.resolve(&at, &behind, depth + 1);
        }
        Some((at, None))
    }

    /// Where a path begins, and what of it is left.
    fn start<'a>(
        &self,
        from: &Module,
        path: &'a [String],
        depth: usize,
    ) -> Option<(Module, &'a [String])> {
        let ups = path.iter().take_while(|segment| *segment == "super").count();
        if ups > 0 {
            return Some((from[..from.len().checked_sub(ups)?].to_vec(), &path[ups..]));
        }
        let (first, rest) = path.split_first()?;
        if first == "crate" {
            return Some((Module::new(), rest));
        }
        if first == "self" {
            return Some((from.clone(), rest));
        }
        let child: Module = from.iter().cloned().chain([first.clone()]).collect();
        if self.files.contains_key(&child) {
            return Some((child, rest));
        }
        // A module that was imported by its name; other names were counted where they came in.
        let behind = self.files[from].names.get(first).filter(|path| path[..] != [first.clone()]);
        let (module, item) = self.resolve(from, behind?, depth + 1)?;
        item.is_none().then_some((module, rest))
    }
}

/// The text of every source file below a folder.
fn collect(root: &Path, folder: &Path, sources: &mut Vec<(String, String)>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(root, &path, sources);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let name = path.strip_prefix(root).unwrap().display().to_string();
            sources.push((name, std::fs::read_to_string(&path).unwrap()));
        }
    }
}

/// `scores/mod.rs` and `scores.rs` are the module `scores`.
fn module_of(file: &str) -> Module {
    let path = file.strip_suffix(".rs").unwrap();
    let mut module: Module = path.split('/').map(str::to_owned).collect();
    if module.last().is_some_and(|last| last == "mod" || last == "lib") {
        module.pop();
    }
    module
}

impl File {
    fn read(name: &str, text: &str) -> Self {
        let tokens: TokenStream = text.parse().unwrap_or_else(|e| panic!("{name}: {e}"));
        let mut file = Self { name: name.to_owned(), types: types(name, text), ..Self::default() };
        file.walk(tokens);
        file
    }

    /// Takes the paths in some tokens, those within groups and macros included.
    fn walk(&mut self, tokens: TokenStream) {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        let mut at = 0;
        while at < tokens.len() {
            at = match &tokens[at] {
                _ if is_test_attribute(&tokens[at..]) => end_of_item(&tokens, at + 2),
                TokenTree::Ident(word) if word == "pub" && is_parenthesis(tokens.get(at + 1)) => {
                    at + 2
                }
                TokenTree::Ident(word) if word == "use" && !is_punct(tokens.get(at + 1), '<') => {
                    self.take_use(&tokens, at + 1)
                }
                TokenTree::Ident(_) => self.take_path(&tokens, at),
                TokenTree::Group(group) => {
                    self.walk(group.stream());
                    at + 1
                }
                _ => at + 1,
            };
        }
    }

    /// Takes the tree of a `use` that begins at some place, and says where it ends.
    fn take_use(&mut self, tokens: &[TokenTree], start: usize) -> usize {
        let length = tokens[start..].iter().take_while(|token| !is_punct(Some(token), ';')).count();
        self.take_use_tree(&tokens[start..start + length], &[]);
        start + length + 1
    }

    fn take_use_tree(&mut self, tokens: &[TokenTree], before: &[String]) {
        let mut path = before.to_vec();
        let mut alias = None;
        for (place, token) in tokens.iter().enumerate() {
            match token {
                TokenTree::Ident(word) if word == "as" => {
                    alias = tokens.get(place + 1).map(ToString::to_string);
                    break;
                }
                TokenTree::Ident(word) => path.push(word.to_string()),
                TokenTree::Group(group) => {
                    let inner: Vec<TokenTree> = group.stream().into_iter().collect();
                    let parts = inner.split(|token| is_punct(Some(token), ','));
                    parts.for_each(|part| self.take_use_tree(part, &path));
                    return;
                }
                _ => {}
            }
        }
        let (Some(first), true) = (tokens.first(), path.len() > before.len()) else { return };
        if path.last().is_some_and(|last| last == "self") && path.len() > 1 {
            path.pop();
        }
        let all = tokens.iter().any(|token| is_punct(Some(token), '*'));
        if let (false, Some(last)) = (all, path.last()) {
            self.names.insert(alias.unwrap_or_else(|| last.clone()), path.clone());
        }
        self.paths.push((first.span().start().line, path));
    }

    /// Takes the path that begins at some place, and says where it ends.
    fn take_path(&mut self, tokens: &[TokenTree], start: usize) -> usize {
        let mut path = vec![tokens[start].to_string()];
        let mut at = start + 1;
        while is_punct(tokens.get(at), ':') && is_punct(tokens.get(at + 1), ':') {
            let Some(TokenTree::Ident(word)) = tokens.get(at + 2) else { break };
            path.push(word.to_string());
            at += 3;
        }
        let goes_on = start > 1 && is_punct(tokens.get(start - 1), ':');
        let goes_on = goes_on && is_punct(tokens.get(start - 2), ':');
        if path.len() > 1 && !goes_on {
            self.paths.push((tokens[start].span().start().line, path));
        }
        at
    }
}

fn is_punct(token: Option<&TokenTree>, sign: char) -> bool {
    matches!(token, Some(TokenTree::Punct(punct)) if punct.as_char() == sign)
}

fn is_parenthesis(token: Option<&TokenTree>) -> bool {
    matches!(token, Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Parenthesis)
}

/// Whether tokens begin with `#[cfg(test)]`.
fn is_test_attribute(tokens: &[TokenTree]) -> bool {
    let [TokenTree::Punct(hash), TokenTree::Group(group), ..] = tokens else { return false };
    hash.as_char() == '#' && group.stream().to_string().replace(' ', "") == "cfg(test)"
}

/// Where an item ends that begins at some place: behind its braces, or behind a semicolon.
fn end_of_item(tokens: &[TokenTree], start: usize) -> usize {
    let statement = |token: &TokenTree| {
        let words = ["use", "const", "static", "type"];
        matches!(token, TokenTree::Ident(word) if words.iter().any(|known| word == known))
    };
    let ends_with_semicolon = tokens[start..].iter().take(3).any(statement);
    let ends = |token: &TokenTree| match token {
        TokenTree::Group(group) => !ends_with_semicolon && group.delimiter() == Delimiter::Brace,
        token => is_punct(Some(token), ';'),
    };
    let length = tokens[start..].iter().position(ends);
    length.map_or(tokens.len(), |length| start + length + 1)
}

/// The names of the types and traits that a file defines outside its tests.
fn types(file: &str, text: &str) -> Vec<String> {
    let parsed = syn::parse_file(text).unwrap_or_else(|e| panic!("{file}: {e}"));
    let named = |item: &syn::Item| match item {
        syn::Item::Struct(item) => Some(item.ident.to_string()),
        syn::Item::Enum(item) => Some(item.ident.to_string()),
        syn::Item::Trait(item) => Some(item.ident.to_string()),
        syn::Item::Type(item) => Some(item.ident.to_string()),
        syn::Item::Union(item) => Some(item.ident.to_string()),
        _ => None,
    };
    let names: BTreeSet<String> = parsed.items.iter().filter_map(named).collect();
    names.into_iter().collect()
}
