"""Sums test results into one line: `N passed, N failed`.

  sum_results.py [--list] FILE...

Each FILE is a JUnit XML report of ctest or pytest, or a `.tally` file with the two numbers of a suite that writes
neither. A cmocka program is counted by its test functions, which ctest keeps as the program's output; one that ended
badly without naming a failed function (a crash, a leak found at exit, a time-out) adds one failure. A missing or unreadable
report is a failure: its suite did not finish. With --list the failures are named first. Exits 1 if anything failed.
"""

import os
import re
import sys
import xml.etree.ElementTree as ElementTree

COLOUR = re.compile(r"\x1b\[[0-9;]*m")
COUNTED = re.compile(r"^\[\s+(OK|FAILED|  ERROR|ERROR)\s+\] (\w+)\s*$", re.MULTILINE)


def results_of_case(case):
    """Yields (name, has_passed) for each test that a <testcase> stands for; skipped ones are not counted."""
    name = case.get("name")
    if case.find("skipped") is not None or case.get("status") in ("notrun", "disabled"):
        return
    is_bad = case.find("failure") is not None or case.find("error") is not None or case.get("status") == "fail"
    output = COLOUR.sub("", case.findtext("system-out") or "")
    functions = {function: outcome == "OK" for outcome, function in COUNTED.findall(output)}
    if not functions:
        yield name, not is_bad
        return
    for function, has_passed in functions.items():
        yield f"{name}: {function}", has_passed
    if is_bad and all(functions.values()):
        yield f"{name}: ended badly after its last test", False


def results_of_file(path):
    try:
        if path.endswith(".tally"):
            with open(path, encoding="ascii") as file:
                passed, failed = (int(number) for number in file.read().split())
            name = os.path.basename(path).removesuffix(".tally")
            return [(name, True)] * passed + [(name, False)] * failed
        return [result for case in ElementTree.parse(path).iter("testcase") for result in results_of_case(case)]
    except (OSError, ValueError, ElementTree.ParseError) as trouble:
        return [(f"{path}: {trouble}", False)]


def main(arguments):
    is_listing = "--list" in arguments
    results = [result for path in arguments if path != "--list" for result in results_of_file(path)]
    failures = [name for name, has_passed in results if not has_passed]
    if is_listing:
        for name in failures:
            print(f"failed: {name}")
    print(f"{len(results) - len(failures)} passed, {len(failures)} failed")
    return 1 if failures or not results else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
