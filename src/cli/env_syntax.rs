//! What stands in a `.env` file, line by line.
//!
//! In: the bytes of the file. Out: its variables, each with its line, and what is wrong with it. Other programs have their
//! lines in it, too, in forms that are not ours; each is an entry with a flaw and hides none of the lines after it. dotenvy
//! reads the values, one at a time and only where it can't change them: it would expand a `$` or drop a backslash silently,
//! and its errors hold the line, which is a secret.

/// What stands for bytes that are not UTF-8.
const NOT_TEXT: char = char::REPLACEMENT_CHARACTER;
/// How a block with a key or certificate begins and ends.
const BLOCK: (&str, &str) = ("-----BEGIN ", "-----END ");

/// One variable of a `.env` file.
pub(crate) struct Entry {
    /// The line it starts on, from 1.
    pub(crate) line: usize,
    /// Its name; of a line in another form, what stands where a name would.
    pub(crate) name: String,
    /// Its value as it stands there, without the quotes round it; what to mask when it can't be used.
    pub(crate) raw: String,
    /// Its value, or why it has none.
    pub(crate) value: Result<String, Flaw>,
}

/// Why a variable of a `.env` file has no value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Flaw {
    /// No `NAME=value`.
    #[error("it is not of the form `NAME='value'`")]
    Form,
    /// A quote that is opened and not closed.
    #[error("a quote is opened there and never closed; put the value in single quotes")]
    Unclosed,
    /// A `$` or backslash that is not in single quotes.
    #[error(
        "its value holds a `$` or a backslash, which means something else outside single quotes; put the value in single quotes"
    )]
    Special,
    /// A quote in the middle, a `#` at the start or text after the closing quote.
    #[error("its value holds a quote or a `#`, which means something else there; put the value in single quotes")]
    Quoting,
    /// White space without quotes.
    #[error("its value holds white space; put the value in single quotes")]
    Space,
    /// A key or certificate over several lines, without quotes.
    #[error("its value goes over several lines; put the value in single quotes")]
    Lines,
    /// Bytes that are not UTF-8.
    #[error("its value is not UTF-8")]
    NotText,
}

impl Entry {
    /// Whether it is about a variable; of a line in another form, such as `$env:NAME = …`, whether it speaks of it.
    pub(crate) fn is_about(&self, variable: &str) -> bool {
        let part = |c: char| !(c.is_ascii_alphanumeric() || c == '_');
        self.name == variable || (self.value == Err(Flaw::Form) && self.name.split(part).any(|word| word == variable))
    }

    /// Whether no program that reads `NAME=value` could read it as it stands.
    pub(crate) fn is_foreign(&self) -> bool {
        match self.value {
            Err(Flaw::Form | Flaw::Unclosed | Flaw::Lines | Flaw::NotText) => true,
            Ok(_) | Err(Flaw::Special | Flaw::Quoting | Flaw::Space) => false,
        }
    }
}

/// Reads a `.env` file; the last of several variables of one name is last here, too.
pub(crate) fn entries(bytes: &[u8]) -> Vec<Entry> {
    let text = String::from_utf8_lossy(bytes);
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    let lines: Vec<&str> = text.lines().collect();
    let mut entries = Vec::new();
    let mut at = 0;
    while let Some(line) = lines.get(at) {
        let trimmed = line.trim();
        if !trimmed.is_empty() && !trimmed.starts_with('#') {
            let (mut entry, taken) = entry(&lines[at..], at + 1);
            if entry.raw.contains(NOT_TEXT) && entry.value != Err(Flaw::Form) {
                entry.value = Err(Flaw::NotText);
            }
            entries.push(entry);
            at += taken;
        } else {
            at += 1;
        }
    }
    entries
}

/// The variable that starts on the first of `lines`, and how many lines it takes.
fn entry(lines: &[&str], line: usize) -> (Entry, usize) {
    let Some((name, value)) = split(lines[0]) else {
        let line_itself = lines[0];
        let parts = line_itself.split_once('=').or_else(|| line_itself.split_once(':'));
        let (name, raw) = parts.unwrap_or((line_itself, line_itself));
        let name = name.trim().trim_start_matches("export ").trim().to_owned();
        return (Entry { line, name, raw: raw.trim().to_owned(), value: Err(Flaw::Form) }, 1);
    };
    let name = name.to_owned();
    if let Some(taken) = block(value, lines) {
        let raw = std::iter::once(value).chain(lines[1..taken].iter().copied()).collect::<Vec<_>>().join("\n");
        return (Entry { line, name, raw, value: Err(Flaw::Lines) }, taken);
    }
    let quote = value.chars().next().filter(|c| matches!(c, '\'' | '"'));
    let (raw, value, taken) = quote.map_or_else(|| bare(value), |quote| quoted(value, quote, lines));
    (Entry { line, name, raw, value }, taken)
}

/// How many lines a key or certificate without quotes takes.
fn block(value: &str, lines: &[&str]) -> Option<usize> {
    let begins = value.starts_with(BLOCK.0);
    let end = lines.iter().skip(1).position(|line| line.trim_start().starts_with(BLOCK.1)).filter(|_| begins)?;
    Some(end + 2)
}

/// Name and value of `export NAME = value`; the value keeps the white space before it only when it is a comment.
fn split(line: &str) -> Option<(&str, &str)> {
    let line = line.trim();
    let rest = line.strip_prefix("export").filter(|rest| rest.starts_with([' ', '\t'])).map(str::trim_start);
    let line = rest.filter(|rest| !rest.starts_with('=')).unwrap_or(line);
    let (name, value) = line.split_once('=')?;
    let name = name.trim_end();
    let starts_well = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    let is_name = starts_well && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.'));
    let value = if value.trim_start().starts_with('#') { value } else { value.trim_start() };
    is_name.then_some((name, value))
}

/// A value in quotes, which may go over several lines.
fn quoted(value: &str, quote: char, lines: &[&str]) -> (String, Result<String, Flaw>, usize) {
    let mut text = value[1..].to_owned();
    let mut taken = 1;
    let end = loop {
        if let Some(end) = closing(&text, quote) {
            break end;
        }
        let Some(next) = lines.get(taken) else {
            return (value[1..].to_owned(), Err(Flaw::Unclosed), 1);
        };
        text.push('\n');
        text.push_str(next);
        taken += 1;
    };
    let (raw, tail) = (text[..end].to_owned(), &text[end + 1..]);
    let tail_is_fine = tail.trim().is_empty() || (tail.starts_with([' ', '\t']) && tail.trim_start().starts_with('#'));
    // What looks like the end is the beginning of another value: this one has none.
    if taken > 1 && !tail_is_fine {
        return (value[1..].to_owned(), Err(Flaw::Unclosed), 1);
    }
    let value = match quote {
        _ if !tail_is_fine => Err(Flaw::Quoting),
        // Nothing has a meaning in single quotes; dotenvy would take a backslash at their end for an escape.
        '\'' => Ok(raw.clone()),
        _ if raw.contains(['$', '\\']) => Err(Flaw::Special),
        _ => by_dotenvy(&format!("\"{raw}\"")),
    };
    (raw, value, taken)
}

/// Where the closing quote is; a backslash before a double quote is an escape.
fn closing(text: &str, quote: char) -> Option<usize> {
    let mut escaped = false;
    text.char_indices().find_map(|(at, c)| {
        let closes = c == quote && !escaped;
        escaped = quote == '"' && c == '\\' && !escaped;
        closes.then_some(at)
    })
}

/// A value without quotes; ` #` starts a comment.
fn bare(value: &str) -> (String, Result<String, Flaw>, usize) {
    let comment =
        value.char_indices().zip(value.chars().skip(1)).find(|((_, c), next)| matches!(c, ' ' | '\t') && *next == '#');
    let text = comment.map_or(value, |((at, _), _)| &value[..at]).trim();
    let value = if text.contains(['$', '\\']) {
        Err(Flaw::Special)
    } else if text.contains(['\'', '"']) || text.starts_with('#') {
        Err(Flaw::Quoting)
    } else if text.contains(char::is_whitespace) {
        Err(Flaw::Space)
    } else {
        by_dotenvy(text)
    };
    (text.to_owned(), value, 1)
}

/// The value as dotenvy reads it. Its error is dropped, since it holds the value.
fn by_dotenvy(value: &str) -> Result<String, Flaw> {
    let line = format!("VALUE={value}\n");
    let first = dotenvy::from_read_iter(line.as_bytes()).next();
    first.and_then(Result::ok).map(|(_, value)| value).ok_or(Flaw::Form)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::proptest;

    fn read(text: &str) -> Vec<(usize, String, Result<String, Flaw>)> {
        entries(text.as_bytes()).into_iter().map(|entry| (entry.line, entry.name, entry.value)).collect()
    }

    #[test]
    fn the_forms_that_people_write_are_read() {
        let cases = [
            ("A=b", "b"),
            ("  A = \"b c\"  ", "b c"),
            ("export A='b'", "b"),
            ("export\tA = b # a comment, isn't it", "b"),
            ("A='b' # it's \"one\"", "b"),
            ("A=b#c", "b#c"),
            ("A=", ""),
            ("A=   # nothing", ""),
            ("A=\"https://h.example/api/v1/\"\r", "https://h.example/api/v1/"),
            ("\u{feff}A=b", "b"),
            ("A='p$a\\ss#w\"o rd\\'", "p$a\\ss#w\"o rd\\"),
            ("A=\"it's\"", "it's"),
            ("A=b= ", "b="),
        ];
        for (text, value) in cases {
            assert_eq!(read(text), [(1, "A".to_owned(), Ok(value.to_owned()))], "{text:?}");
            assert_eq!(read(&format!("# c\n\n{text}\n")).len(), 1, "{text:?}");
        }
        assert_eq!(read("export=b"), [(1, "export".to_owned(), Ok("b".to_owned()))]);
    }

    #[test]
    fn what_would_be_changed_silently_is_a_flaw() {
        let cases = [
            ("A=p$ss", Flaw::Special),
            ("A=\"p$ss\"", Flaw::Special),
            ("A=p\\ss", Flaw::Special),
            ("A=\"p\\\"ss\"", Flaw::Special),
            ("A=it's", Flaw::Quoting),
            ("A=#abc", Flaw::Quoting),
            ("A='it'\\''s'", Flaw::Quoting),
            ("A=\"a\"b", Flaw::Quoting),
            ("A=\"a\"#b", Flaw::Quoting),
            ("A=two words", Flaw::Space),
            ("A='open", Flaw::Unclosed),
            ("A: b", Flaw::Form),
            ("A-B=c", Flaw::Form),
            ("=c", Flaw::Form),
        ];
        for (text, flaw) in cases {
            let found = read(text);
            assert_eq!(found.len(), 1, "{text}");
            assert_eq!(found[0].2, Err(flaw), "{text}");
        }
    }

    #[test]
    fn a_flaw_leaves_the_lines_after_it_readable() {
        let found = read("A='open\nB=b\nC=\"$x\"\nD=d");
        let names: Vec<(usize, &str)> = found.iter().map(|(line, name, _)| (*line, name.as_str())).collect();
        assert_eq!(names, [(1, "A"), (2, "B"), (3, "C"), (4, "D")]);
        assert_eq!(found[3].2, Ok("d".to_owned()));
    }

    #[test]
    fn lines_of_other_programs_hide_none_of_those_after_them() {
        for foreign in [
            "PASSED_THROUGH",
            "my-app.port=8000",
            "[section]",
            "key: value",
            "export X",
            "set -a",
            "{",
            "=x",
            "X='open",
            "X=\"open",
            "X='open\nY='other'",
            "-----BEGIN KEY-----\nabc=\n-----END KEY-----",
            "X=-----BEGIN KEY-----\nMY=wrong\n-----END KEY-----",
            "X=a\0b",
            "\0",
            "é=1",
        ] {
            let found = read(&format!("{foreign}\nMY_KEY=mine\n"));
            assert!(
                found.contains(&(foreign.lines().count() + 1, "MY_KEY".to_owned(), Ok("mine".to_owned()))),
                "{foreign}: {found:?}"
            );
            assert!(!found.iter().any(|(_, name, _)| name == "MY"), "{foreign}: {found:?}");
        }
        let found = entries(b"X=\xff\xfe\nMY_KEY=mine\r\nMY_OTHER=m\xffne\n");
        let values: Vec<_> = found.into_iter().map(|entry| entry.value).collect();
        assert_eq!(values, [Err(Flaw::NotText), Ok("mine".to_owned()), Err(Flaw::NotText)]);
    }

    #[test]
    fn a_line_in_another_form_is_known_to_speak_of_a_variable() {
        for line in ["MY_KEY: x", "$env:MY_KEY = 'x'", "set MY_KEY=x y", "MY_KEY", "export MY_KEY", "\"MY_KEY\": 1"] {
            assert!(entries(line.as_bytes())[0].is_about("MY_KEY"), "{line}");
        }
        for line in ["MY_KEY_2: x", "X: MY_KEY", "NOT_MY_KEY"] {
            assert!(!entries(line.as_bytes())[0].is_about("MY_KEY"), "{line}");
        }
    }

    #[test]
    fn a_value_in_quotes_goes_over_lines() {
        let found = read("A='one\n#two\n' # c\nB=\"x\ny\"\nC=c");
        let values: Vec<&str> = found.iter().filter_map(|(_, _, value)| value.as_deref().ok()).collect();
        assert_eq!(values, ["one\n#two\n", "x\ny", "c"]);
        assert_eq!(found[2].0, 6);
    }

    #[test]
    fn the_name_of_a_line_in_a_wrong_form_is_known_and_no_flaw_shows_a_value() {
        let found = read("MY_AIRFLOW_API_KEY: hunter2");
        assert_eq!(found[0].1, "MY_AIRFLOW_API_KEY");
        assert!(!Flaw::Form.to_string().contains("hunter2"));
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_panic(text in "[ -~\\n\\r\\té\u{feff}]{0,60}") {
            assert!(entries(text.as_bytes()).iter().all(|entry| entry.line >= 1));
        }

        #[test]
        fn what_is_read_is_what_dotenvy_reads(gap in "[ \\t]{0,2}", value in "[a-c$\\\\'\"# =é]{0,8}", tail in "( #c'\"| )?") {
            let line = format!("A{gap}={gap}{value}{tail}\n");
            let ours = read(&line).pop().and_then(|(_, _, value)| value.ok());
            let theirs = dotenvy::from_read_iter(line.as_bytes()).next().and_then(Result::ok);
            // It fails on more lines than we do, such as `A=b  # it's`; where both read a value, it is the same.
            if let (Some(ours), Some((_, theirs))) = (ours, theirs) {
                assert_eq!(ours, theirs, "{line:?}");
            }
        }
    }
}
