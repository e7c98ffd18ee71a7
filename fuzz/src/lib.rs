//! The program in this process, for the fuzz targets: arguments and files in, an exit code and what it printed out.

use std::ffi::OsString;
use std::fs;
use std::io::{self, Read, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock, Mutex};

use myaf_run::cli::dispatch;
use myaf_run::cli::environment::Environment;
use myaf_run::cli::streams::Streams;
use myaf_run::secret::Masker;
use tokio::runtime::Runtime;

/// A folder of this process, made anew each time it is asked for.
#[must_use]
pub fn empty_folder() -> PathBuf {
    let folder = std::env::temp_dir().join(format!("myaf-run-fuzz-{}", std::process::id()));
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).expect("a folder");
    folder
}

/// What the program printed.
#[derive(Clone, Default)]
struct Printed(Arc<Mutex<Vec<u8>>>);

impl Write for Printed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("nobody panics with it").extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

thread_local! {
    static RUNTIME: Runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
}

/// Runs the program in a folder; what is not UTF-8, or a bug that it owns up to, is a crash.
pub fn run(folder: &Path, args: &[&str], vars: &[(&str, &str)]) -> u8 {
    let args = std::iter::once("myaf-run").chain(args.iter().copied()).map(OsString::from).collect();
    let vars = vars.iter().map(|(name, value)| (OsString::from(name), OsString::from(value)));
    let environment = Environment::new(vars, args, folder.to_owned());
    let printed = Printed::default();
    let mut streams = Streams::new(Box::new(printed.clone()), Box::new(printed.clone()), Masker::new());
    let code = RUNTIME.with(|runtime| runtime.block_on(dispatch(&environment, &mut streams, |_| ())).as_u8());
    drop(streams);
    let bytes = printed.0.lock().expect("nobody panics with it");
    let text = std::str::from_utf8(&bytes).expect("what is printed is UTF-8");
    assert!(!text.contains("a bug in myaf-run"), "{text}");
    code
}

/// What every request is answered with until the next call.
static ANSWER: Mutex<Vec<u8>> = Mutex::new(Vec::new());

static SERVER: LazyLock<u16> = LazyLock::new(|| {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = listener.local_addr().expect("an address").port();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { continue };
            let (mut seen, mut piece) = (Vec::new(), [0; 4096]);
            while !seen.windows(4).any(|end| end == b"\r\n\r\n") {
                match stream.read(&mut piece) {
                    Ok(count @ 1..) => seen.extend_from_slice(&piece[..count]),
                    _ => break,
                }
            }
            let answer = ANSWER.lock().expect("nobody panics with it").clone();
            let _ = stream.write_all(&answer);
        }
    });
    port
});

/// The port of a server that answers every request with these bytes.
#[must_use]
pub fn answering(bytes: Vec<u8>) -> u16 {
    *ANSWER.lock().expect("nobody panics with it") = bytes;
    *SERVER
}
