"""numpy, imported when something is first computed with it.

    from meeting_assets.metrics.timeline.arrays import np

Its import takes a tenth of a second: nothing to who measures meetings, much to who looks at definitions or finds that
nothing is to be measured.
"""

from __future__ import annotations

from types import ModuleType
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    import numpy as np

    # Whole microseconds or places in a list, one a row.
    Column: TypeAlias = np.typing.NDArray[Any]
else:

    def _found(name: str) -> object:
        import numpy

        # From here on a name is found like that of any module, without a call.
        vars(np).update(vars(numpy))
        return getattr(numpy, name)

    np = ModuleType("numpy")
    np.__getattr__ = _found
    Column: TypeAlias = object

__all__ = ["Column", "np"]
