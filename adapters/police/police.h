/* The police: no file, a person types each answer. See README.md. */
#ifndef SLUIS_POLICE_POLICE_H
#define SLUIS_POLICE_POLICE_H

#include "sources/party.h"

extern const party_kind police_party;

#endif
