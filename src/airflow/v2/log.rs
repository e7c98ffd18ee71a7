//! The log of a try in Airflow 3: entries with fields, and exceptions with frames.
//!
//! In: JSON as recorded from 3.0 to 3.3. Out: the log's lines, with the fields that somebody gave behind each event, and why
//! the try failed. What a task printed may stand behind its exception, since Airflow takes both on different ways.

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::airflow::answer::{Reason, TaskLog};
use crate::airflow::log::{self, MOST, is_author_frame};

/// The logger of Airflow's own words about a task.
const AIRFLOW: &str = "task";
/// What it says of a task that raised an exception.
const RAISED: &str = "Task failed with exception";
/// Fields that every entry may have, and nobody gave.
const USUAL: [&str; 17] = [
    "timestamp",
    "level",
    "logger",
    "filename",
    "lineno",
    "func_name",
    "loc",
    "process",
    "chan",
    "sources",
    "dag_id",
    "run_id",
    "task_id",
    "map_index",
    "try_number",
    "ti_id",
    "ts",
];

#[derive(Deserialize)]
pub(super) struct Log {
    content: Content,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Content {
    Entries(Vec<Entry>),
    Lines(Vec<String>),
}

/// One entry; only these keys mean the same in every version.
#[derive(Deserialize)]
struct Entry {
    event: String,
    #[serde(default)]
    error_detail: Option<Vec<Exception>>,
    #[serde(flatten)]
    fields: Map<String, Value>,
}

#[derive(Deserialize)]
struct Exception {
    exc_type: Option<String>,
    exc_value: Option<String>,
    #[serde(default)]
    exc_notes: Vec<String>,
    #[serde(default)]
    frames: Vec<Frame>,
    #[serde(default)]
    exceptions: Vec<Vec<Self>>,
}

#[derive(Deserialize)]
struct Frame {
    filename: String,
    lineno: Option<u64>,
    name: Option<String>,
}

impl From<Log> for TaskLog {
    fn from(wire: Log) -> Self {
        let entries = match wire.content {
            Content::Lines(lines) => return log::of_text(&lines.join("\n")),
            Content::Entries(entries) => entries,
        };
        let told = told(&entries);
        let text = |kept: &dyn Fn(usize) -> bool| {
            let kept = entries.iter().enumerate().filter(|(at, _)| kept(*at));
            log::lines(&kept.flat_map(|(_, entry)| entry.lines()).collect::<Vec<_>>().join("\n"))
        };
        let reason = told.and_then(|at| entries.get(at)).and_then(Entry::reason);
        Self { lines: text(&|_| true), beside: text(&|at| Some(at) != told), reason }
    }
}

/// The entry that tells the reason: what the task raised, else Airflow's last word about its end, else the last exception.
fn told(entries: &[Entry]) -> Option<usize> {
    let last = |is: &dyn Fn(&Entry) -> bool| entries.iter().rposition(is);
    last(&|entry| entry.is_of_airflow() && entry.event.starts_with(RAISED))
        .or_else(|| last(&|entry| entry.is_of_airflow() && entry.is_error()))
        .or_else(|| last(&|entry| entry.error_detail.as_ref().is_some_and(|chain| !chain.is_empty())))
}

impl Entry {
    /// The event with its fields, then the exceptions as Python prints them: the cause first, the one that was raised last.
    fn lines(&self) -> Vec<String> {
        let sources = self.fields.get("sources").and_then(Value::as_array).into_iter().flatten();
        let sources = sources.filter_map(Value::as_str).map(str::to_owned);
        let chain = self.error_detail.as_deref().unwrap_or_default().iter().rev();
        std::iter::once(self.text()).chain(sources).chain(chain.flat_map(Exception::lines)).collect()
    }

    /// `loaded rows=5 path=s3://bucket/raw`.
    fn text(&self) -> String {
        let given = self.fields.iter().filter(|(name, _)| !USUAL.contains(&name.as_str()));
        let fields = given.map(|(name, value)| format!(" {name}={}", shown(value)));
        format!("{}{}", self.event, fields.collect::<String>())
    }

    fn reason(&self) -> Option<Reason> {
        match self.error_detail.as_deref() {
            Some([raised, before @ ..]) => raised.reason(before),
            Some([]) | None => Some(Reason { exception: self.text(), ..Reason::default() }),
        }
    }

    fn is_of_airflow(&self) -> bool {
        self.field("logger") == Some(AIRFLOW) && self.field("chan").is_none()
    }

    fn is_error(&self) -> bool {
        matches!(self.field("level"), Some("error" | "critical"))
    }

    fn field(&self, name: &str) -> Option<&str> {
        self.fields.get(name).and_then(Value::as_str)
    }
}

impl Exception {
    /// `ValueError: boom`, with its notes below it.
    fn text(&self) -> Option<String> {
        let value = self.exc_value.as_deref().unwrap_or_default();
        let text = format!("{}: {value}", self.exc_type.as_deref()?);
        let notes = self.exc_notes.iter().map(|note| format!("\n{note}"));
        Some(format!("{}{}", text.trim_end_matches(": "), notes.collect::<String>()))
    }

    /// As lines: of a group its members, too.
    fn lines(&self) -> Vec<String> {
        let members = self.exceptions.iter().flatten().flat_map(Self::lines);
        self.text().into_iter().chain(members).collect()
    }

    fn reason(&self, before: &[Self]) -> Option<Reason> {
        let members = self.exceptions.iter().filter_map(|chain| chain.first()).flat_map(Self::members);
        let causes = before.iter().filter_map(|exception| exception.reason(&[]));
        Some(Reason {
            exception: self.text()?,
            frames: self.author_frames(),
            causes: members.chain(causes).take(MOST).collect(),
        })
    }

    /// A member of a group, and the members of a group that it is itself.
    fn members(&self) -> Vec<Reason> {
        let own = self.text().map(|exception| Reason { exception, frames: self.author_frames(), causes: Vec::new() });
        let inner = self.exceptions.iter().filter_map(|chain| chain.first()).flat_map(Self::members);
        own.into_iter().chain(inner).collect()
    }

    fn author_frames(&self) -> Vec<String> {
        let authors = self.frames.iter().filter(|frame| is_author_frame(&frame.filename));
        let mut frames: Vec<String> = authors.map(Frame::text).collect();
        frames.split_off(frames.len().saturating_sub(MOST))
    }
}

impl Frame {
    fn text(&self) -> String {
        let line = self.lineno.map(|line| format!(":{line}")).unwrap_or_default();
        let name = self.name.as_ref().map(|name| format!(" in {name}")).unwrap_or_default();
        format!("{}{line}{name}", self.filename)
    }
}

/// A value of a field: a text that is one word as it is, anything else as JSON.
fn shown(value: &Value) -> String {
    match value {
        Value::String(text) if is_word(text) => text.clone(),
        other => other.to_string(),
    }
}

fn is_word(text: &str) -> bool {
    !text.is_empty() && !text.contains(|c: char| c.is_whitespace() || c.is_control() || matches!(c, '"' | '='))
}
