"""Turn findings and selections into intentions; nothing here touches a disk."""
