//! `demo`: five minutes with a DAG that fails, without an Airflow.
//!
//! In: a folder, or none. Out: a playbook and a `.env` in it, a sandbox in this process, and one command after the other, each
//! shown, run as it is typed, and left to say what it says. On a terminal each waits for enter; elsewhere they run through.

use std::io::{BufRead as _, Read as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use clap::Args;

use crate::cli::environment::Environment;
use crate::cli::exit_code::ExitCode;
use crate::cli::signals::{Signals, wait};
use crate::cli::streams::Streams;
use crate::clock::Clock;
use crate::reporter::painted::{Painted, Tone};
use crate::sandbox::{Sandbox, Scenario};
use crate::source::SourceFile;

const PLAYBOOK: &str = include_str!("loans.yaml");
const WORLD: &str = include_str!("world.yaml");

/// Where the demo is played.
#[derive(Debug, Args)]
pub(super) struct DemoArgs {
    /// An empty or new folder; without one, a temporary folder
    dir: Option<PathBuf>,
}

/// A command with what is said before it.
struct Scene {
    says: &'static str,
    words: &'static [&'static str],
}

const SCENES: [Scene; 8] = [
    Scene { says: "A playbook is checked before anything is sent.", words: &["check", "loans.yaml"] },
    Scene { says: "What would it do? -C reads from Airflow, and shows the writes.", words: &["-C", "loans.yaml"] },
    Scene { says: "Now it runs. One of the DAG's tasks has a bad day.", words: &["loans.yaml"] },
    Scene {
        says: "The run was recorded. `resume` finds the DAG run that failed, and makes no second one.",
        words: &["resume"],
    },
    Scene {
        says: "Somebody mends the data. --clear runs the failed tasks again; the rest follows.",
        words: &["resume", "--clear", "load"],
    },
    Scene { says: "All that happened is in the history.", words: &["runs", "list"] },
    Scene {
        says: "By `once_per`, another run finds the month loaded, and does nothing twice.",
        words: &["loans.yaml"],
    },
    Scene { says: "With -v, each request is told of.", words: &["-v", "loans.yaml"] },
];

/// Plays the demo.
pub(super) async fn demo(
    args: &DemoArgs,
    signals: &Signals,
    environment: &Environment,
    streams: &mut Streams,
) -> ExitCode {
    let played = tokio::select! {
        biased;
        signal = wait(signals.first.clone()) => Err(ExitCode::of_signal(signal)),
        played = play(args, environment, streams) => played,
    };
    played.err().unwrap_or(ExitCode::Success)
}

async fn play(args: &DemoArgs, environment: &Environment, streams: &mut Streams) -> Result<(), ExitCode> {
    let folder = folder(args, environment, streams)?;
    let scenario = Scenario::load(&SourceFile::new("world.yaml", WORLD)).map_err(|_| ExitCode::Bug)?;
    let sandbox = Sandbox::start(scenario, Clock::system(), 0).await;
    let sandbox = sandbox.map_err(|error| {
        streams.err_line(&format!("error: cannot start the sandbox: {error}"));
        ExitCode::CannotWrite
    })?;
    let root = sandbox.root_url();
    let env = format!("MY_AIRFLOW_API_URL={root}/api/v2\nMY_AIRFLOW_API_KEY={}\n", sandbox.key());
    streams.masker().learn(sandbox.key());
    let put = |name: &str, text: &str| write(&folder.join(name), text);
    put("loans.yaml", PLAYBOOK).and_then(|()| put(".env", &env)).map_err(|error| {
        streams.err_line(&format!("error: cannot write to `{}`: {error}", folder.display()));
        ExitCode::CannotWrite
    })?;
    say(streams, &format!("A small Airflow runs in this program, at {root}. There are in\n{}:", folder.display()));
    say(streams, "  .env        its URL and its key");
    say(streams, "  loans.yaml  a playbook of three steps:\n");
    PLAYBOOK.lines().for_each(|line| streams.out_painted(&Painted::default().with(Tone::Dim, format!("  {line}"))));
    let is_led = environment.terminals.stdin && environment.terminals.stdout;
    for scene in &SCENES {
        show(scene, (&folder, is_led), environment, streams).await?;
    }
    say(streams, "\nThat is all. `myaf-run init` makes the files for your own Airflow.");
    if is_led {
        say(streams, &format!("The files stay in {}; the small Airflow ends with enter.", folder.display()));
        enter().await?;
    }
    Ok(())
}

/// Says what comes, runs it, and passes on what it prints.
async fn show(
    scene: &Scene,
    (folder, is_led): (&Path, bool),
    environment: &Environment,
    streams: &mut Streams,
) -> Result<(), ExitCode> {
    streams.out_line("");
    streams.out_painted(&Painted::default().with(Tone::Strong, scene.says));
    let line = format!("$ myaf-run {}", scene.words.join(" "));
    streams.out_painted(&Painted::default().with(Tone::Help, line));
    if is_led {
        enter().await?;
    }
    if streams.out_failed() || streams.out_closed() {
        return Err(ExitCode::CannotWrite);
    }
    let mut command = command(scene, folder, environment).ok_or(ExitCode::Bug)?;
    let is_shown = environment.terminals.stdout && environment.terminals.stderr;
    let said = tokio::task::spawn_blocking(move || run(&mut command, is_shown)).await;
    match said {
        Ok(Ok(said)) => {
            streams.out_text(&said);
            Ok(())
        }
        Ok(Err(error)) => {
            streams.err_line(&format!("error: cannot run myaf-run itself: {error}"));
            Err(ExitCode::CannotWrite)
        }
        Err(_) => Err(ExitCode::Bug),
    }
}

/// The program itself, with its words, and with nothing of ours that would lead it to another Airflow.
fn command(scene: &Scene, folder: &Path, environment: &Environment) -> Option<Command> {
    let mut command = Command::new(std::env::current_exe().ok()?);
    command.args(scene.words).current_dir(folder).stdin(Stdio::null());
    let is_foreign = |name: &&String| name.starts_with("MYAF_RUN_") || name.contains("AIRFLOW_");
    for name in environment.vars.keys().filter(is_foreign) {
        command.env_remove(name);
    }
    command.env("MYAF_RUN_STATE_DIR", folder.join(".history"));
    Some(command)
}

/// Runs a command to its end. On a terminal it prints there itself; elsewhere both of its streams are read as one.
fn run(command: &mut Command, is_shown: bool) -> std::io::Result<String> {
    if is_shown {
        return command.status().map(|_| String::new());
    }
    let (mut reader, writer) = std::io::pipe()?;
    command.stdout(writer.try_clone()?).stderr(writer);
    let mut child = command.spawn()?;
    // Ours is the last end that could still be written to.
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let mut said = Vec::new();
    reader.read_to_end(&mut said)?;
    child.wait()?;
    Ok(String::from_utf8_lossy(&said).into_owned())
}

/// Waits for enter; `Err` when nobody can type it any more.
async fn enter() -> Result<(), ExitCode> {
    let read = tokio::task::spawn_blocking(|| std::io::stdin().lock().read_line(&mut String::new())).await;
    match read {
        Ok(Ok(1..)) => Ok(()),
        Ok(Ok(0) | Err(_)) | Err(_) => Err(ExitCode::Success),
    }
}

fn say(streams: &mut Streams, text: &str) {
    streams.out_line(text);
}

/// The folder, made if need be; one that has something in it is left alone.
fn folder(args: &DemoArgs, environment: &Environment, streams: &mut Streams) -> Result<PathBuf, ExitCode> {
    let folder = match &args.dir {
        Some(dir) => environment.cwd.join(dir),
        None => temporary(environment)?,
    };
    let made = make(&folder).and_then(|()| std::fs::read_dir(&folder).map(|mut entries| entries.next().is_none()));
    match made {
        Ok(true) => Ok(folder),
        Ok(false) => {
            streams.err_line(&format!("error: the folder `{}` is not empty", folder.display()));
            streams.err_line("  = help: name a new one, or none for a temporary folder");
            Err(ExitCode::Usage)
        }
        Err(error) => {
            streams.err_line(&format!("error: cannot use the folder `{}`: {error}", folder.display()));
            Err(ExitCode::CannotWrite)
        }
    }
}

/// A name for a folder of our own among the temporary ones.
fn temporary(environment: &Environment) -> Result<PathBuf, ExitCode> {
    let folder = environment.var("TMPDIR").map_or_else(|| PathBuf::from("/tmp"), PathBuf::from);
    let mut chance = [0_u8; 4];
    getrandom::getrandom(&mut chance).map_err(|_| ExitCode::CannotWrite)?;
    Ok(folder.join(format!("myaf-run-demo-{:08x}", u32::from_be_bytes(chance))))
}

/// Makes a folder that is ours alone, unless it is there.
fn make(folder: &Path) -> std::io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

/// Writes a file that is ours alone: one of them holds a key.
fn write(path: &Path, text: &str) -> std::io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    std::io::Write::write_all(&mut options.open(path)?, text.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_playbook_and_the_world_have_no_mistake() {
        let loaded = crate::playbook::load("loans.yaml", PLAYBOOK.as_bytes().to_vec()).expect("it is in order");
        assert!(loaded.warnings.is_empty(), "{:?}", loaded.warnings);
        assert!(Scenario::load(&SourceFile::new("world.yaml", WORLD)).is_ok());
    }
}
