"""The text of the help of the terminal view."""

__all__ = ["HELP"]

HELP = """\
up down, PgUp PgDn, Home End   move
Enter    open a group; on an entry, say why it is there
Esc      back; stop what is under way
1 2 3 4  by project, kind, reason to remove, age
5        every entry; inside of a group these keys divide that group
s        in order of size, last use, name; or click on a title
/        show only what contains a text
space    mark a row and all that is in it (* all, + some of it is marked);
         a click on the sign does the same
a  u     mark all rows; mark nothing
x        show what would be removed of the marked entries, or of the row,
         and what keeps the rest; then save a plan, or remove it after a
         question
w        why an entry is there, and what would remove it or keep it
r        read the cache again
v        verify: read files to their end, once, so that damage is found as well
q        quit

Reclaimable is what a reason of prune holds for. x removes what is
marked, except what a --keep, a lock or --min-age protects."""
