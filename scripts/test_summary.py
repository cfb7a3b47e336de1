"""Sums up the test reports: counts, the ten slowest tests, and one closing line."""
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path


def cases(report: Path):
    for path in sorted(report.glob("*.xml")):
        for case in ElementTree.parse(path).iter("testcase"):
            name = f"{case.get('classname')}.{case.get('name')}"
            state = "passed"
            if case.find("failure") is not None or case.find("error") is not None:
                state = "failed"
            elif case.find("skipped") is not None:
                state = "skipped"
            yield name, float(case.get("time") or 0), state


def main() -> int:
    found = list(cases(Path(sys.argv[1])))
    print("\nslowest tests:")
    for name, seconds, _ in sorted(found, key=lambda case: -case[1])[:10]:
        print(f"  {seconds:7.2f} s  {name}")
    count = {state: sum(1 for case in found if case[2] == state) for state in ("passed", "failed", "skipped")}
    for name, _, state in found:
        if state == "failed":
            print(f"FAILED {name}")
    print(f"\n{count['passed']} passed, {count['failed']} failed, {count['skipped']} skipped")
    return 1 if count["failed"] or not count["passed"] else 0


sys.exit(main())
