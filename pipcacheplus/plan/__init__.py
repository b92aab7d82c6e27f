"""Findings and selections to intentions; nothing here touches a disk."""
