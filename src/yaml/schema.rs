//! stub
use super::Node;
use crate::diagnostic::Diagnostic;
use crate::source::SourceFile;
/// s
#[derive(Debug)]
pub struct Schema;
impl Schema {
    /// n
    #[must_use]
    pub fn new(_: serde_json::Value) -> Self {
        Self
    }
    /// c
    #[must_use]
    pub fn check(&self, _: &SourceFile, _: &Node) -> Vec<Diagnostic> {
        vec![]
    }
}
