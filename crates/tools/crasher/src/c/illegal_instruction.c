/* An instruction that no processor has. */
#include "crasher.h"

CRASHER_GLOBALS;

FRAME void undefined_instruction(void) {
    __asm__ volatile("ud2");
    crasher_after_call = 1;
}

int main(void) {
    CRASHER_ATTACH();
    undefined_instruction();
    crasher_after_call = 2;
    return 0;
}
