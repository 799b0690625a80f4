"""Tags: which ones everything in AWS has, and which one asks for a backup."""

from __future__ import annotations

REQUIRED = ("project", "environment", "owner", "cost-centre")
BACKUP = ("backup", "daily")
"""Key and value by which a BackupVault selects what it backs up, unless it is told otherwise."""
