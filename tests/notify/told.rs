//! What a webhook is sent.

use serde_json::{Value, json};

use super::{SECRET, hook, shown_nothing_of_the_webhook, taking, telling};
use crate::hostile::server::Request;
use crate::run::Run;

/// The JSON of a request, whose head is as it must be: nothing of Airflow's goes there.
fn body(request: &Request) -> Value {
    let text = request.text();
    let (head, body) = text.split_once("\r\n\r\n").expect("a head and a body");
    let mut lines: Vec<String> = head.lines().map(str::to_owned).collect();
    let first = lines.remove(0);
    assert_eq!(first, format!("POST /services/{SECRET}?sig={SECRET} HTTP/1.1"));
    let mut names: Vec<&str> = lines.iter().filter_map(|line| line.split_once(": ")).map(|(name, _)| name).collect();
    names.sort_unstable();
    assert_eq!(names, ["accept", "accept-encoding", "content-length", "content-type", "host", "user-agent"]);
    assert_eq!(request.header("content-type").as_deref(), Some("application/json"));
    serde_json::from_str(body).expect("JSON")
}

/// What is sent for these arguments, and what the run says.
fn sent(arguments: &str) -> (Value, crate::run::Ended) {
    let server = taking();
    let ended = shown_nothing_of_the_webhook(&telling(&hook(&server), arguments));
    assert_eq!(ended.code, 0, "{ended:#?}");
    let requests = server.requests();
    assert_eq!(requests.len(), 1, "one try");
    (body(&requests[0]), ended)
}

#[test]
fn each_format_is_sent_as_its_service_takes_it() {
    let text = r#"text: "<b> & *loans*\nfailed", format: "#;
    let (slack, ended) = sent(&format!("{text} slack"));
    assert_eq!(slack, json!({ "text": "&lt;b&gt; &amp; *loans*\nfailed" }));
    assert!(ended.stderr.contains("1/1 passed  tell ("), "{ended:#?}");
    assert!(ended.stderr.contains("): told `127.0.0.1`\n"), "{ended:#?}");

    let line = |text: &str| {
        let run = json!({ "type": "TextRun", "text": text });
        json!({ "type": "RichTextBlock", "spacing": "None", "inlines": [run] })
    };
    let card = json!({
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "msteams": { "width": "Full" },
        "body": [line("<b> & *loans*"), line("failed")],
    });
    let attachment =
        json!({ "contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": null, "content": card });
    assert_eq!(sent(&format!("{text} teams")).0, json!({ "type": "message", "attachments": [attachment] }));

    assert_eq!(sent(&format!("{text} google_chat")).0, json!({ "text": "<b> & *loans*\nfailed" }));
    let content = "\\<b\\> & \\*loans\\*\nfailed";
    let discord = json!({ "content": content, "allowed_mentions": { "parse": [] } });
    assert_eq!(sent(&format!("{text} discord")).0, discord);

    let (mut plain, _) = sent(&format!("{text} json"));
    let run_id = plain["run_id"].take();
    assert!(run_id.as_str().is_some_and(|id| id.len() == 25), "{run_id}");
    let facts =
        json!({ "text": "<b> & *loans*\nfailed", "playbook": "loans", "run_id": null, "target": "my", "step": "tell" });
    assert_eq!(plain, facts);
}

#[test]
fn a_host_that_is_not_known_takes_json_and_a_number_is_text() {
    let (body, _) = sent("text: 7");
    assert_eq!(body["text"], "7");
}

#[test]
fn a_secret_in_the_text_is_masked_before_it_leaves_and_that_is_said() {
    let (body, ended) = sent("text: \"see {{ hook }} and {{ hook | b64encode }}\", format: slack");
    let text = body["text"].as_str().expect("text");
    // Its last characters depend on what would follow.
    assert!(text.starts_with("see *** and ***") && text.len() < 20, "{text}");
    let warning = "    warning: a secret in `text` is not sent: `***` stands in its place\n";
    assert!(ended.stderr.contains(warning), "{ended:#?}");
}

#[test]
fn a_text_that_is_too_long_is_cut_and_that_is_said() {
    for (format, most) in [("slack", "40,000 characters"), ("teams", "20 KB")] {
        let (body, ended) = sent(&format!("text: \"{{{{ 'a\\e[1mb' * 25000 }}}}\", format: {format}"));
        let warning = format!("    warning: the text is too long for `127.0.0.1` and was cut to {most}\n");
        assert!(ended.stderr.contains(&warning), "{}", ended.stderr);
        assert!(body.to_string().contains('…') && !body.to_string().contains("\\u001b"));
    }
}

#[test]
fn each_webhook_of_a_list_is_told_once_and_the_result_says_so() {
    let (first, second) = (taking(), taking());
    let playbook = "
        name: loans
        vars: {all: [\"{{ env.A }}\", \"{{ env.B }}\"]}
        steps:
          - {notify: {webhook: \"{{ all }}\", text: one}, capture: told}
          - {notify: {webhook: [\"{{ env.A }}\", \"http://127.0.0.1:1/{{ run.id }}\"], text: two}, capture: {left: failed}}
          - print: \"{{ told.sent }} {{ told.failed }} {{ left }} {{ told.webhooks | tojson }}\"
    ";
    let run = Run::playbook(playbook).args(&["--sandbox"]).var("A", &hook(&first)).var("B", &hook(&second));
    let ended = shown_nothing_of_the_webhook(&run);
    let one = r#"{"host":"127.0.0.1","ok":true,"status":200,"message":null}"#;
    assert_eq!((ended.code, ended.stdout.as_str()), (0, format!("2 0 1 [{one},{one}]\n").as_str()), "{ended:#?}");
    assert!(ended.stderr.contains("): told `127.0.0.1`, `127.0.0.1` not told\n"), "{ended:#?}");
    assert_eq!((first.lines().len(), second.lines().len()), (2, 1));
}

#[test]
fn the_exception_of_a_failed_task_is_told() {
    let text = "{% for task in failure.failed_tasks %}{{ task.task_id }}: {{ task.exception }}\n{% endfor %}";
    for version in ["v1", "v2"] {
        let server = taking();
        let playbook = format!(
            "name: loans\nsteps: [{{trigger_dag: {{dag_id: a, wait: true}}}}]\n\
             rescue: [{{notify: {{webhook: \"{{{{ env.HOOK }}}}\", text: \"{}\"}}}}]",
            text.replace('\n', "\\n")
        );
        let tasks = "[{task_id: load, outcome: failed, log: [loading, 'ValueError: row 17 is odd']}, {task_id: late, outcome: failed, try_number: 0}]";
        let run = Run::playbook(&playbook).scenario(&format!("{{dags: [{{dag_id: a, run: {{tasks: {tasks}}}}}]}}"));
        let ended = shown_nothing_of_the_webhook(&run.api(version).var("HOOK", &hook(&server)));
        assert_eq!(ended.code, 0, "it is mended: {ended:#?}");
        let text = body(&server.requests()[0])["text"].clone();
        assert_eq!(text, "late: \nload: ValueError: row 17 is odd\n", "{version}");
    }
}

#[test]
fn what_failed_is_told_in_rescue() {
    let server = taking();
    let playbook = "
        name: loans
        steps: [{assert: {that: 1 == 2, message: no loans}}]
        rescue: [{notify: {webhook: \"{{ env.HOOK }}\", text: \"failed: {{ failure.message }}\"}}]
    ";
    let run = Run::playbook(playbook).args(&["--sandbox"]).var("HOOK", &hook(&server));
    let ended = shown_nothing_of_the_webhook(&run);
    assert_eq!(ended.code, 0, "it is mended: {ended:#?}");
    let text = body(&server.requests()[0])["text"].clone();
    assert!(text.as_str().is_some_and(|text| text.starts_with("failed: ")), "{text}");
}
