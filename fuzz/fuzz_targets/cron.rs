//! Any text as a cron expression, for every scheduler.
#![no_main]

use libfuzzer_sys::fuzz_target;
use myaf_run_fuzz::{empty_folder, run};

fuzz_target!(|text: &str| {
    if text.contains('\0') {
        return;
    }
    let folder = empty_folder();
    std::fs::write(folder.join("p.yaml"), "name: p\nsteps: [{print: hi}]\n").expect("a file");
    let codes = ["crontab", "systemd", "kubernetes", "github"]
        .map(|scheduler| run(&folder, &["schedule", "p.yaml", &format!("--cron={text}"), "--as", scheduler], &[]));
    assert!(codes.iter().all(|code| matches!(code, 0 | 2)), "{codes:?}");
});
