"""The asset graph: raw, parsed, metric and roll-up assets, their checks, specs and partitions."""
