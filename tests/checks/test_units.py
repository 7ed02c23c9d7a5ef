"""The systemd units: valid, hardened, and the images run what they run."""

import re
import subprocess
from pathlib import Path

import pytest
import yaml

DEPLOY = Path(__file__).resolve().parents[2] / "deploy"
PLANES = ("controlplane", "dataplane")
MOST_EXPOSURE = 1.1


@pytest.fixture
def root(tmp_path):
    """A root where the units and the programs they name are installed."""
    units = tmp_path / "lib" / "systemd" / "system"
    units.mkdir(parents=True)
    for plane in PLANES:
        (units / f"tollgate-{plane}.service").write_text(unit(plane))
        program = tmp_path / "usr" / "bin" / f"tollgate-{plane}"
        program.parent.mkdir(parents=True, exist_ok=True)
        program.write_text("#!/bin/sh\n")
        program.chmod(0o755)
    for name in ("multi-user.target", "network-online.target", "sysinit.target", "basic.target", "shutdown.target"):
        (units / name).write_text("[Unit]\nDefaultDependencies=no\n")
    return tmp_path


def unit(plane):
    return (DEPLOY / "systemd" / f"tollgate-{plane}.service").read_text()


def systemd_analyze(*arguments):
    return subprocess.run(["systemd-analyze", "--no-pager", *arguments], capture_output=True, text=True)


@pytest.mark.parametrize("plane", PLANES)
def test_systemd_finds_nothing_to_complain_about(root, plane):
    run = systemd_analyze("verify", "--man=no", f"--root={root}", f"tollgate-{plane}.service")
    assert (run.returncode, run.stdout + run.stderr) == (0, "")


@pytest.mark.parametrize("plane", PLANES)
def test_a_misspelt_setting_would_be_found(root, plane):
    file = root / "lib" / "systemd" / "system" / f"tollgate-{plane}.service"
    file.write_text(file.read_text().replace("ProtectHome=", "ProtectHose="))
    run = systemd_analyze("verify", "--man=no", f"--root={root}", f"tollgate-{plane}.service")
    assert "ProtectHose" in run.stderr


@pytest.mark.parametrize("plane", PLANES)
def test_the_exposure_stays_low(root, plane):
    run = systemd_analyze("security", "--offline=true", f"--root={root}", f"tollgate-{plane}.service")
    exposure = re.search(r"Overall exposure level for \S+: ([0-9.]+)", run.stdout)
    assert exposure and float(exposure[1]) <= MOST_EXPOSURE, run.stdout + run.stderr


@pytest.mark.parametrize("plane", PLANES)
def test_the_image_runs_the_unit_s_command(plane):
    command = re.search(r"^ExecStart=(.*)$", unit(plane), re.MULTILINE)[1].split()
    stage = (DEPLOY / "Containerfile").read_text().split(f"FROM base AS {plane}\n")[1].split("\nFROM ")[0]
    words = [re.findall(r'"([^"]*)"', line) for line in stage.splitlines() if line.startswith(("ENTRYPOINT", "CMD"))]
    assert sum(words, []) == command
    assert "USER tollgate" in stage


@pytest.mark.parametrize("plane", PLANES)
def test_the_compose_file_is_as_strict_as_the_unit(plane):
    service = yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"][plane]
    assert service["read_only"] and service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    stop_seconds = re.search(r"^TimeoutStopSec=(\d+)$", unit(plane), re.MULTILINE)[1]
    assert service["stop_grace_period"] == f"{stop_seconds}s"
