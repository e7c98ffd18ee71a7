//! What `doctor` found, and how it is shown.

use std::time::Duration;

use serde_json::{Value, json};

/// What was found; what could not be found out is none.
#[derive(Debug, Clone, Default)]
pub(super) struct Findings {
    /// The target's name.
    pub(super) target: String,
    /// The API's base URL.
    pub(super) url: String,
    /// Where that comes from.
    pub(super) url_from: String,
    /// What kind of credential there is; never the credential.
    pub(super) credential: Option<&'static str>,
    /// Where it comes from.
    pub(super) credential_from: Option<String>,
    /// How it is shown.
    pub(super) credential_shown: Option<&'static str>,
    /// `v1` or `v2`.
    pub(super) api_version: Option<&'static str>,
    /// What says so.
    pub(super) api_version_from: Option<&'static str>,
    /// Airflow's own version.
    pub(super) airflow_version: Option<String>,
    /// How many DAGs the credential can see.
    pub(super) dags: Option<u64>,
    /// How long a read takes.
    pub(super) latency: Option<Duration>,
    /// What is wrong, or should be looked at.
    pub(super) problems: Vec<Problem>,
}

/// Something that is wrong, with its remedy.
#[derive(Debug, Clone)]
pub(super) struct Problem {
    is_error: bool,
    message: String,
    remedy: String,
}

impl Problem {
    /// A run would fail.
    pub(super) fn error(message: &str, remedy: &str) -> Self {
        Self { is_error: true, message: message.to_owned(), remedy: remedy.to_owned() }
    }

    /// A run would work all the same.
    pub(super) fn warning(message: &str, remedy: &str) -> Self {
        Self { is_error: false, message: message.to_owned(), remedy: remedy.to_owned() }
    }

    const fn level(&self) -> &'static str {
        if self.is_error { "error" } else { "warning" }
    }
}

impl Findings {
    /// A line for each finding, then the problems as messages are drawn.
    pub(super) fn to_text(&self) -> String {
        let mut lines = Vec::new();
        let mut line = |label: &str, value: String| lines.push(format!("{label:<11} {value}\n"));
        line("target", self.target.clone());
        line("URL", format!("{}, from {}", self.url, self.url_from));
        line("credential", self.credential_line());
        if let (Some(version), Some(from)) = (self.api_version, self.api_version_from) {
            line("API", format!("{version}, by {from}"));
        }
        if let Some(version) = &self.airflow_version {
            line("Airflow", version.clone());
        }
        if let Some(dags) = self.dags {
            line("DAGs", format!("{dags} can be read"));
        }
        if let Some(latency) = self.latency {
            line("latency", format!("{:.1} ms for a page of DAGs", latency.as_secs_f64() * 1000.0));
        }
        let problem = |one: &Problem| format!("{}: {}\n  = help: {}\n", one.level(), one.message, one.remedy);
        lines.extend(self.problems.iter().map(problem));
        lines.concat()
    }

    fn credential_line(&self) -> String {
        let Some(kind) = self.credential else { return "none".to_owned() };
        let from = self.credential_from.as_ref().map(|from| format!(", from {from}")).unwrap_or_default();
        let shown = self.credential_shown.map(|shown| format!("; shown as {shown}")).unwrap_or_default();
        format!("{kind}{from}{shown}")
    }

    /// The same for programs: every key is always there, null where nothing is known.
    pub(super) fn to_json(&self) -> Value {
        let problems = self
            .problems
            .iter()
            .map(|problem| json!({ "level": problem.level(), "message": problem.message, "remedy": problem.remedy }));
        json!({
            "target": self.target,
            "url": self.url,
            "url_from": self.url_from,
            "credential": self.credential,
            "credential_from": self.credential_from,
            "credential_shown": self.credential_shown,
            "api_version": self.api_version,
            "airflow_version": self.airflow_version,
            "dags": self.dags,
            "latency_seconds": self.latency.map(|latency| latency.as_secs_f64()),
            "problems": problems.collect::<Vec<Value>>(),
        })
    }
}
