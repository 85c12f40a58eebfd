/* A write beyond a local array, over the canary: glibc ends the process when the function returns. */
#include "crasher.h"

CRASHER_GLOBALS;

FRAME void smash(volatile int *bytes) {
    char local[16];
    volatile char *at = local;
    for (int i = 0; i < *bytes; i++) {
        at[i] = 'A';
    }
    crasher_after_call = at[0];
}

int main(void) {
    /* Over the canary of smash, not up to its return address: the stack can still be walked. */
    volatile int bytes = 32;
    CRASHER_ATTACH();
    smash(&bytes);
    return 0;
}
