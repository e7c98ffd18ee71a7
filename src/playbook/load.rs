//! From a playbook's bytes to a playbook that makes sense, or every mistake in it.

use std::sync::LazyLock;

use crate::diagnostic::Diagnostic;
use crate::playbook::check::{Checked, check};
use crate::playbook::model::Playbook;
use crate::source::SourceFile;
use crate::yaml::schema::Schema;
use crate::yaml::{self, Node, Parsed};

/// A playbook without mistakes.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// Its text.
    pub file: SourceFile,
    /// The text as a tree, which knows every place.
    pub tree: Node,
    /// The playbook.
    pub playbook: Playbook,
    /// The environment variables that its templates name.
    pub env_names: Vec<String>,
}

static SCHEMA: LazyLock<Schema> = LazyLock::new(|| Schema::new(schema()));

/// The JSON Schema of a playbook, as the types make it.
#[must_use]
pub fn schema() -> serde_json::Value {
    let settings = schemars::generate::SchemaSettings::draft2020_12()
        .with_transform(schemars::transform::RecursiveTransform(without_null));
    settings.into_generator().into_root_schema_for::<Playbook>().to_value()
}

/// Loads a playbook from its bytes; `name` is what messages call it.
///
/// # Errors
/// Every mistake that can be seen, in the order of the file.
pub fn load(name: &str, bytes: Vec<u8>) -> Result<Loaded, Vec<Diagnostic>> {
    let file = yaml::decode(name, bytes).map_err(|mistake| vec![mistake])?;
    let Parsed { tree, mut mistakes } = yaml::read(&file);
    let Some(tree) = tree else { return Err(mistakes) };
    let Checked { mistakes: meaning, env_names } = check(&file, &tree);
    let further = SCHEMA.check(&file, &tree).into_iter().chain(meaning);
    let further: Vec<Diagnostic> = further.filter(|found| !is_told(found, &mistakes)).collect();
    mistakes.extend(further);
    mistakes.sort_by_key(|mistake| mistake.span.start);
    if !mistakes.is_empty() {
        return Err(mistakes);
    }
    match serde_json::from_value(tree.to_json()) {
        Ok(playbook) => Ok(Loaded { file, tree, playbook, env_names }),
        Err(error) => {
            let message = format!("the playbook can't be read: {error}");
            Err(vec![Diagnostic::new(crate::diagnostic::Code::WRONG_TYPE, &file, tree.span, message)])
        }
    }
}

/// Whether what was found stands where a mistake of the text itself was told.
fn is_told(found: &Diagnostic, told: &[Diagnostic]) -> bool {
    told.iter().any(|mistake| mistake.span.start <= found.span.start && found.span.end <= mistake.span.end)
}

/// An optional key is left out, never set to nothing: takes `null` out of what `Option` allows.
fn without_null(schema: &mut schemars::Schema) {
    let Some(object) = schema.as_object_mut() else { return };
    if let Some(serde_json::Value::Array(types)) = object.get_mut("type") {
        types.retain(|kind| kind != "null");
        if let [only] = types.as_slice() {
            let only = only.clone();
            object.insert("type".to_owned(), only);
        }
    }
    if let Some(serde_json::Value::Array(branches)) = object.get_mut("anyOf") {
        branches.retain(|branch| branch.get("type").is_none_or(|kind| kind != "null"));
        if branches.len() == 1
            && let Some(serde_json::Value::Object(only)) = branches.pop()
        {
            object.remove("anyOf");
            for (key, value) in only {
                object.entry(key).or_insert(value);
            }
        }
    }
    if let Some(serde_json::Value::Array(values)) = object.get_mut("enum") {
        values.retain(|value| !value.is_null());
    }
    if object.get("default").is_some_and(serde_json::Value::is_null) {
        object.remove("default");
    }
}
