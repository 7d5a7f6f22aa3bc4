"""Names -> verified folders: what models there are, where they come from, and what lies on the disk."""
