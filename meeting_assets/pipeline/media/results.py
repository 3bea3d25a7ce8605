"""The ledger of media files during a run of downloads: attempts that begin, and files stored, failed or gone.

Attempts are recorded before they begin, because a file that exhausts the memory leaves no chance to record it.
"""

from __future__ import annotations
