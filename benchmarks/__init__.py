"""The same instances through siting and through what users would take instead, side by side.

    python -m benchmarks.run full        solve; what was solved before is not solved again
    python -m benchmarks.run quick       the same with few instances and short limits
    python -m benchmarks.report full     write the page again from the results, solving nothing
    python -m benchmarks.clusters        the gap of 2, 4 and 8 clusters on all sites

``instances`` makes the questions, ``rivals`` holds the ways to solve them, ``suites`` says who
solves what, ``child`` is one run, ``agree`` compares the answers.
"""
