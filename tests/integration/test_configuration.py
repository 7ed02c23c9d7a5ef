"""docs/configuration.md is what the programs say, and a setting that none of them knows is refused by its name."""

import os
import subprocess
from pathlib import Path

import pytest

from harness.process import ROOT, binary, clean_environment


def test_every_setting_has_its_row_in_the_documentation():
    programs = Path(binary("tollgate-controlplane")).parent
    run = subprocess.run([ROOT / "script" / "document-settings", "--check"], capture_output=True, text=True,
                         env=os.environ | {"TOLLGATE_BIN": str(programs)})
    assert run.returncode == 0, run.stdout + run.stderr


@pytest.mark.parametrize("program, arguments", [("controlplane", ["serve"]), ("dataplane", [])])
@pytest.mark.parametrize("place", ["file", "environment", "option"])
def test_an_unknown_setting_is_refused_by_name_wherever_it_stands(tmp_path, program, arguments, place):
    command = [binary(f"tollgate-{program}"), *arguments]
    environment = clean_environment()
    if place == "file":
        (tmp_path / "settings.yaml").write_text("log:\n  levle: info\n")
        command += ["--config", str(tmp_path / "settings.yaml")]
        name = "log.levle"
    elif place == "environment":
        name = f"TOLLGATE_{program.upper()}_LOG_LEVLE"
        environment[name] = "info"
    else:
        name = "--log-levle"
        command += [name, "info"]
    run = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=60)
    assert run.returncode not in (0, None) and name in run.stderr, run.stderr
