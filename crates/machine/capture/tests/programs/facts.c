/* A program with much to look at: what it has is its first argument. It shares no declaration with the system under
   test. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static void say(const char *text) {
    if (write(1, text, strlen(text)) < 0) _exit(93);
}

static void say_number(uint64_t number) {
    char line[32];
    snprintf(line, sizeof line, "%016lx\n", number);
    say(line);
}

static int serve(void) {
    char line[64];
    say("ready\n");
    while (fgets(line, sizeof line, stdin)) say("pong\n");
    return 0;
}

static void at(int wanted, int fd) {
    if (fd < 0 || dup2(fd, wanted) != wanted) _exit(80);
    if (fd != wanted) close(fd);
}

/* Descriptors 100 and up, one of each kind. */
static int handles(const char *file, const char *folder, const char *path) {
    int pair[2];
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    sigset_t signals;
    at(100, open(file, O_RDWR | O_APPEND));
    if (lseek(100, 5, SEEK_SET) != 5) return 81;
    at(101, open(folder, O_RDONLY | O_DIRECTORY));
    at(102, open("/dev/null", O_WRONLY));
    if (pipe(pair)) return 82;
    at(103, pair[0]);
    at(104, pair[1]);
    at(105, memfd_create("a b", 0));
    if (ftruncate(105, 12345)) return 83;
    at(106, eventfd(3, 0));
    at(107, epoll_create1(0));
    at(108, timerfd_create(CLOCK_MONOTONIC, 0));
    sigemptyset(&signals);
    sigaddset(&signals, SIGUSR1);
    at(109, signalfd(-1, &signals, 0));
    at(110, syscall(SYS_pidfd_open, getppid(), 0));
    at(111, socket(AF_INET, SOCK_STREAM, 0));
    if (bind(111, (void *)&address, sizeof address) || listen(111, 1)) return 84;
    getsockname(111, (void *)&address, &length);
    at(112, socket(AF_INET, SOCK_STREAM, 0));
    if (connect(112, (void *)&address, sizeof address)) return 85;
    at(113, accept(111, NULL, NULL));
    at(114, socket(AF_UNIX, SOCK_STREAM, 0));
    strncpy(name.sun_path, path, sizeof name.sun_path - 1);
    if (bind(114, (void *)&name, sizeof name) || listen(114, 1)) return 86;
    at(115, socket(AF_INET6, SOCK_DGRAM, 0));
    if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair)) return 87;
    at(116, pair[0]);
    at(117, pair[1]);
    say_number(ntohs(address.sin_port));
    return serve();
}

static int many_handles(int count) {
    struct rlimit limit = {count + 64, count + 64};
    if (setrlimit(RLIMIT_NOFILE, &limit)) return 88;
    int null = open("/dev/null", O_RDONLY);
    for (int i = 0; i < count; i++)
        if (dup(null) < 0) return 89;
    return serve();
}

static void *sleeper(void *nothing) {
    for (;;) pause();
    return nothing;
}

/* Threads on the first processor only; says where their function is. */
static int threads(int count) {
    cpu_set_t first;
    pthread_attr_t small;
    pthread_attr_init(&small);
    pthread_attr_setstacksize(&small, 65536);
    for (int i = 0; i < count; i++) {
        pthread_t thread;
        if (pthread_create(&thread, &small, sleeper, NULL)) return 90;
        if (i) continue;
        CPU_ZERO(&first);
        CPU_SET(0, &first);
        pthread_setaffinity_np(thread, sizeof first, &first);
    }
    say_number((uint64_t)(uintptr_t)sleeper);
    return serve();
}

static char *pages(size_t count, int flags, int fill) {
    char *base = mmap(NULL, count * 4096, PROT_READ | PROT_WRITE, flags | MAP_ANONYMOUS, -1, 0);
    if (base == MAP_FAILED) _exit(91);
    if (fill) memset(base, fill, count * 4096);
    return base;
}

static void spaced(char **places, int index, size_t count, int flags, int fill) {
    /* A guard between mappings, so that the kernel does not join them. */
    mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    places[index] = pages(count, flags, fill);
}

/* Mappings of every mark: ordinary, secret, not forked, wiped, shared secret, never touched. */
static int marks(const char *filter, const char *end) {
    char *places[6];
    for (int i = 0; i < 6; i++)
        spaced(places, i, 4 + i, i == 4 ? MAP_SHARED : MAP_PRIVATE, i == 5 ? 0 : 'a' + i);
    if (madvise(places[1], 5 * 4096, MADV_DONTDUMP) || madvise(places[2], 6 * 4096, MADV_DONTFORK) ||
        madvise(places[3], 7 * 4096, MADV_WIPEONFORK) || madvise(places[4], 8 * 4096, MADV_DONTDUMP))
        return 92;
    if (*filter) {
        int fd = open("/proc/self/coredump_filter", O_WRONLY);
        if (write(fd, filter, strlen(filter)) < 0) return 93;
        close(fd);
    }
    for (int i = 0; i < 6; i++) say_number((uint64_t)(uintptr_t)places[i]);
    if (!strcmp(end, "crash")) {
        char byte;
        if (read(0, &byte, 1) < 0) return 94;
        *(volatile int *)0 = 1;
    }
    return serve();
}

/* As many mappings as are asked for, neighbours of different protection. */
static int mappings(long count) {
    char *base = mmap(NULL, count * 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (base == MAP_FAILED) return 95;
    for (long i = 0; i < count; i += 2)
        if (mprotect(base + i * 4096, 4096, PROT_READ | PROT_WRITE)) return 96;
    say_number((uint64_t)(uintptr_t)base);
    return serve();
}

/* A mapped file that shrinks, and a page that nobody may read. */
static int shrunk(const char *file) {
    int fd = open(file, O_RDWR | O_CREAT | O_TRUNC, 0600);
    if (fd < 0 || ftruncate(fd, 4 * 4096)) return 97;
    char *base = mmap(NULL, 4 * 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    memset(base, 'x', 4 * 4096);
    if (ftruncate(fd, 4096)) return 98;
    say_number((uint64_t)(uintptr_t)base);
    say_number((uint64_t)(uintptr_t)mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    return serve();
}

/* Executes itself for ever. */
static int executes(char **words) {
    extern char **environ;
    usleep(1000);
    execve("/proc/self/exe", words, environ);
    return 99;
}

/* Runs itself from memory. */
static int from_memory(void) {
    extern char **environ;
    char block[65536], *words[] = {"from memory", "serve", NULL};
    int from = open("/proc/self/exe", O_RDONLY), to = memfd_create("program", MFD_CLOEXEC);
    for (ssize_t count; (count = read(from, block, sizeof block)) > 0;)
        if (write(to, block, count) != count) return 70;
    fexecve(to, words, environ);
    return 71;
}

/* Not dumpable: its own user may not look into it. */
static int closed(void) {
    prctl(PR_SET_DUMPABLE, 0);
    return serve();
}

int main(int count, char **words) {
    const char *what = count > 1 ? words[1] : "serve", *first = count > 2 ? words[2] : "";
    const char *second = count > 3 ? words[3] : "", *third = count > 4 ? words[4] : "";
    if (!strcmp(what, "handles")) return handles(first, second, third);
    if (!strcmp(what, "many-handles")) return many_handles(atoi(first));
    if (!strcmp(what, "threads")) return threads(atoi(first));
    if (!strcmp(what, "marks")) return marks(first, second);
    if (!strcmp(what, "mappings")) return mappings(atol(first));
    if (!strcmp(what, "shrunk")) return shrunk(first);
    if (!strcmp(what, "executes")) return executes(words);
    if (!strcmp(what, "from-memory")) return from_memory();
    if (!strcmp(what, "closed")) return closed();
    if (!strcmp(what, "once")) return 0;
    return serve();
}
