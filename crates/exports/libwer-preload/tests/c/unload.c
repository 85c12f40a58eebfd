/* Loads and unloads libraries in the ways that its first argument names, says where they were, and waits for the end
   of its input, so that others can look. The second argument is the folder of a.so, which needs b.so, and of t0.so to
   t7.so. */
#include <dlfcn.h>
#include <link.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *folder;

static void *load(const char *name) {
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    void *module = dlopen(path, RTLD_NOW);
    if (!module) {
        fprintf(stderr, "%s\n", dlerror());
        exit(2);
    }
    return module;
}

static unsigned long base_of(void *module) {
    struct link_map *map = module;
    return map->l_addr;
}

static void unload(void *module) {
    if (dlclose(module) != 0)
        exit(3);
}

static void once(const char *name) {
    void *module = load(name);
    printf("%lx %s\n", base_of(module), name);
    unload(module);
}

static void *loop(void *name) {
    for (int round = 0; round < 200; round++)
        unload(load(name));
    return NULL;
}

static void threads(void) {
    static char names[8][8];
    pthread_t all[8];
    for (int i = 0; i < 8; i++) {
        snprintf(names[i], sizeof names[i], "t%d.so", i);
        pthread_create(&all[i], NULL, loop, names[i]);
    }
    for (int i = 0; i < 8; i++)
        pthread_join(all[i], NULL);
}

static void sizes(void) {
    unsigned long total, resident;
    FILE *statm = fopen("/proc/self/statm", "r");
    if (!statm || fscanf(statm, "%lu %lu", &total, &resident) != 2)
        exit(4);
    fclose(statm);
    printf("%lu %lu\n", total, resident);
}

/* Calls that take a library away, and many more that do not. */
static void rounds(int count) {
    load("t1.so");
    for (int round = 0; round < count; round++) {
        unload(load("t0.so"));
        for (int again = 0; again < 24; again++)
            unload(load("t1.so"));
    }
}

/* The first look at the size makes the process larger itself. */
static void many(void) {
    sizes();
    rounds(100);
    sizes();
    rounds(4000);
    sizes();
}

static void wait_for_end(void) {
    printf("ready\n");
    fflush(stdout);
    while (getchar() != EOF) {
    }
}

/* The child says its pid and waits as the parent does. */
static void forked(void) {
    once("t0.so");
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        once("t1.so");
        printf("pid %d\n", getpid());
        wait_for_end();
        _exit(0);
    }
    int status;
    if (waitpid(child, &status, 0) != child || status != 0)
        exit(5);
    wait_for_end();
}

int main(int count, char **arguments) {
    if (count != 3)
        return 1;
    folder = arguments[2];
    const char *how = arguments[1];
    if (!strcmp(how, "once")) {
        once("a.so");
    } else if (!strcmp(how, "held")) {
        void *module = load("t0.so");
        load("t0.so");
        unload(module);
        once("t1.so");
    } else if (!strcmp(how, "threads")) {
        threads();
    } else if (!strcmp(how, "many")) {
        many();
    } else if (!strcmp(how, "fork")) {
        forked();
        return 0;
    }
    wait_for_end();
    return 0;
}
