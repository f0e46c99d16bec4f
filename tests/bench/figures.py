"""What a measurement ends in: a table of medians with their spread, and a file of JSON, one flat object. Figures for which the
project has set itself a mark are named by who measures them; one that is missing is a failure, not a shorter table."""
import json
import os
import statistics
import sys

TREE = __file__.rsplit("/tests/", 1)[0]


def medians(series):
    return {name: statistics.median(values) for name, values in series.items()}


def write(name, series, figures, marked, about):
    """series: {figure: a value a run}; figures: the medians and what follows from them; name: of the file in build/."""
    print(f"\n{'figure':36} {'median':>12} {'min':>12} {'max':>12}   ({about}, {os.cpu_count()} cores)")
    for figure, value in figures.items():
        values = series.get(figure, [value])
        print(f"{figure:36} {value:12.2f} {min(values):12.2f} {max(values):12.2f}")
    with open(f"{TREE}/build/{name}.json", "w", encoding="utf-8") as f:
        f.write(json.dumps({k: round(v, 3) for k, v in figures.items()}, indent=1) + "\n")
    print(f"{name}: build/{name}.json")
    missing = [figure for figure in marked if figure not in figures]
    if missing:
        sys.exit(f"{name}: not measured: {', '.join(missing)}")
