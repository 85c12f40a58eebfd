/* Three threads: one waits, one sleeps, one writes to 0x1234 once a byte comes in. */
#include <pthread.h>
#include <unistd.h>

static char payload[] = "registered payload in a data segment";
static pthread_barrier_t started;

__attribute__((noinline)) void crash_here(volatile char *where) { *where = payload[0]; }

static void *crashing(void *unused) {
    char go;
    pthread_barrier_wait(&started);
    if (read(0, &go, 1) == 1)
        crash_here((volatile char *)0x1234);
    return unused;
}

__attribute__((noinline)) void waiting_here(void) {
    pthread_barrier_wait(&started);
    pause();
}

static void *waiting(void *unused) {
    waiting_here();
    return unused;
}

int main(void) {
    pthread_t threads[2];
    pthread_barrier_init(&started, 0, 4 - 1);
    pthread_create(&threads[0], 0, crashing, 0);
    pthread_create(&threads[1], 0, waiting, 0);
    pthread_barrier_wait(&started);
    if (write(1, &payload, sizeof payload) < 0)
        return 1;
    pause();
}
