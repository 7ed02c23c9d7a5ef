"""script/lib/sum_results.py counts every test once and never turns a crash into silence."""

import subprocess
import sys
from pathlib import Path

SUM_RESULTS = Path(__file__).resolve().parents[2] / "script" / "lib" / "sum_results.py"

TWO_GOOD = "[==========] Running 2 test(s).\n[ RUN      ] a\n[       OK ] a\n[ RUN      ] b\n[       OK ] b\n[  PASSED  ] 2 test(s).\n"
ONE_BAD = "[ RUN      ] a\n[       OK ] a\n[ RUN      ] b\n[  FAILED  ] b\n[  PASSED  ] 1 test(s).\n[  FAILED  ] 1 test(s), listed below:\n[  FAILED  ] b\n"


def summed(tmp_path, *cases, name="unit.xml"):
    report = tmp_path / name
    report.write_text(f"<testsuite>{''.join(cases)}</testsuite>")
    return run(report)


def run(*reports):
    done = subprocess.run([sys.executable, SUM_RESULTS, "--list", *reports], capture_output=True, text=True)
    assert done.stderr == ""
    lines = done.stdout.splitlines()
    return done.returncode, lines[-1], lines[:-1]


def ctest(name, status, output):
    failure = "<failure message=''/>" if status == "fail" else ""
    return f'<testcase name="{name}" status="{status}">{failure}<system-out>{output}</system-out></testcase>'


def test_functions_of_a_cmocka_program_are_counted_one_by_one(tmp_path):
    assert summed(tmp_path, ctest("good", "run", TWO_GOOD)) == (0, "2 passed, 0 failed", [])


def test_a_failed_function_is_counted_once_although_cmocka_names_it_twice(tmp_path):
    assert summed(tmp_path, ctest("bad", "fail", ONE_BAD)) == (1, "1 passed, 1 failed", ["failed: bad: b"])


def test_a_program_that_crashes_after_its_last_test_is_a_failure(tmp_path):
    assert summed(tmp_path, ctest("leaks", "fail", TWO_GOOD)) == (
        1, "2 passed, 1 failed", ["failed: leaks: ended badly after its last test"])


def test_a_program_that_crashes_at_once_is_a_failure(tmp_path):
    assert summed(tmp_path, ctest("dead", "fail", "Segmentation fault")) == (1, "0 passed, 1 failed", ["failed: dead"])


def test_pytest_failures_and_errors_count_and_skipped_tests_do_not(tmp_path):
    assert summed(
        tmp_path,
        '<testcase classname="m" name="good"/>',
        '<testcase classname="m" name="bad"><failure message="no"/></testcase>',
        '<testcase classname="m" name="broken"><error message="setup"/></testcase>',
        '<testcase classname="m" name="left out"><skipped message="why"/></testcase>',
    ) == (1, "1 passed, 2 failed", ["failed: bad", "failed: broken"])


def test_a_missing_report_is_a_failure(tmp_path):
    status, line, _ = run(tmp_path / "never-written.xml")
    assert (status, line) == (1, "0 passed, 1 failed")


def test_tallies_and_reports_are_added_up(tmp_path):
    (tmp_path / "checks.tally").write_text("2 1\n")
    (tmp_path / "more.xml").write_text('<testsuite><testcase name="good"/></testsuite>')
    assert run(tmp_path / "checks.tally", tmp_path / "more.xml")[:2] == (1, "3 passed, 1 failed")


def test_nothing_at_all_is_not_a_success():
    assert run()[:2] == (1, "0 passed, 0 failed")
