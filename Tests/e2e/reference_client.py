"""A client as somebody would write it who has only the reference service's contract: NDJSON in, WebSocket out, run list.

It knows nothing that this collector adds, and nothing of the other tests' helpers.
"""
from __future__ import annotations

import http.client
import json
from urllib.parse import quote, urlencode

from websockets.sync.client import connect


def event(run_id: str, **more) -> dict:
    return {
        "v": 1, "runId": run_id, "sourceId": "flight-engine", "channel": "physics", "type": "body.state", "frameIndex": 0, "simTime": 0.0,
        **more}


class ReferenceClient:
    def __init__(self, port: int):
        self.port = port

    # ---- HTTP ----

    def request(self, method: str, path: str, body=None, headers: dict | None = None):
        """Status, content type, body."""
        connection = http.client.HTTPConnection("localhost", self.port, timeout=60)
        try:
            connection.request(method, path, body, headers or {}, encode_chunked=not (body is None or isinstance(body, bytes)))
            answer = connection.getresponse()
            return answer.status, answer.getheader("Content-Type"), answer.read()
        finally:
            connection.close()

    def ingest(self, *events, end: str = "\n", chunked: bool = False) -> int:
        """The status of the answer: its body is of no interest."""
        lines = [(event if isinstance(event, str) else json.dumps(event)) + end for event in events]
        body = (line.encode() for line in lines) if chunked else "".join(lines).encode()
        headers = {"Content-Type": "application/x-ndjson", **({"Transfer-Encoding": "chunked"} if chunked else {})}
        return self.request("POST", "/api/ingest", body, headers)[0]

    def runs(self) -> list[dict]:
        status, kind, body = self.request("GET", "/api/runs")
        assert (status, kind) == (200, "application/json")
        return json.loads(body)

    def run(self, run_id: str) -> dict | None:
        status, kind, body = self.request("GET", "/api/run?" + urlencode({"runId": run_id}))
        assert status in (200, 404) and (status == 404 or kind == "application/json")
        return json.loads(body) if status == 200 else None

    def analysis(self, path: str, **parameters) -> list[dict]:
        """Rows: one JSON object per line."""
        status, kind, body = self.request("GET", f"/api/analysis/{path}?" + urlencode(parameters))
        assert (status, kind) == (200, "application/json"), body
        return [json.loads(line) for line in body.decode().split("\n") if line]

    def stored_run(self, run_id: str) -> dict | None:
        status, _, body = self.request("GET", "/api/analysis/run/" + quote(run_id, safe=""))
        return json.loads(body) if status == 200 else None

    # ---- WebSocket ----

    def subscribe(self, binary: bool = False, **subscription) -> "Stream":
        text = json.dumps(subscription)
        return Stream(self.port, text.encode() if binary else text)


class Stream:
    """Events from now on."""

    def __init__(self, port: int, subscription: str | bytes):
        self.socket = connect(f"ws://localhost:{port}/ws", compression=None, max_size=None)
        self.socket.send(subscription)
        # Nothing acknowledges a subscription. But pings are answered, and messages are read one after the other.
        assert self.socket.ping().wait(60)

    def __enter__(self) -> "Stream":
        return self

    def __exit__(self, *_):
        self.socket.close()

    def text(self) -> str:
        text = self.socket.recv(timeout=60)
        assert isinstance(text, str) and text.endswith("\n") and text.count("\n") == 1
        return text

    def event(self) -> dict:
        found = json.loads(self.text())
        check(found)
        return found


def check(event: dict):
    """What the reference's page checks of each event."""
    assert isinstance(event["v"], int) and event["runId"] and event["sourceId"]
    assert all(isinstance(event[name], str) for name in ("runId", "sourceId", "channel", "type"))
    assert event["frameIndex"] >= 0 and event["simTime"] >= 0 and "payload" in event
    assert isinstance(event["wallTimeMs"], int) and isinstance(event.get("tags", {}), dict)
    assert event.get("tags") != {}, "tags are left out when there are none"
    order = ["v", "runId", "sourceId", "channel", "type", "frameIndex", "simTime", "wallTimeMs", "tags", "payload"]
    assert list(event) == [name for name in order if name in event]
