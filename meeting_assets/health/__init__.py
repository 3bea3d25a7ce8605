"""Health of the stored data and of the deployment: data checks, audit, status, diagnostics, purge verification.

These modules change no stored data. Two diagnostics write a probe and remove it again.
"""
