//! What Google Chat and Discord are sent.
//!
//! In: a text without secrets or control characters. Out: JSON, and whether the text was cut. Text stays text:
//!
//! - Google Chat takes `text` alone and refuses any other key. It has no way to escape its marks, so a space without width
//!   breaks those of mentions and links; a message has 32,000 bytes at most by its documentation.
//! - Discord takes `content`, at most 2,000 characters. Nobody is mentioned, and a backslash stands before marks of Markdown, but
//!   in URLs.

use serde_json::{Value, json};

use crate::executor::action::notify_body::CUT;

/// The most bytes of a message for Google Chat.
const GOOGLE_MAX: usize = 32_000;
/// The most characters of Discord's content.
const DISCORD_MAX: usize = 2000;
/// What Discord reads as Markdown.
const MARKS: [char; 11] = ['\\', '*', '_', '~', '`', '|', '>', '#', '[', ']', '<'];

/// The message for Google Chat, and whether the text was cut.
pub(super) fn for_google(text: &str) -> (Value, bool) {
    let text = text.replace("<users/", "<\u{200b}users/").replace("<http", "<\u{200b}http");
    let message = |text: &str| json!({ "text": text });
    let mut size = message("").to_string().len();
    let length = |c: char| Value::from(c.to_string()).to_string().len() - 2;
    if size + text.chars().map(length).sum::<usize>() <= GOOGLE_MAX {
        return (message(&text), false);
    }
    size += CUT.len_utf8();
    let kept = text.chars().take_while(|c| {
        size += length(*c);
        size <= GOOGLE_MAX
    });
    (message(&kept.chain([CUT]).collect::<String>()), true)
}

/// The message for Discord, and whether the text was cut.
pub(super) fn for_discord(text: &str) -> (Value, bool) {
    let pieces: Vec<String> = text.split_inclusive(char::is_whitespace).flat_map(pieces).collect();
    let length = |piece: &String| piece.encode_utf16().count();
    let message = |content: String| json!({ "content": content, "allowed_mentions": { "parse": [] } });
    if pieces.iter().map(length).sum::<usize>() <= DISCORD_MAX {
        return (message(pieces.concat()), false);
    }
    let mut size = 1;
    let kept = pieces.into_iter().take_while(|piece| {
        size += length(piece);
        size <= DISCORD_MAX
    });
    (message(kept.chain([CUT.to_string()]).collect()), true)
}

/// The characters of a word, those that are marks each with a backslash; of a URL as they are.
fn pieces(word: &str) -> Vec<String> {
    let is_url = word.starts_with("https://") || word.starts_with("http://");
    let is_mark = |c: char| !is_url && MARKS.contains(&c);
    word.chars().map(|c| if is_mark(c) { format!("\\{c}") } else { c.to_string() }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn google_chat_takes_a_text_alone_and_nothing_in_it_is_a_mention_or_a_link() {
        let (body, is_cut) = for_google("hi <users/all>, <https://x|y> a < b \"c\"");
        assert_eq!(body, json!({ "text": "hi <\u{200b}users/all>, <\u{200b}https://x|y> a < b \"c\"" }));
        assert!(!is_cut);
    }

    #[test]
    fn a_text_for_google_chat_fills_its_message_and_ends_with_dots() {
        for text in ["a".repeat(40_000), "\"\n".repeat(40_000), "日本🙂".repeat(9_000)] {
            let (body, is_cut) = for_google(&text);
            let size = body.to_string().len();
            assert!(is_cut && (GOOGLE_MAX - 10..=GOOGLE_MAX).contains(&size), "{size}");
            assert!(body["text"].as_str().is_some_and(|text| text.ends_with(CUT)));
        }
        assert!(!for_google(&"a".repeat(GOOGLE_MAX - 11)).1);
    }

    #[test]
    fn discord_mentions_nobody_and_reads_no_markdown_but_urls_stay_whole() {
        let (body, is_cut) = for_discord("@everyone *load__1* failed\n# see https://x/a_b_c");
        let content = "@everyone \\*load\\_\\_1\\* failed\n\\# see https://x/a_b_c";
        assert_eq!((body, is_cut), (json!({ "content": content, "allowed_mentions": { "parse": [] } }), false));
    }

    #[test]
    fn a_text_for_discord_is_cut_between_its_characters() {
        for text in ["_".repeat(3000), "🙂".repeat(1500), "ab_ ".repeat(900)] {
            let (body, is_cut) = for_discord(&text);
            let content = body["content"].as_str().expect("text");
            let length = content.encode_utf16().count();
            assert!(is_cut && (DISCORD_MAX - 2..=DISCORD_MAX).contains(&length), "{length}");
            assert!(content.ends_with(CUT) && !content.ends_with("\\…"), "{content}");
        }
        assert!(!for_discord(&"é".repeat(DISCORD_MAX)).1);
    }
}
