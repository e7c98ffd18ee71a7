//! Secrets: which texts are secret, and how they are kept from leaving.
//!
//! In: the secrets, at any time. Out: the same text or JSON with `***` where a secret stood. Where the secrets come from is
//! not known here, nor where the text goes.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use percent_encoding::percent_decode_str;
use serde_json::Value;

mod document;
mod finder;
mod masked;
mod name;
mod patterns;
mod reading;
mod url;
mod webhook;

use finder::Finder;
use name::proxy_password;

pub use masked::Masked;
pub use name::{is_secret_name, is_trivial};
pub use url::url_secrets;

/// What stands where a secret was.
pub const MASK: &str = "***";

/// Secrets shorter than this many characters are masked only where they are the whole of a value.
pub const SHORT: usize = 6;

/// Numbers in a secret that is JSON with fewer characters are no secrets.
const NUMBER_LEAST: usize = 4;

/// Knows the secrets and masks them; clones share one set.
#[derive(Clone, Default)]
pub struct Masker(Arc<Mutex<Known>>);

#[derive(Default)]
struct Known {
    long: Finder,
    short: BTreeSet<String>,
}

impl std::fmt::Debug for Masker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Masker(***)")
    }
}

impl Masker {
    /// A masker that knows no secret yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Learns a secret, in all its forms; from now on it is masked. White space alone is no secret.
    ///
    /// A secret of several lines is also masked line by line, and what stands in one that is JSON by itself.
    pub fn learn(&self, secret: &str) {
        let secret = secret.trim();
        if let Ok(parsed @ (Value::Object(_) | Value::Array(_))) = serde_json::from_str(secret) {
            self.learn_values(&parsed);
        }
        let lines = secret.lines().map(str::trim).filter(|line| line.chars().count() >= SHORT);
        for line in lines.filter(|line| *line != secret) {
            self.known().long.learn(line);
        }
        self.learn_whole(secret);
    }

    fn learn_whole(&self, secret: &str) {
        match secret.chars().count() {
            0 => {}
            length if length < SHORT => self.mask_in_place(secret),
            _ => self.known().long.learn(secret),
        }
    }

    /// Learns every text in a secret that is JSON, and every number that is long enough to be one.
    fn learn_values(&self, value: &Value) {
        match value {
            Value::String(text) if !is_trivial(text) => self.learn(text),
            Value::Number(number) => {
                let number = number.to_string();
                if number.len() >= NUMBER_LEAST {
                    self.learn_whole(&number);
                }
            }
            Value::Array(items) => items.iter().for_each(|item| self.learn_values(item)),
            Value::Object(map) => map.values().for_each(|item| self.learn_values(item)),
            Value::String(_) | Value::Null | Value::Bool(_) => {}
        }
    }

    /// Learns the URL of a webhook: all of it, and those of its parts that are as good as the whole.
    pub fn learn_webhook(&self, url: &str) {
        for secret in webhook::secrets(url) {
            self.learn(&secret);
        }
    }

    /// Masks `value` only where it is the whole of a string value.
    pub fn mask_in_place(&self, value: &str) {
        if !value.is_empty() {
            self.known().short.insert(value.to_owned());
        }
    }

    /// Learns the value of every variable whose name says that it is secret, by [`is_secret_name`], unless it
    /// [is trivial](is_trivial), and the password in the URL of a proxy.
    pub fn learn_env<'a>(&self, variables: impl IntoIterator<Item = (&'a str, &'a str)>) {
        for (name, value) in variables {
            if is_secret_name(name) && !is_trivial(value) {
                self.learn(value);
            } else if let Some(password) = proxy_password(name, value) {
                self.learn(password);
                self.learn(&percent_decode_str(password).decode_utf8_lossy());
            }
        }
    }

    /// The text with `***` where a secret stood.
    #[must_use]
    pub fn mask<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let found = self.found(text);
        if found.is_empty() {
            return Cow::Borrowed(text);
        }
        let mut masked = String::with_capacity(text.len());
        let mut end = 0;
        for range in found {
            masked.push_str(text.get(end..range.start).unwrap_or_default());
            masked.push_str(MASK);
            end = range.end.max(end);
        }
        masked.push_str(text.get(end..).unwrap_or_default());
        Cow::Owned(masked)
    }

    /// The text with each byte of a secret made a `*`, so that every other byte keeps its place, and every line its number.
    #[must_use]
    pub fn blot<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let found = self.found(text);
        if found.is_empty() {
            return Cow::Borrowed(text);
        }
        let mut blotted = String::with_capacity(text.len());
        for range in found {
            blotted.push_str(text.get(blotted.len()..range.start).unwrap_or_default());
            let hidden = text.get(blotted.len()..range.end).unwrap_or_default();
            blotted.extend(hidden.bytes().map(|byte| if byte == b'\n' { '\n' } else { '*' }));
        }
        blotted.push_str(text.get(blotted.len()..).unwrap_or_default());
        Cow::Owned(blotted)
    }

    /// Masks a string that is a whole value: short secrets, too, when they are all of it.
    #[must_use]
    pub fn mask_value<'a>(&self, value: &'a str) -> Cow<'a, str> {
        if self.known().short.contains(value) { Cow::Borrowed(MASK) } else { self.mask(value) }
    }

    /// A text that has no secret any more, and so may be cut.
    #[must_use]
    pub fn masked(&self, text: &str) -> Masked {
        Masked::new(self.mask_value(text).into_owned())
    }

    /// A value as JSON text on one line, which has no secret any more.
    #[must_use]
    pub fn masked_json(&self, mut value: Value) -> Masked {
        self.mask_json(&mut value);
        Masked::new(self.mask(&value.to_string()).into_owned())
    }

    /// A text that is sent as it is, cut to so many characters with `…` at its end; no secret is cut in two: where one would
    /// be, the text ends before it.
    #[must_use]
    pub fn cut_between_secrets(&self, text: &str, most: usize) -> String {
        if text.chars().nth(most).is_none() {
            return text.to_owned();
        }
        let end = text.char_indices().nth(most.saturating_sub(1)).map_or(text.len(), |(at, _)| at);
        let secret = self.found(text).into_iter().find(|range| range.start < end && range.end > end);
        let kept = text.get(..secret.map_or(end, |range| range.start)).unwrap_or_default();
        format!("{kept}{}", masked::CUT)
    }

    /// Whether a secret stands in the text, or a short one is all of it.
    #[must_use]
    pub fn holds_secret(&self, text: &str) -> bool {
        let known = self.known();
        known.short.contains(text) || known.long.is_in(text.as_bytes())
    }

    /// Whether masking the JSON that `json` is the text of could change it.
    #[must_use]
    pub fn touches(&self, json: &str) -> bool {
        let known = self.known();
        known.short.iter().any(|short| json.contains(short.as_str())) || known.long.is_in(json.as_bytes())
    }

    /// What of a text gives a secret away, in whole characters.
    fn found(&self, text: &str) -> Vec<Range<usize>> {
        let found = self.known().long.find(text.as_bytes());
        found.into_iter().map(|range| on_characters(text, range)).collect()
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Widens a range to whole characters: a pattern can end inside one only when it was cut there.
fn on_characters(text: &str, range: Range<usize>) -> Range<usize> {
    let start = (0..=range.start).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    let end = (range.end..=text.len()).find(|at| text.is_char_boundary(*at)).unwrap_or(text.len());
    start..end
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::Engine as _;
    use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
    use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
    use proptest::prelude::{ProptestConfig, Strategy, any, proptest};
    use serde_json::json;

    fn knowing(secrets: &[&str]) -> Masker {
        let masker = Masker::new();
        for secret in secrets {
            masker.learn(secret);
        }
        masker
    }

    #[test]
    fn a_secret_is_masked_in_every_form_that_it_travels_in() {
        let secret = "pä/s+w \"rd\\n&1";
        let masker = knowing(&[secret]);
        let percent = utf8_percent_encode(secret, NON_ALPHANUMERIC).to_string();
        let forms = [
            secret.to_owned(),
            percent.to_lowercase(),
            percent,
            json!(secret).to_string(),
            json!(json!(secret).to_string()).to_string(),
            "p\\u00e4/s+w \\\"rd\\\\n&1".to_owned(),
            "p%C3%A4%2Fs%2Bw+%22rd%5Cn%261".to_owned(),
            "p%C3%A4/s%2Bw%20%22rd%5Cn%261".to_owned(),
        ];
        for form in forms {
            let shown = masker.mask(&form).trim_matches('"').trim_matches(['\\', '"']).to_owned();
            assert_eq!(shown, MASK, "{form}");
        }
    }

    #[test]
    fn base64_of_a_secret_is_masked_in_all_three_alignments_and_both_alphabets() {
        let masker = knowing(&["hunter2??>"]);
        for lead in ["", "u", "us", "user:", "user::"] {
            let basic = format!("{lead}hunter2??>tail");
            for text in [STANDARD.encode(&basic), URL_SAFE_NO_PAD.encode(&basic)] {
                let shown = masker.mask(&text).into_owned();
                let (before, after) = shown.split_once(MASK).unwrap_or_else(|| panic!("nothing masked in {text}"));
                assert!(before.len() <= lead.len() * 4 / 3 + 1 && after.len() <= 8, "{text} became {shown}");
            }
        }
    }

    #[test]
    fn secrets_that_overlap_are_masked_together() {
        assert_eq!(knowing(&["abcdefgh", "efghijkl"]).mask("<abcdefghijkl>"), "<***>");
        assert_eq!(knowing(&["abcdefgh"]).mask("abcdefghabcdefgh abcdefgh"), "*** ***");
    }

    #[test]
    fn a_blot_leaves_everything_else_in_its_place() {
        let masker = knowing(&["hunter2", "pä🙂sword"]);
        assert_eq!(masker.blot("é hunter2 b pä🙂sword"), format!("é ******* b {}", "*".repeat("pä🙂sword".len())));
        assert!(matches!(masker.blot("nothing"), Cow::Borrowed(_)));
    }

    #[test]
    fn a_short_secret_is_masked_only_where_it_is_the_whole_value() {
        let masker = knowing(&["dev"]);
        assert_eq!(masker.mask("a device in dev"), "a device in dev");
        let mut value = json!({"dev": "dev", "device": "a dev", "list": ["dev", 1, true, null]});
        masker.mask_json(&mut value);
        assert_eq!(value, json!({"***": "***", "device": "a dev", "list": ["***", 1, true, null]}));
        assert!(masker.holds_secret("dev") && !masker.holds_secret("device"));
    }

    #[test]
    fn the_beginning_of_a_secret_that_somebody_cut_is_masked() {
        let secret = "Tr0ub4dor&3/".repeat(40);
        let masker = knowing(&[&secret]);
        for kept in [4, 5, 30, 255, 256, 257, 261, 300, 400] {
            for cut in ["…", "..."] {
                let shown = masker.mask(&format!("it is {}{cut} here", &secret[..kept])).into_owned();
                let rest = shown.trim_start_matches("it is ***").trim_end_matches(&format!("{cut} here"));
                assert!(rest.len() < 4 && shown.starts_with("it is ***"), "{kept}: {shown}");
            }
        }
        assert_eq!(masker.mask("the door… Tr0… and so on ..."), "the door… Tr0… and so on ...");
        assert!(masker.mask(&format!("{}…", &STANDARD.encode(&secret)[..100])).len() < 8);
    }

    #[test]
    fn a_text_that_is_sent_is_cut_before_a_secret_that_it_would_cut_in_two() {
        let masker = knowing(&["swordfish"]);
        assert_eq!(masker.cut_between_secrets("the swordfish is mine", 8), "the …");
        assert_eq!(masker.cut_between_secrets("the swordfish is mine", 14), "the swordfish…");
        assert_eq!(masker.cut_between_secrets("the swordfish", 13), "the swordfish");
    }

    #[test]
    fn what_stands_in_a_secret_that_is_json_is_secret_too() {
        let masker = knowing(&[
            "{\"password\": \"Quagga8!crossing\", \"deep\": [{\"pin\": 98765432, \"code\": 4711}], \"port\": 80, \"on\": true}",
        ]);
        assert_eq!(masker.mask("Quagga8!crossing 98765432 80 true"), "*** *** 80 true");
        let mut value = json!({"code": 4711, "port": 80, "on": "true"});
        masker.mask_json(&mut value);
        assert_eq!(value, json!({"code": "***", "port": 80, "on": "true"}));
    }

    #[test]
    fn a_clone_knows_what_the_other_learns_later() {
        let masker = Masker::new();
        let clone = masker.clone();
        assert_eq!(clone.mask("hunter2"), "hunter2");
        masker.learn("hunter2");
        assert_eq!(clone.mask("a hunter2 b"), "a *** b");
        masker.learn("swordfish");
        assert_eq!(clone.mask("swordfish and hunter2"), "*** and ***");
    }

    #[test]
    fn white_space_is_no_secret_and_white_space_round_a_secret_does_not_hide_it() {
        let masker = knowing(&["", "        ", " hunter2\n"]);
        assert_eq!(masker.mask("a          b hunter2"), "a          b ***");
    }

    #[test]
    fn a_secret_of_many_lines_is_masked_line_by_line() {
        let masker = knowing(&["-----BEGIN KEY-----\r\nMIIEpAIBAAKC\n-----END KEY-----\n"]);
        assert_eq!(masker.mask("  MIIEpAIBAAKC;"), "  ***;");
    }

    #[test]
    fn a_very_long_secret_is_masked_whole_and_in_part() {
        let secret: String = (0..9000).map(|n| char::from(b'a' + u8::try_from(n * 7 % 26).unwrap_or(0))).collect();
        let masked = knowing(&[&secret]).mask(&format!("<{secret}>")).into_owned();
        assert!(masked.chars().all(|c| "<*>".contains(c)), "{masked}");
    }

    #[test]
    fn only_variables_with_a_secret_name_and_passwords_of_proxies_are_learned() {
        let masker = Masker::new();
        masker.learn_env([
            ("https_proxy", "http://me:sword%66ish@proxy:3128/"),
            ("MY_API_KEY", "hunter2"),
            ("HOME", "/home/me"),
            ("MY_KEY_PATH", "/home/key"),
        ]);
        assert_eq!(masker.mask("hunter2 /home/me /home/key swordfish"), "*** /home/me /home/key ***");
        assert_eq!(masker.mask("http://me:sword%66ish@proxy:3128/"), "http://me:***@proxy:3128/");
    }

    fn secrets() -> impl Strategy<Value = String> {
        "[a-zA-Z0-9/+ \"'<>\\\\&%=_ä€😀\u{1}\n-]{6,40}".prop_map(|text| format!("Se{text}cret"))
    }

    /// As Python's `repr` has it.
    fn repr(text: &str) -> String {
        let escaped: String = text
            .chars()
            .map(|c| match c {
                '\\' => "\\\\".to_owned(),
                '\'' => "\\'".to_owned(),
                '\n' => "\\n".to_owned(),
                c if (c as u32) < 32 => format!("\\x{:02x}", c as u32),
                c => c.to_string(),
            })
            .collect();
        format!("'{escaped}'")
    }

    fn bytes_repr(text: &str) -> String {
        let escaped: String = text
            .bytes()
            .map(|byte| match byte {
                b'\\' | b'\'' => format!("\\{}", char::from(byte)),
                b' '..=b'~' => char::from(byte).to_string(),
                _ => format!("\\x{byte:02x}"),
            })
            .collect();
        format!("b'{escaped}'")
    }

    fn in_html(text: &str) -> String {
        let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
        text.replace('"', "&quot;").replace('\'', "&#39;")
    }

    fn wrapped(text: &str, width: usize) -> String {
        let letters: Vec<char> = text.chars().collect();
        letters.chunks(width).map(|line| line.iter().collect::<String>()).collect::<Vec<_>>().join("\n")
    }

    /// A text as something writes it.
    fn written(text: &str, form: u8) -> String {
        match form {
            0 => text.to_owned(),
            1 => utf8_percent_encode(text, NON_ALPHANUMERIC).to_string(),
            2 => utf8_percent_encode(text, NON_ALPHANUMERIC)
                .map(|part| if part.starts_with('%') { part.to_lowercase() } else { part.to_owned() })
                .collect(),
            3 => json!(text).to_string(),
            4 => serde_json::to_string(&json!(text))
                .map(|json| json.replace('<', "\\u003c").replace('&', "\\u0026"))
                .unwrap_or_default(),
            5 => json!(text)
                .to_string()
                .chars()
                .map(|c| if c.is_ascii() { c.to_string() } else { c.escape_unicode().to_string() })
                .collect(),
            6 => in_html(text),
            7 => repr(text),
            8 => bytes_repr(text),
            9 => format!("'{}'", text.replace('\'', "'\\''")),
            10 => text.split_whitespace().collect::<Vec<_>>().join(" "),
            11 => wrapped(text, 7),
            _ => utf8_percent_encode(text, NON_ALPHANUMERIC).to_string().replace("%20", "+"),
        }
    }

    fn in_base64(text: &str, form: u8) -> String {
        match form {
            0 => STANDARD.encode(text),
            1 => URL_SAFE_NO_PAD.encode(text),
            2 => wrapped(&STANDARD.encode(text), 19),
            _ => STANDARD.encode(STANDARD.encode(text)),
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(600))]

        #[test]
        fn a_secret_is_found_however_it_is_written_and_written_again(
            secret in secrets(), around in "[a-zé]{0,9}", first in 0_u8..13, then in 0_u8..13,
        ) {
            let masker = knowing(&[&secret]);
            // What is wrapped within an escape, or what looks like one, is another text.
            let first = if first == 11 && secret.contains(['%', '&', '\\']) { 0 } else { first };
            let text = written(&written(&secret, first), if then == 11 { 0 } else { then });
            let masked = masker.mask(&format!("{around} {text} {around}")).into_owned();
            assert!(masked.contains(MASK), "nothing masked in {text}, which is {secret:?}");
            assert!(masked.len() <= 2 * around.len() + 20, "{text} became {masked}, and is {secret:?}");
        }

        #[test]
        fn base64_of_a_secret_is_masked_to_its_last_character(
            secret in secrets(), lead in "[a-z:]{0,4}", form in 0_u8..4, json in any::<bool>(), then in 0_u8..9,
        ) {
            let masker = knowing(&[&secret]);
            let inner = if json { json!(secret).to_string() } else { secret.clone() };
            let text = in_base64(&format!("{lead}{inner}"), form);
            let masked = masker.mask(&written(&text, then)).into_owned();
            let most = if form == 3 { 36 } else { 26 };
            assert!(masked.contains(MASK) && masked.len() <= most, "{text} became {masked}, and is {secret:?}");
            assert!(form == 3 || json || masked.ends_with(MASK) || !masked.ends_with(|c: char| c.is_alphanumeric()), "{text} became {masked}");
        }
    }
}
