//! The command line as typed.

use std::path::PathBuf;
use std::time::Duration;

use clap::builder::FalseyValueParser;
use clap::builder::styling::{AnsiColor, Styles};
use clap::{ArgAction, Args, Parser, Subcommand, ValueEnum};

use crate::cli::connection_args::{ConnectionArgs, duration};
use crate::cli::demo::DemoArgs;
use crate::cli::history::StateArgs;
use crate::cli::init::InitArgs;
use crate::cli::look::LookArgs;
use crate::cli::moment::Since;
use crate::cli::overlap::OverlapArg;
use crate::cli::runs::Status;
use crate::cli::schedule::ScheduleArgs;

/// Runs an operational runbook against the Airflow REST API.
#[derive(Debug, Parser)]
#[command(name = "myaf-run", version, args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
#[command(max_term_width = 80, disable_help_flag = true, after_help = AFTER_HELP, styles = STYLES)]
pub(super) struct Cli {
    /// What to do when it is not to run a playbook.
    #[command(subcommand)]
    pub(super) command: Option<Command>,
    /// Print help
    #[arg(short, long, global = true, action = ArgAction::HelpShort)]
    help: Option<bool>,
    #[command(flatten)]
    pub(super) run: RunArgs,
    #[command(flatten)]
    pub(super) look: LookArgs,
}

/// As cargo's help looks.
const STYLES: Styles = Styles::styled()
    .header(AnsiColor::Green.on_default().bold())
    .usage(AnsiColor::Green.on_default().bold())
    .literal(AnsiColor::Cyan.on_default().bold())
    .placeholder(AnsiColor::Cyan.on_default())
    .error(AnsiColor::Red.on_default().bold())
    .valid(AnsiColor::Cyan.on_default().bold())
    .invalid(AnsiColor::Yellow.on_default().bold());

const AFTER_HELP: &str = "\
Examples:
  myaf-run --sandbox playbook.yaml         try it without an Airflow
  myaf-run playbook.yaml -e month=2026-10  run it, with the value of an input
  myaf-run check playbooks                 check every playbook in a folder

`myaf-run help` tells all options; each has a variable such as MYAF_RUN_TARGET.

Exit codes: 0 all is well, 1 a step failed, 2 usage or invalid playbook,
3 unreachable, 4 authentication, 5 a wait ran out, 6 no step selected, 7 a write
in doubt, 70 a bug, 74 can't write, 75 already running, 129, 130, 143 a signal.";

/// The commands beside running.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Check playbooks without running them
    Check(Box<CheckArgs>),
    /// See a DAG fail, be mended and resumed, without an Airflow
    Demo(DemoArgs),
    /// Say which Airflow would be used, and whether it can be
    Doctor(Box<DoctorArgs>),
    /// Say what a code such as E021 means; without a code, list all
    Explain {
        /// The code
        code: Option<String>,
    },
    /// Make a first playbook and what it needs; overwrite nothing
    Init(InitArgs),
    /// Print what cron, systemd, Kubernetes or GitHub need to run it
    Schedule(ScheduleArgs),
    /// Print a JSON Schema: of playbooks or of sandbox scenarios
    Schema {
        /// Which schema
        #[arg(value_enum, default_value = "playbook")]
        kind: SchemaKind,
    },
    /// Print what a shell completes
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Print the manual page, or write those of all commands to a folder
    Man {
        /// The folder
        folder: Option<PathBuf>,
    },
    /// Go on with a run that did not end well; nothing is done twice
    Resume(Box<ResumeArgs>),
    /// Look at the runs of the past
    Runs(RunsArgs),
    /// Serve the sandbox, an imitation of Airflow 2 and 3
    Sandbox {
        /// A scenario file; without one, a small data team's Airflow
        scenario: Option<PathBuf>,
        /// The port on 127.0.0.1; 0 takes any free one
        #[arg(long, env = "MYAF_RUN_PORT", hide_env = true, default_value_t = 8080)]
        port: u16,
    },
}

/// The schemas there are.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum SchemaKind {
    /// Of playbooks.
    Playbook,
    /// Of the sandbox's scenarios.
    Scenario,
}

/// Checking.
#[derive(Debug, Args)]
pub(super) struct CheckArgs {
    /// Playbooks, and folders with playbooks
    #[arg(required = true, value_name = "PLAYBOOK|DIR")]
    pub(super) playbooks: Vec<PathBuf>,
    /// Ask Airflow, too; nothing is written there
    ///
    /// Whether DAGs, params, datasets and the like are as the playbook needs them.
    #[arg(long, env = "MYAF_RUN_ONLINE", hide_env = true, value_parser = FalseyValueParser::new())]
    pub(super) online: bool,
    /// With --online: give an input a value
    ///
    /// `@FILE` reads values from a YAML or JSON file.
    #[arg(short = 'e', long = "extra-vars", value_name = "NAME=VALUE", env = "MYAF_RUN_EXTRA_VARS", hide_env = true)]
    pub(super) extra_vars: Vec<String>,
    /// Take warnings for errors
    #[arg(long, env = "MYAF_RUN_STRICT", hide_env = true, value_parser = FalseyValueParser::new())]
    pub(super) strict: bool,
    /// How mistakes are told: for people, as JSON lines on stdout, or as annotations of GitHub Actions on stdout
    #[arg(long, value_enum, default_value = "human", env = "MYAF_RUN_MESSAGE_FORMAT", hide_env = true)]
    pub(super) message_format: MessageFormat,
    #[command(flatten)]
    pub(super) connection: ConnectionArgs,
}

/// Looking at a target.
#[derive(Debug, Args)]
pub(super) struct DoctorArgs {
    /// The playbook that is going to be run: its folder and its `target` count
    pub(super) playbook: Option<PathBuf>,
    #[command(flatten)]
    pub(super) state: StateArgs,
    /// Print one JSON object instead of lines
    #[arg(long, env = "MYAF_RUN_JSON", hide_env = true, value_parser = FalseyValueParser::new())]
    pub(super) json: bool,
    #[command(flatten)]
    pub(super) connection: ConnectionArgs,
}

/// Running.
#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own on the command line")]
pub(super) struct RunArgs {
    /// The playbook to run; `-` reads it from stdin
    ///
    /// One whose name is that of a command is written ./check.
    #[arg(required = true, hide_short_help = true)]
    pub(super) playbook: Option<PathBuf>,

    /// Give an input a value; @FILE reads values
    ///
    /// The file is YAML or JSON.
    #[arg(short = 'e', long = "extra-vars", value_name = "NAME=VALUE", env = "MYAF_RUN_EXTRA_VARS", hide_env = true)]
    pub(super) extra_vars: Vec<String>,

    /// Run only steps with one of these tags
    #[arg(short, long, value_name = "TAG,…", value_delimiter = ',', env = "MYAF_RUN_TAGS", hide_env = true)]
    pub(super) tags: Vec<String>,

    /// Run no steps with one of these tags
    #[arg(long, value_name = "TAG,…", value_delimiter = ',', env = "MYAF_RUN_SKIP_TAGS", hide_env = true)]
    pub(super) skip_tags: Vec<String>,

    /// Start at this step: its id or its name
    #[arg(long, value_name = "STEP", env = "MYAF_RUN_START_AT", hide_env = true)]
    pub(super) start_at: Option<String>,

    /// List the steps that would be run
    ///
    /// With their tags; nothing is run.
    #[arg(long, env = "MYAF_RUN_LIST_STEPS", hide_env = true, value_parser = FalseyValueParser::new())]
    pub(super) list_steps: bool,

    /// Change nothing: do the reads, show the writes
    ///
    /// Each write is shown in place of being sent.
    #[arg(short = 'C', long, env = "MYAF_RUN_CHECK", hide_env = true, value_parser = FalseyValueParser::new())]
    pub(super) check: bool,

    /// With -C: show the writes as curl commands
    ///
    /// The commands go to stdout.
    #[arg(long, requires = "check", env = "MYAF_RUN_CURL", hide_env = true, value_parser = FalseyValueParser::new())]
    pub(super) curl: bool,

    /// Check the playbook against Airflow first
    ///
    /// As `check --online` does; nothing is run if it has mistakes there.
    #[arg(long, env = "MYAF_RUN_PREFLIGHT", hide_env = true, value_parser = FalseyValueParser::new())]
    pub(super) preflight: bool,

    /// Find what an earlier run with this id made
    ///
    /// The run has this id: what an earlier one with it has made is found, and not made again.
    #[arg(long, value_name = "ID", env = "MYAF_RUN_RUN_ID", hide_env = true)]
    pub(super) run_id: Option<String>,

    /// When the playbook is running already: run nothing and end well, wait, or fail with exit code 75
    #[arg(long, value_enum, value_name = "WHAT", env = "MYAF_RUN_ON_OVERLAP", hide_env = true, hide_short_help = true)]
    pub(super) on_overlap: Option<OverlapArg>,

    /// Record nothing: it can't be resumed
    ///
    /// The run can't be resumed and is not in the history.
    #[arg(long, env = "MYAF_RUN_NO_JOURNAL", hide_env = true, value_parser = FalseyValueParser::new())]
    pub(super) no_journal: bool,

    /// How many runs the history keeps; those that did not pass stay for 30 days
    #[arg(
        long,
        value_name = "RUNS",
        env = "MYAF_RUN_KEEP",
        hide_env = true,
        hide_short_help = true,
        default_value_t = 200
    )]
    pub(super) keep: usize,

    #[command(flatten)]
    pub(super) running: RunningArgs,
}

/// How a run is run and shown, the first time and when it is resumed.
#[derive(Debug, Args)]
#[command(next_help_heading = "Output and history")]
pub(super) struct RunningArgs {
    #[command(flatten)]
    pub(super) state: StateArgs,

    /// Stop after this time, with exit code 5
    ///
    /// No new step is begun, and what goes on in Airflow goes on.
    #[arg(long, value_name = "TIME", value_parser = duration, env = "MYAF_RUN_DEADLINE", hide_env = true)]
    pub(super) deadline: Option<Duration>,

    /// How long a write on its way and `always` may still take after a signal or the deadline
    #[arg(long, value_name = "TIME", value_parser = duration, default_value = "20s", env = "MYAF_RUN_GRACE", hide_env = true, hide_short_help = true)]
    pub(super) grace: Duration,

    /// What to print
    ///
    /// Lines for people, one JSON report, or nothing unless something is wrong.
    #[arg(long, value_enum, default_value = "text", env = "MYAF_RUN_OUTPUT", hide_env = true)]
    pub(super) output: Output,

    /// Run nothing when the playbook has warnings
    #[arg(long, env = "MYAF_RUN_STRICT", hide_env = true, value_parser = FalseyValueParser::new())]
    pub(super) strict: bool,

    /// How mistakes in the playbook are told: for people, as JSON lines on stdout, or as annotations of GitHub Actions
    #[arg(
        long,
        value_enum,
        default_value = "human",
        env = "MYAF_RUN_MESSAGE_FORMAT",
        hide_env = true,
        hide_short_help = true
    )]
    pub(super) message_format: MessageFormat,

    #[command(flatten)]
    pub(super) connection: ConnectionArgs,
}

/// Going on with a run.
#[derive(Debug, Args)]
pub(super) struct ResumeArgs {
    /// The run's id; `latest` is the newest that did not pass
    ///
    /// `latest` shows the run first. On a terminal it asks, and means any run; elsewhere it means only runs of playbooks in the
    /// current folder or below it.
    #[arg(default_value = "latest", value_name = "RUN")]
    pub(super) run: String,

    /// The playbook, if it is elsewhere now; with `latest`, the playbook whose run is meant
    pub(super) playbook: Option<PathBuf>,

    /// Make the writes of this step anew, also when it is done
    #[arg(long, value_name = "STEP", env = "MYAF_RUN_AGAIN", hide_env = true)]
    pub(super) again: Vec<String>,

    /// Clear the failed tasks of this step's DAG run, and wait for it again
    #[arg(long, value_name = "STEP", env = "MYAF_RUN_CLEAR", hide_env = true)]
    pub(super) clear: Vec<String>,

    /// Resume the latest run without asking
    #[arg(long, env = "MYAF_RUN_YES", hide_env = true, value_parser = FalseyValueParser::new())]
    pub(super) yes: bool,

    /// Go on although the playbook or the Airflow is another one
    #[arg(long, env = "MYAF_RUN_ALLOW_CHANGED", hide_env = true, value_parser = FalseyValueParser::new())]
    pub(super) allow_changed: bool,

    /// Refused: what a resumed run would do can't be checked
    #[arg(short = 'C', long, env = "MYAF_RUN_CHECK", hide = true, value_parser = FalseyValueParser::new())]
    pub(super) check: bool,

    /// Give a secret input its value again
    #[arg(short = 'e', long = "extra-vars", value_name = "NAME=VALUE", env = "MYAF_RUN_EXTRA_VARS", hide_env = true)]
    pub(super) extra_vars: Vec<String>,

    #[command(flatten)]
    pub(super) running: RunningArgs,
}

/// Looking at the history.
#[derive(Debug, Args)]
pub(super) struct RunsArgs {
    /// What to show.
    #[command(subcommand)]
    pub(super) command: RunsCommand,
}

/// What can be shown of the history.
#[derive(Debug, Subcommand)]
pub(super) enum RunsCommand {
    /// List runs, newest first
    List(ListArgs),
    /// Show a run step by step, also while it goes on
    Show(OneRunArgs),
    /// Print the JSON report of a run
    Report(OneRunArgs),
}

/// Which run is looked at.
#[derive(Debug, Args)]
pub(super) struct OneRunArgs {
    /// The run's id; `latest` is the newest
    #[arg(default_value = "latest", value_name = "RUN")]
    pub(super) run: String,
    /// Show times in UTC, not in the machine's time zone
    #[arg(long)]
    pub(super) utc: bool,
    #[command(flatten)]
    pub(super) state: StateArgs,
}

/// Which runs are listed.
#[derive(Debug, Args)]
pub(super) struct ListArgs {
    #[command(flatten)]
    pub(super) state: StateArgs,
    /// Only runs of this playbook: its name or its path
    #[arg(long)]
    pub(super) playbook: Option<String>,
    /// Only runs on this target
    #[arg(long)]
    pub(super) target: Option<String>,
    /// Only runs that came to this
    #[arg(long, value_enum)]
    pub(super) status: Option<Status>,
    /// Only runs since 1h, 2d, yesterday or 2026-11-27
    ///
    /// Or since a moment with its offset, such as 2026-11-27T10:00:00Z.
    #[arg(long, value_name = "TIME")]
    pub(super) since: Option<Since>,
    /// Show times in UTC, not in the machine's time zone
    #[arg(long)]
    pub(super) utc: bool,
    /// At most this many
    #[arg(long, value_name = "RUNS", default_value_t = 50)]
    pub(super) limit: usize,
    /// Print a JSON list instead of a table
    #[arg(long)]
    pub(super) json: bool,
}

/// How mistakes are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum MessageFormat {
    /// Drawn for people, on stderr.
    Human,
    /// A JSON object a line, on stdout.
    Json,
    /// Annotations of GitHub Actions, on stdout.
    Github,
}

/// What to print.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Output {
    /// Lines for people.
    Text,
    /// One JSON report on stdout.
    Json,
    /// Nothing when all is well, one line when not.
    Quiet,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_contradicts_itself_nowhere() {
        Cli::command().debug_assert();
    }

    #[test]
    fn a_first_word_that_is_a_command_is_one_and_a_path_is_a_playbook() {
        let parse = |words: &[&str]| Cli::try_parse_from([&["myaf-run"], words].concat());
        assert!(parse(&["check", "a.yaml"]).is_ok_and(|cli| matches!(cli.command, Some(Command::Check(_)))));
        assert!(parse(&["./check"]).is_ok_and(|cli| cli.run.playbook == Some(PathBuf::from("./check"))));
        assert!(
            parse(&["--sandbox", "a.yaml"])
                .is_ok_and(|cli| cli.run.running.connection.sandbox == Some(PathBuf::from("builtin")))
        );
        assert!(parse(&[]).is_err());
    }
}
