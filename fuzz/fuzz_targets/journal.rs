//! Any bytes as the file of a run: listed, shown, reported, and looked at by `resume`, without a panic.
#![no_main]

use std::fs;

use libfuzzer_sys::fuzz_target;
use myaf_run_fuzz::{empty_folder, run};

fuzz_target!(|input: &[u8]| {
    let folder = empty_folder();
    let runs = folder.join("state/runs");
    fs::create_dir_all(&runs).expect("a folder");
    for folder in [&folder, &folder.join("state"), &runs] {
        private(folder);
    }
    fs::write(runs.join("r.jsonl"), input).expect("a file");
    for args in [&["runs", "list"][..], &["runs", "list", "--json"], &["runs", "show", "r"], &["runs", "report", "r"]] {
        run(&folder, &[args, &["--state-dir", "state"]].concat(), &[]);
    }
});

#[cfg(unix)]
fn private(folder: &std::path::Path) {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(folder, fs::Permissions::from_mode(0o700)).expect("it is ours");
}
