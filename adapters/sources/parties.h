/* The table of party kinds. A new one is a folder with a mapping and a row here. Thread: pure. */
#ifndef SLUIS_SOURCES_PARTIES_H
#define SLUIS_SOURCES_PARTIES_H

#include "sources/party.h"

const party_kind *party_kind_named(const char *name); /* NULL: none */

#endif
