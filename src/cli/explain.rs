//! `explain`: what a code means, with a wrong example and its mend.

use crate::cli::exit_code::ExitCode;
use crate::cli::streams::Streams;
use crate::diagnostic::{Code, near_name};

/// Explains a code; without one, lists all.
pub(super) fn explain(code: Option<&str>, streams: &mut Streams) -> ExitCode {
    let Some(wanted) = code else {
        for code in Code::ALL {
            streams.out_own(&format!("{}\n", title(code)));
        }
        return ExitCode::Success;
    };
    let found = Code::ALL.iter().find(|code| code.id.eq_ignore_ascii_case(wanted));
    if let Some(code) = found {
        streams.out_own(code.explanation);
        return ExitCode::Success;
    }
    let upper = wanted.to_ascii_uppercase();
    let near = near_name(&upper, Code::ALL.iter().map(|code| code.id));
    let help = near.map_or_else(|| "`myaf-run explain` lists all".to_owned(), |near| format!("did you mean `{near}`?"));
    streams.err_line(&format!("error: there is no code `{wanted}`\n  = help: {help}"));
    ExitCode::Usage
}

/// The first line of the explanation, without its mark: `E010: a key that nobody knows`.
fn title(code: &Code) -> &'static str {
    code.explanation.lines().next().unwrap_or_default().trim_start_matches("# ")
}
