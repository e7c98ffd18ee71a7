//! `schema`: the JSON Schemas of the files that people write.

use crate::cli::args::SchemaKind;
use crate::cli::exit_code::ExitCode;
use crate::cli::streams::Streams;

/// Prints a schema.
pub(super) fn schema(kind: SchemaKind, streams: &mut Streams) -> ExitCode {
    let schema = match kind {
        SchemaKind::Playbook => crate::playbook::SCHEMA,
        SchemaKind::Scenario => crate::sandbox::SCHEMA,
    };
    streams.out_own(&format!("{}\n", schema.trim_end()));
    ExitCode::Success
}
