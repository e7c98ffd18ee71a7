//! A text that has no secret any more.
//!
//! Only such a text may be cut: a part of a secret is not known any more as one, and would be shown.

use std::borrow::Cow;
use std::fmt;

/// What stands at the end of a text that was cut.
pub(super) const CUT: char = '…';

/// A masked text; only a [`Masker`](super::Masker) makes one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Masked(String);

impl Masked {
    pub(super) const fn new(text: String) -> Self {
        Self(text)
    }

    /// The text in one line: control characters and runs of white space become one space.
    #[must_use]
    pub fn on_one_line(&self) -> Self {
        let plain: String = self.0.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        Self(plain.split_whitespace().collect::<Vec<_>>().join(" "))
    }

    /// The text as it is when it has at most so many characters, else its beginning and `…`, which together are so many.
    #[must_use]
    pub fn cut(&self, most: usize) -> Cow<'_, str> {
        if self.0.char_indices().nth(most).is_none() {
            return Cow::Borrowed(&self.0);
        }
        Cow::Owned(self.0.chars().take(most.saturating_sub(1)).chain([CUT]).collect())
    }

    /// The whole text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The whole text.
    #[must_use]
    pub fn into_string(self) -> String {
        self.0
    }
}

impl fmt::Display for Masked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use crate::secret::Masker;

    #[test]
    fn a_text_is_cut_after_its_secrets_are_masked() {
        let masker = Masker::new();
        masker.learn(&"hunter2".repeat(100));
        let text = masker.masked(&format!("it is {} and more", "hunter2".repeat(100)));
        assert_eq!((text.cut(100).as_ref(), text.cut(8).as_ref()), ("it is *** and more", "it is *…"));
        assert_eq!(masker.masked("ééé").cut(3), "ééé");
        assert_eq!(masker.masked("a\n \u{1b} b").on_one_line().as_str(), "a b");
    }
}
