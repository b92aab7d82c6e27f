/* Stands between a program and the C library, counts the calls that change what lies below some directories, and makes
 * one of them go wrong: the process is killed before or after it, it fails with an error, it writes but half, a signal
 * comes.
 *
 * Loaded by LD_PRELOAD. Armed by the variables below when the program starts, or by shim_arm() from within. Every call
 * is written to a log before its fault strikes: its number, its name, the path, the second path if there is one.
 * A file system can be one that behaves otherwise: see `traits`.
 * Time can run ahead (waits end at once, and the clocks go forward instead), so that nobody waits for a wait.
 *
 * Not seen: what is written through a mapping, and system calls made without the C library.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/select.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum kind { NOTHING, KILL_BEFORE, KILL_AFTER, FAIL, FAIL_FROM, SHORT, SHORT_KILL, SIGNAL };

/* What file systems do that are not like those of Linux's own disks. */
enum trait {
    GONE_ENOENT = 1,      /* of an open file without a name nothing can be learned, as with most of FUSE */
    GONE_ESTALE = 2,      /* the same, and other words for it */
    RENUMBERS = 4,        /* a file has another number each time that it is looked at */
    NOATIME_REFUSED = 8,  /* O_NOATIME is refused, as to whom a file does not belong */
    NOATIME_IGNORED = 16, /* it is accepted, and reading moves access times all the same */
};

static int traits;
static unsigned long looks;
static char roots[4 * PATH_MAX]; /* separated by colons, each without a slash at its end */
static enum kind kind;
static long nth;
static int error_number;
static int log_descriptor = -1;
static int skips_waits;
static long long ahead_ns;
static long calls;

void shim_arm(const char *new_roots, int new_kind, long new_nth, int new_error, int new_log)
{
    snprintf(roots, sizeof roots, "%s", new_roots);
    kind = (enum kind)new_kind;
    nth = new_nth;
    error_number = new_error;
    log_descriptor = new_log;
    calls = 0;
}

void shim_traits(int new_traits) { traits = new_traits; }

void shim_time(double ahead_s, int skips)
{
    ahead_ns = (long long)(ahead_s * 1e9);
    skips_waits = skips;
}

static long number_in(const char *name)
{
    const char *value = getenv(name);
    return value ? atol(value) : 0;
}

__attribute__((constructor)) static void arm_from_environment(void)
{
    const char *wanted = getenv("SHIM_ROOTS"), *log = getenv("SHIM_LOG");
    if (!wanted)
        return;
    int to = log ? (int)syscall(SYS_openat, AT_FDCWD, log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600) : -1;
    shim_arm(wanted, (int)number_in("SHIM_KIND"), number_in("SHIM_NTH"), (int)number_in("SHIM_ERRNO"), to);
    shim_traits((int)number_in("SHIM_TRAITS"));
    shim_time((double)number_in("SHIM_AHEAD"), (int)number_in("SHIM_SKIPS_WAITS"));
}

/* Where a call strikes. */

static int is_inside(const char *path)
{
    for (const char *root = roots; *root;) {
        size_t length = strcspn(root, ":");
        if (length && !strncmp(path, root, length) && (path[length] == '/' || !path[length]))
            return 1;
        root += length + (root[length] == ':');
    }
    return 0;
}

static void path_of(int descriptor, char *path)
{
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
    ssize_t length = syscall(SYS_readlinkat, AT_FDCWD, link, path, PATH_MAX - 1);
    path[length < 0 ? 0 : length] = 0;
}

static void path_at(int folder, const char *name, char *path)
{
    path[0] = 0;
    if (name && name[0] == '/') {
        snprintf(path, PATH_MAX, "%s", name);
        return;
    }
    if (folder != AT_FDCWD)
        path_of(folder, path);
    else if (!getcwd(path, PATH_MAX))
        path[0] = 0;
    size_t length = strlen(path);
    if (name && *name)
        snprintf(path + length, PATH_MAX - length, "/%s", name);
}

enum verdict { PASS, REFUSE, HALF, LAST };

static enum verdict judge(const char *call, const char *path, const char *second, int can_be_short)
{
    if (!is_inside(path) && !(second && is_inside(second)))
        return PASS;
    long number = ++calls;
    if (log_descriptor >= 0) {
        char line[2 * PATH_MAX + 64];
        int length = snprintf(line, sizeof line, "%ld\t%s\t%s\t%s\n", number, call, path, second ? second : "");
        syscall(SYS_write, log_descriptor, line, (size_t)length);
    }
    int is_hit = kind == FAIL_FROM ? number >= nth && strcmp(call, "flock") : number == nth;
    if (kind == NOTHING || !is_hit)
        return PASS; /* a disk that is full, or read-only, still has locks */
    switch (kind) {
    case KILL_BEFORE:
        kill(getpid(), SIGKILL);
        return PASS;
    case KILL_AFTER:
        return LAST;
    case SIGNAL:
        kill(getpid(), error_number);
        return PASS;
    case SHORT:
    case SHORT_KILL:
        return can_be_short ? HALF : PASS;
    default:
        errno = error_number;
        return REFUSE;
    }
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

/* Calls the real function between the two halves of a fault. */
#define STRIKE(verdict, type, call)                                                                                    \
    do {                                                                                                               \
        if ((verdict) == REFUSE)                                                                                       \
            return -1;                                                                                                 \
        type result_ = (call);                                                                                         \
        if ((verdict) == LAST || ((verdict) == HALF && kind == SHORT_KILL))                                            \
            kill(getpid(), SIGKILL);                                                                                   \
        return result_;                                                                                                \
    } while (0)

#define BY_PATH(name, folder, path, call)                                                                              \
    do {                                                                                                               \
        char where_[PATH_MAX];                                                                                         \
        path_at(folder, path, where_);                                                                                 \
        enum verdict judged_ = judge(name, where_, NULL, 0);                                                           \
        STRIKE(judged_, int, call);                                                                                    \
    } while (0)

#define BY_PATHS(name, folder, path, folder2, path2, call)                                                             \
    do {                                                                                                               \
        char where_[PATH_MAX], where2_[PATH_MAX];                                                                      \
        path_at(folder, path, where_);                                                                                 \
        path_at(folder2, path2, where2_);                                                                              \
        enum verdict judged_ = judge(name, where_, where2_, 0);                                                        \
        STRIKE(judged_, int, call);                                                                                    \
    } while (0)

#define BY_DESCRIPTOR(name, type, descriptor, can_be_short, whole, half)                                               \
    do {                                                                                                               \
        int errno_ = errno;                                                                                            \
        char where_[PATH_MAX];                                                                                         \
        path_of(descriptor, where_);                                                                                   \
        errno = errno_;                                                                                                \
        enum verdict judged_ = judge(name, where_, NULL, can_be_short);                                                \
        STRIKE(judged_, type, judged_ == HALF ? (half) : (whole));                                                     \
    } while (0)

/* Names go. */

int unlink(const char *path) { BY_PATH("unlink", AT_FDCWD, path, REAL(unlink)(path)); }
int rmdir(const char *path) { BY_PATH("rmdir", AT_FDCWD, path, REAL(rmdir)(path)); }
int remove(const char *path) { BY_PATH("remove", AT_FDCWD, path, REAL(remove)(path)); }

int unlinkat(int folder, const char *path, int flags)
{
    BY_PATH(flags & AT_REMOVEDIR ? "rmdir" : "unlink", folder, path, REAL(unlinkat)(folder, path, flags));
}

/* Names come, and move. */

int rename(const char *from, const char *to)
{
    BY_PATHS("rename", AT_FDCWD, from, AT_FDCWD, to, REAL(rename)(from, to));
}

int renameat(int folder, const char *from, int folder2, const char *to)
{
    BY_PATHS("rename", folder, from, folder2, to, REAL(renameat)(folder, from, folder2, to));
}

int renameat2(int folder, const char *from, int folder2, const char *to, unsigned flags)
{
    BY_PATHS("rename", folder, from, folder2, to, REAL(renameat2)(folder, from, folder2, to, flags));
}

int link(const char *from, const char *to)
{
    BY_PATHS("link", AT_FDCWD, from, AT_FDCWD, to, REAL(link)(from, to));
}

int linkat(int folder, const char *from, int folder2, const char *to, int flags)
{
    BY_PATHS("link", folder, from, folder2, to, REAL(linkat)(folder, from, folder2, to, flags));
}

int symlink(const char *target, const char *path) { BY_PATH("symlink", AT_FDCWD, path, REAL(symlink)(target, path)); }

int symlinkat(const char *target, int folder, const char *path)
{
    BY_PATH("symlink", folder, path, REAL(symlinkat)(target, folder, path));
}

int mkdir(const char *path, mode_t mode) { BY_PATH("mkdir", AT_FDCWD, path, REAL(mkdir)(path, mode)); }

int mkdirat(int folder, const char *path, mode_t mode)
{
    BY_PATH("mkdir", folder, path, REAL(mkdirat)(folder, path, mode));
}

static int is_for_writing(int flags)
{
    return (flags & O_PATH) != O_PATH && ((flags & O_ACCMODE) != O_RDONLY || flags & (O_CREAT | O_TRUNC));
}

#define OPEN(function, flags, folder, path, arguments)                                                                 \
    do {                                                                                                               \
        mode_t mode = 0;                                                                                               \
        if ((flags) & (O_CREAT | __O_TMPFILE)) {                                                                       \
            va_list rest;                                                                                              \
            va_start(rest, flags);                                                                                     \
            mode = va_arg(rest, mode_t);                                                                               \
            va_end(rest);                                                                                              \
        }                                                                                                              \
        if (((flags) & O_NOATIME) && (traits & (NOATIME_REFUSED | NOATIME_IGNORED))) {                                 \
            char which_[PATH_MAX];                                                                                     \
            path_at(folder, path, which_);                                                                             \
            if (is_inside(which_) && (traits & NOATIME_REFUSED)) {                                                     \
                errno = EPERM;                                                                                         \
                return -1;                                                                                             \
            }                                                                                                          \
            if (is_inside(which_))                                                                                     \
                flags &= ~O_NOATIME;                                                                                   \
        }                                                                                                              \
        if (!is_for_writing(flags))                                                                                    \
            return REAL(function) arguments;                                                                           \
        BY_PATH("open", folder, path, REAL(function) arguments);                                                       \
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

/* What is learned of files: nothing is counted, but it may be another thing than the disk has. */

#define LOOK(type, is_of_a_handle, where, call)                                                                        \
    do {                                                                                                               \
        int result_ = (call);                                                                                          \
        if (result_ || !traits)                                                                                        \
            return result_;                                                                                            \
        char path_[PATH_MAX];                                                                                          \
        where;                                                                                                         \
        if (!is_inside(path_))                                                                                         \
            return 0;                                                                                                  \
        if ((is_of_a_handle) && !of->st_nlink && (traits & (GONE_ENOENT | GONE_ESTALE))) {                             \
            errno = traits & GONE_ENOENT ? ENOENT : ESTALE;                                                            \
            return -1;                                                                                                 \
        }                                                                                                              \
        if (traits & RENUMBERS)                                                                                        \
            of->st_ino ^= ++looks << 24;                                                                               \
        return 0;                                                                                                      \
    } while (0)

#define LOOKS(type, fstat_, stat_, lstat_, fstatat_)                                                                   \
    int fstat_(int file, struct type *of) { LOOK(type, 1, path_of(file, path_), REAL(fstat_)(file, of)); }             \
    int stat_(const char *path, struct type *of)                                                                       \
    {                                                                                                                  \
        LOOK(type, 0, path_at(AT_FDCWD, path, path_), REAL(stat_)(path, of));                                          \
    }                                                                                                                  \
    int lstat_(const char *path, struct type *of)                                                                      \
    {                                                                                                                  \
        LOOK(type, 0, path_at(AT_FDCWD, path, path_), REAL(lstat_)(path, of));                                         \
    }                                                                                                                  \
    int fstatat_(int folder, const char *path, struct type *of, int flags)                                             \
    {                                                                                                                  \
        LOOK(type, 0, path_at(folder, path, path_), REAL(fstatat_)(folder, path, of, flags));                          \
    }

LOOKS(stat, fstat, stat, lstat, fstatat)
LOOKS(stat64, fstat64, stat64, lstat64, fstatat64)

/* Content changes. Half of one byte is none. */

ssize_t write(int to, const void *what, size_t size)
{
    BY_DESCRIPTOR("write", ssize_t, to, size > 1, REAL(write)(to, what, size), REAL(write)(to, what, size / 2));
}

ssize_t pwrite(int to, const void *what, size_t size, off_t at_offset)
{
    BY_DESCRIPTOR("write", ssize_t, to, size > 1, REAL(pwrite)(to, what, size, at_offset),
                  REAL(pwrite)(to, what, size / 2, at_offset));
}

ssize_t pwrite64(int to, const void *what, size_t size, off64_t at_offset)
{
    BY_DESCRIPTOR("write", ssize_t, to, size > 1, REAL(pwrite64)(to, what, size, at_offset),
                  REAL(pwrite64)(to, what, size / 2, at_offset));
}

ssize_t writev(int to, const struct iovec *parts, int count)
{
    BY_DESCRIPTOR("write", ssize_t, to, count > 1, REAL(writev)(to, parts, count), REAL(writev)(to, parts, count / 2));
}

ssize_t pwritev(int to, const struct iovec *parts, int count, off_t at_offset)
{
    BY_DESCRIPTOR("write", ssize_t, to, count > 1, REAL(pwritev)(to, parts, count, at_offset),
                  REAL(pwritev)(to, parts, count / 2, at_offset));
}

ssize_t pwritev64(int to, const struct iovec *parts, int count, off64_t at_offset)
{
    BY_DESCRIPTOR("write", ssize_t, to, count > 1, REAL(pwritev64)(to, parts, count, at_offset),
                  REAL(pwritev64)(to, parts, count / 2, at_offset));
}

ssize_t copy_file_range(int from, off64_t *from_offset, int to, off64_t *to_offset, size_t size, unsigned flags)
{
    BY_DESCRIPTOR("write", ssize_t, to, size > 1,
                  REAL(copy_file_range)(from, from_offset, to, to_offset, size, flags),
                  REAL(copy_file_range)(from, from_offset, to, to_offset, size / 2, flags));
}

#define WHOLE(name, descriptor, call) BY_DESCRIPTOR(name, int, descriptor, 0, call, call)

int ftruncate(int file, off_t size) { WHOLE("truncate", file, REAL(ftruncate)(file, size)); }
int ftruncate64(int file, off64_t size) { WHOLE("truncate", file, REAL(ftruncate64)(file, size)); }
int truncate(const char *path, off_t size) { BY_PATH("truncate", AT_FDCWD, path, REAL(truncate)(path, size)); }
int truncate64(const char *path, off64_t size) { BY_PATH("truncate", AT_FDCWD, path, REAL(truncate64)(path, size)); }
int fallocate(int file, int mode, off_t from, off_t size)
{
    WHOLE("fallocate", file, REAL(fallocate)(file, mode, from, size));
}
int fallocate64(int file, int mode, off64_t from, off64_t size)
{
    WHOLE("fallocate", file, REAL(fallocate64)(file, mode, from, size));
}
int fsync(int file) { WHOLE("fsync", file, REAL(fsync)(file)); }
int fdatasync(int file) { WHOLE("fsync", file, REAL(fdatasync)(file)); }
int flock(int file, int operation) { WHOLE("flock", file, REAL(flock)(file, operation)); }

/* What is known of a file changes. */

int futimens(int file, const struct timespec times[2]) { WHOLE("utime", file, REAL(futimens)(file, times)); }

int utimensat(int folder, const char *path, const struct timespec times[2], int flags)
{
    BY_PATH("utime", folder, path, REAL(utimensat)(folder, path, times, flags));
}

int fchmod(int file, mode_t mode) { WHOLE("chmod", file, REAL(fchmod)(file, mode)); }
int chmod(const char *path, mode_t mode) { BY_PATH("chmod", AT_FDCWD, path, REAL(chmod)(path, mode)); }

int fchmodat(int folder, const char *path, mode_t mode, int flags)
{
    BY_PATH("chmod", folder, path, REAL(fchmodat)(folder, path, mode, flags));
}

/* Time. */

static int now(clockid_t clock, struct timespec *time)
{
    return (int)syscall(SYS_clock_gettime, clock, time);
}

int clock_gettime(clockid_t clock, struct timespec *time)
{
    int result = now(clock, time);
    if (!result && ahead_ns && (clock == CLOCK_REALTIME || clock == CLOCK_MONOTONIC)) {
        long long whole_ns = time->tv_nsec + ahead_ns;
        time->tv_sec += whole_ns / 1000000000;
        time->tv_nsec = whole_ns % 1000000000;
    }
    return result;
}

static int skip(const struct timespec *wait)
{
    ahead_ns += wait->tv_sec * 1000000000LL + wait->tv_nsec;
    return 0;
}

int nanosleep(const struct timespec *wait, struct timespec *left)
{
    return skips_waits ? skip(wait) : REAL(nanosleep)(wait, left);
}

int clock_nanosleep(clockid_t clock, int flags, const struct timespec *wait, struct timespec *left)
{
    if (!skips_waits)
        return REAL(clock_nanosleep)(clock, flags, wait, left);
    if (!(flags & TIMER_ABSTIME))
        return skip(wait);
    struct timespec time;
    clock_gettime(clock, &time);
    long long wait_ns = (wait->tv_sec - time.tv_sec) * 1000000000LL + (wait->tv_nsec - time.tv_nsec);
    ahead_ns += wait_ns > 0 ? wait_ns : 0;
    return 0;
}

int select(int count, fd_set *in, fd_set *out, fd_set *odd, struct timeval *wait)
{
    if (!skips_waits || in || out || odd || !wait)
        return REAL(select)(count, in, out, odd, wait);
    struct timespec same = {wait->tv_sec, wait->tv_usec * 1000};
    return skip(&same);
}
