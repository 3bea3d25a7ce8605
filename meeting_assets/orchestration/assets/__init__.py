"""The asset graph: raw, parsed, metric and rollup assets, their checks, specs and partitions."""
