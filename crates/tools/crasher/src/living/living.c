/* A program that lives until its input ends, and says on its output everything that a dump of it must show. Each
   argument adds something: see `main`. The last line of what it says is "ready". */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "living.h"

void say_memory(const char *name, volatile unsigned char *start, size_t size, unsigned seed) {
    for (size_t i = 0; i < size; i++)
        start[i] = (unsigned char)(seed + 7 * i + 13 * (i / 256));
    printf("memory %s %lx %zx %u\n", name, (unsigned long)start, size, seed);
}

static void *ender(void *how) {
    if (!strcmp(how, "exit"))
        _exit(0);
    if (!strcmp(how, "kill"))
        kill(getpid(), SIGKILL);
    if (!strcmp(how, "exec"))
        execl("/bin/cat", "cat", (char *)NULL);
    return NULL;
}

static void *wait_and_end(void *how) {
    char byte;
    if (read(STDIN_FILENO, &byte, 1) == 1)
        ender(how);
    return NULL;
}

void start_ending(const char *how) {
    pthread_t thread;
    pthread_create(&thread, NULL, wait_and_end, (void *)how);
}

static const char *value_of(const char *argument, const char *name) {
    size_t length = strlen(name);
    return strncmp(argument, name, length) == 0 && argument[length] == '=' ? argument + length + 1 : NULL;
}

int main(int count, char **arguments) {
    const char *value;
    printf("pid %d\n", getpid());
    make_memory();
    start_known_threads();
    for (int i = 1; i < count; i++) {
        const char *argument = arguments[i];
        if ((value = value_of(argument, "threads")))
            start_many_threads(atol(value));
        else if ((value = value_of(argument, "mappings")))
            make_many_mappings(atol(value));
        else if ((value = value_of(argument, "files")))
            make_file_mappings(value);
        else if ((value = value_of(argument, "module")))
            load_from_memory(value);
        else if ((value = value_of(argument, "unload")))
            load_and_unload(value);
        else if ((value = value_of(argument, "end")))
            start_ending(value);
        else if (!strcmp(argument, "storm"))
            start_storm();
        else if (!strcmp(argument, "not-dumpable"))
            prctl(PR_SET_DUMPABLE, 0);
        else
            return 2;
    }
    stand_still();
    return 0;
}
