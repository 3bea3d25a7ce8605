"""`python -m meeting_assets.cli` is the same as `meeting-assets`."""

from meeting_assets.cli import main

if __name__ == "__main__":
    main()
