//! Any bytes as a playbook: loaded, or every mistake drawn in each form.
#![no_main]

use libfuzzer_sys::fuzz_target;
use myaf_run_fuzz::{empty_folder, run};

fuzz_target!(|input: &[u8]| {
    let folder = empty_folder();
    std::fs::write(folder.join("p.yaml"), input).expect("a file");
    let codes =
        ["human", "json", "github"].map(|form| run(&folder, &["check", "p.yaml", "--message-format", form], &[]));
    assert!(codes.iter().all(|code| *code == codes[0] && matches!(code, 0 | 2)), "{codes:?}");
});
