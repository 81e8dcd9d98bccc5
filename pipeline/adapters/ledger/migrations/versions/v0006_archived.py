"""What is in a segment of the archive, and which page that is: asked when it is trimmed."""

from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Find places by segment and pages by place."""
    op.create_index("ix_places_segment", "places", ["segment"])
    op.create_index("ix_pages_place_id", "pages", ["place_id"])
