"""What pip says if its cache is at fault, or seems to be, and the cure that the page gives for it."""
