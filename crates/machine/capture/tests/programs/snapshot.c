/* A program to make fork snapshots of: what it does is its first argument. It shares no declaration with the system
 * under test. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <immintrin.h>
#include <linux/filter.h>
#include <linux/futex.h>
#include <linux/seccomp.h>
#include <linux/userfaultfd.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void say(const char *text) {
    if (write(1, text, strlen(text)) < 0) _exit(93);
}

static void say_address(volatile void *address) {
    char line[32];
    snprintf(line, sizeof line, "%016lx\n", (unsigned long)address);
    say(line);
}

/* Answers every line until the end of its input. */
static int serve(void) {
    char line[64];
    say("ready\n");
    while (fgets(line, sizeof line, stdin)) say("pong\n");
    return 0;
}

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec + time.tv_nsec / 1e9;
}

/* counter: one thread counts as fast as it can. */
static volatile uint64_t counter;

static void *count(void *unused) {
    for (;;) counter++;
}

static int counting(void) {
    pthread_t thread;
    pthread_create(&thread, NULL, count, NULL);
    while (counter == 0);
    say_address(&counter);
    return serve();
}

/* memory: every kind of mapping, each with its own pattern, and nothing that changes. */
static uint64_t *fill(void *memory, size_t size, uint64_t seed) {
    uint64_t *words = memory;
    if (memory == MAP_FAILED) _exit(94);
    for (size_t i = 0; i < size / 8; i++) words[i] = (i + 1) * 0x9e3779b97f4a7c15 ^ seed;
    return words;
}

static int quiet_memory(int large_shared_mib) {
    size_t size = 4 << 20;
    int anonymous = MAP_PRIVATE | MAP_ANONYMOUS, all = PROT_READ | PROT_WRITE;
    fill(malloc(size), size, 1);
    fill(mmap(0, size, all, anonymous, -1, 0), size, 2);
    char *not_forked = (char *)fill(mmap(0, size, all, anonymous, -1, 0), size, 3);
    madvise(not_forked + 8192, size - 16384, MADV_DONTFORK);
    char *wiped = (char *)fill(mmap(0, size, all, anonymous, -1, 0), size, 4);
    madvise(wiped + 4096, size - 12288, MADV_WIPEONFORK);
    fill(mmap(0, size, all, MAP_SHARED | MAP_ANONYMOUS, -1, 0), size, 5);
    int file = memfd_create("shared", 0);
    if (ftruncate(file, size) < 0) _exit(95);
    fill(mmap(0, size, all, MAP_SHARED, file, 0), size, 6);
    fill(mmap(0, size, all, MAP_PRIVATE, file, 0), size, 7);
    char *huge = mmap(0, 16 << 20, all, anonymous, -1, 0);
    huge = (char *)(((uintptr_t)huge + (2 << 20) - 1) & ~(uintptr_t)((2 << 20) - 1));
    madvise(huge, 8 << 20, MADV_HUGEPAGE);
    fill(huge, 8 << 20, 8);
    mprotect(fill(mmap(0, size, all, anonymous, -1, 0), size, 9), size, PROT_NONE);
    if (large_shared_mib) {
        size = (size_t)large_shared_mib << 20;
        fill(mmap(0, size, all, MAP_SHARED | MAP_ANONYMOUS, -1, 0), 1 << 20, 10);
    }
    return serve();
}

/* children: what a process sees that counts its children's ends. */
static volatile sig_atomic_t child_signals;
static volatile uint64_t waits, strange_waits;

static void on_child(int number) { child_signals++; }

static void *wait_for_children(void *unused) {
    for (;;) {
        int status;
        if (waitpid(-1, &status, WNOHANG) != -1 || errno != ECHILD) strange_waits++;
        waits++;
    }
}

static int with_children(int ignore) {
    pthread_t thread;
    char line[64];
    signal(SIGCHLD, ignore ? SIG_IGN : on_child);
    pthread_create(&thread, NULL, wait_for_children, NULL);
    while (waits == 0);
    say("ready\n");
    while (fgets(line, sizeof line, stdin)) {
        uint64_t before = waits;
        while (waits < before + 1000);
        say(child_signals || strange_waits ? "bad\n" : "good\n");
    }
    return 0;
}

/* call KIND: blocks in one system call, and says how it ended. */
static volatile sig_atomic_t caught;

static void on_signal(int number) { caught++; }

static int named_socket(void) {
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    int length = snprintf(address.sun_path + 1, sizeof address.sun_path - 1, "wer-snapshot-%d", getpid());
    int listener = socket(AF_UNIX, SOCK_STREAM, 0);
    struct timeval limit = { .tv_sec = 60 };
    if (bind(listener, (void *)&address, offsetof(struct sockaddr_un, sun_path) + 1 + length)) _exit(96);
    if (listen(listener, 1)) _exit(97);
    setsockopt(listener, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    return listener;
}

static long one_call(const char *kind, long *expected) {
    struct pollfd poll_in = { .fd = 0, .events = POLLIN };
    struct epoll_event event = { .events = EPOLLIN };
    struct timespec time = { .tv_sec = 1 }, long_time = { .tv_sec = 60 };
    sigset_t set;
    char byte;
    *expected = 1;
    if (!strcmp(kind, "read")) return read(0, &byte, 1);
    if (!strcmp(kind, "poll")) return poll(&poll_in, 1, 60000);
    if (!strcmp(kind, "ppoll")) {
        sigemptyset(&set);
        return ppoll(&poll_in, 1, &long_time, &set);
    }
    if (!strncmp(kind, "epoll", 5)) {
        int epoll = epoll_create1(0);
        epoll_ctl(epoll, EPOLL_CTL_ADD, 0, &event);
        if (!strcmp(kind, "epoll_pwait")) {
            sigemptyset(&set);
            return epoll_pwait(epoll, &event, 1, 60000, &set);
        }
        return epoll_wait(epoll, &event, 1, strcmp(kind, "epoll_limited") ? -1 : 60000);
    }
    if (!strcmp(kind, "select")) {
        fd_set in;
        FD_ZERO(&in);
        FD_SET(0, &in);
        return select(1, &in, NULL, NULL, NULL);
    }
    if (!strcmp(kind, "accept")) return accept(named_socket(), NULL, NULL) >= 0;
    *expected = 0;
    if (!strcmp(kind, "nanosleep")) {
        double begin = now();
        long result = nanosleep(&time, NULL);
        double took = now() - begin;
        return result ? result : took < 1;
    }
    if (!strcmp(kind, "absolute")) {
        clock_gettime(CLOCK_MONOTONIC, &time);
        time.tv_sec++;
        return clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &time, NULL);
    }
    if (!strcmp(kind, "futex")) {
        int word = 7;
        double begin = now();
        long result = syscall(SYS_futex, &word, FUTEX_WAIT, 7, &time, NULL, 0);
        double took = now() - begin;
        return result == -1 && errno == ETIMEDOUT ? took < 1 : 100 + errno;
    }
    if (!strcmp(kind, "sigsuspend")) {
        sigset_t before, after;
        sigemptyset(&set);
        sigaddset(&set, SIGUSR1);
        sigprocmask(SIG_BLOCK, &set, &before);
        signal(SIGUSR1, on_signal);
        long result = sigsuspend(&before);
        if (result != -1 || errno != EINTR || caught != 1) return 200 + caught;
        sigprocmask(SIG_BLOCK, NULL, &after);
        return sigismember(&after, SIGUSR1) ? 0 : 300;
    }
    if (!strcmp(kind, "sigtimedwait")) {
        sigemptyset(&set);
        sigaddset(&set, SIGUSR1);
        sigprocmask(SIG_BLOCK, &set, NULL);
        *expected = SIGUSR1;
        return sigtimedwait(&set, NULL, &long_time);
    }
    if (!strcmp(kind, "pause")) {
        signal(SIGUSR1, on_signal);
        long result = pause();
        return result == -1 && errno == EINTR ? caught - 1 : 400;
    }
    return -2;
}

static int calling(const char *kind) {
    char line[64];
    long expected;
    say("ready\n");
    long result = one_call(kind, &expected);
    snprintf(line, sizeof line, result == expected ? "right\n" : "result %ld, errno %d\n", result, errno);
    say(line);
    return result != expected;
}

/* wild: threads that allocate, write, give back, and check. */
static void *allocate(void *seed) {
    unsigned state = (uintptr_t)seed;
    for (;;) {
        size_t size = 64 + rand_r(&state) % (1 << 18);
        unsigned char *memory = malloc(size), value = rand_r(&state);
        memset(memory, value, size);
        for (size_t i = 0; i < size; i += 64) if (memory[i] != value) abort();
        free(memory);
    }
}

static int wild(int threads) {
    for (int i = 0; i < threads; i++) {
        pthread_t thread;
        pthread_create(&thread, NULL, allocate, (void *)(uintptr_t)(i + 1));
    }
    return serve();
}

/* vfork: a thread waits in vfork until its child is let go. */
static int held_child[2];

static void *wait_in_vfork(void *unused) {
    if (vfork() == 0) {
        char byte;
        if (read(held_child[0], &byte, 1) < 0) _exit(98);
        _exit(0);
    }
    wait(NULL);
    return NULL;
}

static int in_vfork(int alone) {
    pthread_t thread;
    if (pipe(held_child)) _exit(91);
    if (alone) {
        say("ready\n");
        if (vfork() == 0) {
            char byte;
            if (read(0, &byte, 1) < 0) _exit(98);
            _exit(0);
        }
        int status;
        wait(&status);
        say("pong\n");
        return 0;
    }
    pthread_create(&thread, NULL, wait_in_vfork, NULL);
    char line[64];
    say("ready\n");
    while (fgets(line, sizeof line, stdin)) {
        if (write(held_child[1], "x", 1) < 0) _exit(99);
        pthread_join(thread, NULL);
        say("pong\n");
    }
    return 0;
}

/* seccomp: a filter that lets everything pass. */
static int filtered(void) {
    struct sock_filter pass = { BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW };
    struct sock_fprog program = { 1, &pass };
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program)) _exit(89);
    return serve();
}

/* uffd: page faults of some memory are answered by a program. */
static int with_userfaultfd(void) {
    struct uffdio_api api = { .api = UFFD_API };
    int fd = syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK);
    void *memory = mmap(0, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    struct uffdio_register range = { { (uintptr_t)memory, 1 << 20 }, UFFDIO_REGISTER_MODE_MISSING };
    if (fd < 0 || ioctl(fd, UFFDIO_API, &api) || ioctl(fd, UFFDIO_REGISTER, &range)) {
        say("none!\n");
        return 0;
    }
    return serve();
}

/* exec: becomes another program at the first line. */
static int executing(char **words) {
    char line[64];
    say("ready\n");
    if (!fgets(line, sizeof line, stdin)) return 0;
    words[1] = "memory";
    execv("/proc/self/exe", words);
    return 85;
}

/* nproc: may not fork. */
static int limited(void) {
    struct rlimit none = { 0, 0 };
    if (setrlimit(RLIMIT_NPROC, &none)) _exit(88);
    if (fork() != -1) _exit(87);
    return serve();
}

/* busy MIB HUGE ALONE: touches memory; one thread checks its registers, integer and vector, for ever. */
static volatile uint64_t rounds;

static void *check_registers(void *unused) {
    for (;;) {
        __m256i vector = _mm256_set1_epi64x(0x1234567890abcdef);
        uint64_t a = 0x1111, b = 0x2222;
        for (int i = 0; i < 100000; i++) __asm__ volatile("" : "+x"(vector), "+r"(a), "+r"(b));
        if (_mm256_extract_epi64(vector, 3) != 0x1234567890abcdef || a != 0x1111 || b != 0x2222) abort();
        rounds++;
    }
}

static int busy(int mib, int huge, int alone) {
    pthread_t thread;
    char line[64];
    size_t size = (size_t)mib << 20;
    char *memory = mmap(0, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    madvise(memory, size, huge ? MADV_HUGEPAGE : MADV_NOHUGEPAGE);
    for (size_t i = 0; i < size; i += 4096) memory[i] = 1 + i;
    pthread_create(&thread, NULL, check_registers, NULL);
    if (alone) {
        /* The only thread that can be chosen is the one that checks its registers. */
        say_address(&rounds);
        syscall(SYS_exit, 0);
    }
    say("ready\n");
    while (fgets(line, sizeof line, stdin)) {
        uint64_t before = rounds;
        while (rounds < before + 2);
        say("pong\n");
    }
    return 0;
}

/* gaps: every thread stamps the time without end; the longest gap is told. */
static volatile uint64_t longest_gap_ns;

static void *stamp(void *unused) {
    double last = now();
    for (;;) {
        double time = now();
        uint64_t gap = (time - last) * 1e9;
        if (gap > longest_gap_ns) longest_gap_ns = gap;
        last = time;
    }
}

static int gaps(int mib, int huge) {
    pthread_t thread;
    char line[64];
    size_t size = (size_t)mib << 20;
    char *memory = mmap(0, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    madvise(memory, size, huge ? MADV_HUGEPAGE : MADV_NOHUGEPAGE);
    for (size_t i = 0; i < size; i += 4096) memory[i] = 1 + i;
    pthread_create(&thread, NULL, stamp, NULL);
    say("ready\n");
    while (fgets(line, sizeof line, stdin)) {
        if (line[0] == 'c') {
            double begin = now();
            long child = syscall(SYS_clone, CLONE_FILES, 0, 0, 0, 0);
            if (child == 0) _exit(0);
            uint64_t took = (now() - begin) * 1e9;
            if (syscall(SYS_wait4, child, NULL, __WALL, NULL) != child) _exit(86);
            snprintf(line, sizeof line, "%016lx\n", took);
        } else {
            snprintf(line, sizeof line, "%016lx\n", longest_gap_ns);
            longest_gap_ns = 0;
        }
        say(line);
    }
    return 0;
}

int main(int count, char **words) {
    /* The kernel writes into restartable sequences whenever it likes; what is compared must not change. */
    if (!getenv("GLIBC_TUNABLES")) {
        setenv("GLIBC_TUNABLES", "glibc.pthread.rseq=0", 1);
        execv("/proc/self/exe", words);
    }
    const char *what = count > 1 ? words[1] : "";
    int number = count > 2 ? atoi(words[2]) : 0, other = count > 3 ? atoi(words[3]) : 0;
    if (!strcmp(what, "counter")) return counting();
    if (!strcmp(what, "memory")) return quiet_memory(number);
    if (!strcmp(what, "children")) return with_children(number);
    if (!strcmp(what, "call")) return calling(words[2]);
    if (!strcmp(what, "wild")) return wild(number);
    if (!strcmp(what, "vfork")) return in_vfork(number);
    if (!strcmp(what, "seccomp")) return filtered();
    if (!strcmp(what, "uffd")) return with_userfaultfd();
    if (!strcmp(what, "exec")) return executing(words);
    if (!strcmp(what, "nproc")) return limited();
    if (!strcmp(what, "busy")) return busy(number, other, count > 4);
    if (!strcmp(what, "gaps")) return gaps(number, other);
    return 80;
}
