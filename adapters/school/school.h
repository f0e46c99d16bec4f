/* A school: OSO gegevensset 2019.1. See README.md. */
#ifndef SLUIS_SCHOOL_SCHOOL_H
#define SLUIS_SCHOOL_SCHOOL_H

#include "sources/party.h"

extern const party_kind school_party;

#endif
