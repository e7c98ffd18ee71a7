//! What is scheduled: the playbook, when, and what it needs of its surroundings.

use std::path::{Component, Path, PathBuf};

use crate::cli::check::STDIN;
use crate::cli::environment::Environment;
use crate::cli::schedule::cron::Cron;
use crate::cli::target_names::Names;
use crate::executor::sha256;
use crate::playbook::Loaded;

/// The most characters of a name that a `CronJob` may have, without what is before it.
const LONGEST: usize = 52 - PREFIX.len();

/// What every name begins with.
const PREFIX: &str = "myaf-run-";

/// A scheduled playbook. No text in it has controls.
#[derive(Debug)]
pub(super) struct Job {
    /// The playbook's name, on one line.
    pub(super) title: String,
    /// Whether the playbook says its name itself, and is not named by its file.
    pub(super) has_name: bool,
    /// The name of the unit, the `CronJob` and the workflow: lower-case letters, digits and `-`, at most 52.
    pub(super) name: String,
    /// The playbook's file, as it was given.
    pub(super) path: String,
    /// The same from the root.
    pub(super) absolute: PathBuf,
    /// The playbook's file from the root of its repository, or from the working directory.
    pub(super) in_repository: Option<String>,
    /// The working directory.
    pub(super) folder: String,
    /// The program, from the root where that can be known.
    pub(super) program: String,
    /// When it is run.
    pub(super) cron: Cron,
    /// The playbook's own time zone.
    pub(super) zone: Option<String>,
    /// The variables that give URL and credential.
    pub(super) needed: Vec<String>,
    /// Other variables that the playbook reads.
    pub(super) wanted: Vec<String>,
}

impl Job {
    /// The job of a playbook; `Err` says why there can be none.
    pub(super) fn new(path: &Path, loaded: &Loaded, cron: Cron, environment: &Environment) -> Result<Self, String> {
        if path == Path::new(STDIN) {
            return Err("a playbook on stdin can't be scheduled: write it to a file".to_owned());
        }
        let playbook = &loaded.playbook;
        let absolute = lexically(&environment.cwd.join(path));
        let stem = path.file_stem().map(|stem| stem.to_string_lossy().into_owned());
        let title = playbook.name.clone().or(stem).unwrap_or_default();
        let names = Names::of(playbook.target.as_deref().unwrap_or("my"));
        let needed = names.map(|names| vec![names.url[0].clone(), names.key[0].clone()]).unwrap_or_default();
        let inputs = playbook.inputs.values().filter_map(|input| input.get("from_env")?.as_str().map(str::to_owned));
        let mut wanted: Vec<String> = inputs.chain(loaded.env_names.iter().cloned()).collect();
        wanted.retain(|name| !needed.contains(name));
        wanted.sort();
        wanted.dedup();
        Ok(Self {
            has_name: playbook.name.is_some(),
            name: name(&title),
            title: title.chars().map(|c| if breaks_a_line(c) { ' ' } else { c }).collect(),
            path: one_line(path)?,
            in_repository: in_repository(&absolute, &environment.cwd).map(|path| one_line(&path)).transpose()?,
            absolute,
            folder: one_line(&environment.cwd)?,
            program: one_line(&program(environment))?,
            cron,
            zone: playbook.timezone.clone(),
            needed,
            wanted,
        })
    }

    /// Every variable that the playbook reads.
    pub(super) fn variables(&self) -> impl Iterator<Item = &String> {
        self.needed.iter().chain(&self.wanted)
    }

    /// The time zone of the playbook's clock.
    pub(super) fn zone_or_utc(&self) -> &str {
        self.zone.as_deref().unwrap_or("UTC")
    }
}

/// Controls, and what else some readers of YAML take for the end of a line.
fn breaks_a_line(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}')
}

/// A path as text; what breaks a line is in no file that is made here.
fn one_line(path: &Path) -> Result<String, String> {
    let text = path.to_str().ok_or_else(|| format!("the path `{}` is not UTF-8", path.display()))?;
    if text.chars().any(breaks_a_line) {
        return Err(format!("the path `{text}` has a line end or another control in it, which no schedule can hold"));
    }
    Ok(text.to_owned())
}

/// Lower-case letters, digits and single `-`; what is changed or cut gets a mark, so that two names stay two.
fn name(title: &str) -> String {
    let mut slug = String::new();
    for c in title.chars() {
        if c.is_ascii_alphanumeric() {
            slug.push(c.to_ascii_lowercase());
        } else if !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
    }
    let is_faithful = title.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, ' ' | '-' | '_' | '.'));
    let slug = slug.trim_end_matches('-');
    if is_faithful && slug.len() <= LONGEST && !slug.is_empty() {
        return format!("{PREFIX}{slug}");
    }
    let hash = sha256(title);
    let mark = hash.get(..8).unwrap_or_default();
    let short = slug.get(..slug.len().min(LONGEST - 9)).unwrap_or_default().trim_end_matches('-');
    if short.is_empty() { format!("{PREFIX}{mark}") } else { format!("{PREFIX}{short}-{mark}") }
}

/// The program as it was started; links stay, since they outlive versions.
pub(in crate::cli) fn program(environment: &Environment) -> PathBuf {
    let started = environment.args.first().map(PathBuf::from).unwrap_or_default();
    if started.components().count() > 1 {
        return lexically(&environment.cwd.join(started));
    }
    let name = if started.as_os_str().is_empty() { PathBuf::from("myaf-run") } else { started };
    environment.path().map(|folder| folder.join(&name)).find(|path| path.is_file()).unwrap_or(name)
}

/// From the root of the git repository, or from the working directory; `None` outside both.
fn in_repository(absolute: &Path, cwd: &Path) -> Option<PathBuf> {
    let root = absolute.ancestors().skip(1).find(|folder| folder.join(".git").exists()).unwrap_or(cwd);
    absolute.strip_prefix(root).ok().map(Path::to_owned)
}

/// Without `.` and `..`; links are not looked at.
pub(in crate::cli) fn lexically(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => {
                plain.pop();
            }
            Component::Prefix(_) | Component::RootDir | Component::Normal(_) => plain.push(part),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_fit_for_a_cronjob_and_two_titles_keep_two_names() {
        assert_eq!(name("month-end loans"), "myaf-run-month-end-loans");
        assert_eq!(name("Seed"), "myaf-run-seed");
        let odd = ["Ünï", "öni", "…", "a/b", "a:b", &"x".repeat(80), &"x".repeat(81)].map(name);
        let set: std::collections::BTreeSet<&String> = odd.iter().collect();
        assert_eq!(set.len(), odd.len(), "{odd:?}");
        for name in &odd {
            let is_fit = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
            assert!(name.len() <= 52 && name.chars().all(is_fit) && !name.ends_with('-'), "{name}");
        }
    }

    #[test]
    fn a_path_with_a_line_end_is_refused() {
        assert!(one_line(Path::new("a\nb.yaml")).is_err());
        assert_eq!(one_line(Path::new("a b%.yaml")).as_deref(), Ok("a b%.yaml"));
    }
}
