//! A `CronJob` of Kubernetes.

use crate::cli::schedule::job::Job;
use crate::cli::schedule::quote::{shell, yaml};

/// The `CronJob`; `Err` when the playbook's file can't be a key of a `ConfigMap`.
pub(super) fn render(job: &Job, image: &str) -> Result<String, String> {
    let Job { name, title, .. } = job;
    let file = file_name(job)?;
    let literals = job.needed.iter().map(|variable| format!(" --from-literal={variable}='…'"));
    Ok(format!(
        "# {title}: a CronJob. Save it, put an image with myaf-run into it, then:
#   kubectl create configmap {name} --from-file={source}
#   kubectl create secret generic {name}{literals}
#   kubectl apply -f {name}.yaml
# Pods of two nodes know no common lock: `concurrencyPolicy` keeps runs apart, and `once_per` in the playbook makes a second
# run of the same thing do nothing.
apiVersion: batch/v1
kind: CronJob
metadata:
  name: {name}
spec:
  schedule: {cron}
  timeZone: {zone}
  concurrencyPolicy: Forbid
  # A run that was missed is made up for within this many seconds.
  startingDeadlineSeconds: 3600
  successfulJobsHistoryLimit: 3
  failedJobsHistoryLimit: 3
  jobTemplate:
    spec:
      # A failure is for a person to look at; requests are repeated by the playbook's own `retry`.
      backoffLimit: 0
      template:
        spec:
          restartPolicy: Never
          terminationGracePeriodSeconds: 90
          automountServiceAccountToken: false
          # Else a service of the name `myaf-run` would set variables that are read as options.
          enableServiceLinks: false
          securityContext:
            runAsNonRoot: true
            runAsUser: 65532
            runAsGroup: 65532
            fsGroup: 65532
            seccompProfile: {{ type: RuntimeDefault }}
          containers:
            - name: myaf-run
              image: {image}
              command: [\"myaf-run\"]
              args: [\"--\", {path}]
              env:
                # The run has the id of its Job: a pod that takes the place of another finds what that one has made.
                - name: MYAF_RUN_RUN_ID
                  valueFrom: {{ fieldRef: {{ fieldPath: \"metadata.labels['job-name']\" }} }}
                - {{ name: MYAF_RUN_STATE_DIR, value: /state/myaf-run/history }}
{env}              securityContext:
                allowPrivilegeEscalation: false
                readOnlyRootFilesystem: true
                capabilities: {{ drop: [ALL] }}
              resources:
                requests: {{ cpu: 50m, memory: 64Mi }}
                limits: {{ cpu: \"1\", memory: 256Mi }}
              volumeMounts:
                - {{ name: playbook, mountPath: /playbooks, readOnly: true }}
                - {{ name: state, mountPath: /state }}
                - {{ name: tmp, mountPath: /tmp }}
          volumes:
            - name: playbook
              configMap: {{ name: {name} }}
            # The history ends with the pod. A persistentVolumeClaim here keeps it, for `myaf-run resume`.
            - name: state
              emptyDir: {{ sizeLimit: 256Mi }}
            - name: tmp
              emptyDir: {{ sizeLimit: 64Mi }}
",
        source = shell(&format!("{file}={}", job.path)),
        literals = literals.collect::<String>(),
        cron = yaml(&job.cron.written()),
        zone = yaml(if job.zone_or_utc() == "UTC" { "Etc/UTC" } else { job.zone_or_utc() }),
        image = yaml(image),
        path = yaml(&format!("/playbooks/{file}")),
        env = env(job),
    ))
}

/// What comes from the secret.
fn env(job: &Job) -> String {
    let one = |variable: &String| {
        let optional = if job.needed.contains(variable) { "" } else { ", optional: true" };
        let key = yaml(variable);
        format!(
            "                - name: {key}\n                  valueFrom: {{ secretKeyRef: {{ name: {}, key: {key}{optional} }} }}\n",
            job.name
        )
    };
    job.variables().map(one).collect()
}

/// The playbook's file in the `ConfigMap`. Where the playbook has no `name`, its file's name is it.
fn file_name(job: &Job) -> Result<String, String> {
    let name = job.absolute.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let is_key = name.len() <= 253 && name.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c));
    if is_key && !name.starts_with("..") {
        return Ok(name);
    }
    if job.has_name {
        return Ok("playbook.yaml".to_owned());
    }
    Err(format!("`{name}` can't be a file of a ConfigMap; give the playbook a `name:`, then its file may have any"))
}
