/* A library to be preloaded: notes, in order, all that a process does to the files of one directory.
 *
 * VOLATILE_DISK_ROOT   the directory, an absolute path without links; files right in it are followed
 * VOLATILE_DISK_TRACE  where the records go
 * VOLATILE_DISK_KILL   after so many records the process kills itself (0 or unset: never)
 *
 * The calls are carried out as they are; what a disk would have kept of them is worked out afterwards (disk.py). One
 * lock is held around each call and its record, so that the order of the records is the order of the calls. What can
 * change a file in a way that is not followed is noted as UNTRACED, and fails the test. The shared memory of SQLite
 * (-shm) is left out: it is no part of the database, and whoever opens it first after a cut makes it anew.
 *
 * A record: kind (4 bytes), length of the payload (4), inode (8), offset or size (8), payload; in the machine's order.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

enum { OPENED = 1, CREATED, WRITTEN, SIZED, SYNCED, DIRECTORY_SYNCED, RENAMED, UNLINKED, NOTED, UNTRACED };
enum { DESCRIPTORS = 65536 };
enum { NOTHING, IS_FILE, IS_DIRECTORY };

static pthread_mutex_t turn = PTHREAD_MUTEX_INITIALIZER;
static char root[PATH_MAX];
static size_t root_length;
static int trace = -1;
static long records, records_max;
static struct { char what; uint64_t inode; } open_now[DESCRIPTORS];

#define REAL(name) ((__typeof__(&name)) real(#name))

static void *real(const char *name) {
    void *found = dlsym(RTLD_NEXT, name);
    if (!found) abort();
    return found;
}

__attribute__((constructor)) static void begin(void) {
    const char *where = getenv("VOLATILE_DISK_ROOT"), *path = getenv("VOLATILE_DISK_TRACE");
    const char *kill_after = getenv("VOLATILE_DISK_KILL");
    if (!where || !path) return;
    snprintf(root, sizeof root, "%s/", where);
    root_length = strlen(root);
    records_max = kill_after ? atol(kill_after) : 0;
    trace = REAL(open)(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (trace < 0) abort();
}

static void record(int kind, uint64_t inode, int64_t place, const void *payload, size_t length) {
    struct __attribute__((packed)) { uint32_t kind, length; uint64_t inode; int64_t place; } head =
        { (uint32_t) kind, (uint32_t) length, inode, place };
    struct iovec parts[2] = { { &head, sizeof head }, { (void *) payload, length } };
    int saved = errno;
    if (REAL(writev)(trace, parts, 2) != (ssize_t) (sizeof head + length)) abort();
    errno = saved;
    if (records_max && ++records >= records_max) kill(getpid(), SIGKILL);
}

/* For the process under test: what it promised just now. */
void volatile_disk_note(const char *text, size_t length) {
    pthread_mutex_lock(&turn);
    record(NOTED, 0, 0, text, length);
    pthread_mutex_unlock(&turn);
}

/* The name within the directory; NULL: none of ours. */
static const char *name_of(const char *path) {
    if (trace < 0 || !path || strncmp(path, root, root_length) != 0) return NULL;
    const char *name = path + root_length;
    size_t length = strlen(name);
    if (!length || (length > 4 && strcmp(name + length - 4, "-shm") == 0)) return NULL;
    return name;
}

static int is_root(const char *path) {
    return trace >= 0 && path && strncmp(path, root, root_length - 1) == 0 &&
           (path[root_length - 1] == 0 || strcmp(path + root_length - 1, "/") == 0);
}

static int kind_of(int descriptor) {
    return trace >= 0 && descriptor >= 0 && descriptor < DESCRIPTORS ? open_now[descriptor].what : NOTHING;
}

static int open_noted(__typeof__(&open) how, const char *path, int flags, mode_t mode) {
    const char *name = name_of(path);
    if (!name && !is_root(path)) {
        int descriptor = how(path, flags, mode);
        if (trace >= 0 && descriptor >= 0 && descriptor < DESCRIPTORS) open_now[descriptor].what = NOTHING;
        return descriptor;
    }
    pthread_mutex_lock(&turn);
    struct stat before, after;
    int was_there = stat(path, &before) == 0;
    int descriptor = how(path, flags, mode);
    if (descriptor >= DESCRIPTORS || (descriptor >= 0 && fstat(descriptor, &after) != 0)) abort();
    if (descriptor >= 0) {
        open_now[descriptor].what = name ? IS_FILE : IS_DIRECTORY;
        open_now[descriptor].inode = after.st_ino;
        if (name && !was_there) record(CREATED, after.st_ino, 0, name, strlen(name));
        else if (name) {
            record(OPENED, after.st_ino, 0, name, strlen(name));
            if (flags & O_TRUNC) record(SIZED, after.st_ino, 0, NULL, 0);
        }
    }
    pthread_mutex_unlock(&turn);
    return descriptor;
}

#define MODE mode_t mode = 0; \
    if (flags & (O_CREAT | O_TMPFILE)) { va_list rest; va_start(rest, flags); mode = va_arg(rest, mode_t); va_end(rest); }

int open(const char *path, int flags, ...) { MODE return open_noted(REAL(open), path, flags, mode); }
int open64(const char *path, int flags, ...) { MODE return open_noted(REAL(open64), path, flags, mode); }
int creat(const char *path, mode_t mode) { return open_noted(REAL(open), path, O_WRONLY | O_CREAT | O_TRUNC, mode); }

int openat(int directory, const char *path, int flags, ...) {
    MODE
    if (directory == AT_FDCWD || path[0] == '/') return open_noted(REAL(open), path, flags, mode);
    if (kind_of(directory) == IS_DIRECTORY) abort(); /* nobody does so far */
    return REAL(openat)(directory, path, flags, mode);
}

int openat64(int directory, const char *path, int flags, ...) { MODE return openat(directory, path, flags, mode); }

int close(int descriptor) {
    if (kind_of(descriptor)) open_now[descriptor].what = NOTHING;
    return REAL(close)(descriptor);
}

static int duplicate(int from, int to) {
    if (to >= 0 && to < DESCRIPTORS && trace >= 0) {
        if (kind_of(from)) open_now[to] = open_now[from];
        else open_now[to].what = NOTHING;
    }
    return to;
}

int dup(int from) { return duplicate(from, REAL(dup)(from)); }
int dup2(int from, int to) { return duplicate(from, REAL(dup2)(from, to)); }
int dup3(int from, int to, int flags) { return duplicate(from, REAL(dup3)(from, to, flags)); }

/* A call on a descriptor of ours, under the lock; `body` has `result` and `inode`. */
#define ON_FILE(type, call, body) \
    if (kind_of(descriptor) != IS_FILE) return call; \
    pthread_mutex_lock(&turn); \
    uint64_t inode = open_now[descriptor].inode; \
    type result = call; \
    body \
    pthread_mutex_unlock(&turn); \
    return result;

static void written_here(int descriptor, uint64_t inode, const void *data, ssize_t result) {
    if (result > 0) record(WRITTEN, inode, lseek(descriptor, 0, SEEK_CUR) - result, data, (size_t) result);
}

ssize_t write(int descriptor, const void *data, size_t length) {
    ON_FILE(ssize_t, REAL(write)(descriptor, data, length), written_here(descriptor, inode, data, result);)
}

#define PWRITE(name, offset_type) \
    ssize_t name(int descriptor, const void *data, size_t length, offset_type offset) { \
        ON_FILE(ssize_t, REAL(name)(descriptor, data, length, offset), \
                if (result > 0) record(WRITTEN, inode, offset, data, (size_t) result);) \
    }
PWRITE(pwrite, off_t)
PWRITE(pwrite64, off64_t)

static void untraced(const char *what) { record(UNTRACED, 0, 0, what, strlen(what)); }

static void parts_written(uint64_t inode, int64_t offset, const struct iovec *parts, ssize_t left) {
    for (; left > 0; parts++) {
        size_t length = parts->iov_len < (size_t) left ? parts->iov_len : (size_t) left;
        record(WRITTEN, inode, offset, parts->iov_base, length);
        offset += (int64_t) length;
        left -= (ssize_t) length;
    }
}

ssize_t writev(int descriptor, const struct iovec *parts, int count) {
    ON_FILE(ssize_t, REAL(writev)(descriptor, parts, count),
            parts_written(inode, lseek(descriptor, 0, SEEK_CUR) - (result > 0 ? result : 0), parts, result);)
}

ssize_t pwritev(int descriptor, const struct iovec *parts, int count, off_t offset) {
    ON_FILE(ssize_t, REAL(pwritev)(descriptor, parts, count, offset), parts_written(inode, offset, parts, result);)
}

ssize_t pwritev64(int descriptor, const struct iovec *parts, int count, off64_t offset) {
    ON_FILE(ssize_t, REAL(pwritev64)(descriptor, parts, count, offset), parts_written(inode, offset, parts, result);)
}

int ftruncate(int descriptor, off_t size) {
    ON_FILE(int, REAL(ftruncate)(descriptor, size), if (result == 0) record(SIZED, inode, size, NULL, 0);)
}

int ftruncate64(int descriptor, off64_t size) {
    ON_FILE(int, REAL(ftruncate64)(descriptor, size), if (result == 0) record(SIZED, inode, size, NULL, 0);)
}

static void allocated(int descriptor, uint64_t inode, off_t end, off_t size_before) {
    if (end > size_before) record(SIZED, inode, end, NULL, 0);
    (void) descriptor;
}

static off_t size_of(int descriptor) {
    struct stat now;
    return fstat(descriptor, &now) == 0 ? now.st_size : 0;
}

int fallocate(int descriptor, int mode, off_t offset, off_t length) {
    off_t before = kind_of(descriptor) ? size_of(descriptor) : 0;
    ON_FILE(int, REAL(fallocate)(descriptor, mode, offset, length),
            if (result == 0 && mode == 0) allocated(descriptor, inode, offset + length, before);
            if (mode & ~FALLOC_FL_KEEP_SIZE) untraced("fallocate");)
}

int posix_fallocate(int descriptor, off_t offset, off_t length) {
    off_t before = kind_of(descriptor) ? size_of(descriptor) : 0;
    ON_FILE(int, REAL(posix_fallocate)(descriptor, offset, length),
            if (result == 0) allocated(descriptor, inode, offset + length, before);)
}

int posix_fallocate64(int descriptor, off64_t offset, off64_t length) {
    return posix_fallocate(descriptor, offset, length);
}

static int synced(int (*how)(int), int descriptor) {
    int kind = kind_of(descriptor);
    if (!kind) return how(descriptor);
    pthread_mutex_lock(&turn);
    int result = how(descriptor);
    if (result == 0) record(kind == IS_FILE ? SYNCED : DIRECTORY_SYNCED, open_now[descriptor].inode, 0, NULL, 0);
    pthread_mutex_unlock(&turn);
    return result;
}

/* sync_file_range is not followed: it makes nothing durable. */
int fsync(int descriptor) { return synced(REAL(fsync), descriptor); }
int fdatasync(int descriptor) { return synced(REAL(fdatasync), descriptor); }

static int renamed(int (*how)(const char *, const char *), const char *from, const char *to) {
    const char *from_name = name_of(from), *to_name = name_of(to);
    if (!from_name && !to_name) return how(from, to);
    char names[2 * NAME_MAX + 2];
    pthread_mutex_lock(&turn);
    int result = how(from, to);
    if (result == 0 && from_name && to_name) {
        int length = snprintf(names, sizeof names, "%s%c%s", from_name, 0, to_name);
        record(RENAMED, 0, 0, names, (size_t) length);
    } else if (result == 0) untraced("a rename into or out of the directory");
    pthread_mutex_unlock(&turn);
    return result;
}

int rename(const char *from, const char *to) { return renamed(REAL(rename), from, to); }

int renameat(int from_directory, const char *from, int to_directory, const char *to) {
    if (from_directory == AT_FDCWD && to_directory == AT_FDCWD) return rename(from, to);
    return REAL(renameat)(from_directory, from, to_directory, to);
}

int unlink(const char *path) {
    const char *name = name_of(path);
    if (!name) return REAL(unlink)(path);
    pthread_mutex_lock(&turn);
    int result = REAL(unlink)(path);
    if (result == 0) record(UNLINKED, 0, 0, name, strlen(name));
    pthread_mutex_unlock(&turn);
    return result;
}

int unlinkat(int directory, const char *path, int flags) {
    if (directory == AT_FDCWD && !flags) return unlink(path);
    return REAL(unlinkat)(directory, path, flags);
}

int link(const char *from, const char *to) {
    if (name_of(from) || name_of(to)) { pthread_mutex_lock(&turn); untraced("link"); pthread_mutex_unlock(&turn); }
    return REAL(link)(from, to);
}

int truncate(const char *path, off_t size) {
    if (name_of(path)) { pthread_mutex_lock(&turn); untraced("truncate"); pthread_mutex_unlock(&turn); }
    return REAL(truncate)(path, size);
}

static void mapped(int protection, int flags, int descriptor) {
    if (kind_of(descriptor) != IS_FILE || !(protection & PROT_WRITE) || !(flags & MAP_SHARED)) return;
    pthread_mutex_lock(&turn);
    untraced("a writable map");
    pthread_mutex_unlock(&turn);
}

void *mmap(void *at, size_t length, int protection, int flags, int descriptor, off_t offset) {
    mapped(protection, flags, descriptor);
    return REAL(mmap)(at, length, protection, flags, descriptor, offset);
}

void *mmap64(void *at, size_t length, int protection, int flags, int descriptor, off64_t offset) {
    mapped(protection, flags, descriptor);
    return REAL(mmap64)(at, length, protection, flags, descriptor, offset);
}

ssize_t copy_file_range(int from, off64_t *from_at, int to, off64_t *to_at, size_t length, unsigned flags) {
    if (kind_of(to)) { pthread_mutex_lock(&turn); untraced("copy_file_range"); pthread_mutex_unlock(&turn); }
    return REAL(copy_file_range)(from, from_at, to, to_at, length, flags);
}
