//! A timer of systemd and its service, which may do no more than it needs to.

use std::path::Path;

use crate::cli::schedule::calendar::calendars;
use crate::cli::schedule::job::Job;
use crate::cli::schedule::quote::{description, exec, shell};

/// The user that playbooks run as when they are in nobody's home.
const USER: &str = "myaf-run";

/// What a service may not do.
const HARDENING: &str = "\
NoNewPrivileges=yes
CapabilityBoundingSet=
AmbientCapabilities=
ProtectSystem=strict
PrivateTmp=yes
PrivateDevices=yes
ProtectClock=yes
ProtectControlGroups=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectProc=invisible
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
MemoryDenyWriteExecute=yes
RemoveIPC=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallFilter=~@privileged
SystemCallErrorNumber=EPERM
MemoryMax=512M
TasksMax=64
UMask=0077
";

/// Both files, each with its place above it. `operator` runs playbooks that are in a home.
pub(super) fn render(job: &Job, operator: &str) -> String {
    format!("{}\n{}", service(job, operator), timer(job))
}

fn service(job: &Job, operator: &str) -> String {
    let Job { name, title, .. } = job;
    let in_home = ["/home", "/root", "/run/user"].iter().any(|home| job.absolute.starts_with(Path::new(home)));
    let (user, home) = if in_home { (operator, "read-only") } else { (USER, "yes") };
    let variables = job.variables().map(|variable| format!("#   {variable}='…'\n")).collect::<Vec<_>>().concat();
    let absolute = job.absolute.to_string_lossy();
    format!(
        "# /etc/systemd/system/{name}.service
# Once, as root:
#   {make_user}
#   install -D -m 0600 /dev/null /etc/myaf-run/{name}.env    and in it:
{variables}# After a failure: systemd-run --pipe --wait -p User={user} -p EnvironmentFile=/etc/myaf-run/{name}.env \\
#   {program} resume --state-dir /var/lib/myaf-run
[Unit]
Description=myaf-run: {description}
Wants=network-online.target
After=network-online.target
# To be told of a failure: OnFailure=your-alert@%n.service

[Service]
Type=oneshot
User={user}
ExecStart={exec_program} --state-dir %S/myaf-run -- {exec_path}
EnvironmentFile=/etc/myaf-run/{name}.env
StateDirectory=myaf-run
StateDirectoryMode=0700
# SIGTERM lets a write be settled and recorded; what was asked to stop has not failed.
KillSignal=SIGTERM
TimeoutStopSec=90
SuccessExitStatus=143
SyslogIdentifier={name}
ProtectHome={home}
{HARDENING}",
        description = description(title),
        make_user = if in_home {
            "(it runs as the owner of that home)".to_owned()
        } else {
            format!("useradd --system --shell /usr/sbin/nologin {USER}")
        },
        program = shell(&job.program),
        exec_program = exec(&job.program).replace("$$", "$"),
        exec_path = exec(&absolute),
    )
}

fn timer(job: &Job) -> String {
    let Job { name, title, .. } = job;
    let calendars = calendars(&job.cron, job.zone_or_utc());
    let calendars = calendars.iter().map(|line| format!("OnCalendar={line}\n")).collect::<Vec<_>>().concat();
    format!(
        "# /etc/systemd/system/{name}.timer
# Then: systemctl daemon-reload && systemctl enable --now {name}.timer
[Unit]
Description=myaf-run: {description}

[Timer]
# {cron} of cron
{calendars}# A run that was missed since the machine was down is made up for, once.
Persistent=true
AccuracySec=1s
RandomizedDelaySec=30s

[Install]
WantedBy=timers.target
",
        description = description(title),
        cron = job.cron.written(),
    )
}
