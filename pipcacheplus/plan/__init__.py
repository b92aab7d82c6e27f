"""Plans from findings and selections; nothing here uses a disk."""
