"""A ClickHouse behind https: only one whose certificate is trusted and carries its name gets rows, and a password."""
import ssl
import subprocess

import pytest
from bodies import line
from clickhouse import Gate, Server
from support import wait_until
from test_ingest import post
from test_storage_faults import trouble


def certificate(folder, name: str, address: str) -> ssl.SSLContext:
    """Signed by itself; `folder / name.pem` is what a client must trust."""
    paths = [folder / f"{name}.key", folder / f"{name}.pem"]
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
         "-subj", f"/CN={name}", "-addext", f"subjectAltName={address}", "-keyout", paths[0], "-out", paths[1]],
        check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(paths[1], paths[0])
    return context


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    server = Server(tmp_path_factory.mktemp("server"))
    yield server
    server.kill()


@pytest.mark.parametrize("way", ["flag", "environment"])
def test_rows_are_stored_through_tls(make_collector, server, tmp_path, way):
    gate = Gate(server.connect, tls=certificate(tmp_path, "trusted", "IP:127.0.0.1"))
    collector = make_collector("--clickhouse-url", gate.url, start=False)
    trusted = str(tmp_path / "trusted.pem")
    if way == "flag":
        collector.arguments += ["--clickhouse-ca-file", trusted]
    else:
        collector.variables["TELTEL_CLICKHOUSE_CA_FILE"] = trusted
    collector.start()
    assert post(collector, line(runId=way))[1]["accepted"] == 1
    wait_until(lambda: (run := collector.run(way)) and run["stored"] == 1, "the row is stored")
    assert len(gate.inserts) == 1
    gate.close()


CERTIFICATES = {
    # What the server shows, what the collector trusts, what is said.
    "unknown": (("other", "IP:127.0.0.1"), None, "certificate"),
    "foreign": (("other", "IP:127.0.0.1"), "trusted", "certificate"),
    "another-name": (("trusted", "IP:127.0.0.2"), "trusted", "127.0.0.1"),
    "no-such-file": (("trusted", "IP:127.0.0.1"), "missing", "missing.pem"),
}


@pytest.mark.parametrize("case", CERTIFICATES)
def test_a_server_that_is_not_trusted_gets_nothing(make_collector, server, tmp_path, case):
    shown, trusted, said = CERTIFICATES[case]
    certificate(tmp_path, "trusted", "IP:127.0.0.1")
    gate = Gate(server.connect, tls=certificate(tmp_path, *shown))
    url = gate.url.replace("//", "//writer:hunter2-secret@")
    collector = make_collector("--clickhouse-url", url, *(["--clickhouse-ca-file", str(tmp_path / f"{trusted}.pem")] if trusted else []))
    assert post(collector, line(runId=case))[1]["accepted"] == 1
    wait_until(lambda: said in trouble(collector), f"it is said; now {collector.json('/api/storage')}")
    wait_until(lambda: collector.json("/api/storage")["spool"]["waitingRows"] == 1, "the row waits in the spool")
    assert collector.run(case)["size"] == 1 and collector.run(case)["stored"] == 0
    assert gate.requests == [] and "hunter2" not in collector.output()
    gate.close()
