//! The forms that a secret takes when it travels.
//!
//! In: a secret of at least [`super::SHORT`] characters. Out: the byte strings to look for: plain, JSON-escaped,
//! percent-encoded, base64 at each of the three places it can start in a group. A form may be cut at its ends to what the
//! secret alone decides.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use percent_encoding::{AsciiSet, CONTROLS, NON_ALPHANUMERIC, utf8_percent_encode};

use super::SHORT;

/// Longer secrets are looked for in pieces of this many bytes, so that the search stays small.
const PIECE: usize = 512;

/// RFC 3986's unreserved characters stay.
const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');
/// Python's `quote` leaves the slash, too.
const SLASH: &AsciiSet = &UNRESERVED.remove(b'/');
/// JavaScript's `encodeURIComponent`.
const COMPONENT: &AsciiSet = &UNRESERVED.remove(b'!').remove(b'*').remove(b'\'').remove(b'(').remove(b')');
/// The WHATWG query of a URL.
const QUERY: &AsciiSet = &CONTROLS.add(b' ').add(b'"').add(b'#').add(b'<').add(b'>').add(b'\'');
/// The WHATWG path of a URL.
const PATH: &AsciiSet = &QUERY.remove(b'\'').add(b'?').add(b'^').add(b'`').add(b'{').add(b'}');
/// The WHATWG user info of a URL.
const USER_INFO: &AsciiSet =
    &PATH.add(b'/').add(b':').add(b';').add(b'=').add(b'@').add(b'[').add(b'\\').add(b']').add(b'|').add(b'\'');

/// Every byte string that gives the secret away.
pub(super) fn all(secret: &str) -> BTreeSet<Vec<u8>> {
    let mut forms = BTreeSet::new();
    for text in parts(secret) {
        let mut texts = vec![text.to_owned()];
        texts.extend(json(text));
        texts.extend(percent(text));
        texts.extend(base64(text.as_bytes()));
        forms.extend(texts.into_iter().map(String::into_bytes));
    }
    forms
}

/// The secret itself, its lines, and its pieces when it is very long.
fn parts(secret: &str) -> Vec<&str> {
    let lines = secret.lines().map(str::trim).filter(|line| line.chars().count() >= SHORT);
    let mut parts = Vec::new();
    for whole in lines.chain([secret]) {
        let mut rest = whole;
        while rest.len() > PIECE {
            let cut = (0..=PIECE).rev().find(|at| rest.is_char_boundary(*at)).unwrap_or(rest.len());
            let (piece, tail) = rest.split_at(cut);
            parts.push(piece);
            rest = tail;
        }
        // A last piece too short to stand alone goes with the bytes before it.
        let start = (0..=whole.len().saturating_sub(rest.len().max(PIECE / 8)))
            .rev()
            .find(|at| whole.is_char_boundary(*at))
            .unwrap_or_default();
        parts.push(&whole[start..]);
    }
    parts
}

/// As JSON text, once and twice, and with everything outside ASCII escaped as Python does it.
fn json(text: &str) -> Vec<String> {
    let once = json_escaped(text);
    let ascii = ascii_escaped(&once);
    vec![json_escaped(&once), json_escaped(&ascii), once, ascii]
}

fn json_escaped(text: &str) -> String {
    let quoted = serde_json::Value::from(text).to_string();
    quoted[1..quoted.len() - 1].to_owned()
}

fn ascii_escaped(json: &str) -> String {
    let mut escaped = String::with_capacity(json.len());
    for c in json.chars() {
        if c.is_ascii() {
            escaped.push(c);
        } else {
            let mut units = [0; 2];
            escaped.extend(c.encode_utf16(&mut units).iter().map(|unit| format!("\\u{unit:04x}")));
        }
    }
    escaped
}

fn percent(text: &str) -> Vec<String> {
    let sets = [NON_ALPHANUMERIC, UNRESERVED, SLASH, COMPONENT, QUERY, PATH, USER_INFO];
    let mut forms: Vec<String> = sets.iter().map(|set| utf8_percent_encode(text, set).to_string()).collect();
    forms.push(utf8_percent_encode(text, UNRESERVED).to_string().replace("%20", "+"));
    let lower: Vec<String> = forms.iter().map(|form| with_lower_hex(form)).collect();
    forms.extend(lower);
    forms
}

/// `%2F` becomes `%2f`; the characters between stay as they are.
fn with_lower_hex(form: &str) -> String {
    form.split('%')
        .enumerate()
        .map(|(at, part)| if at == 0 { part.to_owned() } else { lower_start(part) })
        .collect::<Vec<_>>()
        .join("%")
}

fn lower_start(part: &str) -> String {
    let (hex, rest) = part.split_at_checked(2).unwrap_or((part, ""));
    format!("{}{rest}", hex.to_ascii_lowercase())
}

/// The characters that the secret alone decides, when it starts at byte 0, 1 or 2 of a group of three.
fn base64(secret: &[u8]) -> Vec<String> {
    let mut forms = Vec::new();
    for lead in 0..3_usize {
        let mut bytes = vec![0; lead];
        bytes.extend_from_slice(secret);
        let decided = (lead * 8).div_ceil(6)..bytes.len() * 8 / 6;
        for text in [STANDARD_NO_PAD.encode(&bytes), URL_SAFE_NO_PAD.encode(&bytes)] {
            let kernel = text[decided.clone()].to_owned();
            forms.push(utf8_percent_encode(&kernel, UNRESERVED).to_string());
            forms.push(kernel);
        }
    }
    forms
}
