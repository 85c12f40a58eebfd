/* An integer division by zero. */
#include "crasher.h"

CRASHER_GLOBALS;

FRAME int divide(volatile int *dividend, volatile int *divisor) {
    return *dividend / *divisor;
}

int main(void) {
    volatile int dividend = 7, divisor = 0;
    CRASHER_ATTACH();
    crasher_after_call = divide(&dividend, &divisor);
    return 0;
}
