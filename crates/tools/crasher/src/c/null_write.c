/* A write to address 0, three calls deep: main -> outer -> inner_null_write. */
#include "crasher.h"

CRASHER_GLOBALS;

FRAME void inner_null_write(int *target) {
    *(volatile int *)target = 42;
}

FRAME void outer(int *target) {
    inner_null_write(target);
    crasher_after_call = 1;
}

int main(void) {
    CRASHER_ATTACH();
    outer(NULL);
    crasher_after_call = 2;
    return 0;
}
