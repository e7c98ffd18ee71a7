//! What `doctor` found, and how it is shown.

use std::time::Duration;

use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::reporter::painted::{Painted, Tone};

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
    /// The proxy on the way, without its password.
    pub(super) proxy: Option<String>,
    /// The variable that names it.
    pub(super) proxy_from: Option<&'static str>,
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
    /// The places that were looked in for the target, in order, each with what was found.
    pub(super) looked: Vec<(String, String)>,
    /// How far the server's clock is ahead of ours.
    pub(super) clock_ahead: Option<SignedDuration>,
    /// The parts of Airflow and how each is.
    pub(super) health: Vec<(&'static str, String)>,
    /// How many files can't be imported, and the first of them, each with its reason.
    pub(super) import_errors: Option<(u64, Vec<(String, String)>)>,
    /// Whether the credential may trigger any DAG.
    pub(super) may_trigger: Option<bool>,
    /// Whether it may post events of any dataset.
    pub(super) may_post_events: Option<bool>,
    /// Where runs are recorded, and whether they can be.
    pub(super) history: Option<String>,
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
    pub(super) fn to_lines(&self) -> Vec<Painted> {
        let mut lines = Vec::new();
        let mut line = |label: &str, value: String| {
            lines.push(Painted::default().with(Tone::Dim, format!("{label:<11} ")).with(Tone::Plain, value));
        };
        line("target", self.target.clone());
        line("URL", format!("{}, from {}", self.url, self.url_from));
        line("credential", self.credential_line());
        for (at, (place, why)) in self.looked.iter().enumerate() {
            line(if at == 0 { "looked in" } else { "" }, format!("{place}: {why}"));
        }
        if let (Some(proxy), Some(from)) = (&self.proxy, self.proxy_from) {
            line("proxy", format!("{proxy}, from `{from}`"));
        }
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
            line("latency", format!("{:.1} ms for a request", latency.as_secs_f64() * 1000.0));
        }
        if let Some(ahead) = self.clock_ahead {
            line("clock", clock(ahead));
        }
        for (at, (part, state)) in self.health.iter().enumerate() {
            line(if at == 0 { "health" } else { "" }, format!("{part} {state}"));
        }
        if let Some((count, first)) = &self.import_errors {
            line("imports", imports(*count));
            for (name, reason) in first {
                line("", format!("`{name}`: {reason}"));
            }
            let more = count.saturating_sub(u64::try_from(first.len()).unwrap_or(*count));
            if more > 0 {
                line("", format!("and {more} more"));
            }
        }
        if self.may_trigger.is_some() || self.may_post_events.is_some() {
            line("rights", self.rights());
        }
        if let Some(history) = &self.history {
            line("history", history.clone());
        }
        lines.extend(self.problems.iter().flat_map(|one| {
            let problem = format!("{}: {}", one.level(), one.message);
            [Painted::message(&problem), Painted::message(&format!("  = help: {}", one.remedy))]
        }));
        lines
    }

    fn credential_line(&self) -> String {
        let Some(kind) = self.credential else { return "none".to_owned() };
        let from = self.credential_from.as_ref().map(|from| format!(", from {from}")).unwrap_or_default();
        let shown = self.credential_shown.map(|shown| format!("; shown as {shown}")).unwrap_or_default();
        format!("{kind}{from}{shown}")
    }

    /// What the credential may do with every DAG and dataset.
    fn rights(&self) -> String {
        let may = |may: Option<bool>, what: &str| {
            may.map(|may| format!("{} {what}", if may { "may" } else { "may not" })).into_iter()
        };
        let parts = may(self.may_trigger, "trigger DAGs").chain(may(self.may_post_events, "post dataset events"));
        format!("{}, in general; rights on single DAGs may differ", parts.collect::<Vec<_>>().join(", "))
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
            "proxy": self.proxy,
            "proxy_from": self.proxy_from,
            "api_version": self.api_version,
            "airflow_version": self.airflow_version,
            "dags": self.dags,
            "latency_seconds": self.latency.map(|latency| latency.as_secs_f64()),
            "looked_in": pairs(&self.looked, "place", "found"),
            "clock_ahead_seconds": self.clock_ahead.map(|ahead| ahead.as_secs()),
            "health": pairs(&self.health, "part", "state"),
            "import_errors": self.import_errors.as_ref().map(|(count, first)| errors_as_json(*count, first)),
            "may_trigger": self.may_trigger,
            "may_post_events": self.may_post_events,
            "history": self.history,
            "problems": problems.collect::<Vec<Value>>(),
        })
    }
}

fn clock(ahead: SignedDuration) -> String {
    if ahead.is_zero() {
        return "the server's and ours agree".to_owned();
    }
    let way = if ahead.is_positive() { "ahead of" } else { "behind" };
    format!("the server's is {:.0} s {way} ours", ahead.abs().as_secs_f64().ceil())
}

fn imports(count: u64) -> String {
    match count {
        0 => "every file can be imported".to_owned(),
        1 => "1 file can't be imported:".to_owned(),
        _ => format!("{count} files can't be imported:"),
    }
}

fn errors_as_json(count: u64, first: &[(String, String)]) -> Value {
    let names: Vec<&String> = first.iter().map(|(name, _)| name).collect();
    json!({ "total": count, "first": names, "errors": pairs(first, "filename", "reason") })
}

fn pairs<T: AsRef<str>>(pairs: &[(T, String)], first: &str, second: &str) -> Value {
    pairs.iter().map(|(one, other)| json!({ first: one.as_ref(), second: other })).collect()
}
