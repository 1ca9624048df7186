//! Paths of a run file, rewritten to hold from another folder.
use std::path::{Component, Path, PathBuf};

use crate::base::error::{Error, Result};

/// `path` as it reads from `folder`, with forward slashes; absolute where the two have nothing but
/// the root in common.
pub fn relative(path: &Path, folder: &Path) -> Result<String> {
    let (path, folder) = (resolved(path)?, resolved(folder)?);
    let path_parts: Vec<Component> = path.components().collect();
    let folder_parts: Vec<Component> = folder.components().collect();
    let shared = path_parts.iter().zip(&folder_parts).take_while(|(a, b)| a == b).count();
    let below_root = folder_parts.iter().take_while(|part| !is_name(part)).count();
    if shared <= below_root {
        return text(&path, "");
    }
    let up = folder_parts[shared..].iter().map(|_| Component::ParentDir);
    let relative: PathBuf = up.chain(path_parts[shared..].iter().copied()).collect();
    text(&relative, ".")
}

/// The last name of a path, where it has one.
pub fn last_name(path: &Path) -> Option<String> {
    path.file_name().map(|name| name.to_string_lossy().into_owned())
}

fn is_name(part: &Component) -> bool {
    matches!(part, Component::Normal(_))
}

/// The absolute path without links as far as it exists; `..` behind that is taken by name.
fn resolved(path: &Path) -> Result<PathBuf> {
    let doing = || format!("finding the absolute path of {}", path.display());
    let absolute = std::path::absolute(path).map_err(|source| Error::file(doing(), source))?;
    let mut resolved = PathBuf::new();
    for part in absolute.components() {
        match part {
            Component::ParentDir => {
                resolved.pop();
            }
            part => resolved.push(part),
        }
        if resolved.try_exists().map_err(|source| Error::file(doing(), source))? {
            resolved = resolved.canonicalize().map_err(|source| Error::file(doing(), source))?;
        }
    }
    Ok(resolved)
}

fn text(path: &Path, empty: &str) -> Result<String> {
    let text = path.to_str().ok_or_else(|| {
        Error::Refused(format!(
            "{}: found a path that is not UTF-8, expected one that a run file can hold",
            path.display()
        ))
    })?;
    let text = text.replace(std::path::MAIN_SEPARATOR, "/");
    Ok(if text.is_empty() { empty.into() } else { text })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_rewritten_to_hold_from_another_folder() {
        let temp = tempfile::tempdir().unwrap();
        let root = temp.path().canonicalize().unwrap();
        let read = |path: &str, folder: &str| relative(&root.join(path), &root.join(folder));
        assert_eq!(read("data/x.h5", "runs/nrf").unwrap(), "../../data/x.h5");
        assert_eq!(read("runs/nrf", "runs/nrf").unwrap(), ".");
        assert_eq!(read("configs/../runs/nrf/a", "runs/nrf").unwrap(), "a");
        assert_eq!(relative(Path::new("/nowhere/x.h5"), &root).unwrap(), "/nowhere/x.h5");
    }

    #[cfg(unix)]
    #[test]
    fn a_linked_folder_is_left_through_its_real_parent() {
        let temp = tempfile::tempdir().unwrap();
        let root = temp.path().canonicalize().unwrap();
        std::fs::create_dir_all(root.join("real/deep")).unwrap();
        std::os::unix::fs::symlink(root.join("real/deep"), root.join("link")).unwrap();
        let from_link = relative(&root.join("data/x.h5"), &root.join("link")).unwrap();
        assert_eq!(from_link, "../../data/x.h5");
    }
}
