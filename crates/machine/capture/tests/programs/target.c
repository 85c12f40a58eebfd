/* A program to capture: what it does is its first argument. It shares no declaration with the system under test. */
#define _GNU_SOURCE
#include <assert.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static int workers_pipe[2];
static pthread_barrier_t named;

static void *worker(void *name) {
    char byte;
    prctl(PR_SET_NAME, name);
    pthread_barrier_wait(&named);
    /* A pipe that nobody writes to. */
    if (read(workers_pipe[0], &byte, 1) < 0) _exit(90);
    return NULL;
}

static void start_workers(int count) {
    if (pipe(workers_pipe)) _exit(91);
    pthread_barrier_init(&named, NULL, count + 1);
    for (int i = 0; i < count; i++) {
        char *name = malloc(16);
        pthread_t thread;
        if (i == 1) strcpy(name, "a) R 1\n(\xff");
        else snprintf(name, 16, "worker-%d", i);
        if (pthread_create(&thread, NULL, worker, name)) _exit(92);
    }
    pthread_barrier_wait(&named);
}

static void say(const char *text) {
    if (write(1, text, strlen(text)) < 0) _exit(93);
}

/* Answers every line until the end of its input. */
static int serve(void) {
    char line[64];
    say("ready\n");
    while (fgets(line, sizeof line, stdin)) say("pong\n");
    return 0;
}

struct request {
    char magic[4];
    uint32_t version, pid, tid, signal, deadline_ms;
    uint64_t siginfo, ucontext, registration;
    uint8_t report_id[16];
};

static void handler(int number, siginfo_t *info, void *context) {
    struct request request = {{'W', 'E', 'R', 'C'}, 1, getpid(), syscall(SYS_gettid), number, 20000,
                              (uintptr_t)info, (uintptr_t)context, 0, {9}};
    char byte;
    if (write(1, &request, sizeof request) != sizeof request) _exit(94);
    if (read(0, &byte, 1) < 0) _exit(95);
    _exit(42);
}

static void install_handler(void) {
    static char stack[65536];
    stack_t alternate = {.ss_sp = stack, .ss_size = sizeof stack};
    struct sigaction action = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    sigaltstack(&alternate, NULL);
    for (int i = 0; i < 3; i++) sigaction((int[]){SIGSEGV, SIGABRT, SIGFPE}[i], &action, NULL);
}

volatile int depth;
__attribute__((noinline)) int overflow(int n) {
    volatile char frame[1024];
    frame[0] = (char)n;
    depth = n;
    return overflow(n + 1) + frame[0];
}

volatile int zero;
__attribute__((noinline)) void crash_here(const char *kind, uintptr_t address) {
    if (!strcmp(kind, "write")) *(volatile int *)address = 1;
    if (!strcmp(kind, "read")) (void)*(volatile int *)address;
    if (!strcmp(kind, "jump")) ((void (*)(void))address)();
    if (!strcmp(kind, "abort")) abort();
    if (!strcmp(kind, "divide")) zero = 7 / zero;
    if (!strcmp(kind, "trap")) __asm__ volatile("int3");
    if (!strcmp(kind, "overflow")) overflow(0);
    if (!strcmp(kind, "assert")) assert(address == 0 && "never");
    if (!strcmp(kind, "double-free")) {
        char *volatile block = malloc(40);
        free(block);
        free(block);
    }
    _exit(96);
}

static sigjmp_buf again;
static void catcher(int number) { siglongjmp(again, number); }

static int catch_it(void) {
    signal(SIGSEGV, catcher);
    if (!sigsetjmp(again, 1)) *(volatile int *)0 = 1;
    say("caught\n");
    return 7;
}

/* A registration block with one memory block and last words, written by offset; in a memfd or in anonymous memory
   between two guards. */
static int registered(size_t bytes, size_t last_words, int anonymous) {
    char *block;
    if (anonymous) {
        block = mmap(NULL, bytes + 8192, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        block += 4096;
        mprotect(block, bytes, PROT_READ | PROT_WRITE);
    } else {
        int fd = memfd_create("wer-registration", MFD_CLOEXEC);
        if (fd < 0 || ftruncate(fd, bytes)) _exit(97);
        block = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
        close(fd);
    }
    memcpy(block, "WERREGBK", 8);
    *(uint32_t *)(block + 8) = 1;
    *(uint64_t *)(block + 16) = bytes;
    *(uint64_t *)(block + 4096) = 1;
    *(uint32_t *)(block + 4096 + 8) = 1;
    *(uint32_t *)(block + 4096 + 12) = 64;
    *(uint64_t *)(block + 4096 + 16) = (uintptr_t)block;
    *(uint32_t *)(block + last_words + 4) = 8;
    strcpy(block + last_words + 8, "farewell");
    return serve();
}

static volatile sig_atomic_t counted;
static void count_one(int number) { counted++; }

/* Counts signals; answers every line with the number. */
static int count_signals(void) {
    char line[64];
    struct sigaction action = {.sa_handler = count_one, .sa_flags = SA_RESTART};
    sigaction(SIGRTMIN, &action, NULL);
    say("ready\n");
    while (fgets(line, sizeof line, stdin)) {
        snprintf(line, sizeof line, "%04d\n", (int)counted);
        say(line);
    }
    return 0;
}

static void *brief(void *nothing) { return nothing; }

/* Makes threads that end at once, for ever. */
static void *storm(void *nothing) {
    for (;;) {
        pthread_t thread;
        if (!pthread_create(&thread, NULL, brief, NULL)) pthread_join(thread, NULL);
    }
    return nothing;
}

static void *serve_and_exit(void *nothing) { exit(serve()); }

int main(int count, char **words) {
    if (count < 2) return 1;
    signal(SIGQUIT, SIG_DFL); /* what a shell starts in the background ignores it, and so do its children */
    const char *what = words[1];
    uintptr_t number = count > 3 ? strtoull(words[3], NULL, 0) : 0;
    if (!strcmp(what, "threads")) {
        start_workers(atoi(words[2]));
        return serve();
    }
    if (!strcmp(what, "registered")) return registered(strtoull(words[2], NULL, 0), number, count > 4);
    if (!strcmp(what, "caught")) return catch_it();
    if (!strcmp(what, "count")) return count_signals();
    if (!strcmp(what, "storm") || !strcmp(what, "leaderless")) {
        pthread_t thread;
        if (pthread_create(&thread, NULL, *what == 's' ? storm : serve_and_exit, NULL)) return 98;
        if (*what == 'l') pthread_exit(NULL);
        return serve();
    }
    if (!strcmp(what, "exit")) return atoi(words[2]);
    if (!strcmp(what, "fork")) {
        pid_t child = fork();
        int status;
        if (!child) crash_here("write", 0);
        waitpid(child, &status, 0);
        return WTERMSIG(status);
    }
    if (!strcmp(what, "crash")) {
        start_workers(3);
        crash_here(words[2], number);
    }
    if (!strcmp(what, "handler")) {
        start_workers(3);
        install_handler();
        crash_here(words[2], number);
    }
    return 1;
}
