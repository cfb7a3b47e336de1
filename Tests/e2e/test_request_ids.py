"""The name of a failed request."""


def test_failed_requests_are_told_apart(live):
    answers = [live.request("/api/run?runId=none") for _ in range(2)]
    ids = {headers["X-Request-Id"] for _, headers, _ in answers}
    assert [status for status, _, _ in answers] == [404, 404] and len(ids) == 2
    assert "X-Request-Id" not in live.request("/api/runs")[1]
