"""Read-only views of a deployment: data checks, status, diagnostics, raw-store audit, purge verification."""
