/* A disk and a clock that do what a test says: preloaded into the server, between it and the system.

   What is in here: the calls by which files under one folder are written, made durable and named, counted and failed
   as a page of memory says that the test shares (control.py has the same layout), or logged in their order together
   with what was sent over sockets (recording.py reads that). And the wall clock, moved by an offset.
   What is not: any decision. The test decides; this does.

   Real calls go straight to the kernel, so that nothing here depends on what is loaded when. */

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum op { OP_WRITE = 1, OP_SYNC = 2, OP_TRUNCATE = 4, OP_UNLINK = 8, OP_READ = 16, OP_OPEN = 32 };
enum kind { NODE_DB = 1, NODE_WAL = 2, SESSION = 4, SESSION_JOURNAL = 8, FOLDER = 16, OTHER = 32 };
enum mode { FAIL = 0, TEAR = 1, SHORT = 2, LIE = 3 };
enum event { EV_OPEN = 1, EV_WRITE, EV_TRUNCATE, EV_SYNC, EV_SYNCED, EV_CLOSE, EV_UNLINK, EV_RENAME, EV_MKDIR, EV_SEND };

struct control {
    int64_t ops, kinds, mode, error; /* what fails, where, and how */
    int64_t skip;                    /* so many go well first */
    int64_t times;                   /* so many fail; below zero: all */
    int64_t done;                    /* have failed */
    int64_t clock_ns;                /* the wall is so far ahead */
};

struct record {
    int32_t event, fd;
    int64_t offset;
    int64_t size; /* of the bytes that follow */
};

#define FDS 65536
static unsigned char kind_of[FDS];
static struct control *control;
static char data[PATH_MAX];
static size_t data_len;
static int log_fd = -1;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

__attribute__((constructor)) static void begin(void) {
    const char *folder = getenv("FAULT_DATA"), *page = getenv("FAULT_CONTROL"), *log = getenv("FAULT_LOG");
    if (folder) {
        data_len = strlen(folder);
        if (data_len >= sizeof data) abort();
        memcpy(data, folder, data_len);
    }
    if (page) {
        int fd = (int)syscall(SYS_openat, AT_FDCWD, page, O_RDWR | O_CLOEXEC, 0);
        void *at = fd < 0 ? MAP_FAILED : mmap(NULL, sizeof *control, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        if (at == MAP_FAILED) abort();
        control = at;
        syscall(SYS_close, fd);
    }
    if (log) {
        log_fd = (int)syscall(SYS_openat, AT_FDCWD, log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
        if (log_fd < 0) abort();
    }
}

static int ends(const char *path, const char *with) {
    size_t n = strlen(path), m = strlen(with);
    return n >= m && !strcmp(path + n - m, with);
}

/* 0 for what is not under the folder. Paths of the server are absolute. */
static unsigned char kind(const char *path) {
    struct stat status;
    if (!data_len || strncmp(path, data, data_len) || (path[data_len] && path[data_len] != '/')) return 0;
    if (ends(path, "/node.db")) return NODE_DB;
    if (ends(path, "/node.db-wal")) return NODE_WAL;
    if (ends(path, ".db-journal")) return SESSION_JOURNAL;
    if (ends(path, ".db")) return SESSION;
    if (!syscall(SYS_newfstatat, AT_FDCWD, path, &status, 0) && S_ISDIR(status.st_mode)) return FOLDER;
    return OTHER;
}

static unsigned char kind_of_fd(int fd) { return fd >= 0 && fd < FDS ? kind_of[fd] : 0; }

/* Whether this call is one that fails now. */
static int fails(enum op op, unsigned char where) {
    if (!control || !where || !(__atomic_load_n(&control->ops, __ATOMIC_ACQUIRE) & op) || !(control->kinds & where))
        return 0;
    if (__atomic_fetch_sub(&control->skip, 1, __ATOMIC_RELAXED) > 0) return 0;
    if (control->times >= 0 && __atomic_fetch_sub(&control->times, 1, __ATOMIC_RELAXED) <= 0) {
        __atomic_store_n(&control->ops, 0, __ATOMIC_RELEASE);
        return 0;
    }
    __atomic_fetch_add(&control->done, 1, __ATOMIC_RELAXED);
    return 1;
}

static int failed(void) {
    errno = (int)control->error;
    return -1;
}

/* -- the log: a call and its line are one step for all threads ---------------------------------------------------- */

static void begin_line(void) {
    if (log_fd >= 0) pthread_mutex_lock(&lock);
}

static void end_line(void) {
    if (log_fd >= 0) pthread_mutex_unlock(&lock);
}

static void line(enum event event, int fd, int64_t offset, const void *bytes, size_t size) {
    if (log_fd < 0) return;
    int before = errno;
    struct record head = {event, fd, offset, (int64_t)size};
    struct iovec parts[2] = {{&head, sizeof head}, {(void *)bytes, size}};
    if (syscall(SYS_writev, log_fd, parts, size ? 2 : 1) != (ssize_t)(sizeof head + size)) abort();
    errno = before;
}

/* -- names -------------------------------------------------------------------------------------------------------- */

static int opened(const char *path, int flags, mode_t mode) {
    unsigned char where = kind(path);
    if (!where) return (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
    if (fails(OP_OPEN, where)) return failed();
    begin_line();
    int fd = (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
    if (fd >= 0 && fd < FDS) {
        kind_of[fd] = where;
        line(EV_OPEN, fd, flags & O_TRUNC ? 1 : 0, path, strlen(path));
    }
    end_line();
    return fd;
}

#define OPEN(name)                                  \
    int name(const char *path, int flags, ...) {    \
        va_list more;                               \
        va_start(more, flags);                      \
        mode_t mode = va_arg(more, mode_t);         \
        va_end(more);                               \
        return opened(path, flags, mode);           \
    }
OPEN(open)
OPEN(open64)

int close(int fd) {
    if (!kind_of_fd(fd)) return (int)syscall(SYS_close, fd);
    begin_line();
    kind_of[fd] = 0;
    line(EV_CLOSE, fd, 0, NULL, 0);
    int result = (int)syscall(SYS_close, fd);
    end_line();
    return result;
}

int unlink(const char *path) {
    unsigned char where = kind(path);
    if (fails(OP_UNLINK, where)) return failed();
    if (!where) return (int)syscall(SYS_unlinkat, AT_FDCWD, path, 0);
    begin_line();
    int result = (int)syscall(SYS_unlinkat, AT_FDCWD, path, 0);
    if (!result) line(EV_UNLINK, -1, 0, path, strlen(path));
    end_line();
    return result;
}

int rename(const char *from, const char *to) {
    char both[2 * PATH_MAX];
    size_t n = strlen(from), m = strlen(to);
    begin_line();
    int result = (int)syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0);
    if (!result && kind(to) && n < PATH_MAX && m < PATH_MAX) {
        memcpy(both, from, n + 1);
        memcpy(both + n + 1, to, m);
        line(EV_RENAME, -1, 0, both, n + 1 + m);
    }
    end_line();
    return result;
}

int mkdir(const char *path, mode_t mode) {
    begin_line();
    int result = (int)syscall(SYS_mkdirat, AT_FDCWD, path, mode);
    if (!result && kind(path)) line(EV_MKDIR, -1, 0, path, strlen(path));
    end_line();
    return result;
}

/* -- contents ----------------------------------------------------------------------------------------------------- */

static ssize_t put(int fd, const void *bytes, size_t size, off_t offset) {
    return offset < 0 ? syscall(SYS_write, fd, bytes, size) : syscall(SYS_pwrite64, fd, bytes, size, offset);
}

static ssize_t written(int fd, const void *bytes, size_t size, off_t offset) {
    unsigned char where = kind_of_fd(fd);
    if (!where) return put(fd, bytes, size, offset);
    if (fails(OP_WRITE, where)) {
        if (control->mode == FAIL || size < 2) return failed();
        ssize_t half = put(fd, bytes, size / 2, offset);
        return control->mode == SHORT ? half : failed();
    }
    begin_line();
    off_t at = offset < 0 ? (off_t)syscall(SYS_lseek, fd, 0, SEEK_CUR) : offset;
    ssize_t result = put(fd, bytes, size, offset);
    if (result > 0) line(EV_WRITE, fd, at, bytes, (size_t)result);
    end_line();
    return result;
}

ssize_t write(int fd, const void *bytes, size_t size) { return written(fd, bytes, size, -1); }
ssize_t pwrite(int fd, const void *bytes, size_t size, off_t offset) { return written(fd, bytes, size, offset); }
ssize_t pwrite64(int fd, const void *bytes, size_t size, off_t offset) { return written(fd, bytes, size, offset); }

static ssize_t taken(int fd, void *bytes, size_t size, off_t offset) {
    if (fails(OP_READ, kind_of_fd(fd))) return failed();
    return offset < 0 ? syscall(SYS_read, fd, bytes, size) : syscall(SYS_pread64, fd, bytes, size, offset);
}

ssize_t read(int fd, void *bytes, size_t size) { return taken(fd, bytes, size, -1); }
ssize_t pread(int fd, void *bytes, size_t size, off_t offset) { return taken(fd, bytes, size, offset); }
ssize_t pread64(int fd, void *bytes, size_t size, off_t offset) { return taken(fd, bytes, size, offset); }

static int cut(int fd, off_t size) {
    unsigned char where = kind_of_fd(fd);
    if (fails(OP_TRUNCATE, where)) return failed();
    if (!where) return (int)syscall(SYS_ftruncate, fd, size);
    begin_line();
    int result = (int)syscall(SYS_ftruncate, fd, size);
    if (!result) line(EV_TRUNCATE, fd, size, NULL, 0);
    end_line();
    return result;
}

int ftruncate(int fd, off_t size) { return cut(fd, size); }
int ftruncate64(int fd, off_t size) { return cut(fd, size); }

/* What was written before it began is durable when it ends; others may write meanwhile. */
static int synced(int fd, long number) {
    unsigned char where = kind_of_fd(fd);
    if (fails(OP_SYNC, where)) return control->mode == LIE ? 0 : failed();
    if (!where || log_fd < 0) return (int)syscall(number, fd);
    begin_line();
    line(EV_SYNC, fd, 0, NULL, 0);
    end_line();
    int result = (int)syscall(number, fd);
    begin_line();
    if (!result) line(EV_SYNCED, fd, 0, NULL, 0);
    end_line();
    return result;
}

int fsync(int fd) { return synced(fd, SYS_fsync); }
int fdatasync(int fd) { return synced(fd, SYS_fdatasync); }

/* -- what left the process: noted before it leaves ---------------------------------------------------------------- */

ssize_t send(int fd, const void *bytes, size_t size, int flags) {
    if (log_fd >= 0) {
        begin_line();
        line(EV_SEND, fd, 0, bytes, size);
        end_line();
    }
    return syscall(SYS_sendto, fd, bytes, size, flags, NULL, 0);
}

ssize_t sendmsg(int fd, const struct msghdr *message, int flags) {
    if (log_fd >= 0) {
        begin_line();
        for (size_t part = 0; part < message->msg_iovlen; part++)
            line(EV_SEND, fd, 0, message->msg_iov[part].iov_base, message->msg_iov[part].iov_len);
        end_line();
    }
    return syscall(SYS_sendmsg, fd, message, flags);
}

/* -- the wall ----------------------------------------------------------------------------------------------------- */

int clock_gettime(clockid_t which, struct timespec *now) {
    int result = (int)syscall(SYS_clock_gettime, which, now);
    if (!result && control && control->clock_ns && (which == CLOCK_REALTIME || which == CLOCK_REALTIME_COARSE)) {
        int64_t ns = now->tv_nsec + control->clock_ns % 1000000000;
        now->tv_sec += control->clock_ns / 1000000000 + (ns >= 1000000000) - (ns < 0);
        now->tv_nsec = ns >= 1000000000 ? ns - 1000000000 : ns < 0 ? ns + 1000000000 : ns;
    }
    return result;
}

int gettimeofday(struct timeval *now, void *zone) {
    struct timespec precise;
    (void)zone;
    int result = clock_gettime(CLOCK_REALTIME, &precise);
    now->tv_sec = precise.tv_sec;
    now->tv_usec = precise.tv_nsec / 1000;
    return result;
}

time_t time(time_t *now) {
    struct timespec precise;
    clock_gettime(CLOCK_REALTIME, &precise);
    if (now) *now = precise.tv_sec;
    return precise.tv_sec;
}
