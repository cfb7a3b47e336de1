"""A collector that is killed and started again at once, while the host of its embedded ClickHouse has yet to end: questions are answered
by the new one, or not at all until it is there."""
import json
import os

import pytest
from analysis import all_stored
from database import host_pid
from support import wait_until
from test_stored_fields import end, event, store

SERIES = "/api/analysis/series?runId=r&sourceId=s&eventType=t&jsonPath=x"


@pytest.mark.parametrize("lingers", [False, True], ids=["at-once", "after-a-while"])
def test_once_a_question_is_answered_all_are(collector, lingers):
    store(collector, *[event("r", "t", {"x": frame / 2}, frame) for frame in range(1, 11)], end("r", 11))
    all_stored(collector, "r", 11)
    old = wait_until(lambda: host_pid(collector), "a host runs")
    # It ends when its standard input does: for as long as somebody else holds that open it stays.
    held = os.open(f"/proc/{old}/fd/0", os.O_WRONLY) if lingers else None
    collector.kill()
    collector.start()

    refused = []

    def is_answered() -> bool:
        status, headers, body = collector.request(SERIES)
        if status == 200:
            assert len(body.splitlines()) == 10
            return True
        code = json.loads(body)["error"]["code"]
        assert (status, code) == (503, "storage-failed") and int(headers["Retry-After"]) > 0, (status, headers, body)
        refused.append(body.decode())
        return False

    if lingers:
        # Nothing comes from a host that is about to end.
        wait_until(lambda: is_answered() or len(refused) == 50, "questions are asked")
        assert len(refused) == 50 and all("starting" in text for text in refused), refused[-1:]
        state = collector.json("/api/ready")["storage"]
        assert state["state"] == "connecting" and "starting" in state["detail"], state
        os.close(held)
    wait_until(is_answered, "the new host answers", 60)
    refused.clear()
    # Longer than a host takes to end, and the next one to be started in its place.
    wait_until(lambda: collector.json("/api/ready")["storage"]["state"] == "ok", "storage is ready")
    answered = sum(is_answered() for _ in range(100))
    assert answered == 100, refused[:1]
