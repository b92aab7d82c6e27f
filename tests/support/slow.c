/* Stands between a program and the C library, and makes a local disk as slow as a file server: each call that a network
 * file system would send to its server takes some microseconds longer, below one directory.
 *
 * Loaded by LD_PRELOAD, and armed by variables when the program starts: SLOW_ROOT, SLOW_US, and SLOW_COUNT, a file of
 * eight bytes in which the calls of all processes are counted.
 *
 * Calls of an open file (fstat, read) take no longer: a client has its attributes since it was opened, and small
 * content comes with one request, which is counted with open. A client that caches names and attributes sends less than
 * is counted here.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static char root[PATH_MAX];
static size_t root_length;
static long delay_us;
static unsigned long nothing, *count = &nothing;

__attribute__((constructor)) static void arm(void)
{
    const char *where = getenv("SLOW_ROOT"), *delay = getenv("SLOW_US"), *counted = getenv("SLOW_COUNT");
    if (!where)
        return;
    snprintf(root, sizeof root, "%s", where);
    root_length = strlen(root);
    delay_us = delay ? atol(delay) : 0;
    int file = counted ? (int)syscall(SYS_openat, AT_FDCWD, counted, O_RDWR | O_CLOEXEC) : -1;
    void *shared = file < 0 ? MAP_FAILED : mmap(NULL, sizeof *count, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (shared != MAP_FAILED)
        count = shared;
    if (file >= 0)
        syscall(SYS_close, file);
}

static int is_inside(const char *path)
{
    return root_length && !strncmp(path, root, root_length) && (path[root_length] == '/' || !path[root_length]);
}

static int is_at(int folder, const char *name)
{
    char link[64], path[PATH_MAX];
    if (!root_length)
        return 0;
    if (name && name[0] == '/')
        return is_inside(name);
    if (folder == AT_FDCWD)
        return getcwd(path, sizeof path) && is_inside(path);
    snprintf(link, sizeof link, "/proc/self/fd/%d", folder);
    ssize_t length = syscall(SYS_readlinkat, AT_FDCWD, link, path, sizeof path - 1);
    if (length < 0)
        return 0;
    path[length] = 0;
    return is_inside(path);
}

static void take_time(int folder, const char *name)
{
    int before = errno;
    if (is_at(folder, name)) {
        __atomic_add_fetch(count, 1, __ATOMIC_RELAXED);
        struct timespec left = {delay_us / 1000000, delay_us % 1000000 * 1000};
        while (delay_us && nanosleep(&left, &left) && errno == EINTR)
            ;
    }
    errno = before;
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

#define OPEN(function, flags, folder, path, arguments)                                                                 \
    do {                                                                                                               \
        mode_t mode = 0;                                                                                               \
        if ((flags) & (O_CREAT | __O_TMPFILE)) {                                                                       \
            va_list rest;                                                                                              \
            va_start(rest, flags);                                                                                     \
            mode = va_arg(rest, mode_t);                                                                               \
            va_end(rest);                                                                                              \
        }                                                                                                              \
        take_time(folder, path);                                                                                       \
        return REAL(function) arguments;                                                                               \
    } while (0)

int open(const char *path, int flags, ...) { OPEN(open, flags, AT_FDCWD, path, (path, flags, mode)); }
int open64(const char *path, int flags, ...) { OPEN(open64, flags, AT_FDCWD, path, (path, flags, mode)); }

int openat(int folder, const char *path, int flags, ...)
{
    OPEN(openat, flags, folder, path, (folder, path, flags, mode));
}

int openat64(int folder, const char *path, int flags, ...)
{
    OPEN(openat64, flags, folder, path, (folder, path, flags, mode));
}

/* The names of a directory are one request: few have more than fit into one. */

DIR *opendir(const char *path)
{
    take_time(AT_FDCWD, path);
    return REAL(opendir)(path);
}

DIR *fdopendir(int folder)
{
    take_time(folder, NULL);
    return REAL(fdopendir)(folder);
}

#define LOOKS(type, stat_, lstat_, fstatat_)                                                                           \
    int stat_(const char *path, struct type *of)                                                                       \
    {                                                                                                                  \
        take_time(AT_FDCWD, path);                                                                                     \
        return REAL(stat_)(path, of);                                                                                  \
    }                                                                                                                  \
    int lstat_(const char *path, struct type *of)                                                                      \
    {                                                                                                                  \
        take_time(AT_FDCWD, path);                                                                                     \
        return REAL(lstat_)(path, of);                                                                                 \
    }                                                                                                                  \
    int fstatat_(int folder, const char *path, struct type *of, int flags)                                             \
    {                                                                                                                  \
        take_time(folder, path);                                                                                       \
        return REAL(fstatat_)(folder, path, of, flags);                                                                \
    }

LOOKS(stat, stat, lstat, fstatat)
LOOKS(stat64, stat64, lstat64, fstatat64)

#define REMOVES(name, parameters, arguments, folder)                                                                   \
    int name parameters                                                                                                \
    {                                                                                                                  \
        take_time(folder, path);                                                                                       \
        return REAL(name) arguments;                                                                                   \
    }

REMOVES(unlink, (const char *path), (path), AT_FDCWD)
REMOVES(rmdir, (const char *path), (path), AT_FDCWD)
REMOVES(unlinkat, (int folder, const char *path, int flags), (folder, path, flags), folder)
