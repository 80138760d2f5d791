/* A disk that fails and a clock that jumps, for a program that knows nothing of it.
 *
 * Preloaded (LD_PRELOAD) it stands before the C library's file and clock calls. What fails is read at
 * every call from a small file (CORDON_FAULT_CONTROL, mapped into memory), so that a test switches it on
 * and off while the program runs. Only paths below CORDON_FAULT_FOLDER fail; reading what is open never does.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* The control file: little endian, as laid out here. */
struct control {
    int64_t clock_offset_us; /* added to the wall clock */
    int64_t free_bytes;      /* said to be free when above 0 */
    int32_t sync_errno;      /* fdatasync, fsync */
    int32_t write_errno;     /* write, pwrite */
    int32_t make_errno;      /* new files and folders, more room, other names */
    int32_t open_errno;      /* opening for writing */
    int32_t short_write;     /* 1: half of the bytes, then no room */
    int32_t hang;            /* 1: fdatasync and fsync do not return; 2: whatever writes does not; 4: whatever names a path does not */
    int32_t refuse_errno;    /* opening at all, as of another account's file */
};

static volatile struct control *control;
static const char *folder;
static __thread int half_done;

__attribute__((constructor)) static void begin(void) {
    const char *path = getenv("CORDON_FAULT_CONTROL");
    folder = getenv("CORDON_FAULT_FOLDER");
    if (!path || !folder)
        return;
    int fd = (int)syscall(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC, 0);
    if (fd < 0)
        abort();
    void *at = mmap(NULL, sizeof(struct control), PROT_READ, MAP_SHARED, fd, 0);
    if (at == MAP_FAILED)
        abort();
    syscall(SYS_close, fd);
    control = at;
}

static int below(const char *path) {
    return control && path && strncmp(path, folder, strlen(folder)) == 0;
}

static int file_below(int fd) {
    static const char start[] = "/proc/self/fd/";
    char link[40], path[4096], digits[12];
    int count = 0, at = sizeof start - 1;
    if (!control || fd < 0)
        return 0;
    memcpy(link, start, sizeof start);
    do {
        digits[count++] = (char)('0' + fd % 10);
        fd /= 10;
    } while (fd);
    while (count)
        link[at++] = digits[--count];
    link[at] = 0;
    long len = syscall(SYS_readlinkat, AT_FDCWD, link, path, sizeof path - 1);
    if (len <= 0)
        return 0;
    path[len] = 0;
    return below(path);
}

static int fails(int number) {
    if (!number)
        return 0;
    errno = number;
    return 1;
}

/* Until it works again, as a disk that resets its link (1), one that is frozen (2), or a share that is away (4). */
static void wait_while_it_hangs(int how) {
    const struct timespec moment = {0, 10000000};
    while (control && (control->hang & how))
        syscall(SYS_nanosleep, &moment, NULL);
}

static int open_at(int dir, const char *path, int flags, mode_t mode) {
    if (below(path)) {
        wait_while_it_hangs(4);
        if (flags & (O_CREAT | O_TRUNC))
            wait_while_it_hangs(2);
        if (fails(control->refuse_errno))
            return -1;
        if ((flags & O_ACCMODE) != O_RDONLY && fails(control->open_errno))
            return -1;
        if ((flags & O_CREAT) && control->make_errno) {
            struct stat found;
            if (syscall(SYS_newfstatat, dir, path, &found, 0) != 0 && fails(control->make_errno))
                return -1;
        }
    }
    return (int)syscall(SYS_openat, dir, path, flags | O_LARGEFILE, mode);
}

#define MODE(flags, mode)                         \
    mode_t mode = 0;                              \
    if ((flags) & (O_CREAT | O_TMPFILE)) {        \
        va_list rest;                             \
        va_start(rest, flags);                    \
        mode = (mode_t)va_arg(rest, unsigned);    \
        va_end(rest);                             \
    }

int open(const char *path, int flags, ...) { MODE(flags, mode) return open_at(AT_FDCWD, path, flags, mode); }
int open64(const char *path, int flags, ...) { MODE(flags, mode) return open_at(AT_FDCWD, path, flags, mode); }
int openat(int dir, const char *path, int flags, ...) { MODE(flags, mode) return open_at(dir, path, flags, mode); }
int openat64(int dir, const char *path, int flags, ...) { MODE(flags, mode) return open_at(dir, path, flags, mode); }

int statx(int dir, const char *path, int flags, unsigned wanted, struct statx *found) {
    if (below(path) || (!*path && file_below(dir)))
        wait_while_it_hangs(4);
    return (int)syscall(SYS_statx, dir, path, flags, wanted, found);
}

/* The C library's own looks at the path itself; what it is made of is the caller's here. */
char *realpath(const char *path, char *into) {
    static char *(*own)(const char *, char *);
    if (below(path))
        wait_while_it_hangs(4);
    if (!own)
        own = (char *(*)(const char *, char *))dlsym(RTLD_NEXT, "realpath");
    return own(path, into);
}

DIR *opendir(const char *path) {
    if (below(path))
        wait_while_it_hangs(4);
    int fd = (int)syscall(SYS_openat, AT_FDCWD, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
    return fd < 0 ? NULL : fdopendir(fd);
}

int mkdir(const char *path, mode_t mode) {
    if (below(path))
        wait_while_it_hangs(2);
    if (below(path) && fails(control->make_errno))
        return -1;
    return (int)syscall(SYS_mkdirat, AT_FDCWD, path, mode);
}

int rename(const char *from, const char *to) {
    if (below(to))
        wait_while_it_hangs(2);
    if (below(to) && fails(control->make_errno))
        return -1;
    return (int)syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0);
}

int unlink(const char *path) {
    if (below(path))
        wait_while_it_hangs(2);
    /* A full disk lets go; a read-only one does not. */
    if (below(path) && control->make_errno != ENOSPC && fails(control->make_errno))
        return -1;
    return (int)syscall(SYS_unlinkat, AT_FDCWD, path, 0);
}

static ssize_t written(long done) { return done; }

ssize_t pwrite64(int fd, const void *bytes, size_t count, off64_t at) {
    if (file_below(fd)) {
        wait_while_it_hangs(2);
        if (fails(control->write_errno))
            return -1;
        if (control->short_write && count > 1) {
            half_done = !half_done;
            if (!half_done && fails(ENOSPC))
                return -1;
            count /= 2;
        }
    }
    return written(syscall(SYS_pwrite64, fd, bytes, count, at));
}
ssize_t pwrite(int fd, const void *bytes, size_t count, off_t at) { return pwrite64(fd, bytes, count, at); }

ssize_t write(int fd, const void *bytes, size_t count) {
    if (file_below(fd)) {
        wait_while_it_hangs(2);
        if (fails(control->write_errno))
            return -1;
        if (control->short_write && count > 1) {
            half_done = !half_done;
            if (!half_done && fails(ENOSPC))
                return -1;
            count /= 2;
        }
    }
    return written(syscall(SYS_write, fd, bytes, count));
}

int fdatasync(int fd) {
    if (file_below(fd))
        wait_while_it_hangs(1);
    if (file_below(fd) && fails(control->sync_errno))
        return -1;
    return (int)syscall(SYS_fdatasync, fd);
}
int fsync(int fd) {
    if (file_below(fd))
        wait_while_it_hangs(1);
    if (file_below(fd) && fails(control->sync_errno))
        return -1;
    return (int)syscall(SYS_fsync, fd);
}

int ftruncate64(int fd, off64_t bytes) {
    if (file_below(fd))
        wait_while_it_hangs(2);
    if (file_below(fd) && fails(control->make_errno))
        return -1;
    return (int)syscall(SYS_ftruncate, fd, bytes);
}
int ftruncate(int fd, off_t bytes) { return ftruncate64(fd, bytes); }

int fallocate64(int fd, int mode, off64_t at, off64_t bytes) {
    if (file_below(fd))
        wait_while_it_hangs(2);
    if (file_below(fd) && fails(control->make_errno))
        return -1;
    return (int)syscall(SYS_fallocate, fd, mode, at, bytes);
}
int fallocate(int fd, int mode, off_t at, off_t bytes) { return fallocate64(fd, mode, at, bytes); }

static int room(int result, const char *path, struct statvfs *told) {
    if (result == 0 && below(path) && control->free_bytes > 0) {
        told->f_bavail = (fsblkcnt_t)(control->free_bytes / (int64_t)told->f_frsize);
        told->f_bfree = told->f_bavail;
    }
    return result;
}

int statvfs64(const char *path, struct statvfs64 *told) {
    /* The C library has no other way in: the folder is opened and asked. */
    int fd = (int)syscall(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    int result = fstatvfs64(fd, told);
    syscall(SYS_close, fd);
    return room(result, path, (struct statvfs *)told);
}
int statvfs(const char *path, struct statvfs *told) {
    return statvfs64(path, (struct statvfs64 *)told);
}

int clock_gettime(clockid_t clock, struct timespec *time) {
    int result = (int)syscall(SYS_clock_gettime, clock, time);
    if (result == 0 && clock == CLOCK_REALTIME && control) {
        int64_t nanos = time->tv_nsec + (control->clock_offset_us % 1000000) * 1000;
        time->tv_sec += control->clock_offset_us / 1000000 + nanos / 1000000000;
        time->tv_nsec = nanos % 1000000000;
        if (time->tv_nsec < 0) {
            time->tv_nsec += 1000000000;
            time->tv_sec -= 1;
        }
    }
    return result;
}
