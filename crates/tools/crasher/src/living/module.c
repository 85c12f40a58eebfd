/* A library with memory to look at. */
unsigned char known_bytes[4096] = {1};
