//! Any JSON Schema as that of a DAG's params, and any value held against it: judged, or named as not judged.
#![no_main]

use libfuzzer_sys::fuzz_target;
use myaf_run::source::SourceFile;
use myaf_run::yaml;
use myaf_run::yaml::schema::Foreign;
use serde_json::Value;

fuzz_target!(|input: &[u8]| {
    let middle = input.iter().position(|byte| *byte == b'\n').unwrap_or(input.len());
    let (schema, value) = input.split_at(middle);
    let (Ok(schema), Ok(value)) = (serde_json::from_slice::<Value>(schema), serde_json::from_slice::<Value>(value))
    else {
        return;
    };
    let foreign = Foreign::new(&schema, &value);
    let file = SourceFile::new("a.yaml", value.to_string());
    if let Ok(tree) = yaml::parse(&file) {
        let _ = foreign.schema.check(&file, &tree);
    }
});
