#include "police/police.h"

const party_kind police_party = {"police", PARTY_TYPED, NULL, NULL};
