//! Bytes to text.
//!
//! In: the bytes of a file. Out: its text without a byte order mark, or one diagnostic that says which byte is not text
//! and what the file more likely is. Only UTF-8 is taken; nothing is converted.

use crate::diagnostic::{Code, Diagnostic};
use crate::source::{SourceFile, Span};

/// The largest file that is read, in bytes.
const LARGEST_FILE: usize = 4 * 1024 * 1024;

/// Takes the bytes of a file as text.
///
/// # Errors
/// The file is too large (`E004`), is not UTF-8 or holds a NUL character (`E005`).
#[expect(clippy::result_large_err, reason = "made once for a file, and nobody hands it on through a hot path")]
pub fn decode(name: &str, bytes: Vec<u8>) -> Result<SourceFile, Diagnostic> {
    if bytes.len() > LARGEST_FILE {
        return Err(too_large(name, bytes.len()));
    }
    if let Some(order) = utf16_order(&bytes) {
        let file = SourceFile::new(name, String::new());
        let message = format!("the file is UTF-16 ({order}), not UTF-8");
        return Err(Diagnostic::new(Code::NOT_TEXT, &file, Span::default(), message).with_help(SAVE_AS_UTF8));
    }
    let text = String::from_utf8(bytes).map_err(|error| not_utf8(name, &error))?;
    let file = SourceFile::new(name, text.strip_prefix('\u{feff}').unwrap_or(&text));
    match file.text().find('\0') {
        None => Ok(file),
        Some(at) => {
            let message = "the file holds a NUL character, so it is not text";
            Err(Diagnostic::new(Code::NOT_TEXT, &file, Span::new(at, at + 1), message))
        }
    }
}

const SAVE_AS_UTF8: &str = "save the file as UTF-8";

fn too_large(name: &str, size: usize) -> Diagnostic {
    let file = SourceFile::new(name, String::new());
    let message = format!("the file has {size} bytes, more than the {LARGEST_FILE} that are read");
    Diagnostic::new(Code::TOO_LARGE, &file, Span::default(), message)
}

fn utf16_order(bytes: &[u8]) -> Option<&'static str> {
    match bytes {
        [0xff, 0xfe, ..] => Some("little endian"),
        [0xfe, 0xff, ..] => Some("big endian"),
        [first, 0, second, 0, ..] if *first != 0 && *second != 0 => Some("little endian, without a mark"),
        [0, first, 0, second, ..] if *first != 0 && *second != 0 => Some("big endian, without a mark"),
        _ => None,
    }
}

fn not_utf8(name: &str, error: &std::string::FromUtf8Error) -> Diagnostic {
    let bytes = error.as_bytes();
    let start = error.utf8_error().valid_up_to();
    let bad = bytes[start];
    let file = SourceFile::new(name, String::from_utf8_lossy(bytes));
    // Everything before the bad byte is unchanged, so the place is the same in the replaced text.
    let span = Span::new(start, start + '\u{fffd}'.len_utf8());
    let alone = bytes.get(start + 1).is_none_or(u8::is_ascii) && bad >= 0xa0;
    let message = if alone {
        format!("byte 0x{bad:02x} is not UTF-8; in Latin-1 it would be `{}`", char::from(bad))
    } else {
        format!("byte 0x{bad:02x} is not UTF-8")
    };
    Diagnostic::new(Code::NOT_TEXT, &file, span, message).with_help(SAVE_AS_UTF8)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::draw;

    fn message(bytes: &[u8]) -> String {
        draw(&[decode("a.yaml", bytes.to_vec()).expect_err("it is refused")], false)
    }

    #[test]
    fn text_is_taken_and_a_byte_order_mark_dropped() {
        for bytes in [&b"a: 1"[..], b"\xef\xbb\xbfa: 1"] {
            assert_eq!(decode("a", bytes.to_vec()).expect("it is text").text(), "a: 1");
        }
        assert_eq!(decode("a", Vec::new()).expect("it is text").text(), "");
    }

    #[test]
    fn a_byte_that_is_not_utf8_is_shown_at_its_line_and_column() {
        assert_eq!(
            message(b"a: 1\nb: caf\xe9 x\n"),
            "\
error[E005]: byte 0xe9 is not UTF-8; in Latin-1 it would be `é`
 --> a.yaml:2:7
  |
2 | b: caf� x
  |       ^
  |
  = help: save the file as UTF-8
"
        );
        assert!(message(b"a\xc3").contains("byte 0xc3 is not UTF-8"));
        assert!(message(b"\x80").contains("byte 0x80 is not UTF-8\n"));
    }

    #[test]
    fn utf16_is_recognised_in_words() {
        for bytes in [&b"\xff\xfea\0"[..], b"\xfe\xff\0a", b"a\0:\0", b"\0a\0:"] {
            assert!(message(bytes).contains("the file is UTF-16"), "{bytes:?}");
        }
    }

    #[test]
    fn nul_and_a_huge_file_are_refused() {
        assert!(message(b"a: \0").starts_with("error[E005]: the file holds a NUL character"));
        assert!(message(&vec![b'a'; LARGEST_FILE + 1]).starts_with("error[E004]: the file has 4194305 bytes"));
        assert!(decode("a", vec![b'a'; LARGEST_FILE]).is_ok());
    }
}
