"""/metrics as Prometheus reads it: the format, the naming rules of `promtool check metrics`, and labels that stay few."""
import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families
from support import wait_until
from test_ingest import REJECTED, line, post
from wire import Wire, ask, head

LABELS = {"status", "reason", "code", "version"}
ABBREVIATED = {"ms", "us", "ns", "sec", "secs", "min", "kb", "mb", "gb", "kib", "mib", "gib", "byte", "second", "percent"}


@pytest.fixture
def loaded(collector, vehicle):
    """A collector with something in most of its counters."""
    vehicle("driven", 1, False).wait()
    post(collector, *[line(runId=f"run-{index}", type=f"type-{index % 9}") for index in range(300)])
    for bad, _ in REJECTED:
        post(collector, raw=bad)
    ask(collector, "GET", "/", host="evil.example\"\\")
    ask(collector, "GET", "/", "Origin: null")
    ask(collector, "GET", "/" + "x" * 9_000)
    with Wire(collector) as wire:
        wire.send(b"no HTTP\r\n\r\n").answer()
    wait_until(lambda: collector.metric("teltel_storage_stored_rows_total") > 1_000, "rows are stored")
    return collector


def test_metrics_follow_the_rules(loaded):
    answer = ask(loaded, "GET", "/metrics")
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    text = answer.body.decode()
    families = {family.name: family for family in text_string_to_metric_families(text)}
    problems = [problem for family in families.values() for problem in broken_rules(family, text)]
    assert problems == []
    series = [sample for family in families.values() for sample in family.samples]
    assert len({(sample.name, *sorted(sample.labels.items())) for sample in series}) == len(series)
    assert len(series) < 150 and {label for sample in series for label in sample.labels} <= LABELS
    assert "run-7" not in text and "evil" not in text


def broken_rules(family, text: str):
    if not family.documentation.endswith("."):
        yield f"{family.name}: HELP is no sentence"
    if family.type not in ("counter", "gauge"):
        yield f"{family.name}: has the type {family.type}"
    # As it is written: the parser adds the ending of counters itself.
    written = re.findall(rf"^# TYPE ({family.name}(?:_total)?) ", text, re.M)
    if len(written) != 1:
        yield f"{family.name}: does not stand in one block"
    for name in written:
        if (family.type == "counter") != name.endswith("_total"):
            yield f"{name}: counters end in _total, others do not"
    for sample in family.samples:
        name = sample.name
        if not re.fullmatch(r"teltel_[a-z]+(_[a-z]+)*", name):
            yield f"{name}: is not in snake case"
        if re.search(r"_(count|sum|bucket|gauge|counter|info)$", name) and name != "teltel_build_info":
            yield f"{name}: has an ending with a meaning of its own"
        if ABBREVIATED & set(name.split("_")):
            yield f"{name}: its unit is no base unit"
        if sample.value < 0 or sample.value != sample.value:
            yield f"{name}: is {sample.value}"


BROKEN = {
    "ending": "# HELP teltel_x Text.\n# TYPE teltel_x counter\nteltel_x 1\n",
    "gauge": "# HELP teltel_x_total Text.\n# TYPE teltel_x_total gauge\nteltel_x_total 1\n",
    "help": "# TYPE teltel_x gauge\nteltel_x 1\n", "case": "# HELP teltel_X Text.\n# TYPE teltel_X gauge\nteltel_X 1\n",
    "unit": "# HELP teltel_x_ms Text.\n# TYPE teltel_x_ms gauge\nteltel_x_ms 1\n",
    "not-a-number": "# HELP teltel_x Text.\n# TYPE teltel_x gauge\nteltel_x NaN\n",
}


@pytest.mark.parametrize("case", BROKEN)
def test_the_rules_notice(case):
    (family,) = text_string_to_metric_families(BROKEN[case])
    assert list(broken_rules(family, BROKEN[case]))


def promtool(text: bytes) -> tuple[int, bytes]:
    """Exit code and complaints of `promtool check metrics`; scripts/setup.sh fetches it."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    program = shutil.which("promtool") or cache / "teltel/prometheus-2.42.0/promtool"
    check = subprocess.run([program, "check", "metrics"], input=text, capture_output=True, timeout=60)
    return check.returncode, check.stdout + check.stderr


def test_promtool_finds_nothing(loaded):
    assert promtool(ask(loaded, "GET", "/metrics").body) == (0, b"")


def test_promtool_would_find_something():
    code, complaint = promtool(b"# HELP teltel_x_total Text.\n# TYPE teltel_x_total gauge\nteltel_x_total 1\n")
    assert code != 0 and b"_total" in complaint


def test_counters_only_grow(shared):
    def counters():
        families = text_string_to_metric_families(ask(shared, "GET", "/metrics").body.decode())
        return {
            (sample.name, json.dumps(sample.labels)): sample.value
            for family in families if family.type == "counter" for sample in family.samples}

    before = counters()
    ask(shared, "GET", "/api/runs", host="evil.example")
    with Wire(shared) as wire:
        wire.send(head("GET", "/api/runs")).answer()
    after = counters()
    assert set(before) <= set(after) and all(after[key] >= before[key] for key in before)
    key = ("teltel_http_refused_total", '{"reason": "host"}')
    assert after[key] == before[key] + 1
