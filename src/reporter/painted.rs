//! A line in pieces, each with the tone in which people see it.
//!
//! In: words. Out: the same words with tones and links beside them; joined without these, they are the line that a pipe gets.
//! Which escape a tone becomes, and that nothing foreign or secret is in a piece, is the command line's business.

/// How a piece of a line looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// As it is.
    Plain,
    /// What the line is about.
    Strong,
    /// What one may pass over.
    Dim,
    /// It went well.
    Good,
    /// It went wrong.
    Bad,
    /// Something to look at.
    Warning,
    /// What to do about it.
    Help,
}

/// Words in one tone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// The words; what is foreign in them is still as it came.
    pub text: String,
    /// Their tone.
    pub tone: Tone,
    /// Where a click on them leads, on a terminal that knows links.
    pub link: Option<String>,
}

/// A line in pieces.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Painted(pub Vec<Piece>);

impl Painted {
    /// The line with these words at its end.
    #[must_use]
    pub fn with(mut self, tone: Tone, text: impl Into<String>) -> Self {
        self.push(tone, text);
        self
    }

    /// Puts words at its end.
    pub fn push(&mut self, tone: Tone, text: impl Into<String>) {
        let text = text.into();
        if !text.is_empty() {
            self.0.push(Piece { text, tone, link: None });
        }
    }

    /// The words alone.
    #[must_use]
    pub fn text(&self) -> String {
        self.0.iter().map(|piece| piece.text.as_str()).collect()
    }

    /// A message such as `error: …`, `  note: …` or `  = help: …`: its level is told apart from its words.
    #[must_use]
    pub fn message(text: &str) -> Self {
        const LEVELS: [(&str, Tone); 4] =
            [("error", Tone::Bad), ("warning", Tone::Warning), ("note", Tone::Strong), ("help", Tone::Help)];
        let Some((head, rest)) = text.split_once(':') else { return Self::from(text) };
        let word = head.trim_start().trim_start_matches("= ");
        let Some((level, tone)) = LEVELS.iter().find(|(level, _)| *level == word) else { return Self::from(text) };
        let before = head.strip_suffix(level).unwrap_or_default();
        let words = if *level == "error" { Tone::Strong } else { Tone::Plain };
        Self::default().with(Tone::Plain, before).with(*tone, *level).with(words, format!(":{rest}"))
    }
}

impl From<&str> for Painted {
    fn from(text: &str) -> Self {
        Self::default().with(Tone::Plain, text)
    }
}

impl From<String> for Painted {
    fn from(text: String) -> Self {
        Self::default().with(Tone::Plain, text)
    }
}

/// How lines are to look where they are read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is asked for by itself")]
pub struct Look {
    /// Whether tones are shown.
    pub colour: bool,
    /// Whether a step's outcome is a mark in place of a word: on a terminal that shows all characters.
    pub marks: bool,
    /// Whether a link can stand behind words.
    pub links: bool,
    /// Whether long ids of our own are cut, since a person looks on.
    pub short_ids: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_keeps_its_words_whatever_its_level_is() {
        for (text, level) in [
            ("error: it failed: why", Some(Tone::Bad)),
            ("  note: a fact", Some(Tone::Strong)),
            ("  = help: write it so", Some(Tone::Help)),
            ("    warning: look", Some(Tone::Warning)),
            ("errors: 2", None),
            ("p: error: x", None),
            ("", None),
        ] {
            let painted = Painted::message(text);
            assert_eq!(painted.text(), text);
            let tone = painted.0.iter().map(|piece| piece.tone).find(|tone| !matches!(tone, Tone::Plain));
            assert_eq!(tone, level, "{text}");
        }
    }
}
