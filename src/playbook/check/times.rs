//! Keys whose values are times.

use crate::diagnostic::{Code, Diagnostic};
use crate::playbook::check::Checker;
use crate::yaml::{Node, NodeValue};

/// The keys of lists whose values are times.
const BOUNDS: [&str; 7] = [
    "logical_date_gte",
    "logical_date_lte",
    "start_date_gte",
    "start_date_lte",
    "end_date_gte",
    "end_date_lte",
    "timestamp_gte",
];
/// How a time is written.
const TIMES: &str = "`2026-10-01T00:00:00Z` or `2026-10-01T00:00:00+01:00`";
/// How a time or a date is written.
const TIMES_AND_DATES: &str =
    "`2026-10-01`, which is its midnight in the playbook's time zone, or `2026-10-01T00:00:00Z`";

impl Checker<'_> {
    /// The logical date of a run is a time.
    pub(super) fn times(&mut self, arguments: &Node) {
        self.instants(arguments, &["logical_date"], TIMES, |_, text| text.parse::<jiff::Timestamp>().is_ok());
    }

    /// The bounds of a list are times or dates.
    pub(super) fn bounds(&mut self, arguments: &Node) {
        self.instants(arguments, &BOUNDS, TIMES_AND_DATES, |checker, text| checker.engine.instant(text).is_some());
    }

    fn instants(&mut self, arguments: &Node, keys: &[&str], written: &str, is_one: fn(&Self, &str) -> bool) {
        for node in keys.iter().filter_map(|key| arguments.get(key)) {
            let text = match node.value {
                NodeValue::Number(_) => Some(self.file.slice(node.span)),
                _ => node.text().filter(|text| !text.contains("{{") && !text.contains("{%")),
            };
            let Some(text) = text.filter(|text| !is_one(self, text)) else { continue };
            let message = format!("`{text}` is not a timestamp with a UTC offset");
            let mistake = Diagnostic::new(Code::WRONG_FORM, self.file, node.span, message);
            self.report(mistake.with_help(format!("write it like {written}")));
        }
    }
}
