//! Words of other languages, held against a table that the schema carries.
//!
//! In: a key that a rule does not know. Out: the key that stands for it here, and what to write.

use serde_json::Value;

use super::keys::is_known;
use super::walk::{Rule, Walk};

/// The key of ours that a word of another language stands for, with what to write.
pub(super) fn of<'a>(walk: &Walk<'a>, rule: &Rule, word: &str) -> Option<(&'a str, &'a str)> {
    let table = walk.schema.as_json().get("x-neighbours")?.as_array()?;
    let word = plain(word);
    let text = |row: &'a Value, key: &str| row.get(key).and_then(Value::as_str);
    let is_it = |row: &&'a Value| {
        let mut words = text(row, "words").unwrap_or_default().split(' ');
        text(row, "beside").is_some_and(|key| is_known(rule, key)) && words.any(|other| plain(other) == word)
    };
    let row = table.iter().find(is_it)?;
    Some((text(row, "key")?, text(row, "help")?))
}

/// `continue-on-error`, `continueOnError` and `continue_on_error` are one word.
fn plain(word: &str) -> String {
    word.chars().filter(|c| !matches!(c, '-' | '_' | ' ')).map(|c| c.to_ascii_lowercase()).collect()
}
