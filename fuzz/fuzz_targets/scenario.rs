//! Any text as a scenario of the sandbox.
#![no_main]

use libfuzzer_sys::fuzz_target;
use myaf_run::sandbox::Scenario;
use myaf_run::source::SourceFile;

fuzz_target!(|text: &str| {
    let _ = Scenario::load(&SourceFile::new("s.yaml", text));
});
