"""Benchmarks of speed, memory and API calls; `python -m benchmarks --help` lists them.

Results depend on the machine; `docs/performance.md` states results and machine.
"""
