/*
 * A small debugger: attaches to a process that waits for it, and says what it has seen.
 *
 * usage: debugger FILE leave|stay PID EVENT
 *
 * `leave` looks at the process and lets it go. `stay` sets the event, lets the process go on, and sees it get its signal.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

static FILE *out;

static void fail(const char *what) {
    fprintf(out, "%s failed: %s\n", what, strerror(errno));
    exit(1);
}

static char state_of(pid_t pid) {
    char path[64], text[512] = {0};
    snprintf(path, sizeof path, "/proc/%d/stat", pid);
    FILE *file = fopen(path, "r");
    if (!file || !fgets(text, sizeof text, file)) return '?';
    fclose(file);
    return strrchr(text, ')')[2];
}

int main(int count, char **words) {
    if (count != 5) return 2;
    out = fopen(words[1], "w");
    if (!out) return 2;
    setvbuf(out, NULL, _IOLBF, 0);
    pid_t pid = atoi(words[3]);
    uint64_t event = strtoull(words[4], NULL, 10), one = 1;
    int status = 0;
    struct user_regs_struct registers;

    fprintf(out, "state %c\n", state_of(pid));
    if (ptrace(PTRACE_SEIZE, pid, 0, 0) != 0) fail("PTRACE_SEIZE");
    if (ptrace(PTRACE_INTERRUPT, pid, 0, 0) != 0) fail("PTRACE_INTERRUPT");
    if (waitpid(pid, &status, __WALL) != pid) fail("waitpid");
    if (ptrace(PTRACE_GETREGS, pid, 0, &registers) != 0) fail("PTRACE_GETREGS");
    fprintf(out, "attached %d\n", registers.rip != 0);
    if (!strcmp(words[2], "leave")) {
        if (ptrace(PTRACE_DETACH, pid, 0, 0) != 0) fail("PTRACE_DETACH");
        fprintf(out, "left\n");
        return 0;
    }
    if (write((int)(event & 0xFFFF), &one, sizeof one) != sizeof one) fail("the event");
    for (;;) {
        int is_event = status >> 16 != 0, signal = is_event ? 0 : WSTOPSIG(status);
        if (signal == SIGSEGV) fprintf(out, "signal %d\n", signal);
        if (ptrace(PTRACE_CONT, pid, 0, (void *)(intptr_t)signal) != 0) fail("PTRACE_CONT");
        if (waitpid(pid, &status, __WALL) != pid) fail("waitpid");
        if (!WIFSTOPPED(status)) break;
    }
    fprintf(out, "ended by %d\n", WIFSIGNALED(status) ? WTERMSIG(status) : 0);
    return 0;
}
