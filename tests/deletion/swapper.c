/* Swaps files and directories of a cache for links, again and again, as fast as it goes.

   swapper UID CACHE LINKS PATH...

   UID: who to be; -1 for who we are. LINKS: a directory in which the link for the n-th path is called n. All parents
   are opened before anything is swapped, so that it never follows a link of its own. Prints "ready" once each path was
   swapped; ends when stdin does, and prints how often it swapped. */

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define MAX_PATHS 512
#define EXCHANGE (1 << 1)
#define BETWEEN_LOOKS 256

struct pair {
    int folder;
    const char *name;
    char link[16];
};

static struct pair pairs[MAX_PATHS];
static int links;
static int has_exchange = 1;

static int open_folder(int top, const char *path) {
    int descriptor = openat(top, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (descriptor < 0) {
        perror(path);
        exit(1);
    }
    return descriptor;
}

/* Three renames, where there is no exchange: for a moment the name leads nowhere. */
static int rename_round(const struct pair *pair) {
    if (renameat(pair->folder, pair->name, links, "between"))
        return -1;
    if (renameat(links, pair->link, pair->folder, pair->name)) {
        renameat(links, "between", pair->folder, pair->name);
        return -1;
    }
    return renameat(links, "between", links, pair->link);
}

static int swap(const struct pair *pair) {
    if (has_exchange) {
        if (!syscall(SYS_renameat2, pair->folder, pair->name, links, pair->link, EXCHANGE))
            return 0;
        if (errno != ENOSYS && errno != EINVAL)
            return -1;
        has_exchange = 0;
    }
    return rename_round(pair);
}

static int is_over(void) {
    struct pollfd input = {.fd = 0, .events = POLLIN};
    return poll(&input, 1, 0) != 0;
}

int main(int count, char **arguments) {
    if (count < 5 || count - 4 > MAX_PATHS)
        return 2;
    int uid = atoi(arguments[1]);
    if (uid >= 0 && (setgid((gid_t)uid) || setuid((uid_t)uid)))
        return 3;
    int cache = open_folder(AT_FDCWD, arguments[2]);
    links = open_folder(AT_FDCWD, arguments[3]);
    int paths = count - 4;
    for (int at = 0; at < paths; at++) {
        char *path = arguments[at + 4], *slash = strrchr(path, '/');
        pairs[at].name = slash ? slash + 1 : path;
        snprintf(pairs[at].link, sizeof pairs[at].link, "%d", at);
        if (slash)
            *slash = 0;
        pairs[at].folder = slash ? open_folder(cache, path) : cache;
    }
    unsigned long swaps = 0;
    for (int at = 0; at < paths; at++)
        swaps += !swap(&pairs[at]);
    puts("ready");
    fflush(stdout);
    unsigned int random = 2463534242u; /* xorshift: the same each time */
    while (!is_over()) {
        for (int look = 0; look < BETWEEN_LOOKS; look++) {
            random ^= random << 13, random ^= random >> 17, random ^= random << 5;
            swaps += !swap(&pairs[random % (unsigned int)paths]);
        }
    }
    printf("%lu\n", swaps);
    return 0;
}
