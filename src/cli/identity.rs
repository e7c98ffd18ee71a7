//! Who runs this, and where.
//!
//! In: the environment. Out: a user's name and a host's name, for notes and records; neither is ever empty, and neither
//! proves anything.

use std::path::PathBuf;

use crate::cli::environment::Environment;

/// The user's name: `USER`, `LOGNAME`, the user database, or else the user's id.
#[must_use]
pub fn user_name(environment: &Environment) -> String {
    let named = ["USER", "LOGNAME", "USERNAME"].iter().find_map(|name| environment.var(name).and_then(clean));
    named.unwrap_or_else(user_of_process)
}

/// The host's name as the system knows it.
#[must_use]
pub fn host_name(environment: &Environment) -> String {
    let named = ["HOSTNAME", "COMPUTERNAME"].iter().find_map(|name| environment.var(name).and_then(clean));
    clean(&node_name()).or(named).unwrap_or_else(|| "unknown-host".to_owned())
}

/// On one line and without controls; `None` when nothing is left.
fn clean(name: &str) -> Option<String> {
    let name: String = name.chars().filter(|c| !c.is_control()).take(100).collect();
    Some(name.trim().to_owned()).filter(|name| !name.is_empty())
}

#[cfg(unix)]
fn user_of_process() -> String {
    let uid = rustix::process::geteuid().as_raw();
    let users = std::fs::read("/etc/passwd").unwrap_or_default();
    user_with_id(&String::from_utf8_lossy(&users), uid).unwrap_or_else(|| format!("uid{uid}"))
}

/// The home of the user that runs this, as the user database has it.
#[cfg(unix)]
#[must_use]
pub fn home_of_user() -> Option<PathBuf> {
    let uid = rustix::process::geteuid().as_raw().to_string();
    let users = std::fs::read("/etc/passwd").ok()?;
    String::from_utf8_lossy(&users).lines().find_map(|line| {
        let fields: Vec<&str> = line.split(':').collect();
        let home = fields.get(5).filter(|_| fields.get(2) == Some(&uid.as_str()))?;
        Some(PathBuf::from(*home)).filter(|home| home.is_absolute())
    })
}

/// Where there is no such database, it is not known.
#[cfg(not(unix))]
#[must_use]
pub fn home_of_user() -> Option<PathBuf> {
    None
}

#[cfg(not(unix))]
fn user_of_process() -> String {
    "unknown-user".to_owned()
}

/// The name that a user database in the form of `/etc/passwd` gives an id.
#[cfg(unix)]
fn user_with_id(users: &str, uid: u32) -> Option<String> {
    let uid = uid.to_string();
    users.lines().find_map(|line| {
        let mut fields = line.split(':');
        let (name, _, id) = (fields.next()?, fields.next()?, fields.next()?);
        (id == uid).then(|| clean(name)).flatten()
    })
}

#[cfg(unix)]
fn node_name() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}

#[cfg(not(unix))]
fn node_name() -> String {
    String::new()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(pairs: &[(&str, &str)]) -> Environment {
        let vars = pairs.iter().map(|(name, value)| (name.into(), value.into()));
        Environment::new(vars, Vec::new(), "/".into())
    }

    #[test]
    fn the_environment_names_the_user_first() {
        assert_eq!(user_name(&of(&[("USER", "ana"), ("LOGNAME", "bob")])), "ana");
        assert_eq!(user_name(&of(&[("USER", " \n"), ("LOGNAME", "bob\u{7}")])), "bob");
    }

    #[test]
    fn nobody_is_without_a_name() {
        assert!(!user_name(&of(&[])).is_empty());
        assert!(!host_name(&of(&[])).is_empty());
    }

    #[cfg(unix)]
    #[test]
    fn the_user_database_is_asked_by_id() {
        let users = "root:x:0:0:root:/root:/bin/sh\nbroken\nana:x:1000:1000::/home/ana:/bin/sh\n";
        assert_eq!(user_with_id(users, 1000).as_deref(), Some("ana"));
        assert_eq!(user_with_id(users, 100), None);
    }
}
