"""The table of endpoints, the port and the documentation say the same."""
import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
PROBLEM = "application/problem+json"


def described(collector) -> dict[str, dict]:
    """By path, what the port says of itself."""
    status, headers, body = collector.request("/api/openapi.json")
    assert status == 200 and headers["Content-Type"] == "application/json"
    document = json.loads(body)
    assert document["openapi"].startswith("3.1") and document["info"]["version"]
    return document["paths"]


def documented() -> dict[str, set[str]]:
    """By path, the methods that docs/http-api.md names at its beginning."""
    rows = re.findall(r"^\| \[`([^`]+)`\]\(#[^)]*\) \| ([^|]+) \|", (ROOT / "docs/http-api.md").read_text(), re.MULTILINE)
    found: dict[str, set[str]] = {}
    for path, methods in rows:
        found.setdefault(path, set()).update(method.strip() for method in methods.split(","))
    return found


def test_the_documentation_names_every_endpoint_and_no_other(shared):
    paths = {path: {method.upper() for method in operations} for path, operations in described(shared).items()}
    expected = {path: {"any": {"GET"}, "WebSocket": {"GET"}}.get(next(iter(methods)), methods) for path, methods in documented().items()}
    assert paths == expected


def test_every_operation_says_what_it_takes_and_gives(shared):
    for path, operations in described(shared).items():
        for method, operation in operations.items():
            names = [parameter["name"] for parameter in operation["parameters"]]
            assert operation["summary"] and len(set(names)) == len(names), (path, method)
            assert all(parameter["description"] and parameter["schema"]["type"] for parameter in operation["parameters"])
            assert set(re.findall(r"\{(\w+)\}", path)) == {one["name"] for one in operation["parameters"] if one["in"] == "path"}
            assert PROBLEM in operation["responses"]["default"]["content"]
            assert ("requestBody" in operation) == (method in ("put", "patch") or (method, path) in (
                ("post", "/api/ingest"), ("post", "/api/markers"), ("post", "/api/storage/prune"), ("post", "/api/storage/migrate"),
                ("post", "/api/analysis/compare"), ("post", "/api/analysis/groups"), ("post", "/api/analysis/fingerprints"))), (path, method)


def test_other_methods_are_refused_with_those_that_there_are(shared):
    for path, operations in described(shared).items():
        if path == "/api/health":
            continue  # takes any
        allowed = {method.upper() for method in operations}
        for method in METHODS:
            if method in allowed:
                continue
            status, headers, body = shared.request(re.sub(r"\{\w+\}", "name", path), method=method)
            assert (status, json.loads(body)["code"]) == (405, "method-not-allowed"), (method, path)
            named = {name for name in headers["Allow"].split(", ") if name != "HEAD"}
            assert named == allowed and ("HEAD" in headers["Allow"]) == ("GET" in allowed), (method, path)


def test_the_head_of_an_answer_is_that_of_get_without_its_body(shared):
    for path in ("/", "/api/health", "/api/runs", "/api/openapi.json", "/metrics", "/api/run?runId=none"):
        status, headers, body = shared.request(path)
        head = shared.request(path, method="HEAD")
        assert (head[0], head[2]) == (status, b"") and body
        assert {name.lower(): value for name, value in head[1].items()}["content-type"] == {name.lower(): value for name, value in headers.items()}["content-type"]


def test_whatever_method_health_is_asked_with_it_answers(shared):
    for method in METHODS:
        assert shared.request("/api/health", method=method)[::2] == (200, b'{"status":"ok"}')


@pytest.mark.parametrize("path, status, code", [
    ("/api/run", 400, "missing-parameter"), ("/api/run?runId=none", 404, "unknown-run"), ("/api/nothing", 404, "not-found"),
    ("/api/analysis/run/none", 503, "storage-off"), ("/api/analysis/runs?daysBack=x", 400, "bad-parameter"),
    pytest.param("/api/runs?" + "x" * 9000, 414, "target-too-long", id="long"),
])
def test_errors_are_problems_and_what_they_were(shared, path, status, code):
    answered, headers, body = shared.request(path)
    problem = json.loads(body)
    assert (answered, {name.lower(): value for name, value in headers.items()}["content-type"]) == (status, PROBLEM)
    assert problem["status"] == status and problem["type"] == "about:blank" and problem["title"]
    assert problem["error"] == {"code": code, "message": problem["detail"], "hint": problem["hint"]} and problem["code"] == code
    if status != 414:  # refused before it has a name
        assert problem["request_id"] == headers["X-Request-Id"] and problem["instance"] == path.partition("?")[0]
