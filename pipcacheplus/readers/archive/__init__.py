"""zip and tar, and what unpacks them."""
