use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::case::Case;
use crate::layout;
use crate::report::Unread;

/// Deeper than any suite nests; a folder that links to itself ends here.
const DEPTH_MAX: usize = 8;

/// The cases of a folder, and what in it was not one.
#[derive(Clone, Debug, Default)]
pub struct Suite {
    pub cases: Vec<Case>,
    pub unread: Vec<Unread>,
    pub ignored: Vec<PathBuf>,
}

#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    #[error("there is no folder {0}: name the folder that holds the vectors")]
    Missing(PathBuf),
    #[error("{0} holds no JSON file: name the folder that holds the vectors")]
    Empty(PathBuf),
    #[error("folders under {0} nest deeper than {DEPTH_MAX}: name the folder of one suite")]
    TooDeep(PathBuf),
    #[error("cannot read {path}: {source}")]
    Unreadable { path: PathBuf, source: io::Error },
}

/// Reads every JSON file under `path` (or `path` itself, if it is a file), in the order of
/// their names. Files that no layout explains are kept in [`Suite::unread`].
pub fn load(path: &Path) -> Result<Suite, LoadError> {
    // The name of the folder around a case says its kind, so "." will not do.
    let root = path
        .canonicalize()
        .map_err(|_| LoadError::Missing(path.to_owned()))?;
    let mut files = Vec::new();
    walk(&root, 0, &mut files)?;

    let mut suite = Suite::default();
    for file in files {
        let shown = file.strip_prefix(&root).ok();
        let shown = shown.filter(|rest| !rest.as_os_str().is_empty());
        let shown = shown.unwrap_or(&file).to_owned();
        if file.extension().is_some_and(|ext| ext == "json") {
            let text = fs::read(&file).map_err(|source| unreadable(&file, source))?;
            layout::read(&file, &shown, &text, &mut suite);
        } else {
            suite.ignored.push(shown);
        }
    }
    if suite.cases.is_empty() && suite.unread.is_empty() {
        return Err(LoadError::Empty(path.to_owned()));
    }
    Ok(suite)
}

fn walk(path: &Path, depth: usize, files: &mut Vec<PathBuf>) -> Result<(), LoadError> {
    if !path.is_dir() {
        files.push(path.to_owned());
        return Ok(());
    }
    if depth > DEPTH_MAX {
        return Err(LoadError::TooDeep(path.to_owned()));
    }
    let entries = fs::read_dir(path).map_err(|source| unreadable(path, source))?;
    let mut paths = entries
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<Vec<_>, _>>()
        .map_err(|source| unreadable(path, source))?;
    // A cloned repository carries its history in a dotted folder.
    paths.retain(|path| !is_hidden(path));
    paths.sort();
    paths
        .iter()
        .try_for_each(|path| walk(path, depth + 1, files))
}

fn is_hidden(path: &Path) -> bool {
    path.file_name()
        .is_some_and(|name| name.as_encoded_bytes().starts_with(b"."))
}

fn unreadable(path: &Path, source: io::Error) -> LoadError {
    LoadError::Unreadable {
        path: path.to_owned(),
        source,
    }
}
