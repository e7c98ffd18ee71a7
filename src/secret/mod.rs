//! Secrets: which texts are secret, and how they are kept from leaving.
//!
//! In: the secrets, at any time. Out: the same text, JSON or stream of bytes with `***` where a secret stood. Where the
//! secrets come from is not known here, nor where the text goes.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use percent_encoding::percent_decode_str;
use serde_json::Value;

mod automaton;
mod forms;
mod name;
mod url;
mod webhook;
mod writer;

use automaton::Automaton;
use name::proxy_password;

pub use name::is_secret_name;
pub use url::url_secrets;
pub use writer::MaskingWriter;

/// What stands where a secret was.
pub const MASK: &str = "***";

/// Secrets shorter than this many characters are masked only where they are the whole of a value.
pub const SHORT: usize = 6;

/// Knows the secrets and masks them; clones share one set.
#[derive(Clone, Default)]
pub struct Masker(Arc<Mutex<Known>>);

#[derive(Default)]
struct Known {
    long: BTreeSet<Vec<u8>>,
    short: BTreeSet<String>,
    automaton: Option<Arc<Automaton>>,
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
    /// A secret of several lines is also masked line by line.
    pub fn learn(&self, secret: &str) {
        let secret = secret.trim();
        if secret.is_empty() {
            return;
        }
        if secret.chars().count() < SHORT {
            self.mask_in_place(secret);
            return;
        }
        let mut known = self.known();
        known.automaton = None;
        known.long.extend(forms::all(secret));
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

    /// Learns the value of every variable whose name says that it is secret, by [`is_secret_name`], and the password in
    /// the URL of a proxy.
    pub fn learn_env<'a>(&self, variables: impl IntoIterator<Item = (&'a str, &'a str)>) {
        for (name, value) in variables {
            if is_secret_name(name) {
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
        let Some(automaton) = self.automaton().filter(|automaton| automaton.is_in(text.as_bytes())) else {
            return Cow::Borrowed(text);
        };
        let found = automaton.find(text.as_bytes()).into_iter().map(|range| on_characters(text, range));
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

    /// The text with each byte of a secret made a `*`, so that every other byte keeps its place.
    #[must_use]
    pub fn blot<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let Some(automaton) = self.automaton().filter(|automaton| automaton.is_in(text.as_bytes())) else {
            return Cow::Borrowed(text);
        };
        let mut blotted = String::with_capacity(text.len());
        for range in automaton.find(text.as_bytes()).into_iter().map(|range| on_characters(text, range)) {
            blotted.push_str(text.get(blotted.len()..range.start).unwrap_or_default());
            blotted.extend(std::iter::repeat_n('*', range.end.saturating_sub(blotted.len())));
        }
        blotted.push_str(text.get(blotted.len()..).unwrap_or_default());
        Cow::Owned(blotted)
    }

    /// Masks a string that is a whole value: short secrets, too, when they are all of it.
    #[must_use]
    pub fn mask_value<'a>(&self, value: &'a str) -> Cow<'a, str> {
        if self.known().short.contains(value) { Cow::Borrowed(MASK) } else { self.mask(value) }
    }

    /// Masks every string value in `value`; keys and numbers stay.
    pub fn mask_json(&self, value: &mut Value) {
        match value {
            Value::String(text) => {
                let masked = self.mask_value(text);
                if masked != text.as_str() {
                    *text = masked.into_owned();
                }
            }
            Value::Array(items) => items.iter_mut().for_each(|item| self.mask_json(item)),
            Value::Object(map) => map.values_mut().for_each(|item| self.mask_json(item)),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    /// Whether a secret stands in the text, or a short one is all of it.
    #[must_use]
    pub fn holds_secret(&self, text: &str) -> bool {
        self.known().short.contains(text) || self.automaton().is_some_and(|automaton| automaton.is_in(text.as_bytes()))
    }

    /// Whether masking the JSON that `json` is the text of could change it.
    #[must_use]
    pub fn touches(&self, json: &str) -> bool {
        let has_short = self.known().short.iter().any(|short| json.contains(short.as_str()));
        has_short || self.automaton().is_some_and(|automaton| automaton.is_in(json.as_bytes()))
    }

    /// The automaton for what is known now, made when it is needed; `None` when there is no long secret.
    fn automaton(&self) -> Option<Arc<Automaton>> {
        let mut known = self.known();
        if known.long.is_empty() {
            return None;
        }
        if known.automaton.is_none() {
            known.automaton = Some(Arc::new(Automaton::new(known.long.iter().cloned().collect())));
        }
        known.automaton.clone()
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
    use std::io::Write as _;

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
        assert_eq!(knowing(&["abcdefgh"]).mask("abcdefghabcdefgh"), "******");
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
        assert_eq!(value, json!({"dev": "***", "device": "a dev", "list": ["***", 1, true, null]}));
        assert!(masker.holds_secret("dev") && !masker.holds_secret("device"));
    }

    #[test]
    fn keys_and_numbers_are_never_masked() {
        let masker = knowing(&["123456"]);
        let mut value = json!({"123456": 123_456, "text": "is 123456"});
        masker.mask_json(&mut value);
        assert_eq!(value, json!({"123456": 123_456, "text": "is ***"}));
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

    fn encoded(secret: &str, lead: &str, form: u8) -> String {
        match form % 5 {
            0 => secret.to_owned(),
            1 => utf8_percent_encode(secret, NON_ALPHANUMERIC).to_string(),
            2 => json!(secret).to_string(),
            3 => STANDARD.encode(format!("{lead}{secret}{lead}")),
            _ => URL_SAFE_NO_PAD.encode(format!("{lead}{secret}")),
        }
    }

    /// The longest run of base64 characters that only the secret decides.
    fn kernel(secret: &str, lead: &str) -> String {
        let text = URL_SAFE_NO_PAD.encode(format!("{lead}{secret}"));
        let start = (lead.len() * 8).div_ceil(6);
        text[start..(lead.len() + secret.len()) * 8 / 6].to_owned()
    }

    fn secrets() -> impl Strategy<Value = String> {
        "[a-zA-Z0-9/+ \"\\\\&%=_ä€\u{1}-]{6,40}".prop_map(|text| format!("s{text}e"))
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(300))]

        #[test]
        fn a_secret_never_survives_whatever_the_chunks_and_the_encoding(
            secret in secrets(), lead in "[a-z:]{0,4}", around in "[a-zé]{0,9}", form in any::<u8>(), cut in 1_usize..9,
        ) {
            let masker = knowing(&[&secret]);
            let text = format!("{around} {} {around}", encoded(&secret, &lead, form));
            let mut writer = MaskingWriter::new(Vec::new(), masker.clone());
            for chunk in text.as_bytes().chunks(cut) {
                writer.write_all(chunk).expect("a vector takes all");
                writer.flush().expect("a vector flushes");
            }
            let streamed = String::from_utf8(writer.finish().expect("a vector takes all")).expect("UTF-8 stays UTF-8");
            assert_eq!(streamed, masker.mask(&text));
            assert!(streamed.contains(MASK), "nothing masked in {text}");
            for bare in [secret.clone(), kernel(&secret, &lead), encoded(&secret, &lead, 1)] {
                assert!(!streamed.contains(&bare), "{bare} is in {streamed}");
            }
        }
    }
}
