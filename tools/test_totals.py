#!/usr/bin/python3
"""Sum JUnit files: prints `N passed, N failed` and exits 1 where anything failed.

    tools/test_totals.py [--also-failed N] FILE…

A file that is missing or broken counts as one failure: a suite that died must not vanish.
"""
import argparse
import sys
import xml.etree.ElementTree as ElementTree


def count(path):
    """Answer (passed, failed, skipped) of one JUnit file."""
    passed = failed = skipped = 0
    for case in ElementTree.parse(path).iter("testcase"):
        if case.find("failure") is not None or case.find("error") is not None:
            failed += 1
        elif case.find("skipped") is not None:
            skipped += 1
        else:
            passed += 1
    return passed, failed, skipped


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--also-failed", type=int, default=0, metavar="N",
                        help="failures that stand in no file")
    parser.add_argument("files", nargs="*", metavar="FILE")
    options = parser.parse_args()

    passed, failed, skipped = 0, options.also_failed, 0
    for path in options.files:
        try:
            one = count(path)
        except (OSError, ElementTree.ParseError) as error:
            print(f"{path}: {error}", file=sys.stderr)
            failed += 1
            continue
        passed, failed, skipped = passed + one[0], failed + one[1], skipped + one[2]
    if skipped:
        print(f"({skipped} skipped)")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
