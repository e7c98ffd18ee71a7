//! Which Airflow is meant, and with which credential.
//!
//! In: the environment, the flags, the playbook's own target. Out: a base URL and a credential from one place, or an error
//! that names every place looked in. Nothing is asked of the network, and nothing here prints.

use std::path::PathBuf;

use secrecy::SecretString;

use crate::airflow::auth::Credential;
use crate::airflow::base_url::BaseUrl;
use crate::cli::credential::{Vars, credential};
use crate::cli::env_file::EnvFile;
use crate::cli::environment::Environment;
use crate::cli::target_error::{Found, Place, TargetError};
use crate::cli::target_names::Names;
use crate::cli::target_request::TargetRequest;
use crate::cli::target_search::Search;

/// The target when nobody names one.
pub const DEFAULT_TARGET: &str = "my";

/// An Airflow, and how to get in.
#[derive(Debug, Clone)]
pub struct Target {
    /// The name that its variables start with.
    pub name: String,
    /// Where its API is.
    pub base_url: BaseUrl,
    /// What proves who we are; `None` only when [`TargetRequest::anonymous`].
    pub credential: Option<Credential>,
    /// The web interface, for links; only as the environment gives it.
    pub ui_url: Option<String>,
    /// The flag or variable of the URL, and its place.
    pub url_from: Found,
    /// The variable of the credential, and its place.
    pub credential_from: Option<Found>,
    /// The `--env-file` that was passed over since the environment defines the target.
    pub overlooked: Option<PathBuf>,
    /// The places that were looked in, up to the one that is used, each with what it lacks.
    pub looked: Vec<(Place, String)>,
    /// Everything to mask.
    pub secrets: Vec<SecretString>,
    /// What is to be said of the files in use.
    pub warnings: Vec<String>,
}

/// The name of the target: the flag's, `MYAF_RUN_TARGET`'s, the playbook's, or `my`.
#[must_use]
pub fn target_name<'a>(request: &'a TargetRequest, environment: &'a Environment) -> &'a str {
    let flag = request.flag_target.as_deref();
    flag.or_else(|| environment.var("MYAF_RUN_TARGET")).or(request.playbook_target.as_deref()).unwrap_or(DEFAULT_TARGET)
}

/// Finds URL and credential of the target.
///
/// # Errors
/// When either is missing, can't be used or the two stand in different places; all end with exit code 2.
pub fn resolve(request: &TargetRequest, environment: &Environment) -> Result<Target, TargetError> {
    let name = target_name(request, environment);
    let names = Names::of(name).ok_or_else(|| TargetError::Name(name.to_owned()))?;
    let search = Search::new(request, environment, (name, &names))?;
    let place = if request.url.is_some() { search.credential_place()? } else { search.target_place()? };
    let (url_from, text) = match (&request.url, &place) {
        (Some(url), _) => (Found { variable: "--url".to_owned(), place: Place::Flag("--url") }, url.as_str()),
        (None, Some(vars)) => {
            let (variable, text) = vars.first(&names.url).ok_or_else(|| search.missing_url())?;
            (vars.found(variable), text)
        }
        (None, None) => return Err(search.missing_url()),
    };
    let base_url = base_url(request, text, &url_from)?;
    let found = place.as_ref().map(|vars| credential(name, &names, vars)).transpose()?.flatten();
    let (credential, credential_from) = found.unzip();
    if credential.is_none() && !request.anonymous {
        return Err(search.missing_credential());
    }
    // With `--url` the place may describe another Airflow.
    let ui_url =
        place.as_ref().filter(|_| request.url.is_none()).map(|vars| ui_url(vars, &names)).transpose()?.flatten();
    let used = [Some(&url_from), credential_from.as_ref()].into_iter().flatten().map(|found| &found.place);
    let used: Vec<&Place> = used.collect();
    let secrets = search.secrets(credential.as_ref(), (&used, &base_url.to_string()));
    let warnings = search.in_use(&used).filter_map(EnvFile::passed_over).collect();
    let overlooked = search.overlooked(&used);
    let looked = search.looked(&used);
    let name = name.to_owned();
    Ok(Target { name, base_url, credential, ui_url, url_from, credential_from, overlooked, looked, secrets, warnings })
}

impl Target {
    /// Where URL and credential come from, in a few words.
    #[must_use]
    pub fn source(&self) -> String {
        match &self.credential_from {
            Some(credential) if credential.place == self.url_from.place => self.url_from.place.to_string(),
            Some(credential) => format!("{} and {}", self.url_from.place, credential.place),
            None => self.url_from.place.to_string(),
        }
    }
}

fn ui_url(vars: &Vars<'_>, names: &Names) -> Result<Option<String>, TargetError> {
    let Some(text) = vars.var(&names.ui_url) else { return Ok(None) };
    match BaseUrl::parse(text) {
        Ok(_) => Ok(Some(text.trim().trim_end_matches('/').to_owned())),
        Err(cause) => Err(TargetError::Url { what: "UI", found: vars.found(&names.ui_url), cause }),
    }
}

fn base_url(request: &TargetRequest, text: &str, found: &Found) -> Result<BaseUrl, TargetError> {
    let url = BaseUrl::parse(text).map_err(|cause| TargetError::Url { what: "API", found: found.clone(), cause })?;
    if url.is_plain_http_to_another_host() && !request.allow_http {
        return Err(TargetError::PlainHttp { found: found.clone(), host: url.host().to_owned() });
    }
    Ok(request.api.map_or(url.clone(), |version| url.with_version(version)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::airflow::model::ApiVersion;
    use secrecy::ExposeSecret;
    use std::fs;
    use std::path::Path;
    use tempfile::TempDir;

    const URL: &str = "https://h.example/api/v1/";

    /// A git repository with a playbook in it, and variables round it.
    struct World {
        dir: TempDir,
        environment: Environment,
        request: TargetRequest,
    }

    impl World {
        fn new() -> Self {
            let dir = tempfile::tempdir().expect("a temporary folder");
            fs::create_dir_all(dir.path().join(".git")).expect("a new folder");
            fs::create_dir_all(dir.path().join("books")).expect("a new folder");
            let environment = Environment { cwd: dir.path().join("books"), ..Environment::default() };
            let request = TargetRequest { playbook: Some("book.yaml".into()), ..TargetRequest::default() };
            Self { dir, environment, request }
        }

        fn set(mut self, name: &str, value: &str) -> Self {
            self.environment.vars.insert(name.to_owned(), value.to_owned());
            self
        }

        fn file(self, path: &str, text: &str) -> Self {
            let path = self.path(path);
            fs::create_dir_all(path.parent().expect("it has a folder")).expect("a new folder");
            fs::write(&path, text).expect("a new file");
            #[cfg(unix)]
            {
                use std::os::unix::fs::PermissionsExt as _;
                fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("our own file");
            }
            self
        }

        fn asking(mut self, ask: impl FnOnce(&mut TargetRequest)) -> Self {
            ask(&mut self.request);
            self
        }

        fn path(&self, path: &str) -> PathBuf {
            self.dir.path().canonicalize().expect("it is there").join(path)
        }

        fn target(&self) -> Target {
            resolve(&self.request, &self.environment).unwrap_or_else(|error| panic!("{error}"))
        }

        /// The error, with the temporary folder written `~`.
        fn error(&self) -> String {
            let error = resolve(&self.request, &self.environment).expect_err("it can't be resolved").to_string();
            error
                .replace(&self.path("").display().to_string(), "~/")
                .replace(&self.dir.path().display().to_string(), "~")
        }
    }

    fn key(target: &Target) -> &str {
        match &target.credential {
            Some(Credential::Key(key) | Credential::Token(key)) => key.expose_secret(),
            Some(Credential::Password { password, .. }) => password.expose_secret(),
            None => "",
        }
    }

    #[test]
    fn the_documented_env_file_works_as_it_is() {
        let text = format!("MY_AIRFLOW_API_URL = \"{URL}\"\nMY_AIRFLOW_API_KEY = \"hunter2\"\n");
        for place in ["books/.env", ".env", "orchestrate/.env", "books/orchestrate/.env"] {
            let world = World::new().file(place, &text);
            let target = world.target();
            assert_eq!(target.base_url.to_string(), "https://h.example/api/v1");
            assert_eq!((key(&target), target.name.as_str()), ("hunter2", "my"));
            assert_eq!(target.source(), format!("`{}`", world.path(place).display()));
        }
    }

    #[test]
    fn the_nearest_file_that_defines_the_target_wins_and_others_are_passed_over() {
        let of = |target: &str, key: &str| format!("{target}_AIRFLOW_API_URL={URL}\n{target}_AIRFLOW_API_KEY={key}\n");
        let world = World::new()
            .file("books/.env", &format!("{}MY_AIRFLOW_API_KEY=\n", of("OTHER", "swordfish")))
            .file("orchestrate/.env", &of("MY", "far-away"))
            .file(".env", &of("MY", "hunter2"));
        assert_eq!(key(&world.target()), "hunter2");
    }

    #[test]
    fn the_flag_names_the_target_before_the_environment_and_the_playbook() {
        let world = World::new().asking(|request| request.playbook_target = Some("book".to_owned()));
        assert_eq!(target_name(&world.request, &world.environment), "book");
        let world = world.set("MYAF_RUN_TARGET", "env");
        assert_eq!(target_name(&world.request, &world.environment), "env");
        let world = world.asking(|request| request.flag_target = Some("flag".to_owned()));
        assert_eq!(target_name(&world.request, &world.environment), "flag");
        assert_eq!(target_name(&TargetRequest::default(), &Environment::default()), "my");
    }

    #[test]
    fn the_environment_counts_before_every_file_and_a_broken_file_is_not_even_read() {
        let world = World::new()
            .file("books/.env", "MY_AIRFLOW_API_URL=$x\nnonsense\n")
            .set("MY_AIRFLOW_API_URL", URL)
            .set("MY_AIRFLOW_API_TOKEN", "hunter2");
        let target = world.target();
        assert!(matches!(target.credential, Some(Credential::Token(_))));
        assert_eq!(target.source(), "the environment");
    }

    #[test]
    fn url_and_credential_from_different_places_are_an_error_that_names_both() {
        let world =
            World::new().set("MY_AIRFLOW_API_KEY", "hunter2").file(".env", &format!("MY_AIRFLOW_API_URL={URL}"));
        let expected = "URL and credential of target `my` come from different places\n  = the URL: `MY_AIRFLOW_API_URL` in `~/.env`\n  = the credential: `MY_AIRFLOW_API_KEY` in the environment\n  = help: put both in one place, so that no file can send a credential elsewhere; or give `--url`";
        assert_eq!(world.error(), expected);
        let world = World::new()
            .file("books/.env", &format!("MY_AIRFLOW_API_URL={URL}"))
            .file(".env", "MY_AIRFLOW_API_KEY=hunter2");
        assert!(world.error().contains("`MY_AIRFLOW_API_KEY` in `~/.env`"), "{}", world.error());
    }

    #[test]
    fn the_url_flag_goes_with_a_credential_from_anywhere_but_not_with_the_links_of_that_place() {
        let text = "MY_AIRFLOW_API_URL=https://other.example\nMY_AIRFLOW_API_KEY=hunter2\nMY_AIRFLOW_UI_URL=https://ui.example/\n";
        let world = World::new().file(".env", text);
        assert_eq!(world.target().ui_url.as_deref(), Some("https://ui.example"));
        let world = world.asking(|request| request.url = Some(URL.to_owned()));
        let target = world.target();
        assert_eq!((target.base_url.host(), key(&target), &target.ui_url), ("h.example", "hunter2", &None));
        assert_eq!(target.source(), format!("the flag `--url` and `{}`", world.path(".env").display()));
    }

    #[test]
    fn a_missing_url_names_every_place_and_a_way_on() {
        let world = World::new()
            .file("books/.env", "MY_AIRFLOW_API_URI=x\n")
            .file("orchestrate/.env", "TEAM_AIRFLOW_API_URL=x\n")
            .set("MY_AIRFLOW_API_URL", "");
        let expected = "\
no API URL for target `my`
  = looked for `MY_AIRFLOW_API_URL`
  = looked in the environment: `MY_AIRFLOW_API_URL` is set there, but empty
  = looked in `~/books/.env`: not there, but a similar `MY_AIRFLOW_API_URI`
  = looked in `~/books/orchestrate/.env`: no such file
  = looked in `~/.env`: no such file
  = looked in `~/orchestrate/.env`: it defines target `team`: use `--target team`
  = help: add a line to `.env`, such as `MY_AIRFLOW_API_URL='https://airflow.example.com/api/v1/'`
  = help: or try it without an Airflow: `myaf-run --sandbox PLAYBOOK`";
        assert_eq!(world.error(), expected);
    }

    #[test]
    fn a_missing_credential_names_every_variable_looked_for() {
        let world = World::new().set("MY_AIRFLOW_API_URL", URL);
        let error = world.error();
        assert!(error.starts_with("no credential for target `my`\n  = looked for `MY_AIRFLOW_API_KEY`, "), "{error}");
        assert!(error.contains("such as `MY_AIRFLOW_API_KEY='…'`") && error.contains("--sandbox"), "{error}");
        let world = world.asking(|request| request.anonymous = true);
        assert!(world.target().credential.is_none());
    }

    #[test]
    fn an_env_file_flag_is_looked_in_alone_and_said_when_it_was_passed_over() {
        let ours = format!("MY_AIRFLOW_API_URL={URL}\nMY_AIRFLOW_API_KEY=hunter2\n");
        let world = World::new().file(".env", &ours).file("books/prod.env", "# nothing\n");
        let world = world.asking(|request| request.env_file = Some("prod.env".into()));
        let error = world.error();
        assert!(error.contains("prod.env`: not set there") && !error.contains("`~/.env`"), "{error}");
        let world = world.set("MY_AIRFLOW_API_URL", URL).set("MY_AIRFLOW_API_KEY", "hunter2");
        assert!(world.target().overlooked.is_some_and(|path| path.ends_with(Path::new("books/prod.env"))));
        let world = World::new().asking(|request| request.env_file = Some("none.env".into()));
        assert_eq!(world.error(), "`~/books/none.env` does not exist");
    }

    #[test]
    fn two_credentials_in_one_place_are_an_error_that_names_both() {
        let world = World::new()
            .set("MY_AIRFLOW_API_URL", URL)
            .set("MY_AIRFLOW_API_KEY", "a1")
            .set("MY_AIRFLOW_API_TOKEN", "b2");
        let error = world.error();
        assert!(error.contains("`MY_AIRFLOW_API_KEY` and `MY_AIRFLOW_API_TOKEN`"), "{error}");
        let world = World::new()
            .set("MY_AIRFLOW_API_URL", URL)
            .set("MY_AIRFLOW_API_KEY", "a1")
            .set("MY_AIRFLOW_API_PASSWORD", "b2");
        assert!(world.error().contains("two credentials"), "{}", world.error());
    }

    #[test]
    fn user_name_and_password_go_together() {
        let world = World::new().set("MY_AIRFLOW_API_URL", URL).set("MY_AIRFLOW_API_USERNAME", "ana");
        assert_eq!(
            world.error(),
            "`MY_AIRFLOW_API_USERNAME` in the environment is half a credential: `MY_AIRFLOW_API_PASSWORD` is not set there"
        );
        let world = world.set("MY_AIRFLOW_API_PASSWORD", "hunter2");
        assert!(matches!(world.target().credential, Some(Credential::Password { username, .. }) if username == "ana"));
        let world = world.set("MY_AIRFLOW_API_USERNAME", "ana:bob");
        assert!(world.error().contains("a user name can't hold `:`"), "{}", world.error());
    }

    #[test]
    fn team_takes_the_names_without_a_prefix_but_its_own_first() {
        let team = |world: World| world.asking(|request| request.flag_target = Some("team".to_owned()));
        let world = team(World::new()).file(".env", &format!("AIRFLOW_API_URL={URL}\nDATACOVES_API_KEY=hunter2\n"));
        assert_eq!(key(&world.target()), "hunter2");
        let own = format!("TEAM_AIRFLOW_API_URL={URL}\nTEAM_AIRFLOW_API_KEY=own-key\n");
        let world = team(World::new()).set("DATACOVES_API_KEY", "stray").file(".env", &own);
        assert_eq!(key(&world.target()), "own-key");
        let world =
            team(World::new()).set("AIRFLOW_API_URL", URL).set("DATACOVES_API_KEY", "a1").set("AIRFLOW_API_KEY", "b2");
        assert!(world.error().contains("`DATACOVES_API_KEY` and `AIRFLOW_API_KEY`"), "{}", world.error());
        assert_eq!(key(&world.set("AIRFLOW_API_KEY", "a1").target()), "a1");
    }

    #[test]
    fn a_key_that_would_break_a_header_is_named_and_not_shown() {
        for bad in [" hunter2", "hunter2\n", "hunter2\r\nX-Evil: 1", "hünter2"] {
            let error = World::new().set("MY_AIRFLOW_API_URL", URL).set("MY_AIRFLOW_API_KEY", bad).error();
            assert!(error.starts_with("`MY_AIRFLOW_API_KEY` in the environment can't be used: "), "{error}");
            assert!(!error.contains("nter2"), "{error}");
        }
    }

    #[test]
    fn plain_http_to_another_host_needs_the_flag() {
        let world = World::new().set("MY_AIRFLOW_API_URL", "http://h.example").set("MY_AIRFLOW_API_KEY", "hunter2");
        assert!(world.error().contains("`--allow-http`"), "{}", world.error());
        let world = world.asking(|request| request.allow_http = true);
        assert_eq!(world.target().base_url.version(), None);
        let world = world.asking(|request| request.api = Some(ApiVersion::V2));
        assert_eq!(world.target().base_url.version(), Some(ApiVersion::V2));
    }

    #[test]
    fn every_secret_in_use_is_handed_over_to_be_masked() {
        let text =
            format!("MY_AIRFLOW_API_URL={URL}\nMY_AIRFLOW_API_KEY=hunter2\nDB_PASSWORD=sword$fish\nPLAIN=visible\n");
        let world = World::new()
            .file(".env", &format!("{text}DSN=postgres://u:pw-in-url@h/d\n"))
            .file("orchestrate/.env", "OTHER_TOKEN=not-in-use\n")
            .set("GITHUB_TOKEN", "ghp_123456")
            .set("HOME", "/home/ana");
        let target = world.target();
        let mut secrets: Vec<&str> = target.secrets.iter().map(ExposeSecret::expose_secret).collect();
        secrets.sort_unstable();
        secrets.dedup();
        let dsn = "postgres://u:pw-in-url@h/d";
        assert_eq!(secrets, ["ghp_123456", "hunter2", dsn, "pw-in-url", "sword$fish", "visible"]);
        assert!(!format!("{target:?}").contains("hunter2"));
    }

    #[test]
    fn a_file_with_a_dollar_or_in_strange_hands_is_refused_only_when_it_would_be_used() {
        let world = World::new()
            .file("books/.env", "X=$HOME\n")
            .file(".env", &format!("MY_AIRFLOW_API_URL={URL}\nMY_AIRFLOW_API_KEY=a$b\n"));
        assert!(world.error().starts_with("~/.env:2: `MY_AIRFLOW_API_KEY` can't be read"), "{}", world.error());
        let world = world.file(".env", &format!("MY_AIRFLOW_API_URL={URL}\nMY_AIRFLOW_API_KEY='a$b'\n"));
        assert_eq!(key(&world.target()), "a$b");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let open = fs::Permissions::from_mode(0o666);
            fs::set_permissions(world.path("books/.env"), open.clone()).expect("our own file");
            assert_eq!(key(&world.target()), "a$b");
            fs::set_permissions(world.path(".env"), open).expect("our own file");
            assert!(world.error().contains("chmod 600"), "{}", world.error());
        }
    }
}
