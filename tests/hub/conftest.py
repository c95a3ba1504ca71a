"""A hub on this machine, that huggingface_hub takes for the real one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hub_stand_in import TOKEN, StandIn, hub_stand_in

from kinesis_bench.cli.main import main


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> Iterator[StandIn]:
    constants = pytest.importorskip(
        "huggingface_hub.constants", reason="huggingface_hub is absent: pip install 'kinesis-bench[hub]'"
    )
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(constants, "HF_TOKEN_PATH", str(tmp_path_factory.mktemp("home") / "token"))
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)  # its own protocol, which is not stood in for
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_TELEMETRY", True)
    with hub_stand_in() as held:
        address = constants.HUGGINGFACE_CO_URL_TEMPLATE.replace(constants.ENDPOINT, held.endpoint)
        monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", address)
        monkeypatch.setattr(constants, "ENDPOINT", held.endpoint)
        yield held


@pytest.fixture
def refused(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Callable[..., str]:
    """Run the command line on arguments that must be refused; give the line on stderr."""

    def run(*arguments: object) -> str:
        before = set(tmp_path.rglob("*"))
        with pytest.raises(SystemExit) as stop:
            main([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        assert stop.value.code == 2
        assert "Traceback" not in captured.out + captured.err
        lines = [line for line in captured.err.splitlines() if line.startswith("kinesis-bench:")]
        assert len(lines) == 1, captured.err
        assert lines[0].isprintable()
        assert set(tmp_path.rglob("*")) == before, "something was left behind"
        return lines[0]

    return run
