from __future__ import annotations

from hypothesis import settings

# A busy machine is no broken law.
settings.register_profile("no deadline", deadline=None)
settings.load_profile("no deadline")
