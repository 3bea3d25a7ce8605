"""Code that all layers share: errors, instants, names, ids, URLs, logs, processes and streams."""
