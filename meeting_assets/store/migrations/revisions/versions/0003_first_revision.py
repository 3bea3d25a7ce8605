"""The schema that revisions start from. Databases of versions 1 and 2 differ from it only by additions."""

revision = "0003"
down_revision = None


def upgrade() -> None:
    """Changes nothing."""
