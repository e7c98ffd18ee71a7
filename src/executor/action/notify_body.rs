//! What a webhook is sent: the text as Slack, Teams or a program takes it; other chats are in `notify_chat`.
//!
//! In: a text without secrets. Out: JSON. Text stays text: nothing in it becomes a link, a mention or a heading.
//!
//! - Slack reads `&`, `<` and `>` as its own marks, so they are escaped; it cuts a text off after 40,000 characters.
//! - Teams takes an Adaptive Card. Markdown is read in a `TextBlock` and not in a `TextRun`, and a line feed in either is
//!   not drawn alike by all of its clients, so each line is a `RichTextBlock` with one run. A message has 28 KB at most by its
//!   documentation; connectors refused some from 21 KB on.

use serde_json::{Map, Value, json};

use crate::executor::action::notify_chat::{for_discord, for_google};
use crate::playbook::notify::NotifyFormat;
use crate::secret::Masker;

/// The most characters of Slack's text.
const SLACK_MAX: usize = 40_000;
/// The most bytes of a message for Teams.
const TEAMS_MAX: usize = 20 * 1024;
/// What stands at the end of a text that was cut.
pub(super) const CUT: char = '…';

/// What run a text is from.
#[derive(Debug, Clone, Copy)]
pub(super) struct About<'a> {
    pub(super) playbook: &'a str,
    pub(super) run_id: &'a str,
    pub(super) target: &'a str,
    pub(super) step: &'a str,
}

/// A request's body.
#[derive(Debug)]
pub(super) struct Message {
    pub(super) body: Vec<u8>,
    /// How much of the text there is, when it was cut.
    pub(super) cut_to: Option<&'static str>,
}

impl Message {
    /// The text for a webhook of this format.
    pub(super) fn new(text: &str, format: NotifyFormat, about: &About<'_>, masker: &Masker) -> Self {
        match format {
            NotifyFormat::Slack => {
                let (text, is_cut) = for_slack(&plain(text));
                Self::of(&json!({ "text": text }), is_cut.then_some("40,000 characters"))
            }
            NotifyFormat::Teams => {
                let (card, is_cut) = for_teams(&plain(text));
                Self::of(&card, is_cut.then_some("20 KB"))
            }
            NotifyFormat::GoogleChat => {
                let (message, is_cut) = for_google(&plain(text));
                Self::of(&message, is_cut.then_some("32,000 bytes"))
            }
            NotifyFormat::Discord => {
                let (message, is_cut) = for_discord(&plain(text));
                Self::of(&message, is_cut.then_some("2,000 characters"))
            }
            NotifyFormat::Json => {
                let About { playbook, run_id, target, step } = about;
                let mut body =
                    json!({ "text": text, "playbook": playbook, "run_id": run_id, "target": target, "step": step });
                body.as_object_mut().into_iter().flat_map(Map::values_mut).for_each(|value| masker.mask_json(value));
                Self::of(&body, None)
            }
        }
    }

    fn of(body: &Value, cut_to: Option<&'static str>) -> Self {
        Self { body: body.to_string().into_bytes(), cut_to }
    }
}

/// The text without control characters, which no chat can show.
fn plain(text: &str) -> String {
    text.trim_end_matches('\n').chars().filter(|c| !c.is_control() || matches!(c, '\n' | '\t')).collect()
}

fn for_slack(text: &str) -> (String, bool) {
    let escaped = |c: char| match c {
        '&' => "&amp;".chars().collect(),
        '<' => "&lt;".chars().collect(),
        '>' => "&gt;".chars().collect(),
        c => vec![c],
    };
    let pieces: Vec<Vec<char>> = text.chars().map(escaped).collect();
    if pieces.iter().map(Vec::len).sum::<usize>() <= SLACK_MAX {
        return (pieces.into_iter().flatten().collect(), false);
    }
    let mut length = 1;
    let kept = pieces.into_iter().take_while(|piece| {
        length += piece.len();
        length <= SLACK_MAX
    });
    (kept.flatten().chain([CUT]).collect(), true)
}

fn for_teams(text: &str) -> (Value, bool) {
    let size = |card: &Value| card.to_string().len();
    let whole = (text.len() <= TEAMS_MAX).then(|| card(text)).filter(|card| size(card) <= TEAMS_MAX);
    if let Some(whole) = whole {
        return (whole, false);
    }
    let cut = |characters: usize| card(&text.chars().take(characters).chain([CUT]).collect::<String>());
    // The most characters that fit: more of them never make a smaller card.
    let (mut fit, mut most) = (0, TEAMS_MAX);
    while fit < most {
        let middle = (fit + most).div_ceil(2);
        if size(&cut(middle)) <= TEAMS_MAX {
            fit = middle;
        } else {
            most = middle - 1;
        }
    }
    (cut(fit), true)
}

fn card(text: &str) -> Value {
    let block = |line: &str| {
        let line = if line.is_empty() { " " } else { line };
        json!({ "type": "RichTextBlock", "spacing": "None", "inlines": [{ "type": "TextRun", "text": line }] })
    };
    let body: Vec<Value> = text.split('\n').map(block).collect();
    json!({
        "type": "message",
        "attachments": [{
            "contentType": "application/vnd.microsoft.card.adaptive",
            "contentUrl": null,
            "content": {
                "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
                "type": "AdaptiveCard",
                "version": "1.4",
                "msteams": { "width": "Full" },
                "body": body,
            },
        }],
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const ABOUT: About<'_> = About { playbook: "loans", run_id: "r1", target: "my", step: "tell" };

    fn message(text: &str, format: NotifyFormat) -> (Value, Option<&'static str>) {
        let message = Message::new(text, format, &ABOUT, &Masker::new());
        (serde_json::from_slice(&message.body).expect("JSON"), message.cut_to)
    }

    fn runs(card: &Value) -> Vec<&str> {
        let body = card["attachments"][0]["content"]["body"].as_array().expect("blocks");
        body.iter().map(|block| block["inlines"][0]["text"].as_str().expect("text")).collect()
    }

    #[test]
    fn marks_of_slack_are_text() {
        let (body, cut) = message("<!channel> a & b\u{7}\tc\r\n<https://x|y>\n", NotifyFormat::Slack);
        let text = "&lt;!channel&gt; a &amp; b\tc\n&lt;https://x|y&gt;";
        assert_eq!((body, cut), (json!({ "text": text }), None));
    }

    #[test]
    fn a_text_that_slack_would_cut_is_cut_between_its_characters() {
        let (body, cut) = message(&"a<".repeat(25_000), NotifyFormat::Slack);
        let text = body["text"].as_str().expect("text");
        assert_eq!((text.chars().count(), cut), (39_997, Some("40,000 characters")));
        assert!(text.ends_with("&lt;a…"), "{}", &text[text.len() - 20..]);
        assert_eq!(message(&"é".repeat(40_000), NotifyFormat::Slack).1, None);
    }

    #[test]
    fn each_line_for_teams_is_text_of_its_own_without_markdown() {
        let (card, cut) = message("# not a heading\r\n\n*[x](y)* _z_", NotifyFormat::Teams);
        assert_eq!((runs(&card), cut), (vec!["# not a heading", " ", "*[x](y)* _z_"], None));
        let attachment = &card["attachments"][0];
        assert_eq!(attachment["contentType"], "application/vnd.microsoft.card.adaptive");
        assert_eq!((&card["type"], &attachment["content"]["version"]), (&json!("message"), &json!("1.4")));
    }

    #[test]
    fn a_text_that_is_too_long_for_teams_fills_its_message_and_ends_with_dots() {
        for text in ["a".repeat(50_000), "\"\n".repeat(50_000), "日本🙂".repeat(9_000), "\n".repeat(1_000) + "x"] {
            let sent = Message::new(&text, NotifyFormat::Teams, &ABOUT, &Masker::new());
            let (card, cut) = message(&text, NotifyFormat::Teams);
            assert_eq!(cut, Some("20 KB"));
            assert!((TEAMS_MAX - 100..=TEAMS_MAX).contains(&sent.body.len()), "{}", sent.body.len());
            assert!(runs(&card).last().is_some_and(|line| line.ends_with(CUT)));
        }
    }

    #[test]
    fn a_program_gets_the_text_as_it_is_and_what_run_it_is_from() {
        let (body, cut) = message("<a>\u{1b}[1m\n", NotifyFormat::Json);
        let expected =
            json!({ "text": "<a>\u{1b}[1m\n", "playbook": "loans", "run_id": "r1", "target": "my", "step": "tell" });
        assert_eq!((body, cut), (expected, None));
    }
}
