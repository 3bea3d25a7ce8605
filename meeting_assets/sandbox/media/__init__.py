"""Media files of a sandbox: what they contain, and how they are served.

Sources: `Placeholders` (default), `Voices` (playable) and `RandomFiles` (large files of one size). Content is made
block by block while it is sent, and its length is known before.
"""

from .content import BytesContent, Content, chunks
from .library import MediaFile
from .sources import MediaSource, Placeholders, RandomFiles, Voices

__all__ = ["BytesContent", "Content", "MediaFile", "MediaSource", "Placeholders", "RandomFiles", "Voices", "chunks"]
