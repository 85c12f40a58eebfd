/* Memory of every kind, with known bytes. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "living.h"

#define PAGE 4096ul

static unsigned char data_segment[2 * PAGE] = {1};
static unsigned char zeroed_segment[2 * PAGE];

static void *map(size_t size, int access, int flags) {
    void *memory = mmap(NULL, size, access, MAP_ANONYMOUS | flags, -1, 0);
    if (memory == MAP_FAILED) {
        perror("mmap");
        exit(4);
    }
    return memory;
}

void make_memory(void) {
    const int both = PROT_READ | PROT_WRITE;
    say_memory("data", data_segment, sizeof data_segment, 1);
    say_memory("bss", zeroed_segment, sizeof zeroed_segment, 2);
    say_memory("heap", malloc(10000), 10000, 3);
    say_memory("private", map(64 * PAGE, both, MAP_PRIVATE), 64 * PAGE, 4);
    say_memory("shared", map(4 * PAGE, both, MAP_SHARED), 4 * PAGE, 5);
    unsigned char *read_only = map(2 * PAGE, both, MAP_PRIVATE);
    say_memory("read-only", read_only, 2 * PAGE, 6);
    mprotect(read_only, 2 * PAGE, PROT_READ);
    unsigned char *secret = map(4 * PAGE, both, MAP_PRIVATE);
    say_memory("secret", secret, 4 * PAGE, 7);
    if (madvise(secret, 4 * PAGE, MADV_DONTDUMP) != 0)
        exit(4);
    /* Never touched, and nothing: no dump may store all of it. */
    map(1ul << 26, both, MAP_PRIVATE | MAP_NORESERVE);
    map(16 * PAGE, PROT_NONE, MAP_PRIVATE);
}

void make_many_mappings(long count) {
    unsigned char *memory = map((size_t)count * PAGE, PROT_READ, MAP_PRIVATE | MAP_NORESERVE);
    /* Every second page has another protection, so that no two can be one mapping. */
    for (long i = 0; i < count; i += 2) {
        if (mprotect(memory + (size_t)i * PAGE, PAGE, PROT_READ | PROT_WRITE) != 0) {
            perror("mprotect");
            exit(4);
        }
    }
    printf("more-mappings %ld\n", count);
}

static void map_file(const char *folder, const char *name, const char *file_name, size_t size, size_t stays) {
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", folder, file_name);
    int file = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
    if (file < 0 || ftruncate(file, (off_t)size) != 0) {
        perror(path);
        exit(4);
    }
    unsigned char *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (memory == MAP_FAILED)
        exit(4);
    say_memory(name, memory, stays, 8);
    if (stays < size && ftruncate(file, (off_t)stays) != 0)
        exit(4);
    close(file);
}

void make_file_mappings(const char *folder) {
    map_file(folder, "cut-file", "cut", 8 * PAGE, 2 * PAGE);
    map_file(folder, "odd-file", "a b) \n(x)\\ 7f00-8000 rw-p", PAGE, PAGE);
    map_file(folder, "raw-file", "\xff\xfe\x01 raw", PAGE, PAGE);
}

static void *storm(void *unused) {
    (void)unused;
    for (;;) {
        unsigned char *memory = map(32 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE);
        memory[0] = memory[31 * PAGE] = 1;
        munmap(memory + 8 * PAGE, 8 * PAGE);
        munmap(memory, 32 * PAGE);
    }
    return NULL;
}

void start_storm(void) {
    pthread_t thread;
    for (int i = 0; i < 2; i++)
        pthread_create(&thread, NULL, storm, NULL);
}

#ifdef LIVING_LOADER
/* The library's own function says where its known bytes are. */
void load_from_memory(const char *library) {
    int from = open(library, O_RDONLY), to = memfd_create("living module", MFD_CLOEXEC);
    char bytes[65536], path[64];
    ssize_t count;
    while ((count = read(from, bytes, sizeof bytes)) > 0)
        if (write(to, bytes, (size_t)count) != count)
            exit(4);
    snprintf(path, sizeof path, "/proc/self/fd/%d", to);
    void *module = dlopen(path, RTLD_NOW);
    unsigned char *known = module ? dlsym(module, "known_bytes") : NULL;
    if (!known) {
        fprintf(stderr, "%s\n", dlerror());
        exit(4);
    }
    close(to);
    say_memory("module", known, PAGE, 9);
}

void load_and_unload(const char *library) {
    void *module = dlopen(library, RTLD_NOW);
    unsigned char *known = module ? dlsym(module, "known_bytes") : NULL;
    if (!known) {
        fprintf(stderr, "%s\n", dlerror());
        exit(4);
    }
    printf("unloaded %lx %s\n", (unsigned long)known, library);
    dlclose(module);
}
#else
void load_and_unload(const char *library) {
    load_from_memory(library);
}

void load_from_memory(const char *library) {
    (void)library;
    exit(2);
}
#endif
