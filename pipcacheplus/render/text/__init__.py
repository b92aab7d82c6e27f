"""What people read: one module for each kind of view, with `lines`, and the words they share."""
