/* Windows.h: as sources spell it that are built where names of files have no case. */
#include "windows.h"
