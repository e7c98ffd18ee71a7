//! Parser events to a tree.
//!
//! In: a text. Out: the tree and every mistake seen on the way. The walk is over a stack of open lists and maps, not by
//! recursion, and stops at the first thing after which nothing can be said: a syntax error, or a budget that ran out.

use serde_yaml::granit_parser::{self, Event, Parser, ScalarStyle, StructureStyle, Tag};

use super::alias::{Anchors, DEEPEST, Size};
use super::frame::Frame;
use super::tree::{Node, NodeValue};
use super::{plain, scalar, slip, syntax};
use crate::diagnostic::{Code, Diagnostic, near_name, quote};
use crate::source::{SourceFile, Span};

/// How many of the last anchors an unknown name is compared with.
const COMPARED_ANCHORS: usize = 100;

/// What one pass over a text gave.
#[derive(Debug)]
pub(super) struct Pass {
    /// The tree, if the pass reached the end.
    pub(super) tree: Option<Node>,
    /// The mistakes in the order they were seen.
    pub(super) mistakes: Vec<Diagnostic>,
    /// A template without quotes, at which the pass stopped.
    pub(super) slip: Option<slip::Slip>,
}

/// Reads `text`, which has the length of the file's text and may have slips masked.
pub(super) fn build(file: &SourceFile, text: &str) -> Pass {
    let mut builder = Builder {
        file,
        text,
        open: Vec::new(),
        anchors: Anchors::default(),
        size: Size::default(),
        documents: 0,
        content_end: 0,
        last_scalar: Span::default(),
        pass: Pass { tree: None, mistakes: Vec::new(), slip: None },
    };
    let options = granit_parser::options! {
        emit_comments: false,
        emit_unresolved_aliases: true,
        emit_anchor_events: true,
    };
    for event in Parser::new_from_str_with_options(text, options) {
        let step = match event {
            Ok((event, span)) => builder.take(event, &span),
            Err(error) => Err(builder.stopped_by(&error)),
        };
        match step {
            Ok(()) => {}
            Err(Stop::Mistake(diagnostic)) => {
                builder.pass.mistakes.push(*diagnostic);
                builder.pass.tree = None;
                return builder.pass;
            }
            Err(Stop::Slip(found)) => {
                builder.pass.slip = Some(*found);
                builder.pass.tree = None;
                return builder.pass;
            }
        }
    }
    builder.finish()
}

enum Stop {
    Mistake(Box<Diagnostic>),
    Slip(Box<slip::Slip>),
}

struct Builder<'a> {
    file: &'a SourceFile,
    text: &'a str,
    open: Vec<Frame>,
    anchors: Anchors,
    size: Size,
    documents: usize,
    /// The end of the last scalar, alias or bracket.
    content_end: usize,
    last_scalar: Span,
    pass: Pass,
}

impl Builder<'_> {
    fn take(&mut self, event: Event<'_>, span: &granit_parser::Span) -> Result<(), Stop> {
        let place = span.byte_range().map_or(Span::default(), |range| Span::new(range.start, range.end));
        let tag_place = span.tag_span().and_then(|tag| tag.byte_range()).map_or(place, Span::from);
        match event {
            Event::DocumentStart(..) => self.start_document(place),
            Event::Scalar(value, style, anchor, tag) => {
                self.refuse_tag(tag.as_deref(), tag_place);
                self.scalar(&value, style, anchor, place)
            }
            Event::SequenceStart(style, anchor, tag) => {
                self.refuse_tag(tag.as_deref(), tag_place);
                self.open(Frame::list(place.start, style == StructureStyle::Flow, anchor))
            }
            Event::MappingStart(style, anchor, tag) => {
                self.refuse_tag(tag.as_deref(), tag_place);
                self.start_map(place.start, style == StructureStyle::Flow, anchor)
            }
            Event::SequenceEnd | Event::MappingEnd => self.close(place.end),
            Event::Anchor(_, name) => {
                self.anchors.names.push(name.into_owned());
                Ok(())
            }
            Event::Alias(id) => self.alias(id, place),
            Event::UnresolvedAlias(name) => {
                self.unknown_anchor(&name, place);
                self.content_end = place.end;
                self.add_broken(place);
                Ok(())
            }
            // Comments and stream marks; the parser's enum may grow.
            _ => Ok(()),
        }
    }

    fn start_document(&mut self, place: Span) -> Result<(), Stop> {
        self.documents += 1;
        if self.documents == 1 {
            return Ok(());
        }
        let message = "the file holds more than one document";
        let diagnostic = Diagnostic::new(Code::DOCUMENT, self.file, place, message)
            .with_help("keep one document in a file; remove this line and what follows");
        Err(Stop::Mistake(Box::new(diagnostic)))
    }

    fn scalar(&mut self, value: &str, style: ScalarStyle, anchor: usize, place: Span) -> Result<(), Stop> {
        let is_plain = style == ScalarStyle::Plain;
        let span = match style {
            ScalarStyle::Literal | ScalarStyle::Folded => scalar::with_header(self.text, self.content_end, place),
            _ => place,
        };
        self.content_end = span.end.max(self.content_end);
        self.last_scalar = span;
        let typed = if is_plain { plain::value_of(value) } else { Ok(NodeValue::String(value.to_owned())) };
        let node = match typed {
            Ok(value) => Some(Node { span, value }),
            Err(wrong) => {
                let diagnostic = Diagnostic::new(wrong.code, self.file, span, wrong.message).with_help(wrong.help);
                self.pass.mistakes.push(diagnostic);
                None
            }
        };
        self.complete(anchor, node, is_plain)
    }

    fn start_map(&mut self, start: usize, flow: bool, anchor: usize) -> Result<(), Stop> {
        if flow && let Some(found) = slip::slip_at(self.file, self.text, start, self.is_in_flow()) {
            return Err(Stop::Slip(Box::new(found)));
        }
        if !flow && let Some(diagnostic) = syntax::tab_before(self.file, start) {
            self.pass.mistakes.push(diagnostic);
        }
        self.open(Frame::map(start, flow, anchor))
    }

    fn open(&mut self, frame: Frame) -> Result<(), Stop> {
        if self.open.len() >= DEEPEST {
            return Err(self.too_large(frame.start, "the file nests lists and maps deeper than"));
        }
        self.open.push(frame);
        Ok(())
    }

    fn close(&mut self, event_end: usize) -> Result<(), Stop> {
        let Some(frame) = self.open.pop() else { return Ok(()) };
        if frame.flow {
            self.content_end = event_end;
        }
        let anchor = frame.anchor;
        let node = frame.finish(self.content_end);
        self.complete(anchor, Some(node), false)
    }

    /// Takes a finished node: keeps it under its anchor, then gives it to the list or map it stands in.
    fn complete(&mut self, anchor: usize, node: Option<Node>, is_plain: bool) -> Result<(), Stop> {
        if anchor > 0 {
            let cost = self.anchors.complete(anchor, node.as_ref());
            self.grow(cost, node.as_ref().map_or(self.content_end, |node| node.span.start))?;
        }
        let text = node.as_ref().and_then(Node::text).map_or(0, str::len);
        self.grow(Size { nodes: 1, text }, self.content_end)?;
        self.add(node, is_plain);
        Ok(())
    }

    fn add(&mut self, node: Option<Node>, is_plain: bool) {
        match self.open.last_mut() {
            Some(frame) => self.pass.mistakes.extend(frame.take(node, is_plain, self.file)),
            None => self.pass.tree = node,
        }
    }

    /// Keeps the place of a value whose mistake is told, so that its key is not missed.
    fn add_broken(&mut self, place: Span) {
        let is_value = self.open.last().is_some_and(Frame::awaits_value);
        self.add(is_value.then_some(Node { span: place, value: NodeValue::Null }), false);
    }

    fn alias(&mut self, id: usize, place: Span) -> Result<(), Stop> {
        self.content_end = place.end;
        let Some(anchored) = self.anchors.get(id) else {
            let name = self.text.get(place.range()).unwrap_or_default();
            let message = format!("{} stands inside the value it names", quote(name));
            self.pass.mistakes.push(Diagnostic::new(Code::ANCHOR, self.file, place, message));
            self.add_broken(place);
            return Ok(());
        };
        let (size, height) = (anchored.size, anchored.height);
        if self.open.len() + height > DEEPEST {
            return Err(self.too_large(place.start, "with this alias the file nests lists and maps deeper than"));
        }
        self.grow(size, place.start)?;
        let copy = self.anchors.get(id).and_then(|anchored| anchored.node.clone());
        self.add(copy, false);
        Ok(())
    }

    fn grow(&mut self, size: Size, at: usize) -> Result<(), Stop> {
        self.size.add(size);
        if !self.size.is_too_large() {
            return Ok(());
        }
        let message = "the file grows too large here: too many values, or aliases that copy too much";
        let diagnostic = Diagnostic::new(Code::TOO_LARGE, self.file, self.character_at(at), message);
        Err(Stop::Mistake(Box::new(diagnostic)))
    }

    fn too_large(&self, at: usize, words: &str) -> Stop {
        let message = format!("{words} {DEEPEST} levels");
        Stop::Mistake(Box::new(Diagnostic::new(Code::TOO_LARGE, self.file, self.character_at(at), message)))
    }

    fn character_at(&self, at: usize) -> Span {
        let width = self.text.get(at..).and_then(|rest| rest.chars().next()).map_or(0, char::len_utf8);
        Span::new(at, at + width)
    }

    fn refuse_tag(&mut self, tag: Option<&Tag>, place: Span) {
        if tag.is_some() {
            let written = self.file.slice(place);
            let message = format!("the tag {} has no meaning here", quote(written));
            let diagnostic = Diagnostic::new(Code::KEY_OR_TAG, self.file, place, message)
                .with_help("remove it; put the value in quotes if it is text that starts with `!`");
            self.pass.mistakes.push(diagnostic);
        }
    }

    fn unknown_anchor(&mut self, name: &str, place: Span) {
        let message = format!("there is no anchor {} before this alias", quote(&format!("&{name}")));
        let diagnostic = Diagnostic::new(Code::ANCHOR, self.file, place, message);
        let help = match near_name(name, self.anchors.names.iter().rev().take(COMPARED_ANCHORS).map(String::as_str)) {
            Some(near) => format!("did you mean `*{near}`?"),
            None => "put the value in quotes if it is text that starts with `*`".to_owned(),
        };
        self.pass.mistakes.push(diagnostic.with_help(help));
    }

    fn is_in_flow(&self) -> bool {
        self.open.last().is_some_and(|frame| frame.flow)
    }

    fn stopped_by(&self, error: &granit_parser::ScanError) -> Stop {
        let at = error.marker().byte_offset().unwrap_or(self.content_end).min(self.text.len());
        let slip = slip::start_before(self.text, self.content_end, at)
            .and_then(|start| slip::slip_at(self.file, self.text, start, self.is_in_flow()));
        match slip {
            Some(found) => Stop::Slip(Box::new(found)),
            None => Stop::Mistake(Box::new(
                self.unclosed_before(at)
                    .unwrap_or_else(|| syntax::explain(self.file, error.kind(), at, self.last_scalar)),
            )),
        }
    }

    /// A bracket of an earlier line that is still open where the parser gave up.
    fn unclosed_before(&self, at: usize) -> Option<Diagnostic> {
        let bracket = self.open.iter().find(|frame| frame.flow)?.start;
        (self.file.line_start(bracket) < self.file.line_start(at)).then(|| {
            let sign = self.character_at(bracket);
            let message = format!("{} is not closed", quote(self.file.slice(sign)));
            Diagnostic::new(Code::SYNTAX, self.file, sign, message)
                .with_related(self.character_at(at), "this can't stand inside the brackets")
        })
    }

    fn finish(mut self) -> Pass {
        let is_empty = match &self.pass.tree {
            Some(node) => node.value == NodeValue::Null && node.span.start == node.span.end,
            None => self.pass.mistakes.is_empty(),
        };
        if is_empty {
            let has_words = self.file.text().contains('#');
            let message = if has_words { "the file holds only comments" } else { "the file is empty" };
            self.pass.mistakes.push(Diagnostic::new(Code::DOCUMENT, self.file, Span::default(), message));
        }
        self.pass
    }
}
