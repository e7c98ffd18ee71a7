"""What `rescue`, `always`, `notify` and `--deadline` promise, each a test whose name is the sentence that must hold."""
import http.server
import json
import threading

from checks.binary import inputs


class Hook:
    """A webhook on this machine that keeps what it is told."""

    def __init__(self):
        told = self.told = []

        class Handler(http.server.BaseHTTPRequestHandler):
            """Takes one text."""

            def do_POST(self):  # noqa: N802 (the name is the library's)
                length = int(self.headers["Content-Length"])
                told.append((json.loads(self.rfile.read(length))["text"], self.headers.get("Authorization")))
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_):
                """Nothing."""

        self.server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = "http://127.0.0.1:%d/services/T00000000/B00000000/verysecretpath" % self.server.server_address[1]


class Sections:
    """Checks of the lists of steps beside `steps`; the rest comes from `Promises`."""

    def run_sections(self, *options, **values):
        """The outcome, and what the webhook was told."""
        hook = Hook()
        self.addCleanup(hook.server.shutdown)
        env = {"SUITE_HOOK": hook.url, "HOME": self.repository.root}
        outcome = self.repository.run("sections.yaml", *options, *inputs(**values), env=env)
        self.assertNotIn("verysecretpath", str(outcome))
        return outcome, hook.told

    def test_a_failed_run_is_rescued_by_another_and_told_of(self):
        before = self.witness.runs("ok_dag")
        outcome, told = self.run_sections(dag="fail_dag")
        self.ends_with(0, outcome)
        self.said("the failure of step `load` is rescued", outcome)
        mended = self.witness.run("ok_dag", self.new_run("ok_dag", before))
        self.assertEqual((mended["state"], mended["conf"]), ("success", {"why": "dag_run_failed"}))
        self.assertEqual(told, [("load is rescued: dag_run_failed", None)])

    def test_a_failed_run_that_nothing_mends_fails_and_is_told_of(self):
        before = self.witness.runs("ok_dag")
        outcome, told = self.run_sections(dag="fail_dag", mends="false")
        self.ends_with(1, outcome)
        self.assertEqual(set(self.witness.runs("ok_dag")), set(before))
        self.assertEqual(told, [("load is failed: dag_run_failed", None)])

    def test_a_deadline_ends_the_program_with_5_tells_of_it_and_the_run_goes_on(self):
        before, mended = self.witness.runs("slow_dag"), self.witness.runs("ok_dag")
        outcome, told = self.run_sections("--deadline", "4s", dag="slow_dag")
        self.ends_with(5, outcome)
        self.said("stopped by its deadline of 4.0s", outcome)
        self.assertEqual(told, [("load is interrupted: deadline_passed", None)])
        run = self.new_run("slow_dag", before)
        self.assertIn(self.witness.run("slow_dag", run)["state"], ("queued", "running"))
        self.assertEqual(self.witness.end_of("slow_dag", run), "success")
        self.assertEqual(set(self.witness.runs("ok_dag")), set(mended), "`rescue` is left out")
