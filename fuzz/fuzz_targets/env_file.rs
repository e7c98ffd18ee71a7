//! Any bytes as a `.env` file: the target is found in it, or the program says why not, and never shows a line.
#![no_main]

use libfuzzer_sys::fuzz_target;
use myaf_run_fuzz::{empty_folder, run};

const PLAYBOOK: &str = "name: p\nsteps: [{print: \"{{ env.MY_AIRFLOW_UI_URL }}\"}]\n";

fuzz_target!(|input: &[u8]| {
    let folder = empty_folder();
    std::fs::write(folder.join("p.yaml"), PLAYBOOK).expect("a file");
    std::fs::write(folder.join(".env"), input).expect("a file");
    run(&folder, &["--no-journal", "p.yaml"], &[]);
});
