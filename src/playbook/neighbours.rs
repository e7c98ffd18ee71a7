//! Words of other languages for the same things: Ansible, GitHub Actions, Argo, Arazzo, hurl, Airflow.
//!
//! Here: a table of keys, which becomes a keyword of the schema and is held against keys that nobody knows; and one of
//! names in expressions. Words that are near to ours by their letters are not here: they are found without a table.

use serde_json::{Value, json};

/// Keys of others, a row each: the key that a map must know for the row to count, our key, what to write, their words.
const KEYS: &str = include_str!("neighbours.txt");

/// The rows of the table.
fn rows() -> impl Iterator<Item = [&'static str; 4]> {
    let lines = KEYS.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines.filter_map(|line| line.split(" | ").collect::<Vec<_>>().try_into().ok())
}

/// The table as the schema carries it.
pub(super) fn keys() -> Value {
    let row =
        |[beside, key, help, words]: [&str; 4]| json!({ "words": words, "key": key, "beside": beside, "help": help });
    rows().map(row).collect()
}

/// Names in expressions, each with what to write.
const NAMES: [(&[&str], &str); 9] = [
    (&["yes", "Yes", "YES", "on", "On", "ON", "TRUE"], "write `true`"),
    (&["no", "No", "NO", "off", "Off", "OFF", "FALSE"], "write `false`"),
    (&["null", "Null", "NULL", "nil", "undefined"], "write `none`"),
    (
        &[
            "ds",
            "ds_nodash",
            "ts",
            "ts_nodash",
            "execution_date",
            "data_interval_start",
            "data_interval_end",
            "ti",
            "task_instance",
            "dag",
            "dag_run",
            "macros",
            "params",
            "conn",
            "prev_ds",
            "next_ds",
            "yesterday_ds",
            "tomorrow_ds",
            "logical_date",
            "run_id",
            "task",
            "inlets",
            "outlets",
            "triggering_dataset_events",
            "triggering_asset_events",
            "var",
        ],
        "what Airflow is to render goes between `{% raw %}` and `{% endraw %}`; today here is `today() | date('%Y-%m-%d')`",
    ),
    (
        &["inventory_hostname", "hostvars", "groups", "lookup", "query", "ansible_env"],
        "a variable of the environment is `env.NAME`",
    ),
    (&["ansible_date_time"], "the start of the run is `now()`, its day `today()`"),
    (&["github", "runner", "matrix", "job"], "a variable of the environment is `env.NAME`"),
    (&["len", "size"], "write `NAME | length`"),
    (
        &["str", "int", "float", "bool", "round", "sorted", "sum"],
        "functions of Python are filters here, as in `NAME | int`",
    ),
];

/// What to write instead of a name of another language.
pub(super) fn name(word: &str) -> Option<&'static str> {
    NAMES.iter().find(|(words, _)| words.contains(&word)).map(|(_, help)| *help)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn every_line_is_a_row_and_no_word_is_there_twice_for_one_place() {
        let lines = KEYS.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).count();
        assert_eq!(rows().count(), lines);
        let mut seen = HashSet::new();
        for [beside, key, _, words] in rows() {
            for word in words.split(' ') {
                assert!(seen.insert((beside, word)) && word != key, "{word} for {key}");
            }
        }
    }
}
