/* Debt counselling under the Wgs: DDAS Uitwisselmodel 1.0. See README.md. */
#ifndef SLUIS_WGS_WGS_H
#define SLUIS_WGS_WGS_H

#include "sources/party.h"

extern const party_kind wgs_party;

#endif
