"""What is measured, side by side with rivals or under load; `python -m benchmarks --help` lists it.

Nothing here is a test: figures depend on the machine. `docs/performance.md` has those that were taken, and where.
"""
