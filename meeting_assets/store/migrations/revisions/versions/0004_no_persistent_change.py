"""Schema version 4 adds tables and drops columns of derived tables, which needs no revision of persistent tables."""

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Changes nothing."""
