//! The words that all diagnostics share.
//!
//! In: the author's words and the words that would have been right. Out: short quoted forms, lists, and the nearest of
//! the right words. Nothing here escapes; drawing does.

use strsim::{damerau_levenshtein, jaro_winkler};

const QUOTED_CHARS: usize = 60;
const COMPARED_BYTES: usize = 100;
const ALIKE: f64 = 0.9;

/// The author's words in back-ticks, cut after 60 characters and at the end of the first line.
#[must_use]
pub fn quote(words: &str) -> String {
    let first_line = words.lines().next().unwrap_or_default();
    let mut kept: String = first_line.chars().take(QUOTED_CHARS).collect();
    if kept.len() < words.trim_end_matches(['\n', '\r']).len() {
        kept.push('…');
    }
    format!("`{kept}`")
}

/// A list such as `` `a`, `b` or `c` ``.
#[must_use]
pub fn alternatives<T: AsRef<str>>(names: &[T]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| quote(name.as_ref())).collect();
    match quoted.split_last() {
        None => String::new(),
        Some((only, [])) => only.clone(),
        Some((last, rest)) => format!("{} or {last}", rest.join(", ")),
    }
}

/// The candidate that a misspelt name was most likely meant to be, if any is near enough.
pub fn near_name<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    if name.is_empty() || name.len() > COMPARED_BYTES {
        return None;
    }
    let plain = normalized(name);
    let limit = plain.chars().count().max(3) / 3;
    candidates
        .into_iter()
        .filter(|candidate| !candidate.is_empty() && candidate.len() <= COMPARED_BYTES)
        .filter_map(|candidate| {
            let other = normalized(candidate);
            let distance = damerau_levenshtein(&plain, &other);
            let likeness = jaro_winkler(&plain, &other);
            (distance < plain.chars().count() && (distance <= limit || likeness >= ALIKE))
                .then_some((distance, likeness, candidate))
        })
        .min_by(|a, b| a.0.cmp(&b.0).then(b.1.total_cmp(&a.1)))
        .map(|(_, _, candidate)| candidate)
}

/// The names most like this one, the nearest first.
#[must_use]
pub fn nearest<'a>(name: &str, mut candidates: Vec<&'a str>, count: usize) -> Vec<&'a str> {
    let plain: String = normalized(name).chars().take(COMPARED_BYTES).collect();
    let likeness = |candidate: &str| jaro_winkler(&plain, &normalized(candidate));
    candidates.sort_by(|a, b| likeness(b).total_cmp(&likeness(a)));
    candidates.truncate(count);
    candidates
}

fn normalized(name: &str) -> String {
    name.chars().map(|letter| if letter == '-' { '_' } else { letter.to_ascii_lowercase() }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_misspelt_name_finds_its_neighbour_and_a_foreign_one_none() {
        let known = ["retry", "when", "trigger_dag", "list_dags", "ignore_errors", "id"];
        for (name, near) in [
            ("retrys", Some("retry")),
            ("Retry", Some("retry")),
            ("rerty", Some("retry")),
            ("trigger", Some("trigger_dag")),
            ("trigger-dag", Some("trigger_dag")),
            ("list_dag", Some("list_dags")),
            ("ignore_error", Some("ignore_errors")),
            ("whne", Some("when")),
            ("colour", None),
            ("x", None),
            ("d", None),
            ("", None),
        ] {
            assert_eq!(near_name(name, known), near, "{name}");
        }
        assert_eq!(near_name(&"a".repeat(1_000_000), known), None);
    }

    #[test]
    fn quoted_words_stay_short_and_on_one_line() {
        assert_eq!(quote("a b"), "`a b`");
        assert_eq!(quote("a\n"), "`a`");
        assert_eq!(quote("a\nb"), "`a…`");
        assert_eq!(quote(&"é".repeat(100)).chars().count(), QUOTED_CHARS + 3);
    }

    #[test]
    fn alternatives_read_like_a_sentence() {
        assert_eq!(alternatives(&["a"]), "`a`");
        assert_eq!(alternatives(&["a", "b", "c"]), "`a`, `b` or `c`");
        assert_eq!(alternatives::<&str>(&[]), "");
    }
}
