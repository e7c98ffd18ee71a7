//! A line of a crontab.

use crate::cli::schedule::job::Job;
use crate::cli::schedule::quote::crontab;

/// The line, with what must be known of it in comments above.
pub(super) fn render(job: &Job) -> String {
    let zone = match &job.zone {
        Some(zone) => format!(
            "# The playbook's time zone is {zone}. `CRON_TZ` is known to cronie (Fedora, Red Hat, Arch) and counts for all\n\
             # lines below it; other crons, such as Debian's, pass it over and take the machine's time zone.\n\
             CRON_TZ={zone}\n"
        ),
        None => "# The times are in the time zone of the machine.\n".to_owned(),
    };
    format!(
        "# {title}: add this with `crontab -e`. Nothing is printed when all is well, so cron mails only what to read.\n\
         # A second run while one goes on runs nothing. Runs that were missed, say at night, are not made up for.\n\
         {zone}{line}\n",
        title = job.title,
        line = line(job),
    )
}

/// The line alone.
pub(super) fn line(job: &Job) -> String {
    let (folder, program, path) = (crontab(&job.folder), crontab(&job.program), crontab(&job.path));
    // A file whose name is that of a command or an option is neither.
    let path = if job.path.contains(['/', '.']) && !path.starts_with('-') { path } else { format!("-- {path}") };
    format!("{}  cd {folder} && {program} --output quiet {path}", job.cron.written())
}
