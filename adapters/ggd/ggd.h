/* A GGD's youth health care: JGZ dossieroverdracht, HL7v3. See README.md. */
#ifndef SLUIS_GGD_GGD_H
#define SLUIS_GGD_GGD_H

#include "sources/party.h"

extern const party_kind ggd_party;

#endif
