"""The Debian packages, unpacked into a clean root: what they hold, and the programs running from where they install them."""

import functools
import re
import subprocess

import pytest

import harness.programs
from harness import Stack
from harness.process import ROOT, clean_environment

PLANES = ("controlplane", "dataplane")


@pytest.fixture(scope="module")
def root(packages, tmp_path_factory):
    folder = tmp_path_factory.mktemp("root")
    for package in packages.values():
        subprocess.run(["dpkg-deb", "--extract", package, folder], check=True)
    return folder


def control_field(package, field):
    return subprocess.run(["dpkg-deb", "--field", package, field], check=True, capture_output=True, text=True).stdout


def control_files(package, folder):
    subprocess.run(["dpkg-deb", "--control", package, folder], check=True)
    return folder


def test_a_package_depends_on_the_libraries_it_uses_and_no_other_plane_s(packages):
    libraries = {plane: control_field(packages[plane], "Depends") for plane in packages}
    assert "libh2o-evloop" in libraries["dataplane"] and "libpq5" not in libraries["dataplane"]
    assert "libpq5" in libraries["controlplane"]
    assert "libcurl4" in libraries["cli"] and "libpq5" not in libraries["cli"] and "libh2o" not in libraries["cli"]


@pytest.mark.parametrize("plane", PLANES)
def test_an_administrator_s_settings_survive_an_upgrade(packages, plane, tmp_path):
    control = control_files(packages[plane], tmp_path / "control")
    assert (control / "conffiles").read_text().split() == [f"/etc/tollgate/{plane}.yaml"]


@pytest.mark.parametrize("plane", PLANES)
def test_the_user_and_its_folders_are_made_at_installation_and_nothing_is_started(packages, plane, tmp_path):
    script = (control_files(packages[plane], tmp_path / "control") / "postinst").read_text()
    assert "adduser --quiet --system --group" in script
    assert not re.search(r"systemctl (enable|start|restart)", script)


def test_the_units_name_programs_and_settings_that_are_installed(root):
    for plane in PLANES:
        unit = (root / "usr/lib/systemd/system" / f"tollgate-{plane}.service").read_text()
        command = re.search(r"^ExecStart=(.*)$", unit, re.MULTILINE)[1].split()
        assert (root / command[0].lstrip("/")).stat().st_mode & 0o111
        assert (root / command[command.index("--config") + 1].lstrip("/")).is_file()


def test_the_command_line_says_its_version(root):
    assert (root / "usr/share/tollgate/prices.yaml").read_text() == (ROOT / "controlplane/catalog/prices.yaml").read_text()
    run = subprocess.run([root / "usr/bin/tollgate", "version"], capture_output=True, text=True, env=clean_environment())
    assert run.returncode == 0 and re.fullmatch(r"tollgate \d+\.\d+\.\d+", run.stdout.strip())


def test_a_call_is_governed_and_booked_by_the_installed_programs(root, postgres, monkeypatch):
    built = harness.programs.binary

    def installed(name):
        path = root / "usr" / "bin" / name
        return str(path) if path.exists() else built(name)

    # With the packaged settings, which would be refused if they named a setting that is none.
    controlplane = functools.partial(harness.programs.ControlPlane, config=root / "etc/tollgate/controlplane.yaml",
                                     database_migrations_dir=root / "usr/share/tollgate/migrations")
    monkeypatch.setattr("harness.programs.binary", installed)
    monkeypatch.setattr("harness.stack.binary", installed)
    monkeypatch.setattr("harness.stack.ControlPlane", controlplane)
    stack = Stack(postgres, dataplane_settings={"config": root / "etc/tollgate/dataplane.yaml"})
    try:
        assert stack.replicas[0].arguments[0] == str(root / "usr/bin/tollgate-dataplane")
        answer = stack.openai().chat.completions.create(model="gpt-4o-mini", messages=[{"role": "user", "content": "Hello"}])
        assert answer.choices[0].message.content
        assert stack.books.assert_equal_to_the_provider() == 1
    finally:
        stack.destroy()
