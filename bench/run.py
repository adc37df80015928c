#!/usr/bin/python3
"""The benchmark: muster and its peers side by side, on this machine, now.

Every comparison runs its sides in turn, in alternating order, each with a clean environment and
/usr/bin/python3 by its absolute path; figures are medians. Prints a table and writes JSON rows
{name, muster, peer, ratio, target, limit}.

    bench/run.py [--only NAME] [--rounds N] [--json FILE] [--check]
"""
import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PYTHON = "/usr/bin/python3"
SCRIPTS = 500


class Bench:
    """Where it all happens: a folder of scripts, and a home for muster."""

    def __init__(self, muster, rounds):
        self.muster, self.rounds = str(muster), rounds
        self.folder = Path(tempfile.mkdtemp(prefix="muster-bench-"))
        self.environment = {"PATH": "/usr/bin:/bin", "HOME": str(self.folder), "LANG": "C.UTF-8"}
        self.scripts = self.folder / "scripts"
        self.scripts.mkdir()
        for number in range(SCRIPTS):
            (self.scripts / f"s{number:03}.py").write_text('print("PASS")\n')
        self.one = self.folder / "one.py"
        self.one.write_text('print("PASS")\n')
        self.names = sorted(map(str, self.scripts.glob("*.py")))

    def seconds(self, command, stdin=None):
        """How long a command takes. It must succeed."""
        begun = time.perf_counter()
        done = subprocess.run(command, cwd=self.folder, env=self.environment, input=stdin,
                              stdin=None if stdin else subprocess.DEVNULL,
                              stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False)
        took = time.perf_counter() - begun
        if done.returncode != 0:
            raise SystemExit(f"bench: {command[:4]} … ended with {done.returncode}:\n"
                             f"{done.stderr.decode(errors='replace')[-2000:]}")
        return took

    def interleaved(self, sides, rounds):
        """{name: median seconds} of functions that each answer seconds; the order turns round
        every time, so that nobody always follows the same neighbour."""
        times = {name: [] for name in sides}
        order = list(sides)
        for side in sides.values():
            side()  # warms files, home and history
        for _ in range(rounds):
            for name in order:
                times[name].append(sides[name]())
            order.reverse()
        return {name: statistics.median(values) for name, values in times.items()}

    # -- the sides

    def by_muster(self):
        return self.seconds([self.muster, "--home", self.folder / "home", "run", "-j", "2",
                             self.scripts])

    def by_xargs(self):
        return self.seconds(["xargs", "-0", "-P2", "-n1", PYTHON],
                            "\0".join(self.names).encode())

    def by_parallel(self):
        results = self.folder / "results"
        took = self.seconds(["parallel", "--will-cite", "-0", "-j2", "--joblog",
                             self.folder / "joblog", "--results", results, PYTHON],
                            "\0".join(self.names).encode())
        shutil.rmtree(results)
        return took

    def by_naive_runner(self):
        database = self.folder / "naive.db"
        took = self.seconds([PYTHON, ROOT / "bench/naive_runner.py", database, *self.names])
        database.unlink()
        return took

    # -- what is measured: each answers rows

    def run_500(self):
        """500 tiny scripts two at once; more is better."""
        sides = {"muster": self.by_muster, "xargs -P2": self.by_xargs,
                 "naive runner": self.by_naive_runner}
        if shutil.which("parallel"):
            sides["GNU parallel"] = self.by_parallel
        rate = {name: SCRIPTS / seconds
                for name, seconds in self.interleaved(sides, self.rounds).items()}
        muster = rate.pop("muster")
        targets = {"xargs -P2": (1.0, 1.03)}
        return [row(f"500 scripts, 2 at once: {name}", "scripts/s", muster, peer, muster / peer,
                    *targets.get(name, (None, None)), more_is_better=True)
                for name, peer in rate.items()]

    def version(self):
        """How long muster itself takes to start; /bin/true beside it is the floor."""
        times = self.interleaved({
            "muster": lambda: self.seconds([self.muster, "version"]),
            "true": lambda: self.seconds(["/bin/true"]),
        }, 20 * self.rounds)
        muster, floor = times["muster"] * 1000, times["true"] * 1000
        return [row("muster version (/bin/true)", "ms", muster, floor, muster / floor, 5.0, floor)]

    def one_script(self):
        """What `muster run` of one script costs above plain python3 of it."""
        times = self.interleaved({
            "muster": lambda: self.seconds([self.muster, "--home", self.folder / "home", "run",
                                            self.one]),
            "python": lambda: self.seconds([PYTHON, self.one]),
        }, 10 * self.rounds)
        muster, plain = times["muster"] * 1000, times["python"] * 1000
        return [row("run of one script (plain python3)", "ms", muster, plain, muster / plain,
                    plain + 10.0, plain)]


def row(name, unit, muster, peer, ratio, target, limit, more_is_better=False):
    """One line of the table. The target bounds the ratio where more is better, else muster."""
    met = None
    if target is not None:
        met = ratio >= target if more_is_better else muster <= target
    return {"name": name, "unit": unit, "muster": round(muster, 3), "peer": round(peer, 3),
            "ratio": round(ratio, 3), "target": target, "limit": limit, "met": met}


BENCHMARKS = {"run": Bench.run_500, "version": Bench.version, "one": Bench.one_script}


def number(value):
    return "" if value is None else f"{value:.2f}" if value < 100 else f"{value:.0f}"


def print_table(rows):
    width = max(len(entry["name"]) for entry in rows)
    print(f"{'':{width}}  {'unit':>9} {'muster':>8} {'peer':>8} {'ratio':>6} "
          f"{'target':>7} {'limit':>6}")
    for entry in rows:
        verdict = {None: "", True: "met", False: "MISSED"}[entry["met"]]
        print(f"{entry['name']:{width}}  {entry['unit']:>9} {number(entry['muster']):>8} "
              f"{number(entry['peer']):>8} {entry['ratio']:>6.2f} {number(entry['target']):>7} "
              f"{number(entry['limit']):>6}  {verdict}".rstrip())


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--muster", type=Path, default=ROOT / "build/muster")
    parser.add_argument("--only", choices=BENCHMARKS, help="this one alone")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", type=Path, metavar="FILE")
    parser.add_argument("--check", action="store_true", help="exit with 1 where a target is missed")
    options = parser.parse_args()

    bench = Bench(options.muster.resolve(), options.rounds)
    try:
        rows = []
        for name, measure in BENCHMARKS.items():
            if options.only in (None, name):
                rows += measure(bench)
    finally:
        shutil.rmtree(bench.folder, ignore_errors=True)
    print(f"{os.cpu_count()} cores, medians of interleaved runs")
    print_table(rows)
    if options.json:
        options.json.write_text(json.dumps(rows, indent=1) + "\n")
    missed = any(entry["met"] is False for entry in rows)
    return 1 if options.check and missed else 0


if __name__ == "__main__":
    sys.exit(main())
