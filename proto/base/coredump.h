/* No core dumps: the memory of our programs holds keys and data of persons, which belong in no file. */
#ifndef SLUIS_BASE_COREDUMP_H
#define SLUIS_BASE_COREDUMP_H

/* Once, at the start of a program; before threads. */
void coredump_forbid(void);

#endif
