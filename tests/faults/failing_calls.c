/* Loaded before libc (LD_PRELOAD): calls on files below $FAILING_PATH fail with EIO while a file
   named like the call stands in $FAILING_CALLS, or once if it is named like the call and ".once". */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static int fails(int descriptor, const char *call) {
    const char *root = getenv("FAILING_PATH"), *calls = getenv("FAILING_CALLS");
    char link[64], path[PATH_MAX] = "", sign[PATH_MAX];
    int before = errno;

    if (!root || !calls) return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
    if (readlink(link, path, sizeof path - 1) < 0 || strncmp(path, root, strlen(root))) {
        errno = before;
        return 0;
    }
    snprintf(sign, sizeof sign, "%s/%s.once", calls, call);
    int is_due = unlink(sign) == 0;
    snprintf(sign, sizeof sign, "%s/%s", calls, call);
    is_due = is_due || access(sign, F_OK) == 0;
    errno = is_due ? EIO : before;
    return is_due;
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

ssize_t write(int descriptor, const void *data, size_t size) {
    return fails(descriptor, "write") ? -1 : REAL(write)(descriptor, data, size);
}

ssize_t read(int descriptor, void *data, size_t size) {
    return fails(descriptor, "read") ? -1 : REAL(read)(descriptor, data, size);
}

int fdatasync(int descriptor) {
    return fails(descriptor, "fdatasync") ? -1 : REAL(fdatasync)(descriptor);
}

void *mmap(void *at, size_t size, int protection, int flags, int descriptor, off_t offset) {
    if (descriptor >= 0 && fails(descriptor, "mmap")) return MAP_FAILED;
    return REAL(mmap)(at, size, protection, flags, descriptor, offset);
}
