//! A text with `%` for anything, as `dag_id_pattern` has it, where Airflow has no such filter or only one version has.

/// Whether `text` holds the pattern somewhere, in any case.
pub(super) fn is_like(pattern: &str, text: &str) -> bool {
    let text = text.to_lowercase();
    let mut rest = text.as_str();
    pattern.to_lowercase().split('%').all(|piece| match rest.split_once(piece) {
        Some((_, after)) => {
            rest = after;
            true
        }
        None => piece.is_empty(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_is_found_anywhere_in_any_case_and_its_pieces_in_their_order() {
        for (pattern, text, expected) in [
            ("loan", "daily_loan_run", true),
            ("LOAN", "daily_loan_run", true),
            ("daily%run", "my_daily_loan_run_2", true),
            ("run%daily", "daily_loan_run", false),
            ("s3://%.csv", "s3://bucket/a.csv", true),
            ("%", "", true),
            ("", "x", true),
            ("a%a", "a", false),
            ("_", "x", false),
        ] {
            assert_eq!(is_like(pattern, text), expected, "{pattern} {text}");
        }
    }
}
