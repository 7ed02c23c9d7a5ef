"""script/check-layers finds what it exists for: each test plants one violation in a small, otherwise clean project."""

import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
README = "**Owns** a thing. **May use** libc. **Must not use** anything else. **Start reading** here.\n"

CLEAN = {
    "common/base/text.h": "#include <stddef.h>\n",
    "common/base/text.c": '#include "common/base/text.h"\n',
    "common/base/CMakeLists.txt": "tg_room(tg_base SOURCES text.c)\n",
    "common/codec/json.h": '#include "common/base/text.h"\n',
    "common/codec/json.c": '#include <jansson.h>\n\n#include "common/codec/json.h"\n#include "common/codec/json_internal.h"\n',
    "common/codec/json_internal.h": "#include <jansson.h>\n",
    "common/codec/CMakeLists.txt": "tg_room(tg_codec SOURCES json.c LINKS tg_base)\n",
    "dataplane/route/route.h": "#include <stdbool.h>\n",
    "dataplane/route/route.c": '#include "dataplane/route/route.h"\n#include "common/base/text.h"\n',
    "dataplane/route/CMakeLists.txt": "tg_room(tg_route SOURCES route.c LINKS tg_base)\n",
    "controlplane/store/store.h": "#include <stdint.h>\n",
    "controlplane/store/store.c": '#include <libpq-fe.h>\n#include "controlplane/store/store.h"\n',
    "controlplane/store/CMakeLists.txt": "tg_room(tg_store SOURCES store.c LINKS tg_base)\n",
}


@pytest.fixture
def project(tmp_path):
    for path, text in CLEAN.items():
        file = tmp_path / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        (file.parent / "README.md").write_text(README)
    return tmp_path


def check(project):
    run = subprocess.run([ROOT / "script" / "check-layers", project], capture_output=True, text=True)
    return run.returncode, run.stdout


def plant(project, path, text):
    file = project / path
    file.write_text((file.read_text() if file.exists() else "") + text)


def test_a_clean_project_passes(project):
    assert check(project) == (0, "")


@pytest.mark.parametrize(
    "path, line, trouble",
    [
        ("common/base/text.c", '#include "dataplane/route/route.h"', "common/ must not know dataplane/"),
        ("dataplane/route/route.c", '#include "controlplane/store/store.h"', "dataplane/ must not know controlplane/"),
        ("controlplane/store/store.c", '#include "dataplane/route/route.h"', "controlplane/ must not know dataplane/"),
        ("dataplane/route/route.c", "#include <libpq-fe.h>", "belongs to controlplane/store alone"),
        ("dataplane/route/route.c", "#  include <h2o/socket.h>", "belongs to common/net alone"),
        ("dataplane/route/route.c", "#include <openssl/ssl.h>", "belongs to common/crypto alone"),
        ("common/codec/json.h", "#include <jansson.h>", "in a public header"),
        ("dataplane/route/route.c", '#include "common/codec/json_internal.h"', "is internal to common/codec"),
        ("dataplane/route/route.c", '#include "common/codec/json.h"', "tg_route does not link tg_codec"),
        ("dataplane/route/route.c", '#include "common/base/gone.h"', "does not exist"),
        ("dataplane/route/route.c", '#include "route.h"', "written from the root"),
        ("dataplane/route/route.c", "#include <zlib.h>", "neither libc's nor in the table"),
    ],
)
def test_a_forbidden_include_is_named_with_its_place(project, path, line, trouble):
    plant(project, path, line + "\n")
    lines = (project / path).read_text().splitlines()
    status, output = check(project)
    assert status == 1
    assert output.startswith(f"{path}:{len(lines)}: ") and trouble in output, output
    assert len(output.splitlines()) == 1, output


def test_rooms_that_link_each_other_are_a_circle(project):
    plant(project, "common/base/CMakeLists.txt", "target_link_libraries(tg_base PUBLIC tg_codec)\n")
    status, output = check(project)
    assert status == 1
    assert "tg_base: is part of a circle of rooms" in output and "tg_codec: is part of a circle" in output


def test_a_folder_with_code_needs_a_readme(project):
    (project / "common/base/README.md").unlink()
    assert check(project) == (1, "common/base: has code and no README.md\n")


def test_a_readme_without_a_part_is_incomplete(project):
    (project / "common/base/README.md").write_text(README.replace("Must not use", "Dislikes"))
    assert check(project) == (1, "common/base/README.md: the part 'must not use' is missing\n")
