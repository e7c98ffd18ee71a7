//! A file's text to its tree, or to all of its mistakes.
//!
//! In: a file. Out: the tree, or diagnostics in the order of the file. A template without quotes stops the YAML parser,
//! so it is reported, masked by a quoted text of the same length, and the text is read again for the other mistakes.

use super::build::build;
use super::tree::Node;
use crate::diagnostic::{Code, Diagnostic};
use crate::source::SourceFile;

/// How many bytes may be read again for templates without quotes, beyond the first pass.
const READ_AGAIN: usize = 16 * 1024 * 1024;

/// What reading gave: with mistakes in it, the tree may still be there, for whoever looks for further ones.
#[derive(Debug, Clone)]
pub struct Parsed {
    /// The tree, unless something stopped the reading. A template without quotes is a text of the same length in it.
    pub tree: Option<Node>,
    /// Every mistake, in the order of the file.
    pub mistakes: Vec<Diagnostic>,
}

/// Reads one YAML document without mistakes.
///
/// # Errors
/// Every mistake that [`read`] finds; at least one.
pub fn parse(file: &SourceFile) -> Result<Node, Vec<Diagnostic>> {
    match read(file) {
        Parsed { tree: Some(tree), mistakes } if mistakes.is_empty() => Ok(tree),
        Parsed { mistakes, .. } => Err(mistakes),
    }
}

/// Reads one YAML document, with every mistake that can be seen without knowing what the file is for: syntax, keys,
/// anchors, tags, templates without quotes, size. Without a tree there is at least one.
#[must_use]
pub fn read(file: &SourceFile) -> Parsed {
    let mut masked: Option<String> = None;
    let mut mistakes: Vec<Diagnostic> = Vec::new();
    let mut bytes_left = READ_AGAIN;
    loop {
        let pass = build(file, masked.as_deref().unwrap_or(file.text()));
        let Some(slip) = pass.slip else {
            mistakes.extend(pass.mistakes);
            let is_whole = mistakes.iter().all(|mistake| leaves_the_tree_whole(mistake.code));
            return Parsed { tree: pass.tree.filter(|_| is_whole), mistakes: in_file_order(mistakes) };
        };
        mistakes.push(slip.diagnostic);
        let Some(left) = bytes_left.checked_sub(file.text().len()) else {
            mistakes.extend(pass.mistakes);
            return Parsed { tree: None, mistakes: in_file_order(mistakes) };
        };
        bytes_left = left;
        let text = masked.get_or_insert_with(|| file.text().to_owned());
        let mask = format!("\"{}\"", "_".repeat(slip.masked.len() - 2));
        text.replace_range(slip.masked, &mask);
    }
}

/// After other mistakes a value is missing in the tree, and looking at it further would blame what is right.
fn leaves_the_tree_whole(code: Code) -> bool {
    matches!(code, Code::DUPLICATE_KEY | Code::UNQUOTED_TEMPLATE)
}

fn in_file_order(mut mistakes: Vec<Diagnostic>) -> Vec<Diagnostic> {
    mistakes.sort_by_key(|mistake| mistake.span.start);
    mistakes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::draw;
    use serde_json::{Value, json};

    fn mistakes(text: &str) -> Vec<Diagnostic> {
        parse(&SourceFile::new("a.yaml", text)).expect_err("a mistake")
    }

    fn json_of(text: &str) -> Value {
        parse(&SourceFile::new("a.yaml", text)).expect(text).to_json()
    }

    /// Code and the text under the caret of each mistake.
    fn places(text: &str) -> Vec<(&'static str, String)> {
        mistakes(text).iter().map(|m| (m.code.id, m.file.slice(m.span).to_owned())).collect()
    }

    #[test]
    fn every_duplicate_key_is_told_with_the_first_place() {
        let found = mistakes("a: 1\nb: {c: 1, c: 2}\na: 2\na: 3\n");
        assert_eq!(
            draw(&found[1..2], false),
            "\
error[E002]: the key `a` stands here twice
 --> a.yaml:3:1
  |
1 | a: 1
  | - first here
2 | b: {c: 1, c: 2}
3 | a: 2
  | ^
  |
  = help: remove one of them, or rename it
"
        );
        assert_eq!(found.iter().map(|m| m.code).collect::<Vec<_>>(), [Code::DUPLICATE_KEY; 3]);
    }

    #[test]
    fn keys_tags_and_anchors_that_mean_nothing_are_all_told_at_their_place() {
        for (text, expected) in [
            ("1: a\ntrue: b\n~: c\n", vec![("E007", "1"), ("E007", "true"), ("E007", "~")]),
            ("[a]: 1\n{b: c}: 2\n", vec![("E007", "[a]"), ("E007", "{b: c}")]),
            ("a: !foo x\nb: !!str 1\n", vec![("E007", "!foo"), ("E007", "!!str")]),
            ("a: &base 1\nb: *bse\nc: *other\n", vec![("E003", "*bse"), ("E003", "*other")]),
            ("a: &x [*x]\n", vec![("E003", "*x")]),
            ("a: .inf\nb: 1e999\n", vec![("E012", ".inf"), ("E015", "1e999")]),
            ("a: 1\n<<: 5\n", vec![("E012", "<<")]),
            ("a: 1\n---\nb: 2\n", vec![("E006", "---")]),
            ("", vec![("E006", "")]),
            ("# only\n", vec![("E006", "")]),
            ("---\n", vec![("E006", "")]),
        ] {
            let found = places(text);
            let found: Vec<(&str, &str)> = found.iter().map(|(code, at)| (*code, at.as_str())).collect();
            assert_eq!(found, expected, "{text}");
        }
    }

    #[test]
    fn an_alias_is_a_copy_that_points_to_the_anchored_text() {
        let file = SourceFile::new("a.yaml", "a: &x {k: v}\nb: *x\n*y : 1\n".replace("*y ", "c"));
        let tree = parse(&file).expect("good YAML");
        assert_eq!(tree.to_json(), json!({"a": {"k": "v"}, "b": {"k": "v"}, "c": 1}));
        assert_eq!(tree.at("/b/k").map(|node| node.span), tree.at("/a/k").map(|node| node.span));
    }

    #[test]
    fn merged_keys_give_way_to_written_and_to_earlier_ones() {
        assert_eq!(
            json_of("x: &x {a: 1, b: 1}\ny: &y {b: 2, c: 2}\nz:\n  <<: [*x, *y]\n  a: 0\n")["z"],
            json!({"a": 0, "b": 1, "c": 2})
        );
        assert_eq!(json_of("'<<': {a: 1}\n"), json!({"<<": {"a": 1}}));
    }

    #[test]
    fn spans_cover_exactly_what_is_written() {
        let file = SourceFile::new("a.yaml", "k: 'q'\nl:\n  - a b # c\n  - \"d\"\nm: {n: [1, 2]}\n");
        let tree = parse(&file).expect("good YAML");
        for (pointer, written) in [
            ("/k", "'q'"),
            ("/l", "- a b # c\n  - \"d\""),
            ("/l/0", "a b"),
            ("/m", "{n: [1, 2]}"),
            ("/m/n", "[1, 2]"),
            ("/m/n/1", "2"),
        ] {
            assert_eq!(tree.at(pointer).map(|node| file.slice(node.span)), Some(written), "{pointer}");
        }
    }

    #[test]
    fn a_billion_laughs_end_at_once_in_one_small_mistake() {
        let mut lines = vec!["a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned()];
        for level in 1..20 {
            let aliases = vec![format!("*a{}", level - 1); 10].join(", ");
            lines.push(format!("a{level}: &a{level} [{aliases}]\n"));
        }
        let found = mistakes(&lines.concat());
        assert_eq!(found.iter().map(|m| m.code).collect::<Vec<_>>(), [Code::TOO_LARGE]);
        assert!(draw(&found, false).len() < 1000);
        // The tree never held more than its budget: the level that breaks it comes long before the last.
        assert!(found[0].file.line_column(found[0].span.start).0 < 8);
    }

    #[test]
    fn two_hundred_thousand_values_are_read_and_not_one_more() {
        let list = |values: usize| format!("[{}]\n", vec!["1"; values].join(","));
        assert!(parse(&SourceFile::new("a.yaml", list(199_999))).is_ok());
        assert_eq!(places(&list(200_000)).iter().map(|(code, _)| *code).collect::<Vec<_>>(), ["E004"]);
    }

    #[test]
    fn text_copied_by_aliases_is_bounded_too() {
        let text = format!("a: &a {}\nb: [{}]\n", "x".repeat(1_000_000), vec!["*a"; 100].join(", "));
        assert_eq!(mistakes(&text).iter().map(|m| m.code).collect::<Vec<_>>(), [Code::TOO_LARGE]);
    }

    #[test]
    fn endless_nesting_is_refused_in_every_notation() {
        let block = (0..3000).map(|depth| " ".repeat(depth) + "a:\n").collect();
        for text in ["[".repeat(100_000), "{a: ".repeat(100_000), "- ".repeat(100_000), "? ".repeat(100_000), block] {
            let found = mistakes(&text);
            assert_eq!(found.iter().map(|m| m.code).collect::<Vec<_>>(), [Code::TOO_LARGE], "{}", &text[..8]);
            assert!(draw(&found, false).len() < 1000);
        }
        let deepest = format!("{}{}", "[".repeat(64), "]".repeat(64));
        assert!(parse(&SourceFile::new("a.yaml", deepest)).is_ok());
    }

    #[test]
    fn a_text_of_five_megabytes_is_read() {
        let words = "word {{ x }} ".repeat(400_000);
        let file = SourceFile::new("a.yaml", format!("k: >\n  {words}NAME\n"));
        let tree = parse(&file).expect("good YAML");
        let node = tree.get("k").expect("the key");
        let at = node.text().and_then(|text| text.find("NAME")).expect("the name");
        assert_eq!(file.slice(crate::yaml::span_in_scalar(&file, node.span, at..at + 4)), "NAME");
    }

    #[test]
    fn many_unknown_anchors_are_told_without_comparing_all_with_all() {
        let lines = (0..5000).map(|n| [format!("k{n}: &a{n} 1\n"), format!("l{n}: *b{n}\n")].concat());
        assert_eq!(mistakes(&lines.collect::<String>()).len(), 5000);
    }

    #[test]
    fn many_slips_are_all_told_once() {
        let text = "- {{ x }}\n".repeat(300);
        assert_eq!(mistakes(&text).len(), 300);
    }
}
