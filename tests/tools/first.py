#!/usr/bin/python3
"""Runs the lines of config/first.md as they stand there, but for the ports, which are free ones, and the folder of programs.
Usage: first.py BUILD, from the root of the repository."""
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

TREE = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(TREE / "tests" / "scenarios"))
from house import free_port  # noqa: E402

HEAD = "set -eux -o pipefail\ntrap 'kill $(jobs -p) 2>/dev/null || true' EXIT\n"
LIMIT = 120


def main():
    text = (TREE / "config" / "first.md").read_text()
    lines = "\n".join(re.findall(r"^    (.*)$", text, re.M))
    for there, here in (("build/rel", sys.argv[1]), ("5570", free_port()), ("8080", free_port())):
        if there not in lines:
            sys.exit(f"config/first.md: {there} is not there")
        lines = lines.replace(there, str(here))
    with tempfile.TemporaryDirectory() as d:
        env = dict(os.environ, TMPDIR=d)
        return subprocess.run(["bash", "-c", HEAD + lines], cwd=TREE, env=env, stdin=subprocess.DEVNULL, timeout=LIMIT).returncode


if __name__ == "__main__":
    sys.exit(main())
