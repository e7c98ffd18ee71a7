//! How to go on with a run that did not pass: the command that helps, as it is typed.
//!
//! In: the options of this command line, and a run's record. Out: a command for a shell, with the options that it needs to find the
//! same history and the same Airflow.

use crate::cli::environment::Environment;
use crate::cli::schedule::shell;
use crate::record::{RunRecord, WayOn};

/// The options that a later command needs, too, and whether each has a value.
const NEEDED: [(&str, bool); 9] = [
    ("--state-dir", true),
    ("--env-file", true),
    ("--url", true),
    ("--api", true),
    ("--auth", true),
    ("--ca-cert", true),
    ("--client-cert", true),
    ("--client-key", true),
    ("--allow-http", false),
];

/// Makes the commands.
#[derive(Debug, Clone)]
pub(super) struct WayOnCommands {
    /// What follows `myaf-run resume`, each with a space before it.
    options: String,
}

impl WayOnCommands {
    /// With the options that were typed.
    pub(super) fn of(environment: &Environment) -> Self {
        let mut options = String::new();
        let mut args = environment.args.iter().skip(1).map(|arg| arg.to_string_lossy().into_owned());
        while let Some(arg) = args.next() {
            let (name, joined) = arg.split_once('=').map_or((arg.as_str(), None), |(name, value)| (name, Some(value)));
            let Some((name, has_value)) = NEEDED.into_iter().find(|(needed, _)| *needed == name) else { continue };
            let joined = joined.map(str::to_owned);
            let value = if has_value { joined.or_else(|| args.next()) } else { joined };
            options.extend([" ", name]);
            options.extend(value.map(|value| format!(" {}", shell(&value))));
        }
        Self { options }
    }

    /// The command that helps, where one does.
    pub(super) fn command(&self, record: &RunRecord) -> Option<String> {
        let how = match record.way_on() {
            WayOn::Nothing | WayOn::RunAgain => return None,
            WayOn::Resume => String::new(),
            WayOn::ResumeChanged => " --allow-changed".to_owned(),
            WayOn::Clear(step) => format!(" --clear {step}"),
            WayOn::Again(step) => format!(" --again {step}"),
        };
        Some(format!("myaf-run resume{how}{} {}", self.options, record.run_id))
    }

    /// The last line of a run that did not pass.
    pub(super) fn line(&self, record: &RunRecord) -> Option<String> {
        let begin = match record.way_on() {
            WayOn::Nothing => return None,
            WayOn::RunAgain => return Some("nothing was done: run it again".to_owned()),
            WayOn::ResumeChanged => "to go on with it after changing the playbook",
            WayOn::Resume | WayOn::Clear(_) | WayOn::Again(_) => "to go on with it",
        };
        self.command(record).map(|command| format!("{begin}: {command}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_has_the_options_it_needs_quoted_for_a_shell() {
        for (typed, options) in [
            (&["p.yaml"][..], ""),
            (&["--state-dir", "my runs", "p.yaml"], " --state-dir 'my runs'"),
            (&["--state-dir=it's", "--allow-http", "-e", "x=1", "p.yaml"], " --state-dir 'it'\\''s' --allow-http"),
            (&["p.yaml", "--url", "http://h/api/v1", "--output", "quiet"], " --url http://h/api/v1"),
            (&["p.yaml", "--env-file"], " --env-file"),
        ] {
            let args = std::iter::once(&"myaf-run").chain(typed).map(Into::into).collect();
            let environment = Environment::new(Vec::new(), args, "/".into());
            assert_eq!(WayOnCommands::of(&environment).options, options, "{typed:?}");
        }
    }
}
