/* What the parts of the living program share: saying what is true, and memory with bytes that anybody can check. */
#ifndef LIVING_H
#define LIVING_H

#include <stddef.h>
#include <stdint.h>

/* Fills memory so that byte i is (seed + 7 i + 13 (i / 256)) mod 256, and says so under this name. */
void say_memory(const char *name, volatile unsigned char *start, size_t size, unsigned seed);

/* Starts threads that stand still with known registers, and says them. */
void start_known_threads(void);
/* Starts threads that only wait. */
void start_many_threads(long count);
/* Lets the calling thread stand still with known registers until the input ends, after saying that it does. */
void stand_still(void);

/* Memory of every kind. */
void make_memory(void);
/* Mappings that the kernel cannot join. */
void make_many_mappings(long count);
/* Two mappings of files, one whole, one of a file that is cut short afterwards; file names that are hard to read. */
void make_file_mappings(const char *folder);
/* A thread that maps and unmaps all the time. */
void start_storm(void);
/* A library that was never in a file system. */
void load_from_memory(const char *library);
/* A library that is there no more. */
void load_and_unload(const char *library);
/* Ends the process in a way that the tests name, some time after a line was read. */
void start_ending(const char *how);

#endif
