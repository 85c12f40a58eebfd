/* A program that handles SIGSEGV itself, as a garbage collector or a virtual machine does: no crash, nothing to report. */
#include <setjmp.h>
#include <signal.h>

#include "crasher.h"

CRASHER_GLOBALS;

static sigjmp_buf recover;

static void on_fault(int signal) {
    siglongjmp(recover, signal);
}

FRAME int read_from(volatile int *address) {
    return *address;
}

int main(void) {
    CRASHER_ATTACH();
    struct sigaction action = {.sa_handler = on_fault};
    sigaction(SIGSEGV, &action, NULL);
    if (sigsetjmp(recover, 1) == 0) {
        crasher_after_call = read_from((volatile int *)8);
        return 97;
    }
    puts("recovered");
    return 0;
}
