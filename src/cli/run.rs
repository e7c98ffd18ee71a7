//! What a command line does; and running a playbook, from its file to the exit code.

use std::path::Path;
use std::sync::Arc;

use clap::Parser;
use secrecy::{ExposeSecret, SecretString};

use crate::airflow::auth::{AuthScheme, Credential};
use crate::airflow::base_url::BaseUrl;
use crate::airflow::client::{Client, ClientOptions};
use crate::airflow::model::ApiVersion;
use crate::cli::args::{Api, Auth, Cli, Command, Output, RunArgs};
use crate::cli::environment::Environment;
use crate::cli::exit_code::ExitCode;
use crate::cli::screen::Screen;
use crate::cli::streams::{Streams, is_coloured};
use crate::cli::target::{self, Target, TargetRequest};
use crate::cli::{check, git, identity, inputs, sandbox, schema, signals};
use crate::clock::Clock;
use crate::executor::{Interrupt, Limits, Tools, execute};
use crate::http::HttpOptions;
use crate::plan::{self, Context, Plan};
use crate::playbook::Loaded;
use crate::reporter::json;
use crate::reporter::text::Text;
use crate::sandbox::Sandbox;

/// Does what the command line says.
pub async fn dispatch(environment: &Environment, streams: &mut Streams) -> ExitCode {
    let cli = match Cli::try_parse_from(&environment.args) {
        Ok(cli) => cli,
        Err(error) => return explain(&error, streams),
    };
    let code = match &cli.command {
        Some(Command::Check(args)) => check::check(args, environment, streams),
        Some(Command::Schema { kind }) => schema::schema(*kind, streams),
        Some(Command::Sandbox { scenario, port }) => {
            sandbox::serve(scenario.as_deref(), *port, environment, streams).await
        }
        None => run(&cli.run, environment, streams).await,
    };
    if streams.out_failed() { ExitCode::CannotWrite } else { code }
}

/// Help and version go to stdout, mistakes to stderr.
fn explain(error: &clap::Error, streams: &mut Streams) -> ExitCode {
    let text = error.render().to_string();
    if error.use_stderr() {
        streams.err_text(&text);
        return ExitCode::Usage;
    }
    streams.out_text(&text);
    ExitCode::Success
}

/// An Airflow to run on: a real one, or a sandbox in this process.
struct Place {
    target: String,
    base_url: BaseUrl,
    credential: Option<Credential>,
    ui_url: Option<String>,
    clock: Clock,
    /// Kept for as long as the run goes on.
    _sandbox: Option<Sandbox>,
}

async fn run(args: &RunArgs, environment: &Environment, streams: &mut Streams) -> ExitCode {
    let colour = is_coloured(environment, environment.terminals.stderr, args.no_color);
    let Some(path) = args.playbook.as_deref() else { return ExitCode::Usage };
    let Some(loaded) = check::read(path, environment, streams, colour) else { return ExitCode::Usage };
    let given = match inputs::given(&args.extra_vars, &environment.cwd) {
        Ok(given) => given,
        Err(mistakes) => {
            check::say(&mistakes, streams, colour);
            return ExitCode::Usage;
        }
    };
    let place = match place(args, &loaded, environment, streams).await {
        Ok(place) => place,
        Err(code) => return code,
    };
    let started_at = place.clock.now();
    let Some(run_id) = run_id(started_at) else {
        streams.err_line("error: the system has no randomness for the run's id");
        return ExitCode::CannotWrite;
    };
    let shown_path = path.display().to_string();
    let git_sha = git::git_sha(&environment.cwd.join(path), environment);
    let operator = format!("{}@{}", identity::user_name(environment), identity::host_name(environment));
    let context = Context {
        run_id: &run_id,
        started_at,
        path: &shown_path,
        git_sha: git_sha.as_deref(),
        operator: &operator,
        target: &place.target,
        base_url: &place.base_url.to_string(),
        environment: &environment.vars,
        given: &given,
    };
    let plan = match plan::plan(&loaded, &context) {
        Ok(plan) => plan,
        Err(mistakes) => {
            check::say(&mistakes, streams, colour);
            return ExitCode::Usage;
        }
    };
    plan.secrets.iter().for_each(|secret| streams.masker().learn(secret));
    match client(args, &place, environment, streams) {
        Ok(client) => carry_out(args, &plan, place, client, streams, environment).await,
        Err(message) => {
            streams.err_line(&format!("error: {message}"));
            ExitCode::Usage
        }
    }
}

/// Runs the plan and reports.
async fn carry_out(
    args: &RunArgs,
    plan: &Plan,
    place: Place,
    client: Client,
    streams: &mut Streams,
    environment: &Environment,
) -> ExitCode {
    let (sender, interrupt) = Interrupt::channel();
    let tools = Tools {
        client: &client,
        clock: place.clock.clone(),
        masker: streams.masker().clone(),
        interrupt,
        limits: Limits { max_time: args.max_time, ..Limits::default() },
        ui_url: place.ui_url.clone(),
    };
    let colour = is_coloured(environment, environment.terminals.stderr, args.no_color);
    let text = Text::new(plan.file.clone(), colour);
    let mut screen = Screen::new(streams, args.output, text, environment.terminals.stderr);
    let ended = tokio::select! {
        biased;
        ended = execute(plan, &tools, &mut screen) => ended.map(|()| None),
        signal = signals::second(sender) => Ok(Some(signal)),
    };
    let record = screen.into_record();
    let code = match ended {
        Ok(None) => ExitCode::of_verdict(record.verdict()),
        Ok(Some(signal)) => {
            streams.err_line(&format!("{}: stopped at once by a second signal; run {}", plan.playbook, plan.run_id));
            ExitCode::of_signal(signal)
        }
        Err(error) => {
            streams.err_line(&format!("error: {error}"));
            ExitCode::CannotWrite
        }
    };
    if args.output == Output::Json {
        match json::report(&record, code.as_u8()) {
            Ok(report) => streams.out_line(&report),
            Err(error) => streams.err_line(&format!("error: the report can't be written: {error}")),
        }
    }
    code
}

/// Finds the target, or starts the sandbox.
async fn place(
    args: &RunArgs,
    loaded: &Loaded,
    environment: &Environment,
    streams: &mut Streams,
) -> Result<Place, ExitCode> {
    if let Some(scenario) = &args.sandbox {
        return sandbox_place(scenario, args.api, environment, streams).await;
    }
    let request = TargetRequest {
        flag_target: args.target.clone(),
        playbook_target: loaded.playbook.target.clone(),
        playbook: args.playbook.clone(),
        url: args.url.clone(),
        env_file: args.env_file.clone(),
        api: args.api.map(ApiVersion::from),
        allow_http: args.allow_http,
        anonymous: args.auth == Auth::None,
    };
    let target: Target = target::resolve(&request, environment).map_err(|error| {
        streams.err_line(&format!("error: {error}"));
        ExitCode::Usage
    })?;
    target.secrets.iter().for_each(|secret| streams.masker().learn(secret.expose_secret()));
    if let Some(overlooked) = &target.overlooked {
        let passed_over = overlooked.display();
        streams.err_line(&format!(
            "warning: `{passed_over}` is not used: the environment defines the target `{}`",
            target.name
        ));
    }
    Ok(Place {
        target: target.name,
        base_url: target.base_url,
        credential: target.credential,
        ui_url: target.ui_url,
        clock: Clock::system(),
        _sandbox: None,
    })
}

async fn sandbox_place(
    scenario: &Path,
    api: Option<Api>,
    environment: &Environment,
    streams: &mut Streams,
) -> Result<Place, ExitCode> {
    let scenario = sandbox::read(Some(scenario), environment, streams).ok_or(ExitCode::Usage)?;
    let clock = sandbox::clock(&scenario);
    let sandbox = Sandbox::start(scenario, clock.clone(), 0).await.map_err(|error| {
        streams.err_line(&format!("error: the sandbox can't be started: {error}"));
        ExitCode::CannotWrite
    })?;
    let version = ApiVersion::from(api.unwrap_or(Api::V2));
    let url = format!("{}/api/{}", sandbox.root_url(), version.as_str());
    let base_url = BaseUrl::parse(&url).map_err(|error| {
        streams.err_line(&format!("error: the sandbox's URL can't be used: {error}"));
        ExitCode::Bug
    })?;
    streams.masker().learn(sandbox.key());
    Ok(Place {
        target: "sandbox".to_owned(),
        base_url,
        credential: Some(Credential::Key(SecretString::from(sandbox.key().to_owned()))),
        ui_url: None,
        clock,
        _sandbox: Some(sandbox),
    })
}

fn client(args: &RunArgs, place: &Place, environment: &Environment, streams: &Streams) -> Result<Client, String> {
    let mut http = HttpOptions { connect_timeout: args.connect_timeout, ..HttpOptions::default() };
    if let Some(path) = &args.ca_cert {
        let bytes = std::fs::read(environment.cwd.join(path))
            .map_err(|error| format!("the certificates in `{}` can't be read: {error}", path.display()))?;
        http.tls.ca_certificates = Some(bytes);
    }
    let masker = streams.masker().clone();
    let options = ClientOptions {
        base_url: place.base_url.clone(),
        version: args.api.map(ApiVersion::from),
        credential: place.credential.clone(),
        auth: AuthScheme::from(args.auth),
        http,
        clock: place.clock.clone(),
        on_secret: Some(Arc::new(move |secret: &SecretString| masker.learn(secret.expose_secret()))),
    };
    Client::new(options).map_err(|error| error.to_string())
}

/// A run's id: when it started, and chance; lower case, sorted by time.
fn run_id(started_at: jiff::Timestamp) -> Option<String> {
    let mut chance = [0_u8; 4];
    getrandom::getrandom(&mut chance).ok()?;
    Some(format!("{}-{:08x}", started_at.strftime("%Y%m%dt%H%M%Sz"), u32::from_be_bytes(chance)))
}
