//! `check`: every mistake in playbooks, without running them. Also how any command reads a playbook.

use std::path::Path;

use crate::cli::args::{CheckArgs, MessageFormat};
use crate::cli::environment::Environment;
use crate::cli::exit_code::ExitCode;
use crate::cli::playbooks::{below, is_playbook};
use crate::cli::streams::{Streams, is_coloured};
use crate::diagnostic::{Diagnostic, draw, github, json, summary};
use crate::playbook::notify::webhooks_in;
use crate::playbook::{Loaded, load};

/// How mistakes are told, and whether warnings count as such.
#[derive(Debug, Clone, Copy)]
pub(super) struct Manner {
    /// The form.
    pub(super) format: MessageFormat,
    /// Whether a warning keeps a playbook from being used.
    pub(super) strict: bool,
    /// Whether people see colours.
    pub(super) colour: bool,
}

impl Manner {
    /// Drawn for people; warnings are no errors.
    pub(super) const fn for_people(colour: bool) -> Self {
        Self { format: MessageFormat::Human, strict: false, colour }
    }
}

/// What checking has come to so far.
#[derive(Debug, Default)]
struct Tally {
    good: usize,
    bad: usize,
    passed_over: usize,
}

/// Checks playbooks, and every playbook below folders.
pub(super) fn check(args: &CheckArgs, environment: &Environment, streams: &mut Streams) -> ExitCode {
    let colour = is_coloured(environment, environment.terminals.stderr, args.no_color);
    let manner = Manner { format: args.message_format, strict: args.strict, colour };
    let mut checking = Checking { manner, environment, streams, tally: Tally::default() };
    for path in &args.playbooks {
        if environment.cwd.join(path).is_dir() {
            checking.folder(path);
        } else {
            checking.file(path);
        }
    }
    checking.end()
}

struct Checking<'a> {
    manner: Manner,
    environment: &'a Environment,
    streams: &'a mut Streams,
    tally: Tally,
}

impl Checking<'_> {
    fn folder(&mut self, folder: &Path) {
        let found = below(&self.environment.cwd, folder);
        for (path, reason) in &found.unreadable {
            self.streams.err_line(&format!("error: the folder `{}` can't be read: {reason}", path.display()));
            self.tally.bad += 1;
        }
        let before = self.tally.good + self.tally.bad;
        for path in &found.files {
            match std::fs::read(self.environment.cwd.join(path)) {
                Ok(bytes) if !is_playbook(&bytes) => self.tally.passed_over += 1,
                Ok(_) | Err(_) => self.file(path),
            }
        }
        if before == self.tally.good + self.tally.bad {
            let help = "a playbook is a `.yaml` or `.yml` file with `steps:`";
            self.streams.err_line(&format!("error: there is no playbook in `{}`\n  = help: {help}", folder.display()));
            self.tally.bad += 1;
        }
    }

    fn file(&mut self, path: &Path) {
        let Some(loaded) = load_file(path, self.environment, self.streams, self.manner) else {
            self.tally.bad += 1;
            return;
        };
        if !loaded.warnings.is_empty() {
            tell(&loaded.warnings, self.streams, self.manner);
        }
        if self.manner.strict && !loaded.warnings.is_empty() {
            self.streams.err_line(&format!("{}: {}", path.display(), strictly(&loaded.warnings)));
            self.tally.bad += 1;
            return;
        }
        let steps = loaded.playbook.steps.len();
        let steps = if steps == 1 { "1 step".to_owned() } else { format!("{steps} steps") };
        let warnings = match loaded.warnings.len() {
            0 => String::new(),
            _ => format!(", {}", summary(&loaded.warnings)),
        };
        self.streams.err_line(&format!("{}: ok, {steps}{warnings}", path.display()));
        self.tally.good += 1;
    }

    fn end(self) -> ExitCode {
        let Tally { good, bad, passed_over } = self.tally;
        if good + bad + passed_over > 1 {
            let bad = (bad > 0).then(|| format!("{bad} not"));
            let other = (passed_over > 0).then(|| format!("{passed_over} other YAML passed over"));
            let parts: Vec<String> = std::iter::once(format!("{good} ok")).chain(bad).chain(other).collect();
            self.streams.err_line(&parts.join(", "));
        }
        if self.tally.bad == 0 { ExitCode::Success } else { ExitCode::Usage }
    }
}

/// Reads a playbook that is to be run; what keeps it from that is said.
pub(super) fn read(path: &Path, environment: &Environment, streams: &mut Streams, manner: Manner) -> Option<Loaded> {
    let loaded = load_file(path, environment, streams, manner)?;
    if manner.strict && !loaded.warnings.is_empty() {
        tell(&loaded.warnings, streams, manner);
        streams.err_line(&format!("\n{}: {}; nothing was run", path.display(), strictly(&loaded.warnings)));
        return None;
    }
    Some(loaded)
}

fn strictly(warnings: &[Diagnostic]) -> String {
    format!("{}, which `--strict` takes for errors", summary(warnings))
}

fn load_file(path: &Path, environment: &Environment, streams: &mut Streams, manner: Manner) -> Option<Loaded> {
    let bytes = match bytes(&environment.cwd.join(path)) {
        Ok(bytes) => bytes,
        Err(reason) => {
            streams.err_line(&format!("error: the playbook `{}` can't be read: {reason}", path.display()));
            return None;
        }
    };
    for webhook in webhooks_in(&String::from_utf8_lossy(&bytes)) {
        streams.masker().learn_webhook(webhook);
    }
    match load(&path.display().to_string(), bytes) {
        Ok(loaded) => Some(loaded),
        Err(mistakes) => {
            say(&mistakes, streams, manner);
            None
        }
    }
}

/// Tells mistakes, and how many there are.
pub(super) fn say(mistakes: &[Diagnostic], streams: &mut Streams, manner: Manner) {
    tell(mistakes, streams, manner);
    let file = mistakes.first().map(|mistake| mistake.file.name().to_owned()).unwrap_or_default();
    let gap = if manner.format == MessageFormat::Human { "\n" } else { "" };
    streams.err_line(&format!("{gap}{file}: {}; nothing was run", summary(mistakes)));
}

/// Tells mistakes in the form that was asked for.
fn tell(mistakes: &[Diagnostic], streams: &mut Streams, manner: Manner) {
    match manner.format {
        MessageFormat::Human => streams.err_styled(&draw(mistakes, manner.colour)),
        MessageFormat::Json => {
            for mistake in mistakes {
                streams.out_text(&format!("{}\n", json(mistake)));
            }
        }
        MessageFormat::Github => {
            for mistake in mistakes {
                streams.out_text(&format!("{}\n", github(mistake)));
            }
        }
    }
}

fn bytes(path: &Path) -> Result<Vec<u8>, String> {
    let about = std::fs::metadata(path).map_err(|error| plain(&error))?;
    if about.is_dir() {
        return Err("it is a folder".to_owned());
    }
    std::fs::read(path).map_err(|error| plain(&error))
}

/// The system's reason in plain words.
pub(super) fn plain(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::NotFound => "there is no such file".to_owned(),
        std::io::ErrorKind::PermissionDenied => "you may not read it".to_owned(),
        _ => error.to_string(),
    }
}
