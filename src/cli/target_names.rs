//! How the variables of a target are named.
//!
//! In: a target's name. Out: the variables that may hold its URL and its credential, most particular first; and the
//! other way round: which targets the names found in a place belong to. No value is read here.

/// The target that also takes the names without a prefix.
const UNPREFIXED: &str = "team";

/// What a target's variables end with.
const SUFFIXES: [&str; 6] = [
    "_AIRFLOW_API_URL",
    "_AIRFLOW_API_KEY",
    "_AIRFLOW_API_TOKEN",
    "_AIRFLOW_API_USERNAME",
    "_AIRFLOW_API_PASSWORD",
    "_AIRFLOW_UI_URL",
];

/// The names of a target's variables, each list most particular first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Names {
    /// The API's base URL.
    pub url: Vec<String>,
    /// A key.
    pub key: Vec<String>,
    /// A bearer token.
    pub token: Vec<String>,
    /// A user's name.
    pub username: String,
    /// The user's password.
    pub password: String,
    /// The base URL of the web interface, for links.
    pub ui_url: String,
}

impl Names {
    /// The names for a target; `None` when the text can be no target's name.
    #[must_use]
    pub fn of(target: &str) -> Option<Self> {
        let is_name = target.starts_with(|c: char| c.is_ascii_alphabetic())
            && target.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'));
        if !is_name {
            return None;
        }
        let prefix = target.to_ascii_uppercase().replace('-', "_");
        let [url, key, token, username, password, ui_url] = SUFFIXES.map(|suffix| format!("{prefix}{suffix}"));
        let mut names = Self { url: vec![url], key: vec![key], token: vec![token], username, password, ui_url };
        if target.eq_ignore_ascii_case(UNPREFIXED) {
            names.url.push("AIRFLOW_API_URL".to_owned());
            names.key.extend(["DATACOVES_API_KEY", "AIRFLOW_API_KEY"].map(str::to_owned));
            names.token.push("AIRFLOW_API_TOKEN".to_owned());
        }
        Some(names)
    }

    /// The variables that may hold a credential, or half of one.
    #[must_use]
    pub fn credentials(&self) -> Vec<&str> {
        let pair = [&self.username, &self.password];
        self.key.iter().chain(&self.token).chain(pair).map(String::as_str).collect()
    }

    /// Every variable that is read.
    #[must_use]
    pub fn all(&self) -> Vec<String> {
        let names = self.url.iter().map(String::as_str).chain(self.credentials()).chain([self.ui_url.as_str()]);
        names.map(str::to_owned).collect()
    }

    /// Whether a variable carries the target's own prefix.
    #[must_use]
    pub fn is_own(&self, variable: &str) -> bool {
        let pair = [&self.url[0], &self.key[0], &self.token[0], &self.username, &self.password];
        pair.into_iter().any(|own| own == variable)
    }

    /// A name among `present` that `wanted` may have been meant with.
    #[must_use]
    pub fn near<'a>(&self, wanted: &[String], present: impl Iterator<Item = &'a str>) -> Option<&'a str> {
        let known = self.all();
        let distance = |name: &str| wanted.iter().map(|wanted| strsim::osa_distance(wanted, name)).min().unwrap_or(99);
        let others = present.filter(|name| !known.iter().any(|known| known == name));
        // A name that is another target's is one letter away from `MY_…` without being meant.
        let others = others.filter(|name| target_of(name).is_none());
        others.map(|name| (distance(name), name)).filter(|(distance, _)| *distance <= 3).min().map(|(_, name)| name)
    }
}

/// The targets whose variables are among `present`, each once, in order.
#[must_use]
pub fn targets<'a>(present: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut targets: Vec<String> = Vec::new();
    for target in present.filter_map(target_of) {
        if !targets.contains(&target) {
            targets.push(target);
        }
    }
    targets
}

/// The target that a variable's name belongs to.
fn target_of(name: &str) -> Option<String> {
    if matches!(name, "AIRFLOW_API_URL" | "AIRFLOW_API_KEY" | "AIRFLOW_API_TOKEN") {
        return Some(UNPREFIXED.to_owned());
    }
    let prefix = SUFFIXES.iter().find_map(|suffix| name.strip_suffix(suffix)).filter(|prefix| !prefix.is_empty())?;
    Some(prefix.to_ascii_lowercase().replace('_', "-"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(target: &str) -> Names {
        Names::of(target).expect("a good name")
    }

    #[test]
    fn a_target_names_its_variables() {
        let names = names("a-b");
        assert_eq!(names.url, ["A_B_AIRFLOW_API_URL"]);
        assert_eq!(names.key, ["A_B_AIRFLOW_API_KEY"]);
        assert_eq!(names.password, "A_B_AIRFLOW_API_PASSWORD");
    }

    #[test]
    fn team_also_takes_the_names_without_a_prefix_and_its_own_first() {
        assert_eq!(names("team").url, ["TEAM_AIRFLOW_API_URL", "AIRFLOW_API_URL"]);
        assert_eq!(names("team").key, ["TEAM_AIRFLOW_API_KEY", "DATACOVES_API_KEY", "AIRFLOW_API_KEY"]);
        assert_eq!(names("my").url, ["MY_AIRFLOW_API_URL"]);
    }

    #[test]
    fn what_can_be_no_variable_can_be_no_target() {
        for bad in ["", "my airflow", "../x", "1st", "my=", "é"] {
            assert_eq!(Names::of(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_slip_in_a_name_is_found_but_another_target_is_no_slip() {
        let my = names("my");
        let present = ["PATH", "MY_AIRFLOW_API_URI", "ME_AIRFLOW_API_URL", "MY_AIRFLOW_API_KEY"];
        assert_eq!(my.near(&my.url, present.into_iter()), Some("MY_AIRFLOW_API_URI"));
        assert_eq!(my.near(&my.url, ["PATH", "ME_AIRFLOW_API_URL"].into_iter()), None);
    }

    #[test]
    fn the_targets_of_a_place_are_read_off_its_names() {
        let present =
            ["TEAM_AIRFLOW_API_URL", "A_B_AIRFLOW_API_KEY", "A_B_AIRFLOW_API_URL", "HOME", "_AIRFLOW_API_URL"];
        assert_eq!(targets(present.into_iter()), ["team", "a-b"]);
        assert_eq!(targets(["AIRFLOW_API_URL"].into_iter()), ["team"]);
    }
}
