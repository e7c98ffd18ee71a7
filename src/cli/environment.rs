//! What the process was given: variables, arguments, working directory, and which streams are terminals.
//!
//! In: what `main.rs` took from the process, once. Out: the same, to be passed down. Nothing else asks the process, so a
//! test can give whatever it likes.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::PathBuf;

/// What the process was given.
#[derive(Clone, Default)]
pub struct Environment {
    /// The variables whose names and values are UTF-8.
    pub vars: BTreeMap<String, String>,
    /// The names of the variables that are left out of `vars` since their name or value is not UTF-8.
    pub not_unicode: Vec<String>,
    /// The arguments, the program's own name first.
    pub args: Vec<OsString>,
    /// The working directory.
    pub cwd: PathBuf,
    /// Which of the standard streams are terminals.
    pub terminals: Terminals,
}

/// Which of the standard streams are terminals.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Terminals {
    /// Somebody can be asked.
    pub stdin: bool,
    /// Results are read by a person.
    pub stdout: bool,
    /// Progress can be drawn.
    pub stderr: bool,
}

/// Values may be secret, so only names are shown.
impl std::fmt::Debug for Environment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Environment")
            .field("vars", &self.vars.keys())
            .field("not_unicode", &self.not_unicode)
            .field("cwd", &self.cwd)
            .field("terminals", &self.terminals)
            .finish_non_exhaustive()
    }
}

impl Environment {
    /// Sorts the variables into those that can be read and those that can't.
    #[must_use]
    pub fn new(vars: impl IntoIterator<Item = (OsString, OsString)>, args: Vec<OsString>, cwd: PathBuf) -> Self {
        let mut environment = Self { args, cwd, ..Self::default() };
        for (name, value) in vars {
            match (name.into_string(), value.into_string()) {
                (Ok(name), Ok(value)) => {
                    environment.vars.insert(name, value);
                }
                (Ok(name), Err(_)) => environment.not_unicode.push(name),
                (Err(name), _) => environment.not_unicode.push(name.to_string_lossy().into_owned()),
            }
        }
        environment
    }

    /// The same with the streams that are terminals.
    #[must_use]
    pub fn with_terminals(mut self, terminals: Terminals) -> Self {
        self.terminals = terminals;
        self
    }

    /// The value of a variable; an empty one counts as not set.
    #[must_use]
    pub fn var(&self, name: &str) -> Option<&str> {
        self.vars.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// The folders that programs are looked for in.
    pub fn path(&self) -> impl Iterator<Item = PathBuf> {
        let path = OsStr::new(self.var("PATH").unwrap_or_default());
        std::env::split_paths(path).filter(|folder| folder.is_absolute()).collect::<Vec<_>>().into_iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(pairs: &[(&str, &str)]) -> Environment {
        let vars = pairs.iter().map(|(name, value)| (OsString::from(name), OsString::from(value)));
        Environment::new(vars, Vec::new(), PathBuf::from("/work"))
    }

    #[test]
    fn an_empty_variable_counts_as_not_set() {
        let environment = of(&[("A", ""), ("B", "b")]);
        assert_eq!((environment.var("A"), environment.var("B"), environment.var("C")), (None, Some("b"), None));
    }

    #[cfg(unix)]
    #[test]
    fn a_variable_that_is_not_unicode_is_named_and_its_value_left_out() {
        use std::os::unix::ffi::OsStringExt as _;
        let vars = [(OsString::from("MY_AIRFLOW_API_KEY"), OsString::from_vec(vec![0xff, 0xfe]))];
        let environment = Environment::new(vars, Vec::new(), PathBuf::new());
        assert_eq!(environment.not_unicode, ["MY_AIRFLOW_API_KEY"]);
        assert!(environment.vars.is_empty());
    }

    #[test]
    fn debug_shows_names_and_no_values() {
        let shown = format!("{:?}", of(&[("MY_KEY", "hunter2")]));
        assert!(shown.contains("MY_KEY") && !shown.contains("hunter2"), "{shown}");
    }

    #[test]
    fn programs_are_looked_for_in_absolute_folders_only() {
        let folders: Vec<PathBuf> = of(&[("PATH", ".:/usr/bin::bin:/bin")]).path().collect();
        assert_eq!(folders, [PathBuf::from("/usr/bin"), PathBuf::from("/bin")]);
    }
}
