"""What `make install` puts where shells look for it completes commands, options and ids of runs."""
import json
import os
import shutil
import subprocess

import pytest
from installation import make, run
from support import wait_until

COMPLETIONS = {
    "bash": "share/bash-completion/completions/teltel", "zsh": "share/zsh/site-functions/_teltel", "fish": "share/fish/vendor_completions.d/teltel.fish"}
COMMANDS = {"runs", "tail", "compare", "same", "series", "at", "markers"}


@pytest.fixture(scope="module")
def prefix(tmp_path_factory):
    stage = tmp_path_factory.mktemp("completion")
    make("install", PREFIX="/usr", DESTDIR=stage)
    return stage / "usr"


@pytest.mark.parametrize("shell", COMPLETIONS)
def test_each_shell_has_a_script_that_knows_the_commands_and_can_be_read(prefix, shell):
    script = prefix / COMPLETIONS[shell]
    text = script.read_text()
    assert COMMANDS <= set(text.replace("'", " ").replace(":", " ").replace('"', " ").split()) and "teltel runs --ids" in text
    if shutil.which(shell):
        run([shell, "-n", script])


def completed(prefix, line: str, **environment) -> set[str]:
    """What bash offers behind the line."""
    ask = """
        source "$1"
        function=$(complete -p teltel | sed 's/.*-F \\([^ ]*\\).*/\\1/')
        read -ra COMP_WORDS <<<"$2"
        [[ $2 == *' ' ]] && COMP_WORDS+=("")
        COMP_LINE=$2 COMP_POINT=${#2} COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
        "$function" teltel "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
        printf '%s\\n' "${COMPREPLY[@]}"
    """
    variables = {**os.environ, "PATH": f"{prefix / 'bin'}:{os.environ['PATH']}", **environment}
    done = subprocess.run(
        ["bash", "--norc", "-c", ask, "bash", prefix / COMPLETIONS["bash"], line], env=variables, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return {word.strip() for word in done.stdout.splitlines() if word.strip()}


def test_bash_completes_commands_and_options(prefix):
    assert COMMANDS <= completed(prefix, "teltel ")
    assert completed(prefix, "teltel mar") == {"markers"}
    assert {"--find", "--add", "--remove"} <= completed(prefix, "teltel markers --")


def test_bash_completes_the_ids_of_runs(prefix, live):
    lines = [{"v": 1, "runId": run_id, "sourceId": "s", "type": "run.start", "payload": {}} for run_id in ("nightly-1", "nightly-2", "other")]
    assert live.request("/api/ingest", "".join(json.dumps(line) + "\n" for line in lines).encode())[0] == 202
    wait_until(lambda: len(live.json("/api/runs")) == 3, "the runs are known")
    for command in ("markers", "series", "at", "tail", "same", "compare"):
        assert completed(prefix, f"teltel {command} nightly", TELTEL_BASE_URL=live.url) == {"nightly-1", "nightly-2"}, command
