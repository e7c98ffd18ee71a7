//! The playbooks below a folder.

use std::fs;
use std::path::{Path, PathBuf};

use crate::file::FileError;

/// What was found below a folder, sorted.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// Files that may be playbooks.
    pub(super) files: Vec<PathBuf>,
    /// Folders that can't be read, with the reason.
    pub(super) unreadable: Vec<(PathBuf, String)>,
}

/// Every `*.yaml` and `*.yml` below a folder. Hidden folders and links to folders are left out.
pub(super) fn below(cwd: &Path, folder: &Path) -> Found {
    let mut found = Found::default();
    let mut open = vec![folder.to_owned()];
    while let Some(folder) = open.pop() {
        let entries = match fs::read_dir(cwd.join(&folder)) {
            Ok(entries) => entries,
            Err(error) => {
                found.unreadable.push((folder, FileError::from(&error).to_string()));
                continue;
            }
        };
        for entry in entries.flatten() {
            let (name, path) = (entry.file_name(), folder.join(entry.file_name()));
            let is_hidden = name.to_string_lossy().starts_with('.');
            match entry.file_type() {
                Ok(kind) if kind.is_dir() && !is_hidden => open.push(path),
                Ok(kind) if !kind.is_dir() && is_yaml(&path) && !is_hidden => found.files.push(path),
                Ok(_) | Err(_) => {}
            }
        }
    }
    found.files.sort();
    found.unreadable.sort();
    found
}

/// Whether a file is YAML by its name.
pub(super) fn is_yaml(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "yaml" || extension == "yml")
}

/// Whether a YAML file in a folder is meant as a playbook: a line of it begins with `steps:`.
pub(super) fn is_playbook(bytes: &[u8]) -> bool {
    let begins =
        |line: &[u8]| [b"steps:".as_slice(), b"\"steps\":", b"'steps':"].iter().any(|key| line.starts_with(key));
    let mut lines = bytes.split(|byte| *byte == b'\n');
    // A broken or empty file is no playbook that anybody could run; one that holds `steps` in a flow map is.
    lines.any(begins) || bytes.trim_ascii_start().starts_with(b"{")
}
