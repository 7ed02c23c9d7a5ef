"""The migrations: applied once under a lock, reversible, and in dbmate's format."""

import platform
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from harness.process import ROOT, binary, clean_environment


def run_migrate(postgres, database, *flags):
    return subprocess.run([binary("tollgate-controlplane"), "migrate", *flags], capture_output=True, text=True,
                          env=clean_environment() | {
                              "TOLLGATE_CONTROLPLANE_DATABASE_MIGRATE_URL": postgres.url(database, "owner"),
                              "TOLLGATE_CONTROLPLANE_DATABASE_MIGRATIONS_DIR": str(ROOT / "migrations")})


def versions(postgres, database):
    with postgres.connect(database) as connection:
        return [row[0] for row in connection.execute("SELECT version FROM schema_migrations ORDER BY version")]


def test_several_instances_that_migrate_at_once_apply_each_migration_once(postgres):
    database = postgres.create_database()
    with ThreadPoolExecutor(4) as pool:
        runs = list(pool.map(lambda _: run_migrate(postgres, database), range(4)))
    assert [run.returncode for run in runs] == [0] * 4, runs
    assert versions(postgres, database) == sorted(path.name.split("_")[0] for path in (ROOT / "migrations").glob("*.sql"))
    again = run_migrate(postgres, database)
    assert again.returncode == 0 and "nothing to apply" in (again.stdout + again.stderr).lower()


def test_a_migration_that_fails_leaves_nothing_behind_and_names_the_file(postgres, tmp_path):
    database = postgres.create_database()
    (tmp_path / "0001_good.sql").write_text("-- migrate:up\nCREATE TABLE good (id int);\n-- migrate:down\nDROP TABLE good;\n")
    (tmp_path / "0002_bad.sql").write_text("-- migrate:up\nCREATE TABLE half (id int);\nSELECT 1/0;\n-- migrate:down\n")
    run = subprocess.run([binary("tollgate-controlplane"), "migrate"], capture_output=True, text=True,
                         env=clean_environment() | {
                             "TOLLGATE_CONTROLPLANE_DATABASE_MIGRATE_URL": postgres.url(database, "owner"),
                             "TOLLGATE_CONTROLPLANE_DATABASE_MIGRATIONS_DIR": str(tmp_path)})
    assert run.returncode != 0 and "0002_bad.sql" in run.stderr and "division by zero" in run.stderr
    assert versions(postgres, database) == ["0001"]
    with postgres.connect(database) as connection:
        assert connection.execute("SELECT to_regclass('half')").fetchone()[0] is None


def test_every_migration_can_be_taken_back_and_applied_again(postgres):
    database = postgres.create_database()
    assert run_migrate(postgres, database).returncode == 0
    with postgres.connect(database) as connection:
        for path in sorted((ROOT / "migrations").glob("*.sql"), reverse=True):
            connection.execute(path.read_text().split("-- migrate:down")[1])
            connection.execute("DELETE FROM schema_migrations WHERE version = %s", [path.name.split("_")[0]])
        left = connection.execute("SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace "
                                  "AND relkind IN ('r', 'p') AND relname <> 'schema_migrations'").fetchall()
        assert left == []
    assert run_migrate(postgres, database).returncode == 0


def test_dbmate_reads_the_same_migrations_and_finds_them_applied(postgres):
    if platform.machine() != "x86_64":
        pytest.skip("the pinned dbmate is for x86_64")
    dbmate = Path(__file__).parent / "node" / "node_modules" / "@dbmate" / "linux-x64" / "bin" / "dbmate"
    assert dbmate.exists(), "npm ci has not run in tests/integration/node (script/test does)"

    def run(command, database):
        url = f"postgres://owner@/{database}?socket={postgres.folder}&sslmode=disable"
        return subprocess.run([dbmate, "--url", url, "--migrations-dir", ROOT / "migrations", "--no-dump-schema", command],
                              capture_output=True, text=True, env=clean_environment())

    ours = postgres.create_database()
    assert run_migrate(postgres, ours).returncode == 0
    status = run("status", ours)
    assert status.returncode == 0 and "Pending: 0" in status.stdout, status
    theirs = postgres.create_database()
    applied = run("migrate", theirs)
    assert applied.returncode == 0, applied.stderr
    again = run_migrate(postgres, theirs)
    assert again.returncode == 0 and "nothing to apply" in (again.stdout + again.stderr).lower()
    assert versions(postgres, ours) == versions(postgres, theirs)


def test_a_control_plane_is_not_ready_before_the_migrations_that_it_needs_are_applied(make_stack):
    stack = make_stack(replicas=0)
    ready = f"{stack.controlplane.url}/readyz"
    newest = versions(stack.postgres, stack.database)[-1]
    with stack.postgres.connect(stack.database) as connection:
        connection.execute("DELETE FROM schema_migrations WHERE version = %s", [newest])
        answer = httpx.get(ready, trust_env=False)
        assert answer.status_code == 503 and "migrate" in answer.json()["detail"]
        connection.execute("INSERT INTO schema_migrations VALUES (%s), ('9999')", [newest])
        assert httpx.get(ready, trust_env=False).status_code == 200, "a newer schema is no obstacle"
