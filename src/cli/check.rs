//! `check`: every mistake in playbooks, without running them. Also how any command reads a playbook.

use std::borrow::Cow;
use std::io::Read as _;
use std::path::Path;

use crate::cli::args::{CheckArgs, MessageFormat};
use crate::cli::environment::Environment;
use crate::cli::exit_code::ExitCode;
use crate::cli::online::{Answered, Online};
use crate::cli::playbooks::{below, is_playbook};
use crate::cli::slips;
use crate::cli::streams::Streams;
use crate::diagnostic::{Diagnostic, Severity, draw, github, json, summary};
use crate::file::{self, PATIENCE, TEXT_MAX};
use crate::playbook::notify::webhooks_in;
use crate::playbook::{Loaded, load};
use crate::secret::Masker;
use crate::source::SourceFile;

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
    /// The code of the first playbook that is bad.
    code: Option<ExitCode>,
}

/// Checks playbooks, and every playbook below folders.
pub(super) async fn check(args: &CheckArgs, environment: &Environment, streams: &mut Streams) -> ExitCode {
    let colour = streams.look().err.colour;
    let manner = Manner { format: args.message_format, strict: args.strict, colour };
    let online = match args.online.then(|| Online::new(args, environment)).transpose() {
        Ok(online) => online,
        Err(mistakes) => {
            say(&mistakes, streams, manner);
            return ExitCode::Usage;
        }
    };
    let mut checking = Checking { manner, environment, streams, online, tally: Tally::default() };
    for path in &args.playbooks {
        if environment.cwd.join(path).is_dir() {
            checking.folder(path).await;
        } else {
            checking.file(path).await;
        }
    }
    checking.end()
}

struct Checking<'a> {
    manner: Manner,
    environment: &'a Environment,
    streams: &'a mut Streams,
    online: Option<Online<'a>>,
    tally: Tally,
}

impl Checking<'_> {
    async fn folder(&mut self, folder: &Path) {
        let found = below(&self.environment.cwd, folder);
        for (path, reason) in &found.unreadable {
            self.streams.err_line(&format!("error: the folder `{}` can't be read: {reason}", path.display()));
            self.is_bad(ExitCode::Usage);
        }
        let before = self.tally.good + self.tally.bad;
        for path in &found.files {
            match file::read(&self.environment.cwd.join(path), TEXT_MAX) {
                Ok(bytes) if !is_playbook(&bytes) => self.tally.passed_over += 1,
                Ok(_) => self.file(path).await,
                Err(error) => {
                    self.streams.err_text(&slips::cannot_read(path, &error.to_string(), self.environment));
                    self.is_bad(ExitCode::Usage);
                }
            }
        }
        if before == self.tally.good + self.tally.bad {
            let help = "a playbook is a `.yaml` or `.yml` file with `steps:`";
            self.streams.err_line(&format!("error: there is no playbook in `{}`\n  = help: {help}", folder.display()));
            self.is_bad(ExitCode::Usage);
        }
    }

    async fn file(&mut self, path: &Path) {
        let Some(mut loaded) = load_file(path, self.environment, self.streams, self.manner) else {
            return self.is_bad(ExitCode::Usage);
        };
        let steps = loaded.playbook.steps.len();
        let asked = match &mut self.online {
            None => None,
            Some(online) => match online.ask(path, &mut loaded, self.streams, self.manner).await {
                Ok(asked) => Some(asked),
                Err(code) => return self.is_bad(code),
            },
        };
        self.sum_up(path, steps, loaded.warnings, asked);
    }

    /// Tells what was found of a playbook, and whether it is good.
    fn sum_up(&mut self, path: &Path, steps: usize, warnings: Vec<Diagnostic>, asked: Option<Answered>) {
        let Answered { on, report } = asked.unwrap_or_default();
        let mut found = warnings;
        found.extend(report.findings);
        found.sort_by_key(|one| one.span.start);
        let has_mistakes = found.iter().any(|one| one.code.severity == Severity::Error);
        if !found.is_empty() {
            tell(&found, self.streams, self.manner);
        }
        let shown = path.display();
        if has_mistakes {
            let gap = if self.manner.format == MessageFormat::Human { "\n" } else { "" };
            self.streams.err_line(&format!("{gap}{shown}: {}{on}; nothing was run", summary(&found)));
        } else if self.manner.strict && !found.is_empty() {
            self.streams.err_line(&format!("{shown}: {}{on}", strictly(&found)));
        } else {
            let steps = if steps == 1 { "1 step".to_owned() } else { format!("{steps} steps") };
            self.streams.err_line(&format!("{shown}: ok, {steps}{}{on}", warned(&found)));
        }
        report.not_judged.iter().for_each(|line| self.streams.err_line(&format!("  {line}")));
        if has_mistakes || (self.manner.strict && !found.is_empty()) {
            self.is_bad(ExitCode::Usage);
        } else {
            self.tally.good += 1;
        }
    }

    fn is_bad(&mut self, code: ExitCode) {
        self.tally.bad += 1;
        self.tally.code.get_or_insert(code);
    }

    fn end(self) -> ExitCode {
        let Tally { good, bad, passed_over, code } = self.tally;
        if good + bad + passed_over > 1 {
            let bad = (bad > 0).then(|| format!("{bad} not"));
            let other = (passed_over > 0).then(|| format!("{passed_over} other YAML passed over"));
            let parts: Vec<String> = std::iter::once(format!("{good} ok")).chain(bad).chain(other).collect();
            self.streams.err_line(&parts.join(", "));
        }
        code.unwrap_or(ExitCode::Success)
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
    let read = if path == Path::new(STDIN) {
        from_stdin()
    } else {
        file::read_or_pipe(&environment.cwd.join(path), TEXT_MAX, PATIENCE)
            .map(|(bytes, _)| bytes)
            .map_err(|error| error.to_string())
    };
    let bytes = match read {
        Ok(bytes) => bytes,
        Err(reason) => {
            streams.err_text(&slips::cannot_read(path, &reason, environment));
            return None;
        }
    };
    for webhook in webhooks_in(&String::from_utf8_lossy(&bytes)) {
        streams.masker().learn_webhook(webhook);
    }
    match load(&path.display().to_string(), bytes) {
        Ok(loaded) => Some(loaded),
        Err(mistakes) => {
            match slips::other_kind(path) {
                Some(told) => streams.err_text(&told),
                None => say(&mistakes, streams, manner),
            }
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

/// Such as `, 1 warning`; empty without any.
pub(super) fn warned(found: &[Diagnostic]) -> String {
    if found.is_empty() { String::new() } else { format!(", {}", summary(found)) }
}

/// Tells mistakes in the form that was asked for.
pub(super) fn tell(mistakes: &[Diagnostic], streams: &mut Streams, manner: Manner) {
    match manner.format {
        MessageFormat::Human => {
            let drawn = draw(&without_secrets(mistakes, streams), manner.colour);
            streams.err_styled(&drawn);
        }
        MessageFormat::Json => {
            for mistake in mistakes {
                streams.out_json_line(json(mistake));
            }
        }
        MessageFormat::Github => {
            for mistake in mistakes {
                streams.out_text(&format!("{}\n", github(mistake)));
            }
        }
    }
}

/// The name of a playbook that comes on stdin.
pub(super) const STDIN: &str = "-";
/// More than any playbook may have.
const STDIN_MOST: u64 = 64 * 1024 * 1024;

fn from_stdin() -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    std::io::stdin().lock().take(STDIN_MOST).read_to_end(&mut bytes).map_err(|error| error.to_string())?;
    Ok(bytes)
}

/// The mistakes with every secret in their files blotted out: lines are drawn in pieces, and a piece of a secret is not known
/// for one.
fn without_secrets(mistakes: &[Diagnostic], streams: &Streams) -> Vec<Diagnostic> {
    let mut told = mistakes.to_vec();
    let mut last: Option<(SourceFile, SourceFile)> = None;
    for mistake in &mut told {
        let (file, blotted) = match last.take() {
            Some(known) if std::ptr::eq(known.0.text(), mistake.file.text()) => known,
            Some(_) | None => (mistake.file.clone(), blotted(&mistake.file, streams.masker())),
        };
        mistake.file.clone_from(&blotted);
        last = Some((file, blotted));
    }
    told
}

/// The file with every secret in it blotted out.
pub(super) fn blotted(file: &SourceFile, masker: &Masker) -> SourceFile {
    match masker.blot(file.text()) {
        Cow::Borrowed(_) => file.clone(),
        Cow::Owned(text) => SourceFile::new(file.name(), text),
    }
}
