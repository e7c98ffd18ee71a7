//! Text made safe for what reads it: a shell, a crontab, a systemd unit, YAML, an expression of GitHub.
//!
//! Controls, line ends above all, are refused before: see `job`.

use std::fmt::Write as _;

/// One word of a shell, as it is.
pub(in crate::cli) fn shell(text: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "_-./:=@+,".contains(c);
    if !text.is_empty() && text.chars().all(is_plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// One word of a command in a crontab. Cron takes a bare `%` for the end of the line, and some take two backslashes for one.
pub(super) fn crontab(text: &str) -> String {
    let quoted = shell(text);
    if quoted == text {
        return quoted;
    }
    let mut word = String::from("'");
    for c in text.chars() {
        match c {
            '\'' => word.push_str(r"'\''"),
            '%' => word.push_str(r"'\%'"),
            '\\' => word.push_str(r"\''"),
            _ => word.push(c),
        }
    }
    word.push('\'');
    word
}

/// One word of `ExecStart=`, which has specifiers, variables and escapes of its own.
pub(super) fn exec(text: &str) -> String {
    let text = text.replace('\\', r"\\").replace('"', "\\\"").replace('%', "%%").replace('$', "$$");
    format!("\"{text}\"")
}

/// The text of a `Description=`.
pub(super) fn description(text: &str) -> String {
    // A backslash at the end of a line would join it with the next.
    text.replace('%', "%%").replace('\\', "/")
}

/// A YAML string.
pub(super) fn yaml(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        let written = match c {
            '"' | '\\' => write!(quoted, "\\{c}"),
            '\u{85}' | '\u{2028}' | '\u{2029}' | '\u{feff}' => write!(quoted, "\\u{:04x}", u32::from(c)),
            _ => write!(quoted, "{c}"),
        };
        written.expect("a String takes all that is written to it");
    }
    quoted.push('"');
    quoted
}

/// A YAML string in a GitHub workflow, in which no expression is meant.
pub(super) fn github(text: &str) -> String {
    yaml(&text.replace("${{", "${{ '${{' }}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_a_meaning_for_its_reader_is_quoted() {
        assert_eq!(shell("a/b-c.yaml"), "a/b-c.yaml");
        assert_eq!(shell("it's 5%"), r"'it'\''s 5%'");
        assert_eq!(shell(""), "''");
        assert_eq!(crontab("a b'%\\c"), r"'a b'\'''\%'\''c'");
        assert_eq!(exec(r#"a "b" $c %d \e"#), r#""a \"b\" $$c %%d \\e""#);
        assert_eq!(description("100% \\"), "100%% /");
        assert_eq!(yaml("a\"\\\u{2028}ü"), "\"a\\\"\\\\\\u2028ü\"");
        assert_eq!(github("${{ x }}"), "\"${{ '${{' }} x }}\"");
    }

    #[test]
    fn a_shell_reads_the_very_text_again_also_after_cron_has_read_it() {
        for text in ["a b", "it's", "100%", "a\\\\b%\\%c\\", "$HOME `x` \"y\" *", "ü 日本", "~", "#"] {
            let as_cron_hands_it_on = crontab(text).replace("\\%", "%");
            for word in [shell(text), crontab(text), as_cron_hands_it_on] {
                let output = std::process::Command::new("/bin/sh").args(["-c", &format!("printf %s {word}")]).output();
                assert_eq!(String::from_utf8_lossy(&output.expect("a shell").stdout), text, "{word}");
            }
        }
    }
}
